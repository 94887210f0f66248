import { i32At, put32, put8, u8At } from '../classify/cells';

/** Code of a row without a word. */
export const NULL_WORD: u32 = 255;

/** One bit a row, lowest first, 1 = there is a value: Arrow's bitmaps and Parquet's levels of width 1. */

/** Bits of the rows whose code is not negative. */
export function codeBits(codes: usize, rows: u32, bits: usize): void {
  const whole = rows & ~15;
  let i: u32 = 0;
  for (; i < whole; i += 16) {
    const p = codes + (<usize>i << 2);
    const low = i16x8.narrow_i32x4_s(v128.load(p), v128.load(p, 16));
    const high = i16x8.narrow_i32x4_s(v128.load(p, 32), v128.load(p, 48));
    store<u16>(bits + (i >> 3), <u16>~i8x16.bitmask(i8x16.narrow_i16x8_s(low, high)));
  }
  for (; i < rows; i += 8) {
    let byte: u32 = 0;
    for (let j: u32 = 0; j < 8 && i + j < rows; j++) byte |= (i32At(codes, i + j) < 0 ? 0 : 1) << j;
    put8(bits, i >> 3, byte);
  }
}

/** Bits of the rows that do not hold `absent`. */
@inline
function byteBits(values: usize, rows: u32, absent: u32, bits: usize): void {
  const nothing = i8x16.splat(<i8>absent);
  const whole = rows & ~15;
  let i: u32 = 0;
  for (; i < whole; i += 16) {
    store<u16>(bits + (i >> 3), <u16>~i8x16.bitmask(i8x16.eq(v128.load(values + i), nothing)));
  }
  for (; i < rows; i += 8) {
    let byte: u32 = 0;
    for (let j: u32 = 0; j < 8 && i + j < rows; j++) byte |= (u8At(values, i + j) == absent ? 0 : 1) << j;
    put8(bits, i >> 3, byte);
  }
}

export function wordBits(words: usize, rows: u32, bits: usize): void {
  byteBits(words, rows, NULL_WORD, bits);
}

/** Bits of the rows whose byte in `absent` is not 1. */
export function setBits(absent: usize, rows: u32, bits: usize): void {
  byteBits(absent, rows, 1, bits);
}

/** Codes with 0 for those that are negative. */
export function plainCodes(codes: usize, rows: u32, out: usize): void {
  const whole = rows & ~3;
  const zero = i32x4.splat(0);
  let i: u32 = 0;
  for (; i < whole; i += 4) {
    const at = <usize>i << 2;
    v128.store(out + at, i32x4.max_s(v128.load(codes + at), zero));
  }
  for (; i < rows; i++) put32(out, i, max(0, i32At(codes, i)));
}

/** Words with 0 for NULL_WORD. */
export function plainWords(words: usize, rows: u32, out: usize): void {
  const nothing = i8x16.splat(<i8>NULL_WORD);
  const whole = rows & ~15;
  let i: u32 = 0;
  for (; i < whole; i += 16) {
    const word = v128.load(words + i);
    v128.store(out + i, v128.andnot(word, i8x16.eq(word, nothing)));
  }
  for (; i < rows; i++) {
    const word = u8At(words, i);
    put8(out, i, word == NULL_WORD ? 0 : word);
  }
}
