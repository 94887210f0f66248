/**
 * Columns of numbers, four rows at a time: a vector has the last eight digits of two rows. Four rows of which one is
 * not as nearly all are go through the loops of ./numbers, a row at a time.
 */
import { TAILS_AT } from '../decode/kernel-layout';
import { numberColumn, secondsColumn } from './numbers';

/** Digits of a half vector. */
const HALF: u32 = 8;

/** Half a vector of the eight bytes that end at each of two byte addresses. */
@inline
function lastEight(end: usize, secondEnd: usize): v128 {
  return v128.load64_lane(secondEnd - HALF, v128.load64_zero(end - HALF), 1);
}

/** Digits of both, zeros in place of all but the last n + 1 of each. */
@inline
function lastPair(end: usize, n: u32, secondEnd: usize, secondN: u32, kept: usize): v128 {
  const mask = v128.load64_lane(kept + (secondN & (HALF - 1)), v128.load64_zero(kept + (n & (HALF - 1))), 1);
  return v128.and(digitsOf(lastEight(end, secondEnd)), mask);
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
    let at = d;
    const e0 = load<u32>(at);
    const n0 = e0 - load<u32>(at - 4) - 2;
    at += step;
    const e1 = load<u32>(at);
    const n1 = e1 - load<u32>(at - 4) - 2;
    const a = lastPair(text + e0, n0, text + e1, n1, kept);
    at += step;
    const e2 = load<u32>(at);
    const n2 = e2 - load<u32>(at - 4) - 2;
    at += step;
    const e3 = load<u32>(at);
    const n3 = e3 - load<u32>(at - 4) - 2;
    const b = lastPair(text + e2, n2, text + e3, n3, kept);
    const values = joinEights(a, b);
    let isPlain = (n0 | n1 | n2 | n3) < HALF && !anyWrong(a, b);
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
    let at = d;
    const e0 = load<u32>(at);
    let odd = (e0 - load<u32>(at - 4) - 1) ^ TIME_DIGITS;
    at += step;
    const e1 = load<u32>(at);
    odd |= (e1 - load<u32>(at - 4) - 1) ^ TIME_DIGITS;
    at += step;
    const e2 = load<u32>(at);
    odd |= (e2 - load<u32>(at - 4) - 1) ^ TIME_DIGITS;
    at += step;
    const e3 = load<u32>(at);
    odd |= (e3 - load<u32>(at - 4) - 1) ^ TIME_DIGITS;
    const a = digitsOf(lastEight(text + e0, text + e1));
    const b = digitsOf(lastEight(text + e2, text + e3));
    const first: u32 = load<u16>(text + e0 - TIME_DIGITS);
    odd |= load<u16>(text + e1 - TIME_DIGITS) ^ first;
    odd |= load<u16>(text + e2 - TIME_DIGITS) ^ first;
    odd |= load<u16>(text + e3 - TIME_DIGITS) ^ first;
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
