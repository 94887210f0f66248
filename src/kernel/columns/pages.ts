import { i32At, put32, u16At, u32At, u8At } from '../classify/cells';
import { NULL_WORD } from './nulls';

/** Pages of Parquet: codes of their dictionaries, and what they hold. −1 is the code of a row without a value. */

/** The code of a value that the page has not met. */
const UNMET: i32 = -1;

/**
 * Words of rows → codes in order of appearance, and into `met` the word of each code; returns how many. `codeOf`: UNMET
 * for each of 256 words, and so it is left.
 */
export function wordCodes(words: usize, rows: u32, codeOf: usize, met: usize, codes: usize): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const word = u8At(words, i);
    let code = i32At(codeOf, word);
    if (code == UNMET && word != NULL_WORD) code = meet(codeOf, met, word, count++);
    put32(codes, i, code);
  }
  forget(codeOf, met, count);
  return count;
}

/** The same of numbers of one or two bytes, of which `codeOf` has all; rows whose byte in `nulls` is 1 have none. */
export function shortCodes(
  values: usize,
  bytes: u32,
  nulls: usize,
  rows: u32,
  codeOf: usize,
  met: usize,
  codes: usize,
): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    let code: i32 = -1;
    if (nulls == 0 || u8At(nulls, i) != 1) {
      const value = bytes == 1 ? u8At(values, i) : u16At(values, i);
      code = i32At(codeOf, value);
      if (code == UNMET) code = meet(codeOf, met, value, count++);
    }
    put32(codes, i, code);
  }
  forget(codeOf, met, count);
  return count;
}

@inline
function meet(codeOf: usize, met: usize, value: u32, code: u32): i32 {
  put32(codeOf, value, code);
  put32(met, code, value);
  return code;
}

function forget(codeOf: usize, met: usize, count: u32): void {
  for (let code: u32 = 0; code < count; code++) put32(codeOf, u32At(met, code), UNMET);
}

/**
 * 64-bit values → codes, and into `met` the value of each; `slots` (u32, code + 1, open addressing) is clear and more
 * than `most` long. Returns how many codes, or `most` + 1 where that is not enough.
 */
export function wideCodes(
  values: usize,
  nulls: usize,
  rows: u32,
  slots: usize,
  mask: u32,
  most: u32,
  met: usize,
  codes: usize,
): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    if (nulls != 0 && u8At(nulls, i) == 1) {
      put32(codes, i, -1);
      continue;
    }
    const value = load<u64>(values + (<usize>i << 3));
    let slot = <u32>((value * 0x9e37_79b9_7f4a_7c15) >> 40) & mask;
    let code: u32 = 0;
    for (;;) {
      code = u32At(slots, slot);
      if (code == 0 || load<u64>(met + (<usize>(code - 1) << 3)) == value) break;
      slot = (slot + 1) & mask;
    }
    if (code == 0) {
      if (count == most) return most + 1;
      store<u64>(met + (<usize>count << 3), value);
      code = ++count;
      put32(slots, slot, code);
    }
    put32(codes, i, code - 1);
  }
  return count;
}

/** 64-bit values of the rows that have one. */
export function presentWide(values: usize, nulls: usize, rows: u32, out: usize): void {
  let at = out;
  for (let i: u32 = 0; i < rows; i++) {
    store<u64>(at, load<u64>(values + (<usize>i << 3)));
    at += u8At(nulls, i) == 1 ? 0 : 8;
  }
}

/** Codes of the rows that have one. */
export function presentCodes(codes: usize, rows: u32, out: usize): void {
  let at = out;
  for (let i: u32 = 0; i < rows; i++) {
    const code = i32At(codes, i);
    store<i32>(at, code);
    at += code < 0 ? 0 : 4;
  }
}

/** Codes of `width` bits, side by side. */
@inline
function pair(codes: usize, i: u32, width: u64): u64 {
  return <u64>u32At(codes, i) | (<u64>u32At(codes, i + 1) << width);
}

@inline
function four(codes: usize, i: u32, width: u64): u64 {
  return pair(codes, i, width) | (pair(codes, i + 2, width) << (2 * width));
}

@inline
function eight(codes: usize, i: u32, width: u64): u64 {
  return four(codes, i, width) | (four(codes, i + 4, width) << (4 * width));
}

/** Codes that are put together before they are stored: no more than 56 bits, as up to seven are pending. */
const EIGHT_WIDTH: u32 = 7;
const FOUR_WIDTH: u32 = 14;

/**
 * `count` codes of `width` ≤ 24 bits, lowest bits first, from `out` up to `end`; what is left of that is 0. Up to
 * eight bytes behind are touched.
 */
export function packCodes(codes: usize, count: u32, width: u32, out: usize, end: usize): void {
  const step: u32 = width <= EIGHT_WIDTH ? 8 : width <= FOUR_WIDTH ? 4 : 2;
  const w = <u64>width;
  const whole = count - (count % step);
  let at = out;
  let pending: u64 = 0;
  let bits: u32 = 0;
  for (let i: u32 = 0; i < whole; i += step) {
    const piece = step == 8 ? eight(codes, i, w) : step == 4 ? four(codes, i, w) : pair(codes, i, w);
    pending |= piece << <u64>bits;
    store<u64>(at, pending);
    bits += step * width;
    at += bits >> 3;
    pending = piece >> <u64>(step * width - (bits & 7));
    bits &= 7;
  }
  for (let i = whole; i < count; i++) {
    pending |= <u64>u32At(codes, i) << <u64>bits;
    store<u64>(at, pending);
    bits += width;
    at += bits >> 3;
    pending >>= <u64>(bits & ~7);
    bits &= 7;
  }
  for (; at < end; at += 8) {
    store<u64>(at, pending);
    pending = 0;
  }
}

/** Levels of `optional group (LIST) { repeated group { optional item } }`. */
const NO_LIST: i32 = 0;
const EMPTY_LIST: i32 = 1;
const ITEM: i32 = 3;

/**
 * Definition and repetition levels of lists: list r has the items offsets[r] … offsets[r + 1], and is none where the
 * byte in `nulls` is 1. Returns how many levels.
 */
export function listLevels(offsets: usize, nulls: usize, rows: u32, defined: usize, repeated: usize): u32 {
  let entries: u32 = 0;
  let from = u32At(offsets, 0);
  for (let row: u32 = 0; row < rows; row++) {
    const to = u32At(offsets, row + 1);
    if (from == to) {
      put32(defined, entries, nulls != 0 && u8At(nulls, row) == 1 ? NO_LIST : EMPTY_LIST);
      put32(repeated, entries++, 0);
    }
    for (let item = from; item < to; item++) {
      put32(defined, entries, ITEM);
      put32(repeated, entries++, item == from ? 0 : 1);
    }
    from = to;
  }
  return entries;
}

/** 1 when all are equal. */
export function allEqual(codes: usize, count: u32): u32 {
  const first = u32At(codes, 0);
  for (let i: u32 = 1; i < count; i++) if (u32At(codes, i) != first) return 0;
  return 1;
}

/** Texts, each with its length in front; returns the bytes written. Up to 15 behind are touched. */
export function plainTexts(offsets: usize, bytes: usize, count: u32, out: usize): u32 {
  let at = out;
  let from = u32At(offsets, 0);
  for (let i: u32 = 0; i < count; i++) {
    const to = u32At(offsets, i + 1);
    const length = to - from;
    store<u32>(at, length);
    at += 4;
    for (let j: u32 = 0; j < length; j += 16) v128.store(at + j, v128.load(bytes + from + j));
    at += length;
    from = to;
  }
  return <u32>(at - out);
}
