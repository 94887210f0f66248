import { put8, u32At, u8At } from '../classify/cells';

/** Bits that all rows have. */
export function allBits(present: usize, rows: u32): u32 {
  let bits: u32 = 0xffff_ffff;
  for (let i: u32 = 0; i < rows; i++) bits &= u32At(present, i);
  return bits;
}

export function copy(to: usize, from: usize, bytes: usize): void {
  memory.copy(to, from, bytes);
}

export function fill(to: usize, byte: u32, bytes: usize): void {
  memory.fill(to, <u8>byte, bytes);
}

/** u32 → u64. */
export function widen32(values: usize, out: usize, rows: u32): void {
  for (let i: u32 = 0; i < rows; i++) store<u64>(out + (<usize>i << 3), <u64>u32At(values, i));
}

/** 1 for each row whose bit of `present` is clear, else 0; returns how many are. */
export function markAbsent(present: usize, bit: u32, rows: u32, absent: usize): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const is: u32 = (u32At(present, i) & bit) == 0 ? 1 : 0;
    put8(absent, i, is);
    count += is;
  }
  return count;
}

/** 0 for the values of the rows that are marked; a value takes 1, 2 or 8 bytes. */
export function zeroAbsent(absent: usize, rows: u32, values: usize, bytes: u32): void {
  for (let i: u32 = 0; i < rows; i++) {
    if (u8At(absent, i) == 0) continue;
    if (bytes == 8) store<u64>(values + (<usize>i << 3), 0);
    else if (bytes == 2) store<u16>(values + (<usize>i << 1), 0);
    else put8(values, i, 0);
  }
}

/** How many of the bytes are `byte`. */
export function countByte(bytes: usize, count: u32, byte: u32): u32 {
  const wanted = i8x16.splat(<i8>byte);
  const whole = count & ~15;
  let found: u32 = 0;
  let i: u32 = 0;
  for (; i < whole; i += 16) found += popcnt(i8x16.bitmask(i8x16.eq(v128.load(bytes + i), wanted)));
  for (; i < count; i++) if (u8At(bytes, i) == byte) found++;
  return found;
}
