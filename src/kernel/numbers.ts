import { DASH } from './bytes';

/** Result of parseEight and parseNumber for text that is no number, or one that this file leaves to the general way. */
export const NO_NUMBER: u64 = 0xffff_ffff_ffff_ffff;

/** Eight times '0'. */
const ZEROS: u64 = 0x3030_3030_3030_3030;

/** Most digits parseNumber reads. */
const DIGITS_MAX: u32 = 16;

/** Bits that are set when a byte of a word of digits, each XORed with '0', is none. */
@inline
function notDigits(word: u64): u64 {
  return ((word + 0x0606_0606_0606_0606) | word) & 0xf0f0_f0f0_f0f0_f0f0;
}

/** Eight digits, the first in the lowest byte, joined pairwise. */
@inline
function joinEight(word: u64): u64 {
  const pairs = word * 10 + (word >> 8);
  const low = (pairs & 0x0000_00ff_0000_00ff) * 0x000f_4240_0000_0064;
  const high = ((pairs >> 16) & 0x0000_00ff_0000_00ff) * 0x0000_2710_0000_0001;
  return (low + high) >> 32;
}

/**
 * Value of the 1–8 decimal digits that end at byte address `end`: one load. Bytes in front of a shorter number are
 * loaded and shifted out.
 */
@inline
function parseEight(end: usize, digits: u32): u64 {
  const unused = <u64>(8 - digits) << 3;
  const word = ((load<u64>(end - 8) ^ ZEROS) >> unused) << unused;
  return notDigits(word) != 0 ? NO_NUMBER : joinEight(word);
}

/** Value of the ten digits that end at `end`: as many as a time has. */
@inline
function parseTen(end: usize): u64 {
  const word = load<u64>(end - 8) ^ ZEROS;
  const first = (<u64>load<u16>(end - 10)) ^ 0x3030;
  if ((notDigits(word) | notDigits(first)) != 0) return NO_NUMBER;
  return ((first & 0xff) * 10 + (first >> 8)) * 100_000_000 + joinEight(word);
}

@inline
function parseNumber(from: usize, end: usize): u64 {
  const digits = <u32>(end - from);
  if (digits <= 8) return digits == 0 ? NO_NUMBER : parseEight(end, digits);
  if (digits > DIGITS_MAX) return NO_NUMBER;
  const low = parseEight(end, 8);
  const high = parseEight(end - 8, digits - 8);
  return low == NO_NUMBER || high == NO_NUMBER ? NO_NUMBER : high * 100_000_000 + low;
}

@inline
export function isDash(from: usize, end: usize): bool {
  return end - from == 1 && load<u8>(from) == DASH;
}

/**
 * Parses a column of numbers of at most `max`, which is less than NO_NUMBER, into `T` values at column[row …]. The
 * tokens of a field stand `step` bytes apart in the delimiter table, from `d` on. Returns the number of leading rows
 * that are fine.
 */
export function numberColumn<T>(
  text: usize,
  d: usize,
  step: usize,
  rows: u32,
  column: usize,
  present: usize,
  bit: u32,
  max: u64,
): u32 {
  for (let row: u32 = 0; row < rows; row++, d += step) {
    const from = text + load<u32>(d - 4) + 1;
    const end = text + load<u32>(d);
    // longer numbers of one or two bytes are left to the general way, which knows leading zeros
    const digits = <u32>(end - from);
    const value = sizeof<T>() == 8 ? parseNumber(from, end) : digits - 1 < 8 ? parseEight(end, digits) : NO_NUMBER;
    if (value <= max) {
      if (column != 0) store<T>(column + <usize>row * sizeof<T>(), <T>value);
    } else if (isDash(from, end)) {
      clearBit(present, row, bit);
    } else {
      return row;
    }
  }
  return rows;
}

const TWO_32: u64 = 0x1_0000_0000;
/** More digits are no time. */
const SECONDS_DIGITS_MAX: usize = 15;

/** Unix seconds; from 2^32 on the number is milliseconds. */
export function secondsColumn(
  text: usize,
  d: usize,
  step: usize,
  rows: u32,
  column: usize,
  present: usize,
  bit: u32,
): u32 {
  for (let row: u32 = 0; row < rows; row++, d += step) {
    const from = text + load<u32>(d - 4) + 1;
    const end = text + load<u32>(d);
    const digits = end - from;
    let value = NO_NUMBER;
    if (digits == 10) value = parseTen(end);
    else if (digits <= SECONDS_DIGITS_MAX) value = parseNumber(from, end);
    if (value >= TWO_32) {
      if (isDash(from, end)) {
        clearBit(present, row, bit);
        continue;
      }
      if (value == NO_NUMBER) return row;
      value /= 1000;
      if (value >= TWO_32) return row;
    }
    store<u32>(column + (<usize>row << 2), <u32>value);
  }
  return rows;
}

/** The value of this row is null. */
@inline
export function clearBit(present: usize, row: u32, bit: u32): void {
  const at = present + (<usize>row << 2);
  store<u32>(at, load<u32>(at) & ~bit);
}
