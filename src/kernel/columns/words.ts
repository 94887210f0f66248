import { put8, u32At, u8At } from '../classify/cells';
import { NULL_WORD } from './nulls';

/** Codes that one vector translates. */
const VECTOR_CODES: u32 = 16;

/** Codes of a table → words by `index` (a byte for each of 256 codes). Returns the greatest code. */
export function words(values: usize, index: usize, size: u32, out: usize, rows: u32): u32 {
  let most: u32 = 0;
  let i: u32 = 0;
  if (size <= VECTOR_CODES) {
    const table = v128.load(index);
    const whole = rows & ~15;
    let high = i8x16.splat(0);
    for (; i < whole; i += 16) {
      const codes = v128.load(values + i);
      high = i8x16.max_u(high, codes);
      v128.store(out + i, i8x16.swizzle(table, codes));
    }
    for (let lane: u32 = 0; lane < 16; lane++) {
      most = max(most, <u32>(<u8>i8x16.extract_lane_u(high, 0)));
      high = i8x16.shuffle(high, high, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0);
    }
  }
  for (; i < rows; i++) {
    const code = u8At(values, i);
    most = max(most, code);
    put8(out, i, u8At(index, code));
  }
  return most;
}

/** The same; rows whose bit of `present` is clear have none. */
export function presentWords(present: usize, bit: u32, values: usize, index: usize, out: usize, rows: u32): u32 {
  let most: u32 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const has = (u32At(present, i) & bit) != 0;
    const code = has ? u8At(values, i) : 0;
    most = max(most, code);
    put8(out, i, has ? u8At(index, code) : NULL_WORD);
  }
  return most;
}
