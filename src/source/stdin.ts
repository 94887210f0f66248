import type { Readable } from 'node:stream';
import { FlowtrieError } from '../model/errors.ts';
import type { Malformed } from '../model/ledger.ts';
import type { RecordBlock } from '../model/record-block.ts';
import { framerOf, kindOf, OPENING_BYTES, openingOf } from './content.ts';
import type { FramedSlice, Framer } from './frame.ts';
import { type Compression, type Inflater, inflaterOf } from './inflater.ts';
import { unreadable } from './unreadable.ts';

/** Text bytes of one task cut from a stream. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** A piece of a stream that ends on a record end, in shared memory; records; or a line that never was whole. */
export type StreamChunk =
  | { readonly kind: 'lines'; readonly bytes: SharedArrayBuffer; readonly length: number }
  | { readonly kind: 'records'; readonly block: RecordBlock }
  | { readonly kind: 'broken'; readonly slice: Extract<FramedSlice, { kind: 'broken' }> };

/**
 * Cuts a stream (gzip is told by its first bytes) into chunks of about CHUNK_BYTES. Throws when gzip data is
 * damaged.
 */
export async function* streamChunks(stream: Readable, name: string): AsyncGenerator<StreamChunk> {
  const chunk = new ChunkBuffer();
  try {
    for await (const slice of streamSlices(stream, name)) {
      if (slice.kind !== 'lines') {
        if (chunk.length > 0) yield chunk.take();
        yield slice.kind === 'records' ? slice : { kind: 'broken', slice: { ...slice, text: slice.text.slice() } };
        continue;
      }
      if (chunk.length + slice.bytes.length > CHUNK_BYTES && chunk.length > 0) yield chunk.take();
      chunk.append(slice.bytes);
    }
  } catch (error) {
    // what came before the damage is not lost with it
    if (chunk.length > 0) yield chunk.take();
    throw error;
  }
  if (chunk.length > 0) yield chunk.take();
}

class ChunkBuffer {
  private pieces: Uint8Array[] = [];
  length = 0;

  append(bytes: Uint8Array): void {
    this.pieces.push(bytes.slice());
    this.length += bytes.length;
  }

  take(): StreamChunk {
    const bytes = new SharedArrayBuffer(this.length);
    const view = new Uint8Array(bytes);
    let at = 0;
    for (const piece of this.pieces) {
      view.set(piece, at);
      at += piece.length;
    }
    const { length } = this;
    this.pieces = [];
    this.length = 0;
    return { kind: 'lines', bytes, length };
  }
}

async function* readsOf(stream: Readable, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** Frames a stream; what it is, is told by its first bytes. */
class StreamFramer implements Framer {
  private framer: Framer | undefined;
  private head: Uint8Array[] = [];
  private headBytes = 0;

  *push(chunk: Uint8Array): Generator<FramedSlice> {
    if (this.framer !== undefined) {
      yield* this.framer.push(chunk);
      return;
    }
    this.head.push(new Uint8Array(chunk));
    this.headBytes += chunk.length;
    if (this.headBytes >= OPENING_BYTES) yield* this.open();
  }

  *finish(cut: Malformed | null): Generator<FramedSlice> {
    yield* this.open();
    if (this.framer !== undefined) yield* this.framer.finish(cut);
  }

  private *open(): Generator<FramedSlice> {
    if (this.framer !== undefined) return;
    const head = Buffer.concat(this.head);
    this.head = [];
    this.framer = framerOf(openingOf(head).content);
    yield* this.framer.push(head);
  }
}

/** Bytes that tell a stream's kind. */
const MAGIC_BYTES = 4;

function compressionOf(bytes: Uint8Array, name: string): Compression | undefined {
  const kind = kindOf(bytes);
  if (kind === 'gzip' || kind === 'zstd') return kind;
  if (kind === 'plain') return undefined;
  const hint = kind === 'Parquet' ? 'give it as a file: it is read from its end' : 'expected plain text, gzip or zstd';
  throw new FlowtrieError('input', `${name}: ${kind} on a stream: ${hint}`);
}

async function* streamSlices(stream: Readable, name: string): AsyncGenerator<FramedSlice> {
  const framer = new StreamFramer();
  let compression: Compression | undefined;
  let inflater: Inflater | undefined;
  let head: Uint8Array | undefined = new Uint8Array(0);
  for await (const read of readsOf(stream, name)) {
    let bytes = read;
    if (head !== undefined) {
      bytes = Buffer.concat([head, read]);
      head = bytes.length < MAGIC_BYTES ? bytes : undefined;
      if (head !== undefined) continue;
      compression = compressionOf(bytes, name);
      if (compression !== undefined) inflater = inflaterOf(compression);
    }
    if (inflater === undefined) {
      yield* framer.push(bytes);
      continue;
    }
    for await (const piece of inflater.write(bytes)) yield* framer.push(piece);
    if (inflater.problem !== undefined) break;
  }
  if (head !== undefined && head.length > 0) yield* framer.push(head);
  if (inflater !== undefined) for await (const piece of inflater.end()) yield* framer.push(piece);
  const problem = inflater?.problem;
  yield* framer.finish(problem === undefined ? null : 'truncated');
  if (problem !== undefined) throw new FlowtrieError('input', `${name}: damaged ${compression}: ${problem}`);
}
