import type { Transform } from 'node:stream';
import { FlowtrieError } from '../model/errors.ts';
import { Gunzip } from './gunzip.ts';
import { createZstd, ZSTD_MISSING } from './zstd.ts';

/** Output piece of the zstd decoder; its default of 16 KiB is several times slower. */
const INFLATED_BYTES = 1024 * 1024;

/**
 * Compressed bytes given to an inflater at once: bounds what a bomb can put into memory (a factor of about 1,000).
 */
export const DEFLATED_BYTES: number = 128 * 1024;

/** How an input is compressed as a whole. */
export type Compression = 'gzip' | 'zstd';

/** A compressed stream, inflated piece by piece; a piece is valid until the next one is asked for. */
export interface Inflater {
  /** Why nothing more is taken, or what was wrong at the end; undefined while all is well. */
  readonly problem: string | undefined;
  write(bytes: Uint8Array): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  end(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export function inflaterOf(compression: Compression): Inflater {
  return compression === 'gzip' ? new Gunzip() : new ZstdInflater();
}

/** node:zlib's stream with its output collected: what was inflated before an error is not lost with the stream. */
export class ZstdInflater implements Inflater {
  private readonly stream: Transform;
  private pieces: Uint8Array[] = [];
  private wake: () => void = () => {};
  private stopped = false;
  private given = 0;
  private failure: Error | undefined;

  constructor() {
    const stream = createZstd?.(INFLATED_BYTES);
    if (stream === undefined) throw new FlowtrieError('input', ZSTD_MISSING);
    this.stream = stream;
    this.stream.on('data', (piece: Uint8Array) => this.pieces.push(piece));
    this.stream.on('error', (error) => {
      this.failure ??= error;
    });
    // a write that meets damaged data or the end of the last frame is never called back
    for (const event of ['end', 'close']) {
      this.stream.on(event, () => {
        this.stopped = true;
        this.wake();
      });
    }
  }

  get problem(): string | undefined {
    if (this.failure !== undefined) return this.failure.message;
    if (!this.stopped) return undefined;
    const consumed = 'bytesWritten' in this.stream ? Number(this.stream.bytesWritten) : 0;
    return this.given > consumed ? `${this.given - consumed} bytes or more behind the last frame` : undefined;
  }

  async *write(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length && !this.stopped; at += DEFLATED_BYTES) {
      const part = bytes.subarray(at, at + DEFLATED_BYTES);
      this.given += part.length;
      await new Promise<void>((done) => {
        this.wake = done;
        this.stream.write(part, () => done());
      });
      yield* this.take();
    }
  }

  async *end(): AsyncGenerator<Uint8Array> {
    if (!this.stopped) {
      await new Promise<void>((done) => {
        this.wake = done;
        this.stream.end();
      });
    }
    yield* this.take();
  }

  private take(): Uint8Array[] {
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }

  /** Gives back the decoder's memory when its end is not waited for. */
  close(): void {
    this.stream.destroy();
  }
}
