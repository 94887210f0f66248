import { type ColumnData, NULL_WORD } from './chunk-data.ts';

/** Bytes of a page under construction; grows. */
export class PageBytes {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 16);
  length = 0;

  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** The page; valid until clear(). */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    const { bytes, length } = this;
    bytes[length] = value;
    bytes[length + 1] = value >>> 8;
    bytes[length + 2] = value >>> 16;
    bytes[length + 3] = value >>> 24;
    this.length = length + 4;
  }

  /** Whole words, low byte first. */
  words(source: Uint32Array | Int32Array): void {
    this.reserve(source.byteLength);
    this.bytes.set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength), this.length);
    this.length += source.byteLength;
  }

  /** A text with its length in front. */
  text(source: Uint8Array, from: number, to: number): void {
    this.u32(to - from);
    this.reserve(to - from);
    const { bytes, length } = this;
    for (let i = from, at = length; i < to; i++, at++) bytes[at] = source[i]!;
    this.length = length + to - from;
  }

  /** Unsigned LEB128. */
  varint(value: number): void {
    this.reserve(5);
    let rest = value;
    for (; rest > 127; rest >>>= 7) this.bytes[this.length++] = (rest & 127) | 128;
    this.bytes[this.length++] = rest;
  }

  /** `count` equal values as one RLE run. */
  run(value: number, count: number, width: number): void {
    this.varint(count * 2);
    this.reserve(4);
    for (let bits = 0; bits < width; bits += 8) this.bytes[this.length++] = value >>> bits;
  }

  /** Definition levels of a column: 1 where the row has a value. */
  defined(column: Exclude<ColumnData, { readonly kind: 'lists' }>, rows: number): void {
    const at = this.openPacked(rows, 1);
    const { bytes } = this;
    bytes.fill(0, at, this.length);
    if (column.kind === 'codes') {
      const { codes } = column;
      for (let i = 0; i < rows; i++) bytes[at + (i >> 3)]! |= ((~codes[i]! >>> 31) & 1) << (i & 7);
    } else if (column.kind === 'words') {
      const { codes } = column;
      for (let i = 0; i < rows; i++) bytes[at + (i >> 3)]! |= (codes[i] === NULL_WORD ? 0 : 1) << (i & 7);
    } else {
      const { nulls } = column;
      for (let i = 0; i < rows; i++) bytes[at + (i >> 3)]! |= (nulls?.[i] === 1 ? 0 : 1) << (i & 7);
    }
  }

  /**
   * Values of `width` bits in the RLE/bit-packing hybrid: one run where all are equal, else one bit-packed run, lowest
   * bits first (Parquet format, Encodings.md). `width` ≤ 24.
   */
  hybrid(values: Int32Array | Uint8Array, count: number, width: number): void {
    if (count === 0) return;
    const first = values[0]!;
    let same = 0;
    while (same < count && values[same] === first) same++;
    if (same === count) {
      this.run(first, count, width);
      return;
    }
    let at = this.openPacked(count, width);
    const { bytes, length: end } = this;
    let pending = 0;
    let bits = 0;
    for (let i = 0; i < count; i++) {
      pending |= values[i]! << bits;
      for (bits += width; bits >= 8; bits -= 8) {
        bytes[at++] = pending;
        pending >>>= 8;
      }
    }
    while (at < end) {
      bytes[at++] = pending;
      pending = 0;
    }
  }

  /** Header of a bit-packed run and room for its groups of eight; where they begin. */
  private openPacked(count: number, width: number): number {
    const groups = (count + 7) >> 3;
    this.varint(groups * 2 + 1);
    this.reserve(groups * width);
    const at = this.length;
    this.length += groups * width;
    return at;
  }

  /** Writes something whose length in bytes (u32) stands in front. */
  measured(write: () => void): void {
    const at = this.length;
    this.u32(0);
    write();
    new DataView(this.bytes.buffer).setUint32(at, this.length - at - 4, true);
  }
}

/** Bits of the values 0 … max. */
export function bitWidth(max: number): number {
  return Math.max(1, 32 - Math.clz32(max));
}
