import type { IncomingMessage } from 'node:http';
import type { KubernetesApi } from './api.ts';
import { linesOf } from './lines.ts';

/** Told of what the API server says of pods, in its order. */
export interface PodListener {
  /** All pods there are: whoever is not among them went away. `at`: when the list was whole, Unix milliseconds. */
  listed(items: readonly unknown[], at: number): void;
  /** `type`: ADDED, MODIFIED or DELETED. */
  changed(type: string, object: unknown, at: number): void;
  /** An event that is none; it is left out. */
  malformed(reason: string): void;
  /** The watch does not work now, and why; null = it does. */
  trouble(problem: string | null): void;
}

export interface PodWatchOptions {
  readonly api: KubernetesApi;
  readonly listener: PodListener;
  /** Milliseconds until the n-th try again, from 0. */
  backoffMs(tries: number): number;
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

const PODS = '/api/v1/pods';

/** Pods of one page of a list. */
const PAGE_PODS = 500;

/** Bytes of one page: 500 pods are some megabytes. */
const PAGE_BYTES_MAX = 256 * 1024 * 1024;

/** The server ends a watch after a time from this range: not all clients at once. */
const WATCH_SECONDS = { least: 240, most: 480 } as const;

/** A watch that the server has not ended so long after its time hangs on a dead connection. */
const OVERDUE_MS = 30_000;

/** The resource version is too old: everything has to be listed again. */
class Gone extends Error {}

/** The server refused; `retryMs`: when it wants to be asked again, 0 = it did not say. */
class Refused extends Error {
  readonly retryMs: number;
  constructor(message: string, retryMs: number) {
    super(message);
    this.retryMs = retryMs;
  }
}

/**
 * Lists all pods, then watches from the list's version on, until the signal is raised: bookmarks move the version, what
 * ends is opened again from the last one, 410 means to list again. Nothing is expected of a version but that it is the
 * server's word (Kubernetes API concepts, "Efficient detection of changes").
 */
export async function watchPods(options: PodWatchOptions, signal: AbortSignal): Promise<void> {
  const { api, listener, backoffMs, pause } = options;
  let version: string | null = null;
  for (let tries = 0; !signal.aborted; ) {
    try {
      if (version === null) version = await listPods(api, listener, signal);
      listener.trouble(null);
      for await (const next of watchFrom(api, version, listener, signal)) {
        version = next;
        tries = 0;
      }
      // the server has ended it in its time
    } catch (error) {
      if (signal.aborted) return;
      const asked = error instanceof Refused ? error.retryMs : 0;
      if (error instanceof Gone) version = null;
      // a first fault is every day's: only what does not pass at once is trouble
      if (tries > 0 || version === null) listener.trouble(`${api.server}: ${(error as Error).message}`);
      await pause(Math.max(asked, backoffMs(tries++)), signal);
    }
  }
}

/** The version of the list. A continue token that has expired begins the list again. */
async function listPods(api: KubernetesApi, listener: PodListener, signal: AbortSignal): Promise<string> {
  let items: unknown[] = [];
  for (let token = ''; ; ) {
    const query = new URLSearchParams({ limit: String(PAGE_PODS), ...(token === '' ? {} : { continue: token }) });
    const page = pageOf(await textOf(await opened(api, `${PODS}?${query}`, signal)));
    items = items.concat(page.items);
    token = page.next;
    if (token !== '') continue;
    listener.listed(items, Date.now());
    return page.version;
  }
}

/** Resource versions as they go by. */
async function* watchFrom(
  api: KubernetesApi,
  version: string,
  listener: PodListener,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { least, most } = WATCH_SECONDS;
  const seconds = Math.round(least + Math.random() * (most - least));
  const query = new URLSearchParams({
    watch: '1',
    resourceVersion: version,
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(seconds),
  });
  const body = await opened(api, `${PODS}?${query}`, signal);
  const overdue = setTimeout(
    () => body.destroy(new Error('the watch did not end in its time')),
    seconds * 1000 + OVERDUE_MS,
  );
  try {
    for await (const line of linesOf(body)) {
      const next = take(line, listener);
      if (next !== null) yield next;
    }
  } finally {
    clearTimeout(overdue);
    body.destroy();
  }
}

/** Tells the listener; returns the version to go on from, null when the line has none. */
function take(line: string, listener: PodListener): string | null {
  const event = parsed(line);
  const { type, object } = isRecord(event) ? event : {};
  if (type === 'ERROR') throw faultOf(object);
  const version = versionOf(object);
  if (typeof type !== 'string' || version === null) {
    listener.malformed(`not an event: ${line.slice(0, 80)}`);
    return null;
  }
  if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') listener.changed(type, object, Date.now());
  else if (type !== 'BOOKMARK') listener.malformed(`an event of type ${type}`);
  return version;
}

async function opened(api: KubernetesApi, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const response = await api.get(path, signal);
  const { statusCode = 0 } = response;
  if (statusCode === 200) return response;
  const text = await textOf(response);
  const fault = parsed(text);
  const message = isRecord(fault) && typeof fault.message === 'string' ? fault.message : text.slice(0, 120);
  if (statusCode === 410) throw new Gone(message);
  const after = Number(response.headers['retry-after']);
  throw new Refused(`HTTP ${statusCode}: ${message.trim()}`, after > 0 ? after * 1000 : 0);
}

/** A Status object within a watch. */
function faultOf(object: unknown): Error {
  const { code, message } = isRecord(object) ? object : {};
  const words = typeof message === 'string' ? message : 'an error without a message';
  return code === 410 ? new Gone(words) : new Refused(`${words} (${String(code)})`, 0);
}

async function textOf(body: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes > PAGE_BYTES_MAX) throw new Error(`an answer of more than ${PAGE_BYTES_MAX} bytes`);
  }
  if (!body.complete) throw new Error('the answer broke off');
  return Buffer.concat(parts).toString('utf8');
}

function pageOf(text: string): { readonly items: readonly unknown[]; readonly next: string; readonly version: string } {
  const list = parsed(text);
  const { items, metadata } = isRecord(list) ? list : {};
  const { continue: next, resourceVersion } = isRecord(metadata) ? metadata : {};
  if (!Array.isArray(items) || typeof resourceVersion !== 'string')
    throw new Error(`got ${text.slice(0, 80)}, expected a list of pods`);
  return { items: items as readonly unknown[], next: typeof next === 'string' ? next : '', version: resourceVersion };
}

function versionOf(object: unknown): string | null {
  const { metadata } = isRecord(object) ? object : {};
  const { resourceVersion } = isRecord(metadata) ? metadata : {};
  return typeof resourceVersion === 'string' ? resourceVersion : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
