import { grown, type Texts } from './chunk-data.ts';

const BYTES_AT_FIRST = 4096;
const TEXTS_AT_FIRST = 256;

/** Texts under construction; kept from chunk to chunk. */
export class TextBuffer {
  private bytes: Uint8Array<ArrayBuffer> = new Uint8Array(BYTES_AT_FIRST);
  private offsets: Int32Array<ArrayBuffer> = new Int32Array(TEXTS_AT_FIRST);
  count = 0;

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
        this.close(start + Buffer.from(bytes.buffer).write(text, start));
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

  /** Adds text `index` of another buffer. */
  addFrom(other: TextBuffer, index: number): void {
    this.addBytes(other.bytes, other.offsets[index]!, other.offsets[index + 1]!);
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
    if (start + count > this.bytes.length) this.bytes = grown(this.bytes, start + count, (n) => new Uint8Array(n));
    return start;
  }

  private close(end: number): void {
    this.count++;
    if (this.count >= this.offsets.length) {
      this.offsets = grown(this.offsets, this.count + 1, (n) => new Int32Array(n));
    }
    this.offsets[this.count] = end;
  }
}
