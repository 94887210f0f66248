/**
 * A hybrid of run lengths and bit packing (Parquet "Encodings", RLE), read piece by piece; the same as readHybrid of
 * source/parquet/levels.ts. Eight bytes behind `to` may be loaded.
 */
@unmanaged
export class Runs {
  /** Byte address of the next run, and behind the last one. */
  at: usize;
  to: usize;
  /** Bits of a value, at most 32. */
  width: u32;
  /** Values of this run that are left. */
  left: u32;
  /** Where this run's packed bits begin, 0 = it repeats `value`; the next of them. */
  packed: usize;
  bit: u32;
  value: u32;
}

/** Bits of a run's head. */
const HEAD_BITS: u32 = 35;

/** Writes the next `count` values; returns how many there were. */
export function readRuns(runs: Runs, values: usize, count: u32): u32 {
  if (runs.width == 0) {
    memory.fill(values, 0, <usize>count << 2);
    return count;
  }
  let done: u32 = 0;
  while (done < count) {
    if (runs.left == 0 && !nextRun(runs)) return done;
    const length = min(runs.left, count - done);
    const to = values + (<usize>done << 2);
    if (runs.packed == 0) repeat(to, runs.value, length);
    else if (!unpack(runs, to, length)) return done;
    runs.left -= length;
    done += length;
  }
  return done;
}

/** Turns to the next run of any value; false when there is none. */
export function nextRun(runs: Runs): bool {
  const to = runs.to;
  while (runs.left == 0) {
    let head: u64 = 0;
    for (let shift: u32 = 0; ; shift += 7) {
      if (runs.at >= to || shift >= HEAD_BITS) return false;
      const byte = load<u8>(runs.at);
      runs.at += 1;
      head |= <u64>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const isPacked = (head & 1) != 0;
    const size = (runs.width + 7) >> 3;
    if (!isPacked && runs.at + size > to) return false;
    runs.left = <u32>min<u64>(isPacked ? (head >> 1) << 3 : head >> 1, u32.MAX_VALUE);
    if (isPacked) {
      runs.packed = runs.at;
      runs.bit = 0;
      runs.at += <usize>min<u64>((head >> 1) * runs.width, to - runs.at);
    } else {
      runs.packed = 0;
      runs.value = load<u32>(runs.at) & (size == 4 ? u32.MAX_VALUE : (<u32>1 << (size << 3)) - 1);
      runs.at += size;
    }
  }
  return true;
}

@inline
function repeat(values: usize, value: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) store<u32>(values + (<usize>i << 2), value);
}

/** False when the bytes end before so many values. */
@inline
function unpack(runs: Runs, values: usize, count: u32): bool {
  const width = runs.width;
  const from = runs.packed;
  const mask = width == 32 ? u32.MAX_VALUE : (<u32>1 << width) - 1;
  let bit = runs.bit;
  if (<u64>bit + <u64>count * width > <u64>(runs.to - from) << 3) return false;
  for (let i: u32 = 0; i < count; i++) {
    const word = load<u64>(from + <usize>(bit >> 3)) >> <u64>(bit & 7);
    store<u32>(values + (<usize>i << 2), <u32>word & mask);
    bit += width;
  }
  runs.bit = bit;
  return true;
}
