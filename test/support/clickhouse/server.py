"""ClickHouse's HTTP interface in front of its real engine (chdb): python server.py FOLDER PORT.

The query comes as `?query=` with the data as the body, or as the body; settings as other parameters. One query at a time.
"""

import http.server
import os
import re
import sys
import tempfile
import threading
import urllib.parse

from chdb import session

folder, port = sys.argv[1], int(sys.argv[2])
engine = session.Session(folder)
# parameters of the interface itself, which are no settings
OWN = {"query", "query_id", "database", "wait_end_of_query", "session_id", "default_format", "enable_http_compression"}
INSERT = re.compile(r"^\s*(INSERT INTO .*?)\s+FORMAT\s+(\w+)\s*$", re.S | re.I)


def literal(value):
    return value if re.fullmatch(r"-?\d+", value) else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def run(query, body, parameters):
    settings = ", ".join(f"{name} = {literal(value)}" for name, value in parameters.items() if name not in OWN)
    insert = INSERT.match(query)
    if insert is None:
        return engine.query(query + body.decode(), "TabSeparatedRaw").bytes()
    with tempfile.NamedTemporaryFile(suffix=".data") as data:
        data.write(body)
        data.flush()
        clause = f" SETTINGS {settings}" if settings else ""
        engine.query(f"{insert[1]} FROM INFILE '{data.name}'{clause} FORMAT {insert[2]}")
    return b""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def answer(self, status, text, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.answer(200, b"Ok.\n")

    def do_POST(self):
        parts = urllib.parse.urlsplit(self.path)
        parameters = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        body = self.body()
        try:
            self.answer(200, run(parameters.get("query", ""), body, parameters))
        except Exception as error:
            message = str(error)
            code = re.search(r"Code: (\d+)", message)
            self.answer(500, message.encode(), [("X-ClickHouse-Exception-Code", code[1] if code else "1000")])

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", port), Handler)
print("ready", flush=True)
# a server ends with whoever started it
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
