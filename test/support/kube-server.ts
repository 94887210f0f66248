import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A request as a script sees it. */
export interface KubeRequest {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
}

/** Answers one request; scripts are used in turn, the last one again and again. */
export type KubeScript = (request: KubeRequest, response: ServerResponse) => void;

export interface KubeServer {
  readonly requests: KubeRequest[];
  /** A kubeconfig with the context `test` and a token. */
  readonly kubeconfig: string;
  close(): void;
}

/** An API server that does as it is told. */
export async function startKubeServer(scripts: readonly KubeScript[]): Promise<KubeServer> {
  const requests: KubeRequest[] = [];
  const answer = (incoming: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    const request = {
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      authorization: incoming.headers.authorization,
    };
    const script = scripts[Math.min(requests.length, scripts.length - 1)];
    requests.push(request);
    script?.(request, response);
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-kube-'));
  const kubeconfig = join(folder, 'config');
  const { port } = server.address() as AddressInfo;
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'other',
      clusters: [
        { name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
        { name: 'nowhere', cluster: { server: 'http://127.0.0.1:1', 'insecure-skip-tls-verify': true } },
      ],
      users: [{ name: 'u', user: { token: 'a-token' } }],
      contexts: [
        { name: 'test', context: { cluster: 'c', user: 'u' } },
        { name: 'other', context: { cluster: 'nowhere', user: 'u' } },
      ],
    }),
  );
  return {
    requests,
    kubeconfig,
    close() {
      server.close();
      server.closeAllConnections();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

let versions = 100;

/** A pod as the API server has it. */
export function kubePod(
  name: string,
  uid: string,
  ip: string,
  started = '2026-01-15T09:00:00Z',
): Record<string, unknown> {
  versions++;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid, resourceVersion: String(versions), creationTimestamp: started },
    spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ containerPort: 8080 }] }] },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], hostIP: '10.0.1.10', startTime: started },
  };
}

export function kubeList(items: readonly object[], version: string, next = ''): object {
  return {
    kind: 'PodList',
    apiVersion: 'v1',
    metadata: { resourceVersion: version, ...(next === '' ? {} : { continue: next }) },
    items,
  };
}

export function sendJson(response: ServerResponse, status: number, body: object, headers: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** The Status object of an error. */
export function kubeStatus(code: number, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message };
}

/** Lines of a watch, cut in the middle of each. */
export function sendEvents(response: ServerResponse, events: readonly (object | string)[]): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const text = events.map((event) => `${typeof event === 'string' ? event : JSON.stringify(event)}\n`).join('');
  const middle = Math.floor(text.length / 2);
  response.write(text.slice(0, middle));
  response.write(text.slice(middle));
}
