import { BLANK, NEWLINE } from './bytes';
import { DELIMITERS, LINE_BYTES_MAX, TEXT } from '../decode/kernel-layout';

/** Set by findDelimiters: newlines among the delimiters, and whether any looked odd (tab, two in a row …). */
let newlines: u32 = 0;
let odd: bool = false;

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
  const newline = i8x16.splat(<i8>NEWLINE);
  let count: u32 = 0;
  let before: u64 = 1;
  newlines = 0;
  odd = false;
  for (let at: u32 = 0; at < length; at += 64) {
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
    let ends =
      bits(i8x16.eq(a, newline)) |
      (bits(i8x16.eq(b, newline)) << 16) |
      (bits(i8x16.eq(c, newline)) << 32) |
      (bits(i8x16.eq(d, newline)) << 48);
    const blanks =
      bits(i8x16.eq(a, limit)) |
      (bits(i8x16.eq(b, limit)) << 16) |
      (bits(i8x16.eq(c, limit)) << 32) |
      (bits(i8x16.eq(d, limit)) << 48);
    if (length - at < 64) {
      const inside = ((<u64>1) << (length - at)) - 1;
      mask &= inside;
      ends &= inside;
    }
    if (((mask & ~(ends | blanks)) | (mask & ((mask << 1) | before))) != 0) odd = true;
    before = mask >> 63;
    newlines += <u32>popcnt(ends);
    const found = <u32>popcnt(mask);
    const out = table + (<usize>count << 2);
    // eight stores without a branch: most steps have about as many delimiters; the next step overwrites those too many
    for (let i: usize = 0; i < 32; i += 4) {
      store<u32>(out + i, at + <u32>ctz(mask));
      mask &= mask - 1;
    }
    for (let i: usize = 32; mask != 0; i += 4) {
      store<u32>(out + i, at + <u32>ctz(mask));
      mask &= mask - 1;
    }
    count += found;
    if (count >= enough) break;
  }
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
  let beyond: u32 = 0;
  for (let d = lines * tokens; d < found; d++) {
    beyond += u32(load<u8>(text + load<u32>(table + (<usize>d << 2))) == NEWLINE);
  }
  // as many newlines as lines, one at the end of each: none inside
  if (line == lines && !odd && newlines - beyond == lines) return lines;
  return carefulLines(text, table, tokens, line);
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
