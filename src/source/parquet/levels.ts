/**
 * Reads `count` values of the hybrid of run lengths and bit packing (Parquet "Encodings", RLE) that bytes[from, to)
 * hold, `width` bits each, into a new column. Never reads beyond `to`, never writes beyond `count`, whatever the runs
 * claim; throws when they give fewer values.
 */
export function readHybrid(bytes: Uint8Array, from: number, to: number, width: number, count: number): Int32Array {
  if (width > 32) throw new Error(`a width of ${width} bits`);
  const values = new Int32Array(count);
  if (width === 0) return values;
  const mask = width === 32 ? -1 : (1 << width) - 1;
  let at = from;
  let seen = 0;
  while (seen < count) {
    let head = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= to || shift > 28) throw new Error(`${count} values expected, got ${seen}`);
      const byte = bytes[at++] ?? 0;
      head += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (head % 2 === 0) {
      let value = 0;
      const size = (width + 7) >> 3;
      if (at + size > to) throw new Error(`${count} values expected, got ${seen}`);
      for (let i = 0; i < size; i++) value |= (bytes[at++] ?? 0) << (8 * i);
      const end = Math.min(count, seen + head / 2);
      values.fill(value, seen, end);
      seen = end;
    } else {
      const packed = Math.min((head - 1) * 4, count - seen);
      unpack(bytes, at, to, width, mask, values, seen, packed);
      at += ((head - 1) / 2) * width;
      seen += packed;
    }
  }
  return values;
}

/** True when the first run says that all `count` values are `value`: so it is where nothing is null. */
export function isOneRun(
  bytes: Uint8Array,
  from: number,
  to: number,
  width: number,
  count: number,
  value: number,
): boolean {
  let head = 0;
  let at = from;
  for (let shift = 0; shift <= 28 && at < to; shift += 7) {
    const byte = bytes[at++] ?? 0;
    head += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return width <= 8 && head % 2 === 0 && head / 2 >= count && at < to && bytes[at] === value;
  }
  return false;
}

/** `packed` values of `width` bits, lowest bit first. */
function unpack(
  bytes: Uint8Array,
  from: number,
  to: number,
  width: number,
  mask: number,
  values: Int32Array,
  first: number,
  packed: number,
): void {
  if (from + Math.ceil((packed * width) / 8) > to) throw new Error('a packed run goes beyond its end');
  let at = from;
  if (width <= 24) {
    // at most 24 + 7 bits are held
    let held = 0;
    let bits = 0;
    for (let i = 0; i < packed; i++) {
      while (bits < width) {
        held |= (bytes[at++] ?? 0) << bits;
        bits += 8;
      }
      values[first + i] = held & mask;
      held >>>= width;
      bits -= width;
    }
    return;
  }
  for (let i = 0; i < packed; i++) {
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
