import { BLANK, NEWLINE } from './bytes';
import { DELIMITERS, LINE_BYTES_MAX, TEXT } from '../decode/kernel-layout';

/**
 * Set by findDelimiters: the offset it looked up to, which may lie behind the text; the blanks up to there; whether two
 * delimiters stand side by side.
 */
let scanned: u32 = 0;
let blanks: u32 = 0;
let doubled: bool = false;

/** Delimiters that a step stores without asking how many it found: few 64 bytes have more. */
const STORED: usize = 10;

@inline
function bits(v: v128): u64 {
  return <u64>(<u32>i8x16.bitmask(v));
}

/**
 * Writes the offset of every byte up to 0x20 in text[0, length) to the delimiter table, until `enough` are found;
 * returns how many. 64 bytes a step: a bit mask of the delimiters, then one store a bit.
 */
function findDelimiters(text: usize, length: u32, table: usize, enough: u32): u32 {
  const limit = i8x16.splat(<i8>BLANK);
  let count: u32 = 0;
  let before: u64 = 1;
  let pairs: u64 = 0;
  /** Minus the blanks, in four lanes. */
  let lanes = i32x4.splat(0);
  let at: u32 = 0;
  while (at < length && count < enough) {
    const p = text + at;
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    let mask =
      bits(i8x16.le_u(a, limit)) |
      (bits(i8x16.le_u(b, limit)) << 16) |
      (bits(i8x16.le_u(c, limit)) << 32) |
      (bits(i8x16.le_u(d, limit)) << 48);
    const ab = i8x16.add(i8x16.eq(a, limit), i8x16.eq(b, limit));
    const cd = i8x16.add(i8x16.eq(c, limit), i8x16.eq(d, limit));
    const pairwise = i16x8.extadd_pairwise_i8x16_s(i8x16.add(ab, cd));
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_s(pairwise));
    if (length - at < 64) mask &= ((<u64>1) << (length - at)) - 1;
    pairs |= mask & ((mask << 1) | before);
    before = mask >> 63;
    const found = mask;
    const out = table + (<usize>count << 2);
    // the next step overwrites those too many
    for (let i: usize = 0; i < STORED << 2; i += 4) {
      store<u32>(out + i, at + <u32>ctz(mask));
      mask &= mask - 1;
    }
    for (let i = STORED << 2; mask != 0; i += 4) {
      store<u32>(out + i, at + <u32>ctz(mask));
      mask &= mask - 1;
    }
    count += <u32>popcnt(found);
    at += 64;
  }
  const sums = i32x4.add(lanes, v128.shuffle<i64>(lanes, lanes, 1, 0));
  blanks = 0 - (i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1));
  doubled = pairs != 0;
  scanned = at;
  return count;
}

/**
 * Number of leading lines (at most `most`) that have exactly `tokens` tokens with one blank between them; their
 * delimiters stand in the table, `tokens` a line.
 */
export function regularLines(params: usize, length: u32, tokens: u32, most: u32): u32 {
  const text = <usize>load<u32>(params, TEXT);
  const table = <usize>load<u32>(params, DELIMITERS);
  const longest = load<u32>(params, LINE_BYTES_MAX);
  const found = findDelimiters(text, length, table, most * tokens);
  const lines = min(found / tokens, most);
  let start: u32 = 0;
  let line: u32 = 0;
  for (; line < lines; line++) {
    const end = load<u32>(table + (<usize>(line * tokens + tokens - 1) << 2));
    if (load<u8>(text + end) != NEWLINE || end - start > longest) break;
    start = end + 1;
  }
  if (line == 0) return 0;
  if (line < lines) return carefulLines(text, table, tokens, line);
  let beyond: u32 = 0;
  for (let at = start; at < scanned; at++) beyond += u32(load<u8>(text + at) == BLANK);
  // every delimiter that ends no line is a blank: no newline inside, no tab
  if (!doubled && blanks - beyond == lines * (tokens - 1)) return lines;
  return carefulLines(text, table, tokens, lines);
}

/** The same count, every delimiter looked at: something about this text is odd. */
function carefulLines(text: usize, table: usize, tokens: u32, lines: u32): u32 {
  let d = table;
  let start: u32 = 0;
  for (let line: u32 = 0; line < lines; line++) {
    for (let t: u32 = 1; t <= tokens; t++, d += 4) {
      const at = load<u32>(d);
      if (at == start || load<u8>(text + at) != (t < tokens ? BLANK : NEWLINE)) return line;
      start = at + 1;
    }
  }
  return lines;
}
