import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { FlowtrieError, messageOf } from '../model/errors.ts';
import { openMetrics } from './metrics.ts';
import type { RunningStream } from './stream.ts';

export interface HttpServer {
  /** `host:port` that it listens on. */
  readonly address: string;
  close(): Promise<void>;
}

/** Serves /metrics (Prometheus), /healthz (the process answers) and /readyz (it does its work) on `[HOST]:PORT`. */
export async function serve(address: string, stream: RunningStream): Promise<HttpServer> {
  const metrics = await openMetrics(stream);
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'GET only\n');
    if (path === '/healthz') return answer(response, 200, 'ok\n');
    if (path === '/readyz') {
      const { ready, list } = stream.status;
      return answer(response, ready ? 200 : 503, `${JSON.stringify({ ready, problems: list })}\n`, 'application/json');
    }
    if (path !== '/metrics') return answer(response, 404, 'here are /metrics, /healthz and /readyz\n');
    metrics.text().then(
      (text) => answer(response, 200, text, metrics.contentType),
      (error: unknown) => answer(response, 500, `${messageOf(error)}\n`),
    );
  });
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  try {
    server.listen({ port: Number(address.slice(colon + 1)), ...(host === '' ? {} : { host }) });
    await once(server, 'listening');
  } catch (cause) {
    throw new FlowtrieError('input', `--http ${address}: cannot listen there: ${messageOf(cause)}`, { cause });
  }
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.slice(colon + 1);
  return {
    address: `${host === '' ? '0.0.0.0' : host}:${port}`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type });
  response.end(body);
}
