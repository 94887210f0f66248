import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createGunzip, type Gunzip } from 'node:zlib';
import { FlowtrieError } from '../model/errors.ts';
import { LineFramer, READ_BYTES, type Slice } from './frame.ts';

/** Compressed bytes given to the inflater at once: bounds what a gzip bomb can put into memory (a factor of about 1,000). */
const DEFLATED_BYTES = 128 * 1024;

/** Output piece of the inflater; its default of 16 KiB is several times slower. */
const INFLATED_BYTES = 1024 * 1024;

const NEWLINE = 10;

/** Told how many bytes of the file were read since the last call. */
export type OnRead = (bytes: number) => void;

/**
 * Lines of the byte range [start, end) of a plain file: those that begin in it. The range's first partial line belongs to
 * the range before; its last line is read to its end.
 */
export function* plainSlices(name: string, start: number, end: number, onRead: OnRead): Generator<Slice> {
  const fd = open(name);
  try {
    const framer = new LineFramer();
    const buffer = new Uint8Array(READ_BYTES);
    let position = start === 0 ? 0 : start - 1;
    let skipping = start > 0;
    for (let done = false; !done; ) {
      const count = readSync(fd, buffer, 0, buffer.length, position);
      if (count === 0) break;
      let from = 0;
      let to = count;
      if (skipping) {
        const newline = buffer.subarray(0, count).indexOf(NEWLINE);
        skipping = newline < 0;
        from = skipping ? count : newline + 1;
      }
      // the last line that begins before `end` ends at the first newline at or behind end − 1
      if (position + count >= end) {
        const last = buffer.subarray(0, count).indexOf(NEWLINE, Math.max(end - 1 - position, 0));
        if (last >= 0) {
          to = last + 1;
          done = true;
        }
      }
      if (position + from >= end) break;
      onRead(Math.min(count, Math.max(0, end - position)));
      position += count;
      if (from < to) yield* framer.push(buffer.subarray(from, to));
    }
    yield* framer.finish(null);
  } finally {
    closeSync(fd);
  }
}

/**
 * Lines of a gzip file, any number of members. While the caller works on one piece, the next is inflated on a thread of the
 * system's pool. A damaged file yields what could be read, its cut last line as broken, then throws FlowtrieError.
 */
export async function* gzipSlices(name: string, onRead: OnRead): AsyncGenerator<Slice> {
  const fd = open(name);
  const inflater = new Inflater();
  try {
    const framer = new LineFramer();
    const size = fstatSync(fd).size;
    const buffers = [new Uint8Array(DEFLATED_BYTES), new Uint8Array(DEFLATED_BYTES)];
    for (let turn = 0, ended = false; !ended; turn++) {
      const buffer = buffers[turn % 2] ?? new Uint8Array(DEFLATED_BYTES);
      const count = readSync(fd, buffer, 0, buffer.length, null);
      ended = count === 0;
      const ready = inflater.take();
      const inflating = ended ? inflater.end() : inflater.write(buffer.subarray(0, count));
      for (const piece of ready) yield* framer.push(piece);
      onRead(count);
      await inflating;
      if (inflater.failure !== undefined) break;
    }
    for (const piece of inflater.take()) yield* framer.push(piece);
    const problem = inflater.failure?.message ?? (inflater.consumed < size ? 'data behind the end of the last member' : undefined);
    yield* framer.finish(problem === undefined ? null : 'truncated');
    if (problem !== undefined) throw new FlowtrieError('input', `${name}: damaged gzip: ${problem}`);
  } finally {
    inflater.close();
    closeSync(fd);
  }
}

/** node:zlib's gunzip with its output collected: what was inflated before an error is not lost with the stream. */
export class Inflater {
  private readonly gunzip: Gunzip = createGunzip({ chunkSize: INFLATED_BYTES });
  private pieces: Uint8Array[] = [];
  failure: Error | undefined;

  constructor() {
    this.gunzip.on('data', (piece: Uint8Array) => this.pieces.push(piece));
    this.gunzip.on('error', (error) => {
      this.failure ??= error;
    });
  }

  /** Compressed bytes used so far. */
  get consumed(): number {
    return this.gunzip.bytesWritten;
  }

  /** Resolves when the bytes are inflated (or `failure` is set); they may be overwritten then. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((done) => {
      this.gunzip.write(bytes, () => done());
    });
  }

  end(): Promise<void> {
    return new Promise((done) => {
      this.gunzip.once('close', () => done());
      this.gunzip.end();
    });
  }

  /** What was inflated since the last call. */
  take(): Uint8Array[] {
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }

  close(): void {
    this.gunzip.destroy();
  }
}

function open(name: string): number {
  try {
    return openSync(name, 'r');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new FlowtrieError('input', `${name}: cannot be read (${reason})`, { cause: error });
  }
}
