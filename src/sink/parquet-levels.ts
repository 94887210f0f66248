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

  u32(value: number): void {
    this.reserve(4);
    for (let shift = 0; shift < 32; shift += 8) this.bytes[this.length++] = value >>> shift;
  }

  append(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
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

  /**
   * Values of `width` bits in the RLE/bit-packing hybrid: one run where all are equal, else one bit-packed run, lowest
   * bits first (Parquet format, Encodings.md). `width` ≤ 24.
   */
  hybrid(values: ArrayLike<number>, count: number, width: number): void {
    if (count === 0) return;
    const first = values[0]!;
    let same = 0;
    while (same < count && values[same] === first) same++;
    if (same === count) {
      this.run(first, count, width);
      return;
    }
    const groups = (count + 7) >> 3;
    this.varint(groups * 2 + 1);
    this.reserve(groups * width + 4);
    const { bytes } = this;
    let at = this.length;
    let pending = 0;
    let bits = 0;
    for (let i = 0; i < count; i++) {
      pending |= values[i]! << bits;
      for (bits += width; bits >= 8; bits -= 8) {
        bytes[at++] = pending;
        pending >>>= 8;
      }
    }
    const end = this.length + groups * width;
    while (at < end) {
      bytes[at++] = pending;
      pending = 0;
    }
    this.length = end;
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
