import { type EnvelopeTarget, openMessage } from './envelope.ts';
import type { Slice } from './frame.ts';
import { SliceBuffer } from './slice-buffer.ts';

/** Messages of one topic partition in one run of shared memory, each ending in a newline unless it is compressed. */
export interface ValueChunk {
  readonly bytes: SharedArrayBuffer;
  readonly length: number;
  /** Where each message ends. */
  readonly ends: Uint32Array;
  /** Every message is decoded as an input of its own; otherwise neighbours that look like records run together. */
  readonly apart: boolean;
  /** Objects that messages name are read by whoever made the chunk; otherwise such a message is malformed. */
  readonly objectsRead: boolean;
}

/** What follows is another input: messages [value, end) of the chunk. */
export interface ValuesBegin {
  readonly kind: 'begin';
  readonly value: number;
  readonly end: number;
}

/** Place of a line: message of the chunk, and line of the message from 1. */
interface ValuePlace {
  readonly value: number;
  readonly line: number;
}

const NEWLINE = 10;

/**
 * Goes through the messages of a chunk. Those that begin as records do are lines; any other is unwrapped (JSON
 * envelopes, gzip, base64) and is an input of its own, since a header is in force to the end of its message only.
 */
export class ValueCursor {
  private readonly chunk: ValueChunk;
  private readonly bytes: Uint8Array;
  private run: ValuesBegin = { kind: 'begin', value: 0, end: 0 };
  private linesBefore = 0;

  constructor(chunk: ValueChunk) {
    this.chunk = chunk;
    this.bytes = new Uint8Array(chunk.bytes, 0, chunk.length);
  }

  *slices(): Generator<Slice | ValuesBegin> {
    const { ends, apart, objectsRead } = this.chunk;
    for (let value = 0; value < ends.length; ) {
      let end = value + 1;
      const plain = this.isPlain(value);
      while (plain && !apart && end < ends.length && this.isPlain(end)) end++;
      yield { kind: 'begin', value, end };
      const bytes = this.bytes.subarray(this.start(value), this.start(end));
      if (plain) yield { kind: 'lines', bytes };
      else if (bytes.length > 0) yield* unwrapped(bytes, objectsRead);
      value = end;
    }
  }

  /** Told by who decodes: the input has begun, so many lines came before it. */
  begin(run: ValuesBegin, linesBefore: number): void {
    this.run = run;
    this.linesBefore = linesBefore;
  }

  /** The place of a line of the current input: its number in the task and, where messages run together, its bytes. */
  locate(line: number, text: Uint8Array): ValuePlace {
    const { run } = this;
    if (run.end - run.value === 1) return { value: run.value, line: line - this.linesBefore };
    let [low, high] = [run.value, run.end - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (text.byteOffset < this.start(middle + 1)) high = middle;
      else low = middle + 1;
    }
    let number = 1;
    for (let at = this.start(low); at < text.byteOffset; at++) if (this.bytes[at] === NEWLINE) number++;
    return { value: low, line: number };
  }

  private start(value: number): number {
    return value === 0 ? 0 : (this.chunk.ends[value - 1] ?? 0);
  }

  /** True when the first byte is a digit or `-`, as of records: not a header, JSON, base64 or gzip. */
  private isPlain(value: number): boolean {
    const start = this.start(value);
    const first = this.bytes[start] ?? 0;
    return start < (this.chunk.ends[value] ?? 0) && ((first >= 48 && first <= 57) || first === 45);
  }
}

/** What a message holds, whatever it is wrapped in. */
function unwrapped(bytes: Uint8Array, objectsRead: boolean): Slice[] {
  const target = new MessageTarget(objectsRead);
  // a copy: shared memory cannot be inflated or read as text in place
  openMessage(new Uint8Array(bytes), target);
  return target.take(true);
}

class MessageTarget extends SliceBuffer implements EnvelopeTarget {
  private readonly objectsRead: boolean;

  constructor(objectsRead: boolean) {
    super();
    this.objectsRead = objectsRead;
  }

  object(bucket: string, key: string): void {
    if (!this.objectsRead) this.broken('no-record', Buffer.from(`s3://${bucket}/${key}`));
  }

  noObject(): void {}
}
