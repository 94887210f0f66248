import type { IncomingMessage } from 'node:http';
import { request as plainRequest } from 'node:http';
import { type RequestOptions, request as tlsRequest } from 'node:https';
import { FlowtrieError } from '../model/errors.ts';

/** An API server, reached as kubectl reaches it. */
export interface KubernetesApi {
  /** For logs: the server's address, no secret. */
  readonly server: string;
  /** Opens a GET of a path; the answer's body is not read yet. Rejects when there is no answer in time. */
  get(path: string, signal: AbortSignal): Promise<IncomingMessage>;
}

/** An answer to a first byte takes so long at most. */
const ANSWER_MS = 60_000;
const KEEP_ALIVE_MS = 30_000;

/**
 * Cluster and credentials as kubectl finds them: $KUBECONFIG, ~/.kube/config, the service account of the pod;
 * `context`: another one than the current. Tokens, certificates and exec plugins are client-node's, which is loaded
 * only when asked for. Throws FlowtrieError when it is missing or the configuration says no server.
 */
export async function openKubernetesApi(context: string | null): Promise<KubernetesApi> {
  const { KubeConfig } = await import('@kubernetes/client-node').catch((cause: unknown) => {
    const hint = 'npm install @kubernetes/client-node';
    throw new FlowtrieError('usage', `watching pods needs a package that is not there: ${hint}`, { cause });
  });
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new FlowtrieError('input', `the kubeconfig cannot be read: ${message.split('\n')[0]}`, { cause });
  }
  if (context !== null) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(context)) {
      const expected = known.length === 0 ? 'the kubeconfig has none' : `expected one of ${known.join(', ')}`;
      throw new FlowtrieError('usage', `--kube-context: ${expected}, got '${context}'`);
    }
    config.setCurrentContext(context);
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || server === '')
    throw new FlowtrieError('input', 'the kubeconfig names no API server for its current context');
  return {
    server,
    async get(path, signal) {
      const options: RequestOptions = { method: 'GET', headers: { accept: 'application/json' } };
      // each time: a token may have been renewed, an exec plugin may want to run again
      await config.applyToHTTPSOptions(options);
      const url = new URL(server.replace(/\/$/, '') + path);
      const open = url.protocol === 'https:' ? tlsRequest : plainRequest;
      return await new Promise<IncomingMessage>((resolve, reject) => {
        const request = open(url, { ...options, signal }, resolve);
        const timer = setTimeout(() => request.destroy(new Error(`no answer within ${ANSWER_MS} ms`)), ANSWER_MS);
        request.once('close', () => clearTimeout(timer));
        request.once('response', () => clearTimeout(timer));
        request.once('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
        request.once('error', reject);
        request.end();
      });
    },
  };
}
