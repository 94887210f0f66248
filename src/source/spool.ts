import { createWriteStream } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FlowtrieError } from '../model/errors.ts';
import { kindOf } from './content.ts';
import type { Reads } from './stream-slices.ts';
import { unreadable } from './unreadable.ts';

const NEWLINE = 10;

/**
 * A stream whose beginning can be looked at before it is decided how to read it: what was read is kept until `spool`
 * writes it, and all that follows, to a file, or `forget` drops it.
 */
export class PeekedBytes implements Reads {
  private readonly stream: Reads;
  private readonly source: AsyncIterator<Uint8Array>;
  private readonly name: string;
  private kept: Uint8Array[] | null = [];

  constructor(stream: Reads, name: string) {
    this.stream = stream;
    this.source = stream[Symbol.asyncIterator]();
    this.name = name;
  }

  get interrupted(): boolean {
    return this.stream.interrupted === true;
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

  /** Writes the stream to a file, from its first byte on; of text that was left in a line, the lines that are whole. */
  async spool(path: string): Promise<void> {
    const kept = this.kept ?? [];
    this.kept = null;
    const { name } = this;
    const rest = this[Symbol.asyncIterator]();
    const lines = new LinesEnd();
    const all = async function* (): AsyncGenerator<Uint8Array> {
      for (const bytes of kept) yield lines.see(bytes);
      try {
        for await (const bytes of rest) yield lines.see(bytes);
      } catch (error) {
        throw unreadable(name, error);
      }
    };
    try {
      await pipeline(Readable.from(all(), { objectMode: false }), createWriteStream(path));
      if (this.interrupted && lines.isText) await truncate(path, lines.end);
    } catch (error) {
      if (error instanceof FlowtrieError) throw error;
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      throw new FlowtrieError('output', `${path}: cannot keep ${name} for the second pass: ${code}`, { cause: error });
    }
  }
}

/** Where the last whole line of a stream ends. */
class LinesEnd {
  /** False for what is compressed: its bytes tell nothing of lines. */
  isText = true;
  end = 0;
  private bytes = 0;

  see(bytes: Uint8Array): Uint8Array {
    if (this.bytes === 0) this.isText = kindOf(bytes) === 'plain';
    const newline = bytes.lastIndexOf(NEWLINE);
    if (newline >= 0) this.end = this.bytes + newline + 1;
    this.bytes += bytes.length;
    return bytes;
  }
}
