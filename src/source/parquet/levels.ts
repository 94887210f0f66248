/** Bits of a value at most. */
export const WIDTH_MAX = 32;

/**
 * The runs of a hybrid of run lengths and bit packing (Parquet "Encodings", RLE) in bytes[from, to), in turn, `width`
 * bits a value. They never go beyond `to` or `count`, whatever they claim; `next` throws when they give fewer values.
 */
class HybridRuns {
  /** Values of this run. */
  length = 0;
  /** Where this run's packed bits begin; −1 = it repeats `value`. */
  packedAt = -1;
  value = 0;
  /** Values of the runs before this one. */
  seen = 0;
  private readonly bytes: Uint8Array;
  private at: number;
  private readonly to: number;
  private readonly width: number;
  private readonly count: number;

  constructor(bytes: Uint8Array, from: number, to: number, width: number, count: number) {
    if (width > WIDTH_MAX) throw new Error(`a width of ${width} bits`);
    this.bytes = bytes;
    this.at = from;
    this.to = to;
    this.width = width;
    this.count = count;
  }

  /** Turns to the next run; false behind the last value. */
  next(): boolean {
    const { bytes, to, width, count } = this;
    this.seen += this.length;
    const { seen } = this;
    if (seen >= count) return false;
    let head = 0;
    for (let shift = 0; ; shift += 7) {
      if (this.at >= to || shift > 28) throw new Error(`${count} values expected, got ${seen}`);
      const byte = bytes[this.at++] ?? 0;
      head += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const packed = head % 2 === 1;
    this.length = Math.min(count - seen, packed ? (head - 1) * 4 : head / 2);
    this.packedAt = packed ? this.at : -1;
    const size = packed ? Math.ceil((this.length * width) / 8) : (width + 7) >> 3;
    if (this.at + size > to) throw new Error(`${count} values expected, got ${seen}`);
    if (packed) {
      this.at += ((head - 1) / 2) * width;
    } else {
      this.value = 0;
      for (let i = 0; i < size; i++) this.value |= (bytes[this.at++] ?? 0) << (8 * i);
    }
    return true;
  }
}

/** `count` values of a hybrid, in a new column. */
export function readHybrid(bytes: Uint8Array, from: number, to: number, width: number, count: number): Int32Array {
  const values = new Int32Array(count);
  if (width === 0) return values;
  const runs = new HybridRuns(bytes, from, to, width, count);
  while (runs.next()) {
    const { seen, length, packedAt, value } = runs;
    if (packedAt >= 0) unpack(bytes, packedAt, width, values, seen, length);
    else repeat(values, seen, seen + length, value);
  }
  return values;
}

/** Which values of a page are there: runs of those that are and of those that are not take turns. */
export interface Presence {
  /** Values that are there. */
  readonly present: number;
  /** Where the runs end; the first one, perhaps of no value, is there. */
  readonly ends: readonly number[];
}

/** Of a column whose values cannot be missing. */
export function everyOf(count: number): Presence {
  return { present: count, ends: [count] };
}

/** Reads definition levels: what is below `max` is not there. */
export function readPresence(bytes: Uint8Array, from: number, to: number, max: number, count: number): Presence {
  const width = bitsFor(max);
  const runs = new HybridRuns(bytes, from, to, width, count);
  const ends: number[] = [];
  let [there, present] = [true, 0];
  const add = (isThere: boolean, at: number, length: number): void => {
    if (isThere !== there) ends.push(at);
    there = isThere;
    if (isThere) present += length;
  };
  while (runs.next()) {
    const { seen, length, packedAt, value } = runs;
    if (packedAt < 0) {
      add(value === max, seen, length);
    } else if (width > 1) {
      const levels = new Int32Array(length);
      unpack(bytes, packedAt, width, levels, 0, length);
      for (let i = 0; i < length; i++) add(levels[i] === max, seen + i, 1);
    } else {
      for (let i = 0; i < length; i += 8) {
        const byte = bytes[packedAt + (i >> 3)] ?? 0;
        // where nothing is missing, or all, eight at once
        const step = (byte === 0xff || byte === 0) && length - i >= 8 ? 8 : 1;
        for (let b = 0; b < 8 && i + b < length; b += step) add(((byte >> b) & 1) === 1, seen + i + b, step);
      }
    }
  }
  ends.push(count);
  return { present, ends };
}

/** Runs shorter than this are written one by one: filling them takes a call. */
const FILL_LENGTH = 32;

export function repeat(values: Int32Array, from: number, end: number, value: number): void {
  if (end - from >= FILL_LENGTH) values.fill(value, from, end);
  else for (let i = from; i < end; i++) values[i] = value;
}

/** `packed` values of `width` bits, lowest bit first, which bytes[from …) hold. */
function unpack(
  bytes: Uint8Array,
  from: number,
  width: number,
  values: Int32Array,
  first: number,
  packed: number,
): void {
  let i = 0;
  // a value and the bits in front of it lie in four bytes
  if (width <= 25) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const mask = (1 << width) - 1;
    const whole = Math.min(packed, Math.floor(((bytes.length - 4 - from) * 8) / width));
    for (let bit = 0; i < whole; i++) {
      values[first + i] = (view.getUint32(from + (bit >>> 3), true) >>> (bit & 7)) & mask;
      bit += width;
    }
  }
  for (; i < packed; i++) {
    const bit = i * width;
    let value = 0;
    for (let b = 0; b < width; b++) {
      const at = bit + b;
      value |= (((bytes[from + (at >>> 3)] ?? 0) >>> (at & 7)) & 1) << b;
    }
    values[first + i] = value;
  }
}

/** Bits that hold the numbers up to `max`. */
export function bitsFor(max: number): number {
  return 32 - Math.clz32(max);
}
