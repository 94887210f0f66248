import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FlowtrieError } from '../model/errors.ts';
import { unreadable } from './unreadable.ts';

/**
 * A stream whose beginning can be looked at before it is decided how to read it: what was read is kept until `spool`
 * writes it, and all that follows, to a file, or `forget` drops it.
 */
export class PeekedBytes implements AsyncIterable<Uint8Array> {
  private readonly source: AsyncIterator<Uint8Array>;
  private readonly name: string;
  private kept: Uint8Array[] | null = [];

  constructor(stream: AsyncIterable<Uint8Array>, name: string) {
    this.source = stream[Symbol.asyncIterator]();
    this.name = name;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = await this.source.next();
      if (next.done === true) return;
      this.kept?.push(next.value);
      yield next.value;
    }
  }

  /** Nothing will be spooled. */
  forget(): void {
    this.kept = null;
  }

  /** Writes the stream to a file, from its first byte on. */
  async spool(path: string): Promise<void> {
    const kept = this.kept ?? [];
    this.kept = null;
    const { name } = this;
    const rest = this[Symbol.asyncIterator]();
    const all = async function* (): AsyncGenerator<Uint8Array> {
      yield* kept;
      try {
        yield* rest;
      } catch (error) {
        throw unreadable(name, error);
      }
    };
    try {
      await pipeline(Readable.from(all(), { objectMode: false }), createWriteStream(path));
    } catch (error) {
      if (error instanceof FlowtrieError) throw error;
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      throw new FlowtrieError('output', `${path}: cannot keep ${name} for the second pass: ${code}`, { cause: error });
    }
  }
}
