import { messageAt, type RawMessage } from './arrow-messages.ts';
import type { ColumnMemory } from './column-memory.ts';
import { openPart, type Part, type PartReader } from './part.ts';

/** Read at once; the dictionaries of a batch are mostly shorter together. */
const WINDOW_BYTES = 1 << 20;

/** Reads parts from front to back, into memory of the kernel that is used again and grows to the longest message. */
export class PartWindow {
  private readonly memory: ColumnMemory;
  private bytes: Uint8Array;
  /** What of the part is in it. */
  private from = 0;
  private length = 0;

  constructor(memory: ColumnMemory) {
    this.memory = memory;
    this.bytes = memory.u8(WINDOW_BYTES);
  }

  /** Messages of a part, one in memory at a time. */
  async *messages(part: Part): AsyncGenerator<RawMessage> {
    const reader = await openPart(part);
    this.length = 0;
    try {
      for (let at = 0; ; ) {
        const raw = await messageAt((position, count) => this.read(reader, position, count), at);
        if (raw === null) return;
        at += raw.byteLength;
        yield raw;
      }
    } finally {
      await reader.close();
    }
  }

  /** Valid until something else is read. */
  private async read(reader: PartReader, position: number, count: number): Promise<Uint8Array> {
    if (position < this.from || position + count > this.from + this.length) {
      this.bytes = this.memory.longer(this.bytes, count);
      this.from = position;
      this.length = await reader.readInto(this.bytes, position);
    }
    const at = position - this.from;
    return this.bytes.subarray(at, Math.min(at + count, this.length));
  }
}
