import type { RecordBlock } from '../model/record-block.ts';
import type { FramedSlice } from './frame.ts';
import { type Reads, streamSlices } from './stream-slices.ts';
import { unreadable } from './unreadable.ts';

/** Text bytes of one task cut from stdin. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** A piece of a stream that ends on a record end, in shared memory; records; or a line that never was whole. */
export type StreamChunk =
  | { readonly kind: 'lines'; readonly bytes: SharedArrayBuffer; readonly length: number }
  | { readonly kind: 'records'; readonly block: RecordBlock }
  | { readonly kind: 'broken'; readonly slice: Extract<FramedSlice, { kind: 'broken' }> };

/**
 * Cuts a stream (gzip is told by its first bytes) into chunks of about `chunkBytes` of text. Throws when gzip data is
 * damaged.
 */
export async function* streamChunks(
  stream: Reads,
  name: string,
  chunkBytes: number = CHUNK_BYTES,
): AsyncGenerator<StreamChunk> {
  const chunk = new ChunkBuffer(chunkBytes);
  try {
    for await (const slice of streamSlices(readsOf(stream, name), name)) {
      if (slice.kind !== 'lines') {
        if (chunk.length > 0) yield chunk.take();
        yield slice.kind === 'records' ? slice : { kind: 'broken', slice: { ...slice, text: slice.text.slice() } };
        continue;
      }
      if (!chunk.fits(slice.bytes)) yield chunk.take();
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
  private readonly size: number;
  private view = new Uint8Array(new SharedArrayBuffer(0));
  length = 0;

  constructor(size: number) {
    this.size = size;
  }

  fits(bytes: Uint8Array): boolean {
    return this.length === 0 || this.length + bytes.length <= this.view.length;
  }

  append(bytes: Uint8Array): void {
    if (this.length === 0) this.view = new Uint8Array(new SharedArrayBuffer(Math.max(this.size, bytes.length)));
    this.view.set(bytes, this.length);
    this.length += bytes.length;
  }

  take(): StreamChunk {
    const { view, length } = this;
    this.length = 0;
    return { kind: 'lines', bytes: view.buffer, length };
  }
}

function readsOf(stream: Reads, name: string): Reads {
  return {
    get interrupted() {
      return stream.interrupted === true;
    },
    async *[Symbol.asyncIterator]() {
      try {
        yield* stream;
      } catch (error) {
        throw unreadable(name, error);
      }
    },
  };
}
