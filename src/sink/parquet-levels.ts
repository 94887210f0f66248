import { strict as assert } from 'node:assert';
import { type ColumnData, type Texts, textCount } from './chunk-data.ts';
import { type ColumnMemory, MemoryCopy } from './column-memory.ts';

const BYTES_AT_FIRST = 1 << 16;

/** Bytes of a page under construction, in memory that the kernel writes to; grows. */
export class PageBytes {
  private readonly memory: ColumnMemory;
  private bytes: Uint8Array;
  private length = 0;
  private copy = new Uint8Array(BYTES_AT_FIRST);
  private readonly codes: MemoryCopy<Int32Array>;
  private readonly marks: MemoryCopy<Uint8Array>;
  private levels: Int32Array;
  private present: Int32Array;

  constructor(memory: ColumnMemory) {
    this.memory = memory;
    this.bytes = memory.u8(BYTES_AT_FIRST);
    this.codes = new MemoryCopy(memory.i32(0));
    this.marks = new MemoryCopy(memory.u8(0));
    this.levels = memory.i32(0);
    this.present = memory.i32(0);
  }

  private reserve(count: number): void {
    this.bytes = this.memory.longer(this.bytes, this.length + count);
  }

  /** The page in memory that is not shared, as libraries expect it; valid until the next call. */
  taken(): Uint8Array {
    const { length } = this;
    if (length > this.copy.length) this.copy = new Uint8Array(2 * length);
    this.copy.set(this.bytes.subarray(0, length));
    return this.copy.subarray(0, length);
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

  /** Texts with their lengths in front. */
  texts({ offsets, bytes }: Texts): void {
    const { memory } = this;
    const count = textCount({ offsets, bytes });
    if (count === 0) return;
    this.reserve(4 * count + offsets[count]! - offsets[0]!);
    const [from, text] = [this.codes.of(memory, offsets).byteOffset, this.marks.of(memory, bytes).byteOffset];
    this.length += memory.kernel.plainTexts(from, text, count, this.bytes.byteOffset + this.length);
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
    const { memory } = this;
    const { kernel } = memory;
    const bits = this.bytes.byteOffset + at;
    if (column.kind === 'codes') kernel.codeBits(this.codes.of(memory, column.codes).byteOffset, rows, bits);
    else if (column.kind === 'words') kernel.wordBits(this.marks.of(memory, column.codes).byteOffset, rows, bits);
    else {
      assert(column.nulls !== null, 'nulls without a mark');
      kernel.setBits(this.marks.of(memory, column.nulls).byteOffset, rows, bits);
    }
  }

  /** Definition and repetition levels of lists, each with its length in front; returns how many there are of each. */
  listLevels({ offsets, nulls, codes }: Extract<ColumnData, { readonly kind: 'lists' }>, rows: number): number {
    const { memory } = this;
    const { kernel } = memory;
    const most = rows + codes.length;
    this.levels = memory.longer(this.levels, 2 * most);
    const { levels } = this;
    const from = this.codes.of(memory, offsets).byteOffset;
    const none = nulls === null ? 0 : this.marks.of(memory, nulls).byteOffset;
    const [defined, repeated] = [levels.subarray(0, most), levels.subarray(most, 2 * most)];
    const count = kernel.listLevels(from, none, rows, defined.byteOffset, repeated.byteOffset);
    this.measured(() => this.hybrid(repeated.subarray(0, count), 1));
    this.measured(() => this.hybrid(defined.subarray(0, count), 2));
    return count;
  }

  /** Levels: one run where all are equal. */
  private hybrid(levels: Int32Array, width: number): void {
    const [first] = levels;
    if (first === undefined) return;
    const same = this.memory.kernel.allEqual(levels.byteOffset, levels.length) === 1;
    if (same) this.run(first, levels.length, width);
    else this.packed(levels, levels.length, width);
  }

  /**
   * The values of `width` ≤ 24 bits that are not negative, `count` of them, in the RLE/bit-packing hybrid: one
   * bit-packed run, lowest bits first (Parquet format, Encodings.md).
   */
  packed(values: Int32Array, count: number, width: number): void {
    if (count === 0) return;
    const at = this.openPacked(count, width);
    const { memory, bytes } = this;
    let from = this.codes.of(memory, values).byteOffset;
    if (count < values.length) {
      this.present = memory.longer(this.present, values.length);
      memory.kernel.presentCodes(from, values.length, this.present.byteOffset);
      from = this.present.byteOffset;
    }
    memory.kernel.packCodes(from, count, width, bytes.byteOffset + at, bytes.byteOffset + this.length);
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
    const { buffer, byteOffset } = this.bytes;
    new DataView(buffer, byteOffset).setUint32(at, this.length - at - 4, true);
  }
}

/** Bits of the values 0 … max. */
export function bitWidth(max: number): number {
  return Math.max(1, 32 - Math.clz32(max));
}
