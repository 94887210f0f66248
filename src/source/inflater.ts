import type { Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FlowtrieError } from '../model/errors.ts';
import { createZstd, ZSTD_MISSING } from './zstd.ts';

/** Output piece of the inflater; its default of 16 KiB is several times slower. */
const INFLATED_BYTES = 1024 * 1024;

/**
 * Compressed bytes given to the inflater at once: bounds what a gzip bomb can put into memory (a factor of about
 * 1,000).
 */
export const DEFLATED_BYTES: number = 128 * 1024;

/** How an input is compressed as a whole. */
export type Compression = 'gzip' | 'zstd';

/** node:zlib's stream with its output collected: what was inflated before an error is not lost with the stream. */
export class Inflater {
  private readonly stream: Transform;
  /** Compressed bytes used so far. */
  private readonly consumed: () => number;
  private pieces: Uint8Array[] = [];
  private wake: () => void = () => {};
  /** True when nothing more is taken: the data is damaged, or a byte that begins no member follows the last one. */
  stopped = false;
  failure: Error | undefined;

  constructor(compression: Compression) {
    const stream = compression === 'gzip' ? createGunzip({ chunkSize: INFLATED_BYTES }) : createZstd?.(INFLATED_BYTES);
    if (stream === undefined) throw new FlowtrieError('input', ZSTD_MISSING);
    this.stream = stream;
    this.consumed = () => ('bytesWritten' in stream ? Number(stream.bytesWritten) : 0);
    this.stream.on('data', (piece: Uint8Array) => this.pieces.push(piece));
    this.stream.on('error', (error) => {
      this.failure ??= error;
    });
    // a write that meets damaged data or the end of the last member is never called back
    for (const event of ['end', 'close']) {
      this.stream.on(event, () => {
        this.stopped = true;
        this.wake();
      });
    }
  }

  /** Resolves when the bytes are inflated (or `stopped` is set); they may be overwritten then. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((done) => {
      this.wake = done;
      this.stream.write(bytes, () => done());
    });
  }

  end(): Promise<void> {
    return new Promise((done) => {
      this.wake = done;
      this.stream.end();
    });
  }

  /** What was inflated since the last call. */
  take(): Uint8Array[] {
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }

  /** Why an input of which `given` bytes were read is damaged; undefined when it is whole. */
  problem(given: number): string | undefined {
    if (this.failure !== undefined) return this.failure.message;
    // node:zlib drops what follows the last member when it begins with a zero byte, without an error
    const rest = given - this.consumed();
    return rest > 0 ? `${rest} bytes or more behind the last member` : undefined;
  }

  close(): void {
    this.stream.destroy();
  }
}
