import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { constants, createGunzip, gunzipSync } from 'node:zlib';
import { FlowtrieError } from '../model/errors.ts';
import { Cursor } from './cursor.ts';
import {
  isAuditEvent,
  isWatchEvent,
  type PodEvent,
  type PodEvents,
  type PodRelist,
  podEventOfAudit,
  podEventOfWatch,
  relistOfWatch,
} from './pod-events.ts';
import type { Warn } from './warnings.ts';

/** What the lines of a file are: audit events, or envelopes of them, or watch events. */
export type EventLineKind = 'audit' | 'envelope' | 'watch';

const HEAD_BYTES = 64 * 1024;
const CHUNK_BYTES = 4 * 1024 * 1024;
/** Kubernetes refuses objects over 3 MiB; an event holds two. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;
/** Events kept in memory, a few for each pod; a busy cluster writes a million a day. */
const EVENTS_MAX = 20_000_000;
/** Lines of one file that are complained of one by one. */
const COMPLAINTS_MAX = 5;

const NEWLINE = 10;
/** `}` */
const CLOSING = 125;
/** A CloudWatch export puts the time of ingestion before each line. */
const TIME_PREFIX = /^\d{4}-\d\d-\d\dT[\d:.]+Z\s+/;
const GZIP_MAGIC = 0x8b1f;

/** What stands in every line that may tell of a pod, so that others are never parsed; null = any line may. */
const NEEDLES: Readonly<Record<EventLineKind, Buffer | null>> = {
  audit: Buffer.from('"pods"'),
  envelope: Buffer.from('\\"pods\\"'),
  watch: null,
};
const VERB = Buffer.from('"verb":"');
/** First letters of get, list and watch: nothing is written. */
const READING_VERBS: ReadonlySet<number> = new Set(Buffer.from('glw'));
const STATUS = Buffer.from('"subresource":"status"');
/** A status that holds none of these tells nothing of an address or an end; conditions are most of what is written. */
const TOLD_BY_STATUS: readonly Buffer[] = ['"podIP', '"phase"', '"startTime"', '"finishedAt"', '"hostIP"'].map((key) =>
  Buffer.from(key),
);
/** Both bodies of a write; the second is the object as it became, the first is not read beside it. */
const REQUEST = Buffer.from('"requestObject":{');
const RESPONSE = Buffer.from('"responseObject":{');
const SUBRESOURCE = Buffer.from('"subresource":"');
/** First letters of delete and patch. */
const DELETE = 100;
const PATCH = 112;
/** Bodies shorter than this are parsed faster than cut out. */
const CUT_BYTES_MIN = 512;

/** First bytes of a file, inflated when they are gzip. */
export async function readHead(path: string): Promise<{ readonly gzip: boolean; readonly text: string }> {
  const handle: FileHandle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const gzip = bytesRead > 2 && buffer.readUInt16LE(0) === GZIP_MAGIC;
    return {
      gzip,
      text: (gzip ? inflatedHead(buffer.subarray(0, bytesRead)) : buffer.subarray(0, bytesRead)).toString(),
    };
  } finally {
    await handle.close();
  }
}

function inflatedHead(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0);
  }
}

/** What the lines of a file are by its first one; null = no lines of events. */
export function eventLineKind(head: string): EventLineKind | null {
  const line = head.replace(/^\ufeff?\s*/, '').replace(TIME_PREFIX, '');
  const first = line.slice(0, Math.max(0, line.includes('\n') ? line.indexOf('\n') : line.length));
  if (!first.startsWith('{"')) return null;
  if (/^\{"messageType":|^\{(?:"[^"]*":[^[{]*)*"logEvents":\[/.test(first)) return 'envelope';
  if (/"apiVersion":\s*"audit\.k8s\.io\//.test(first) && /"kind":\s*"Event"/.test(first)) return 'audit';
  return /"type":\s*"(?:ADDED|MODIFIED|DELETED|BOOKMARK|ERROR|LIST)"/.test(first) && /"object":/.test(first)
    ? 'watch'
    : null;
}

/** Reads the pod events of a file line by line; what is broken is said with its line and left out. */
export async function readEventLines(
  path: string,
  file: string,
  gzip: boolean,
  kind: EventLineKind,
  warn: Warn,
): Promise<PodEvents> {
  const lines = new EventLines(file, kind, warn);
  try {
    for await (const chunk of gzip ? inflatedChunks(path) : chunksOf(path)) lines.push(chunk);
  } catch (error) {
    const { message } = error as Error;
    warn({ file, path: `line ${lines.line}` }, `cannot be read further: ${message}; what stands before is used`);
  }
  lines.finish();
  return lines.found;
}

/** One buffer, filled again and again: garbage of such size costs more than the reading. */
async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  const handle = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function* inflatedChunks(path: string): AsyncGenerator<Buffer> {
  const raw = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const inflate = createGunzip({ chunkSize: CHUNK_BYTES });
  raw.on('error', (error) => inflate.destroy(error));
  for await (const chunk of raw.pipe(inflate)) yield chunk as Buffer;
}

class EventLines {
  readonly found: { readonly events: PodEvent[]; readonly relists: PodRelist[] } = { events: [], relists: [] };
  /** Number of the line that begins the next block. */
  line = 1;
  private readonly file: string;
  private readonly kind: EventLineKind;
  private readonly warn: Warn;
  private rest: Buffer[] = [];
  private restBytes = 0;
  private complaints = 0;
  private isFull = false;

  constructor(file: string, kind: EventLineKind, warn: Warn) {
    this.file = file;
    this.kind = kind;
    this.warn = warn;
  }

  /** The chunk may be filled anew afterwards. */
  push(chunk: Buffer): void {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end < 0) {
      this.rest.push(Buffer.from(chunk));
      this.restBytes += chunk.length;
      if (this.restBytes > LINE_BYTES_MAX) this.dropLongLine();
      return;
    }
    const head = chunk.subarray(0, end + 1);
    this.scan(this.rest.length === 0 ? head : Buffer.concat([...this.rest, head]));
    const tail = Buffer.from(chunk.subarray(end + 1));
    this.rest = tail.length === 0 ? [] : [tail];
    this.restBytes = tail.length;
  }

  finish(): void {
    const last = Buffer.concat(this.rest).toString().trimEnd();
    if (last !== '' && !last.endsWith('}'))
      this.complain(this.line, 'broken JSON: the file ends in the middle of a line');
    // what was cut off may look like a line that is passed over
    else if (last.includes('pods') || this.kind === 'watch') this.take(Buffer.from(last), this.line);
    if (this.complaints <= COMPLAINTS_MAX) return;
    const more = this.complaints - COMPLAINTS_MAX;
    this.warn({ file: this.file, path: `line ${this.line - 1}` }, `${more} more lines could not be used`);
  }

  private dropLongLine(): void {
    this.complain(this.line, `longer than ${LINE_BYTES_MAX} bytes: no event`);
    this.rest = [];
    this.restBytes = 0;
  }

  /** Whole lines. Only those that hold the needle are looked at. */
  private scan(block: Buffer): void {
    const needle = NEEDLES[this.kind];
    let counted = 0;
    let line = this.line;
    for (let at = 0; at < block.length; ) {
      const found = needle === null ? at : block.indexOf(needle, at);
      if (found < 0) break;
      const start = needle === null ? at : block.lastIndexOf(NEWLINE, found) + 1;
      const end = block.indexOf(NEWLINE, found);
      at = end + 1;
      const text = block.subarray(start, end);
      if (this.kind === 'audit' && (isReading(text) || isIdleStatus(text))) continue;
      line += newlines(block, counted, start);
      counted = start;
      this.take(text, line);
    }
    this.line = line + newlines(block, counted, block.length);
  }

  private take(text: Buffer, line: number): void {
    try {
      const event = (this.kind === 'audit' ? parseResponse(text) : undefined) ?? parseLine(text.toString());
      if (event !== undefined) this.read(new Cursor(event, this.file, null, `line ${line}`));
    } catch (error) {
      if (error instanceof FlowtrieError) this.complain(line, error.message.replace(`${this.file}: `, ''));
      else if (error instanceof SyntaxError) this.complain(line, `broken JSON: ${error.message}`);
      else throw error;
    }
  }

  private read(cursor: Cursor): void {
    const { events, relists } = this.found;
    if (events.length >= EVENTS_MAX) {
      if (!this.isFull) this.complain(this.line, `more than ${EVENTS_MAX} events of pods: later ones are not used`);
      this.isFull = true;
      return;
    }
    if (isAuditEvent(cursor)) {
      const event = podEventOfAudit(cursor);
      if (event !== null) events.push(event);
    } else if (isWatchEvent(cursor)) {
      const list = relistOfWatch(cursor);
      const event = list === null ? podEventOfWatch(cursor) : null;
      if (event !== null) events.push(event);
      if (list === null) return;
      for (const one of list.events) events.push(one);
      relists.push(list.relist);
    } else for (const message of envelopeMessages(cursor)) this.read(message);
  }

  private complain(line: number, message: string): void {
    this.complaints++;
    if (this.complaints <= COMPLAINTS_MAX) this.warn({ file: this.file, path: `line ${line}` }, message);
  }
}

/** Audit events inside `{"logEvents": […]}` (subscription), `{"events": […]}` (get-log-events) or `{"message": …}`. */
export function envelopeMessages(cursor: Cursor): Cursor[] {
  const entries = [...(cursor.objectsIfAny('logEvents') ?? []), ...(cursor.objectsIfAny('events') ?? [])];
  const messages = [cursor, ...entries].flatMap((entry) => entry.text('message') ?? []);
  return messages.flatMap((message) => {
    if (!message.includes('"pods"')) return [];
    return new Cursor(JSON.parse(message.replace(TIME_PREFIX, '')), cursor.file, null, cursor.path);
  });
}

function isReading(line: Buffer): boolean {
  const verb = line.indexOf(VERB);
  return verb >= 0 && READING_VERBS.has(line[verb + VERB.length] ?? 0);
}

/** A status patch of conditions alone. A line that is cut off is no such line: it has to be said. */
function isIdleStatus(line: Buffer): boolean {
  if (line[line.indexOf(VERB) + VERB.length] !== PATCH || line.indexOf(STATUS) < 0 || line[line.length - 1] !== CLOSING)
    return false;
  return TOLD_BY_STATUS.every((key) => line.indexOf(key) < 0);
}

/**
 * A write with both bodies, without the first one: half of the text of most lines that are parsed. Undefined when there
 * are not two, or when what is left is no JSON: keys of these names that stand deeper leave brackets open.
 */
function parseResponse(line: Buffer): unknown {
  const from = line.indexOf(REQUEST);
  const to = from < 0 ? -1 : line.indexOf(RESPONSE, from);
  const verb = line.indexOf(VERB);
  // a delete and a binding are told by the request
  if (to - from < CUT_BYTES_MIN || line[verb + VERB.length] === DELETE || line.indexOf(SUBRESOURCE) >= 0)
    return undefined;
  try {
    const head = line.toString('utf8', 0, from).replace(TIME_PREFIX, '');
    const event = JSON.parse(head + line.toString('utf8', to)) as {
      readonly responseObject?: { readonly spec?: unknown };
    };
    return event.responseObject?.spec === undefined ? undefined : event;
  } catch {
    return undefined;
  }
}

/** Undefined for a blank line. */
function parseLine(text: string): unknown {
  const json = text.replace(TIME_PREFIX, '').trim();
  return json === '' ? undefined : JSON.parse(json);
}

function newlines(block: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = block.indexOf(NEWLINE, from); at >= 0 && at < to; at = block.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
