import type { Readable } from 'node:stream';

/** The bytes of a stream until it ends, or until the signal says that nobody waits for more. */
export class InterruptibleBytes implements AsyncIterable<Uint8Array> {
  /** True when the stream was left before its end. */
  interrupted = false;
  private readonly stream: Readable;
  private readonly signal: AbortSignal | undefined;

  constructor(stream: Readable, signal: AbortSignal | undefined) {
    this.stream = stream;
    this.signal = signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const leave = (): void => {
      this.interrupted = true;
      // ends a read that waits, and lets the process end
      this.stream.destroy();
    };
    this.signal?.addEventListener('abort', leave);
    if (this.signal?.aborted === true) leave();
    try {
      yield* this.stream;
    } catch (error) {
      if (!this.interrupted) throw error;
    } finally {
      this.signal?.removeEventListener('abort', leave);
    }
  }
}
