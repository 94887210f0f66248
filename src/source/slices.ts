import { closeSync, openSync, readSync } from 'node:fs';
import { FlowtrieError } from '../model/errors.ts';
import type { Content } from './content.ts';
import { type FramedSlice, type Framer, LineFramer, READ_BYTES } from './frame.ts';
import { Gunzip } from './gunzip.ts';
import { type Compression, DEFLATED_BYTES, inflaterOf } from './inflater.ts';
import { unreadable } from './unreadable.ts';

const NEWLINE = 10;

/** Told how many bytes of the file were read since the last call. */
export type OnRead = (bytes: number) => void;

/** What the last task of this thread read into: a megabyte for each would keep the collector busy. */
let spare: Uint8Array | null = null;

function takeBuffer(): Uint8Array {
  const buffer = spare ?? new Uint8Array(READ_BYTES);
  spare = null;
  return buffer;
}

/**
 * Lines of the byte range [start, end) of a plain file: those that begin in it. The range's first partial line
 * belongs to the range before; its last line is read to its end.
 */
export function* plainSlices(name: string, start: number, end: number, onRead: OnRead): Generator<FramedSlice> {
  const fd = open(name);
  const buffer = takeBuffer();
  try {
    const framer = new LineFramer();
    // a newline at start − 1 tells that a line begins at `start`
    let position = Math.max(start - 1, 0);
    let skipping = start > 0;
    for (let ended = false; !ended; ) {
      const count = read(name, fd, buffer, position);
      if (count === 0) {
        if (position < end)
          throw new FlowtrieError('input', `${name}: expected ${end} bytes, the file ends at ${position}`);
        break;
      }
      onRead(Math.max(0, Math.min(end, position + count) - Math.max(start, position)));
      const bytes = buffer.subarray(0, count);
      // the last line that begins before `end` ends at the first newline at or behind end − 1
      const lastEnd = position + count >= end ? bytes.indexOf(NEWLINE, Math.max(end - 1 - position, 0)) + 1 : 0;
      ended = lastEnd > 0;
      const to = ended ? lastEnd : count;
      let from = 0;
      if (skipping) {
        from = bytes.indexOf(NEWLINE) + 1;
        skipping = from === 0;
        if (skipping) from = to;
      }
      // no line begins in the range
      if (skipping && position + count >= end) return;
      position += count;
      if (from < to) yield* framer.push(bytes.subarray(from, to));
    }
    yield* framer.finish(null);
  } finally {
    closeSync(fd);
    spare = buffer;
  }
}

/**
 * Lines of a gzip file, any number of members, as inflatedSlices gives them, without a promise for each piece: most
 * inputs are this, and every worker compiles what it runs for itself.
 */
export function* gzipLines(name: string, onRead: OnRead): Generator<FramedSlice> {
  const fd = open(name);
  try {
    const gunzip = new Gunzip();
    const framer = new LineFramer();
    const buffer = new Uint8Array(DEFLATED_BYTES);
    while (gunzip.problem === undefined) {
      const count = read(name, fd, buffer, null);
      if (count === 0) break;
      for (const piece of gunzip.write(buffer.subarray(0, count))) yield* framer.push(piece);
      onRead(count);
    }
    for (const piece of gunzip.end()) yield* framer.push(piece);
    yield* lastSlices(framer, name, 'gzip', gunzip.problem);
  } finally {
    closeSync(fd);
  }
}

/** What is left at the end; throws when the file is damaged there. */
function* lastSlices(
  framer: Framer,
  name: string,
  compression: Compression,
  problem: string | undefined,
): Generator<FramedSlice> {
  yield* framer.finish(problem === undefined ? null : 'truncated');
  if (problem !== undefined) throw new FlowtrieError('input', `${name}: damaged ${compression}: ${problem}`);
}

/** Slices of a plain file that is not lines, from its beginning to its end. */
export async function* documentSlices(name: string, content: Content, onRead: OnRead): AsyncGenerator<FramedSlice> {
  const framer = await framerOf(content);
  const fd = open(name);
  const buffer = takeBuffer();
  try {
    for (let count = read(name, fd, buffer, null); count > 0; count = read(name, fd, buffer, null)) {
      onRead(count);
      yield* framer.push(buffer.subarray(0, count));
    }
    yield* framer.finish(null);
  } finally {
    closeSync(fd);
    spare = buffer;
  }
}

/**
 * Slices of a compressed file, any number of members (gzip) or frames (zstd). A damaged file yields what could be read,
 * its cut last line as broken, then throws FlowtrieError.
 */
export async function* inflatedSlices(
  name: string,
  compression: Compression,
  content: Content,
  onRead: OnRead,
): AsyncGenerator<FramedSlice> {
  const fd = open(name);
  try {
    const inflater = inflaterOf(compression);
    const framer = await framerOf(content);
    const buffer = new Uint8Array(DEFLATED_BYTES);
    while (inflater.problem === undefined) {
      const count = read(name, fd, buffer, null);
      if (count === 0) break;
      for await (const piece of inflater.write(buffer.subarray(0, count))) yield* framer.push(piece);
      onRead(count);
    }
    for await (const piece of inflater.end()) yield* framer.push(piece);
    yield* lastSlices(framer, name, compression, inflater.problem);
  } finally {
    closeSync(fd);
  }
}

/** Framers of documents and tables are loaded when an input is one: they would be a good part of a worker's start. */
async function framerOf(content: Content): Promise<Framer> {
  return content === 'lines' ? new LineFramer() : (await import('./content.ts')).framerOf(content);
}

function open(name: string): number {
  try {
    return openSync(name, 'r');
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** Bytes read into `buffer` at `position` (null = where the last read ended); 0 at the end of the file. */
function read(name: string, fd: number, buffer: Uint8Array, position: number | null): number {
  try {
    return readSync(fd, buffer, 0, buffer.length, position);
  } catch (error) {
    throw unreadable(name, error);
  }
}
