import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { constants, createGunzip, gunzipSync } from 'node:zlib';
import { FlowtrieError } from '../model/errors.ts';
import { GatheredFields, ParsedFields } from './audit-fields.ts';
import { AuditLine, type LineVerdict, TIME_PREFIX } from './audit-line.ts';
import { Cursor } from './cursor.ts';
import {
  isAuditEvent,
  isToldByResponse,
  isWatchEvent,
  type PodEvent,
  type PodEvents,
  type PodRelist,
  podEventOfAudit,
  podEventOfFields,
  podEventOfWatch,
  relistOfWatch,
} from './pod-events.ts';
import { mayNamePods, PodsHints } from './pods-hints.ts';
import type { Warn } from './warnings.ts';

/** What the lines of a file are: audit events, or envelopes of them, or watch events. */
export type EventLineKind = 'audit' | 'envelope' | 'watch';

const HEAD_BYTES = 64 * 1024;
/** Small enough to stay in the processor's cache. */
const CHUNK_BYTES = 512 * 1024;
/** Kubernetes refuses objects over 3 MiB; an event holds two. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;
/** Events kept in memory, a few for each pod; a busy cluster writes a million a day. */
const EVENTS_MAX = 20_000_000;
/** Lines of one file that are complained of one by one. */
const COMPLAINTS_MAX = 5;

const NEWLINE = 10;
const GZIP_MAGIC = 0x8b1f;

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
    for await (const chunk of gzip ? inflatedChunks(path) : chunksOf(path, lines.room)) lines.push(chunk);
  } catch (error) {
    const { message } = error as Error;
    warn({ file, path: `line ${lines.line}` }, `cannot be read further: ${message}; what stands before is used`);
  }
  lines.finish();
  return lines.found;
}

/** One buffer, filled again and again: garbage of such size costs more than the reading. */
async function* chunksOf(path: string, buffer: Buffer): AsyncGenerator<Buffer> {
  const handle = await open(path);
  try {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
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
  /** What chunks are best read into. */
  readonly room: Buffer;
  private readonly file: string;
  private readonly kind: EventLineKind;
  private readonly warn: Warn;
  private rest: Buffer[] = [];
  private restBytes = 0;
  private complaints = 0;
  private isFull = false;
  /** Null for lines that are no audit events themselves. */
  private readonly outline: AuditLine | null;

  constructor(file: string, kind: EventLineKind, warn: Warn) {
    this.file = file;
    this.kind = kind;
    this.warn = warn;
    this.outline = kind === 'audit' ? new AuditLine() : null;
    this.room = this.outline?.chunk ?? Buffer.allocUnsafe(CHUNK_BYTES);
  }

  /** The chunk may be filled anew afterwards; only a line that goes on in the next one is copied. */
  push(piece: Buffer): void {
    const chunk = this.outline?.hold(piece) ?? piece;
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      const start = this.endLine(chunk);
      if (this.outline === null) this.scan(chunk, start, end);
      else this.scanHeld(this.outline, chunk, start, end);
    }
    if (end === chunk.length) return;
    this.rest.push(Buffer.from(chunk.subarray(end)));
    this.restBytes += chunk.length - end;
    if (this.restBytes > LINE_BYTES_MAX) this.dropLongLine();
  }

  finish(): void {
    const last = Buffer.concat(this.rest).toString().trimEnd();
    if (last !== '' && !last.endsWith('}'))
      this.complain(this.line, 'broken JSON: the file ends in the middle of a line');
    // what was cut off may look like a line that is passed over
    else if (this.kind !== 'envelope' || mayNamePods(last)) this.takeLast(last);
    if (this.complaints <= COMPLAINTS_MAX) return;
    const more = this.complaints - COMPLAINTS_MAX;
    this.warn({ file: this.file, path: `line ${this.line - 1}` }, `${more} more lines could not be used`);
  }

  private takeLast(text: string): void {
    const line = Buffer.from(`${text}\n`);
    this.take(line, 0, line.length - 1);
  }

  private dropLongLine(): void {
    this.complain(this.line, `longer than ${LINE_BYTES_MAX} bytes: no event`);
    this.rest = [];
    this.restBytes = 0;
  }

  /** Ends the line that began in an earlier chunk; first byte of the next one. */
  private endLine(chunk: Buffer): number {
    if (this.restBytes === 0) return 0;
    const end = chunk.indexOf(NEWLINE) + 1;
    const line = Buffer.concat([...this.rest, chunk.subarray(0, end)]);
    this.rest = [];
    this.restBytes = 0;
    this.scan(line, 0, line.length);
    return end;
  }

  /** Whole lines in [from, to). Of envelopes only those that may name pods are parsed. */
  private scan(block: Buffer, from: number, to: number): void {
    const hints = this.kind === 'envelope' ? new PodsHints(block) : null;
    let counted = from;
    for (let at = from; at < to; ) {
      const found = hints?.next(at) ?? at;
      if (found >= to) break;
      const start = hints === null ? at : Math.max(block.lastIndexOf(NEWLINE, found) + 1, from);
      const end = block.indexOf(NEWLINE, found);
      if (hints !== null) this.line += newlines(block, counted, start);
      this.take(block, start, end);
      this.line++;
      at = end + 1;
      counted = at;
    }
    this.line += newlines(block, counted, to);
  }

  /** The same in a chunk that the outline holds. */
  private scanHeld(outline: AuditLine, chunk: Buffer, from: number, to: number): void {
    for (let at = from; ; at = outline.end + 1) {
      const verdict = outline.next(chunk, at, to);
      this.line += outline.passed;
      if (verdict === null) return;
      this.takeEvent(outline, verdict, chunk, outline.start, outline.end);
      this.line++;
    }
  }

  private take(block: Buffer, start: number, end: number): void {
    const { outline } = this;
    if (outline === null) this.complaining(() => this.parse(block, start, end));
    else this.takeEvent(outline, outline.judge(block, start, end), block, start, end);
  }

  private takeEvent(outline: AuditLine, verdict: LineVerdict, block: Buffer, start: number, end: number): void {
    if (verdict === 'skip' || this.takeGathered(outline, verdict)) return;
    this.complaining(() => {
      const event = verdict === 'cut' ? this.parseResponse(outline, block, start, end) : undefined;
      if (event === undefined) this.parse(block, start, end);
      else this.read(this.rootOf(event));
    });
  }

  /** False when something is not as expected: the whole line tells what. */
  private takeGathered(outline: AuditLine, verdict: LineVerdict): boolean {
    const text = outline.gathered();
    if (text === null) return false;
    try {
      const fields = new GatheredFields(JSON.parse(text) as readonly unknown[], this.file);
      if (verdict === 'cut' && !isToldByResponse(fields)) return false;
      if (this.hasRoom()) this.add(podEventOfFields(fields));
      return true;
    } catch (error) {
      if (error instanceof FlowtrieError || error instanceof SyntaxError) return false;
      throw error;
    }
  }

  private complaining(reader: () => void): void {
    try {
      reader();
    } catch (error) {
      if (error instanceof FlowtrieError) this.complain(this.line, error.message.replace(`${this.file}: `, ''));
      else if (error instanceof SyntaxError) this.complain(this.line, `broken JSON: ${error.message}`);
      else throw error;
    }
  }

  private parse(block: Buffer, start: number, end: number): void {
    const event = parseLine(block, start, end);
    if (event !== undefined) this.read(this.rootOf(event));
  }

  private rootOf(event: unknown): Cursor {
    return new Cursor(event, this.file, null, `line ${this.line}`);
  }

  /**
   * A write with both bodies, without the first one. Undefined when the second does not tell everything, or is broken.
   */
  private parseResponse({ requestFrom, requestTo }: AuditLine, block: Buffer, start: number, end: number): unknown {
    const head = block.toString('utf8', start, requestFrom).replace(TIME_PREFIX, '');
    try {
      const event: unknown = JSON.parse(`${head}null${block.toString('utf8', requestTo, end)}`);
      return isToldByResponse(new ParsedFields(new Cursor(event, this.file, null, ''))) ? event : undefined;
    } catch {
      return undefined;
    }
  }

  private read(cursor: Cursor): void {
    if (!this.hasRoom()) return;
    if (isAuditEvent(cursor)) this.add(podEventOfAudit(cursor));
    else if (isWatchEvent(cursor)) {
      const list = relistOfWatch(cursor);
      for (const event of list?.events ?? [podEventOfWatch(cursor)]) this.add(event);
      if (list !== null) this.found.relists.push(list.relist);
    } else for (const message of envelopeMessages(cursor)) this.read(message);
  }

  private add(event: PodEvent | null): void {
    if (event !== null) this.found.events.push(event);
  }

  private hasRoom(): boolean {
    if (this.found.events.length < EVENTS_MAX) return true;
    if (!this.isFull) this.complain(this.line, `more than ${EVENTS_MAX} events of pods: later ones are not used`);
    this.isFull = true;
    return false;
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
    if (!mayNamePods(message)) return [];
    return new Cursor(JSON.parse(message.replace(TIME_PREFIX, '')), cursor.file, null, cursor.path);
  });
}

/** Undefined for a blank line. */
function parseLine(block: Buffer, start: number, end: number): unknown {
  const json = block.toString('utf8', start, end).replace(TIME_PREFIX, '').trim();
  return json === '' ? undefined : JSON.parse(json);
}

function newlines(block: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = block.indexOf(NEWLINE, from); at >= 0 && at < to; at = block.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
