import { grown, type Texts } from './chunk-data.ts';
import type { ColumnMemory } from './column-memory.ts';

const BYTES_AT_FIRST = 4096;
const TEXTS_AT_FIRST = 256;

/** Texts under construction; kept from chunk to chunk. */
export class TextBuffer {
  private bytes: Uint8Array;
  private offsets: Int32Array;
  private readonly memory: ColumnMemory | null;
  count = 0;

  /** In memory that the kernel reads, or in memory of its own. */
  constructor(memory: ColumnMemory | null = null) {
    this.memory = memory;
    this.bytes = memory === null ? new Uint8Array(BYTES_AT_FIRST) : memory.u8(BYTES_AT_FIRST);
    this.offsets = memory === null ? new Int32Array(TEXTS_AT_FIRST) : memory.i32(TEXTS_AT_FIRST);
    // what is taken may have been used before
    this.offsets[0] = 0;
  }

  get byteLength(): number {
    return this.offsets[this.count]!;
  }

  addBytes(source: Uint8Array, from: number, to: number): void {
    const start = this.reserve(to - from);
    const { bytes } = this;
    for (let i = from, at = start; i < to; i++, at++) bytes[at] = source[i]!;
    this.close(start + to - from);
  }

  addText(text: string): void {
    const { length } = text;
    // UTF-8 takes at most three bytes for one UTF-16 unit
    const start = this.reserve(3 * length);
    const { bytes } = this;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 127) {
        const utf8 = Buffer.from(text);
        bytes.set(utf8, start);
        this.close(start + utf8.length);
        return;
      }
      bytes[start + i] = unit;
    }
    this.close(start + length);
  }

  /** Digits and dots of an IPv4. */
  addIpv4(address: number): void {
    let at = this.reserve(15);
    const { bytes } = this;
    for (let shift = 24; shift >= 0; shift -= 8) {
      const part = (address >>> shift) & 255;
      if (part > 99) bytes[at++] = 48 + ((part / 100) | 0);
      if (part > 9) bytes[at++] = 48 + (((part / 10) | 0) % 10);
      bytes[at++] = 48 + (part % 10);
      if (shift > 0) bytes[at++] = 46;
    }
    this.close(at);
  }

  /** All of them; valid until the next is added, or clear(). */
  view(): Texts {
    const { count } = this;
    return { offsets: this.offsets.subarray(0, count + 1), bytes: this.bytes.subarray(0, this.byteLength) };
  }

  clear(): void {
    this.count = 0;
  }

  private reserve(count: number): number {
    const start = this.offsets[this.count]!;
    const { memory } = this;
    if (memory !== null) this.bytes = memory.longer(this.bytes, start + count);
    else this.bytes = grown(this.bytes, start + count, (n) => new Uint8Array(n));
    return start;
  }

  private close(end: number): void {
    this.count++;
    if (this.count >= this.offsets.length) {
      const { memory, offsets, count } = this;
      if (memory !== null) this.offsets = memory.longer(offsets, count + 1);
      else this.offsets = grown(offsets, count + 1, (n) => new Int32Array(n));
    }
    this.offsets[this.count] = end;
  }
}
