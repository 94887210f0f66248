/**
 * Columns of numbers, four rows at a time: a vector has the last eight digits of two rows. Four rows of which one is
 * not as nearly all are go through the loops of ./numbers, a row at a time.
 */
import { TAILS_AT } from '../decode/kernel-layout';
import { numberColumn, secondsColumn } from './numbers';

/** Digits of a half vector. */
const HALF: u32 = 8;

/** Bytes of the token whose end stands at `d` of the delimiter table. */
@inline
function digitsAt(d: usize): u32 {
  return load<u32>(d) - load<u32>(d - 4) - 1;
}

/** The last eight bytes of two tokens. */
@inline
function lastEight(text: usize, d: usize, second: usize): v128 {
  const first = v128.load64_zero(text + load<u32>(d) - HALF);
  return v128.load64_lane(text + load<u32>(second) - HALF, first, 1);
}

/** Digits of two tokens of one to eight, zeros in front of them. */
@inline
function lastPair(text: usize, d: usize, second: usize, kept: usize): v128 {
  const first = v128.load64_zero(kept + ((digitsAt(d) - 1) & (HALF - 1)));
  const mask = v128.load64_lane(kept + ((digitsAt(second) - 1) & (HALF - 1)), first, 1);
  return v128.and(digitsOf(lastEight(text, d, second)), mask);
}

@inline
function digitsOf(text: v128): v128 {
  return i8x16.sub(text, i8x16.splat(48));
}

/** Whether a byte of two vectors of digits is none. */
@inline
function anyWrong(a: v128, b: v128): bool {
  return v128.any_true(i8x16.sub_sat_u(i8x16.max_u(a, b), i8x16.splat(9)));
}

/** The numbers of four digits each that a vector of digits holds, as i32; the first digit counts most. */
@inline
function joinFours(digits: v128): v128 {
  const tens = i16x8.mul(v128.and(digits, i16x8.splat(0xff)), i16x8.splat(10));
  const pairs = i16x8.add(tens, i16x8.shr_u(digits, 8));
  return i32x4.dot_i16x8_s(pairs, i16x8(100, 1, 100, 1, 100, 1, 100, 1));
}

/** The four numbers of eight digits each in two vectors. */
@inline
function joinEights(a: v128, b: v128): v128 {
  const fours = i16x8.narrow_i32x4_u(joinFours(a), joinFours(b));
  return i32x4.dot_i16x8_s(fours, i16x8(10000, 1, 10000, 1, 10000, 1, 10000, 1));
}

@inline
function storeFour<T>(at: usize, values: v128): void {
  if (sizeof<T>() == 8) {
    v128.store(at, i64x2.extend_low_i32x4_u(values));
    v128.store(at, i64x2.extend_high_i32x4_u(values), 16);
  } else {
    const words = i16x8.narrow_i32x4_u(values, values);
    if (sizeof<T>() == 2) v128.store64_lane(at, words, 0);
    else v128.store32_lane(at, i8x16.narrow_i16x8_u(words, words), 0);
  }
}

/** As numberColumn: up to eight digits a row. `masks`: see kernel-layout. */
export function quadColumn<T>(
  text: usize,
  d: usize,
  step: usize,
  rows: u32,
  column: usize,
  present: usize,
  bit: u32,
  max: u64,
  masks: usize,
): u32 {
  // the mask of n + 1 digits begins n bytes behind
  const kept = masks + TAILS_AT - HALF + 1;
  const most = i32x4.splat(<i32>max);
  let row: u32 = 0;
  for (; row + 4 <= rows; row += 4) {
    const d1 = d + step;
    const d2 = d1 + step;
    const d3 = d2 + step;
    const a = lastPair(text, d, d1, kept);
    const b = lastPair(text, d2, d3, kept);
    // the OR is below HALF, a power of two, only if all are; of an empty token it is far above
    const counts = (digitsAt(d) - 1) | (digitsAt(d1) - 1) | (digitsAt(d2) - 1) | (digitsAt(d3) - 1);
    const values = joinEights(a, b);
    let isPlain = counts < HALF && !anyWrong(a, b);
    if (sizeof<T>() < 8) isPlain = isPlain && !v128.any_true(i32x4.gt_s(values, most));
    if (isPlain) {
      if (column != 0) storeFour<T>(column + <usize>row * sizeof<T>(), values);
    } else {
      const at: usize = column == 0 ? 0 : column + <usize>row * sizeof<T>();
      const fine = numberColumn<T>(text, d, step, 4, at, present + (<usize>row << 2), bit, max);
      if (fine < 4) return row + fine;
    }
    d += step << 2;
  }
  const at: usize = column == 0 ? 0 : column + <usize>row * sizeof<T>();
  return row + numberColumn<T>(text, d, step, rows - row, at, present + (<usize>row << 2), bit, max);
}

/** Digits of a time between 2001 and 2286. */
const TIME_DIGITS: u32 = 10;
/** The first two digits of the last times that are seconds, whatever follows. */
const SECONDS_FIRST_MAX: u32 = 41;

/** The first two bytes of a token of ten. */
@inline
function firstTwo(text: usize, d: usize): u32 {
  return load<u16>(text + load<u32>(d) - TIME_DIGITS);
}

/** As secondsColumn. Times are of ten digits, of which the first two hardly ever change. */
export function quadSecondsColumn(
  text: usize,
  d: usize,
  step: usize,
  rows: u32,
  column: usize,
  present: usize,
  bit: u32,
): u32 {
  let row: u32 = 0;
  // no text begins with this word
  let known: u32 = 0;
  let isTime = false;
  let base = i32x4.splat(0);
  for (; row + 4 <= rows; row += 4) {
    const d1 = d + step;
    const d2 = d1 + step;
    const d3 = d2 + step;
    const a = digitsOf(lastEight(text, d, d1));
    const b = digitsOf(lastEight(text, d2, d3));
    const first = firstTwo(text, d);
    let odd = (firstTwo(text, d1) ^ first) | (firstTwo(text, d2) ^ first) | (firstTwo(text, d3) ^ first);
    odd |= (digitsAt(d) ^ TIME_DIGITS) | (digitsAt(d1) ^ TIME_DIGITS);
    odd |= (digitsAt(d2) ^ TIME_DIGITS) | (digitsAt(d3) ^ TIME_DIGITS);
    if (first != known) {
      known = first;
      const digits = firstOfTime(first);
      isTime = digits <= SECONDS_FIRST_MAX;
      base = i32x4.splat(<i32>(digits * 100_000_000));
    }
    if (odd == 0 && isTime && !anyWrong(a, b)) {
      v128.store(column + (<usize>row << 2), i32x4.add(joinEights(a, b), base));
    } else {
      const fine = secondsColumn(text, d, step, 4, column + (<usize>row << 2), present + (<usize>row << 2), bit);
      if (fine < 4) return row + fine;
    }
    d += step << 2;
  }
  const tail = <usize>row << 2;
  return row + secondsColumn(text, d, step, rows - row, column + tail, present + tail, bit);
}

/** Number of the two digits in the bytes of a word; more than SECONDS_FIRST_MAX where they are none. */
function firstOfTime(word: u32): u32 {
  const tens = (word & 0xff) - 48;
  const ones = (word >> 8) - 48;
  return tens > 9 || ones > 9 ? SECONDS_FIRST_MAX + 1 : tens * 10 + ones;
}
