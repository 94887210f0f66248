import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { describeNeeding } from './needs.ts';

/** Where `moto_server` is on the path; see .ci/run. */
function motoServer(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'moto_server')).find((path) => existsSync(path));
}

/** A suite against a real S3 server. */
export function describeS3(name: string, suite: () => void): void {
  const missing = "no moto_server: pip install 'moto[server]'";
  describeNeeding('s3', name, motoServer() === undefined ? missing : null, suite);
}

export interface Running {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts moto on a free port of the loopback and waits until it answers. */
export async function startMoto(): Promise<Running> {
  const port = await freePort();
  const child: ChildProcess = spawn(motoServer() ?? 'moto_server', ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    const up = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (up) break;
    if (tries === 300 || child.exitCode !== null) throw new Error('moto_server does not answer');
    await new Promise((done) => setTimeout(done, 100));
  }
  return {
    url,
    stop: () =>
      new Promise((done) => {
        child.once('exit', () => done());
        child.kill();
      }),
  };
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** Keys of one page of a listing. */
export const PAGE_KEYS = 3;

/** What the proxy does with an answer. */
export type Fault = 'none' | '403' | '503' | 'reset' | 'cut' | 'silent-cut';

/**
 * A proxy in front of an S3 server that does to every answer what `faultOf` says of its request, and cuts listings into
 * pages of a few keys.
 */
export async function startProxy(target: string, faultOf: (request: IncomingMessage) => Fault): Promise<Running> {
  const server: Server = createServer((incoming, outgoing) => {
    const fault = faultOf(incoming);
    if (fault === '503') {
      outgoing.writeHead(503, { 'content-type': 'application/xml' });
      outgoing.end('<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>');
      return;
    }
    if (fault === '403') {
      outgoing.writeHead(403, { 'content-type': 'application/xml' });
      outgoing.end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
      return;
    }
    if (fault === 'reset') {
      incoming.socket.resetAndDestroy();
      return;
    }
    const url = new URL(incoming.url ?? '/', target);
    if (url.searchParams.has('list-type')) url.searchParams.set('max-keys', String(PAGE_KEYS));
    const upstream = request(url, {
      method: incoming.method ?? 'GET',
      headers: incoming.headers,
    });
    upstream.on('response', (answer) => void pass(answer, outgoing, fault));
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

/** Hands an answer on, whole or in half: with its real length (the connection breaks) or with the half's. */
async function pass(answer: IncomingMessage, outgoing: ServerResponse, fault: Fault): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces);
  const half = body.subarray(0, body.length >> 1);
  const { 'transfer-encoding': _, ...headers } = answer.headers;
  const sent = fault === 'silent-cut' ? half : body;
  outgoing.writeHead(answer.statusCode ?? 500, { ...headers, 'content-length': String(sent.length) });
  if (fault !== 'cut') {
    outgoing.end(sent);
    return;
  }
  outgoing.write(half, () => outgoing.socket?.destroy());
}
