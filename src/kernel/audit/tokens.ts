/**
 * Pieces of JSON text in memory, by their bytes. A newline ends the text: no value holds one, so that no step looks
 * beyond it. Vectors are read past it and what they hold there is left aside.
 */
export const NEWLINE: u32 = 10;
export const QUOTE: u32 = 0x22;
export const COMMA: u32 = 0x2c;
export const COLON: u32 = 0x3a;
export const BACKSLASH: u32 = 0x5c;
export const OPENING: u32 = 0x7b;
export const CLOSING: u32 = 0x7d;
export const OPENING_LIST: u32 = 0x5b;
export const CLOSING_LIST: u32 = 0x5d;
/** Bit in which round brackets of objects and square ones of lists differ. */
const OBJECT_BIT: u32 = 0x20;
const SPACE: u32 = 32;

@inline
export function byteAt(at: usize): u32 {
  return load<u8>(at);
}

@inline
export function bits(v: v128): u64 {
  return <u64>(<u32>i8x16.bitmask(v));
}

/** The first byte from here on that is no blank; a newline is none. */
@inline
export function blanks(from: usize): usize {
  let at = from;
  for (let byte = byteAt(at); byte <= SPACE && (byte == SPACE || byte == 9 || byte == 13); byte = byteAt(at)) at++;
  return at;
}

/** The newline that ends the line; one stands somewhere. */
export function lineEnd(from: usize): usize {
  const newline = i8x16.splat(<i8>NEWLINE);
  let at = from;
  while (true) {
    const a = i8x16.eq(v128.load(at), newline);
    const b = i8x16.eq(v128.load(at, 16), newline);
    const c = i8x16.eq(v128.load(at, 32), newline);
    const d = i8x16.eq(v128.load(at, 48), newline);
    if (v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) {
      return at + <usize>ctz(bits(a) | (bits(b) << 16) | (bits(c) << 32) | (bits(d) << 48));
    }
    at += 64;
  }
}

/** Set by textEnd: the text holds an escape. */
export let hasEscape: bool = false;

/** The quote that ends the text whose first byte this is; 0 = it does not end before `end`. */
export function textEnd(from: usize, end: usize): usize {
  const quote = i8x16.splat(<i8>QUOTE);
  const backslash = i8x16.splat(<i8>BACKSLASH);
  hasEscape = false;
  let at = from;
  while (at < end) {
    const v = v128.load(at);
    const found = i8x16.bitmask(v128.or(i8x16.eq(v, quote), i8x16.eq(v, backslash)));
    if (found == 0) at += 16;
    else {
      at += <usize>ctz(found);
      if (byteAt(at) == QUOTE) return at < end ? at : 0;
      hasEscape = true;
      at += 2;
    }
  }
  return 0;
}

const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;

/** One for every bit with an odd number of ones up to and with it. */
@inline
function parity(mask: u64): u64 {
  let m = mask ^ (mask << 1);
  m ^= m << 2;
  m ^= m << 4;
  m ^= m << 8;
  m ^= m << 16;
  return m ^ (m << 32);
}

/**
 * One past the bracket that closes the one that stands here; 0 = none does before `end`, or a backslash stands outside
 * a text. 64 bytes a step: masks of quotes, of what stands between them, and of brackets outside.
 */
export function bracketEnd(from: usize, end: usize): usize {
  const quote = i8x16.splat(<i8>QUOTE);
  const backslash = i8x16.splat(<i8>BACKSLASH);
  const opening = i8x16.splat(<i8>OPENING);
  const closing = i8x16.splat(<i8>CLOSING);
  const objects = i8x16.splat(<i8>OBJECT_BIT);
  let depth: i64 = 0;
  /** All ones inside a text that goes on. */
  let inside: u64 = 0;
  /** 1 = the first byte of the next step is escaped. */
  let carried: u64 = 0;
  for (let at = from; at < end; at += 64) {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    let quotes = masks(a, b, c, d, quote);
    const slashes = masks(a, b, c, d, backslash);
    let escaped = carried;
    if (slashes != 0) {
      // an escape escapes what follows unless it is escaped itself: of a run of them every other one does
      const starts = slashes & ~carried;
      const codes = ((starts << 1) | ODD) - starts;
      const pairs = codes ^ ODD;
      escaped = pairs ^ (slashes | carried);
      carried = (pairs & slashes) >> 63;
    } else carried = 0;
    quotes &= ~escaped;
    const texts = parity(quotes) ^ inside;
    inside = <u64>(<i64>texts >> 63);
    const e = v128.or(a, objects);
    const f = v128.or(b, objects);
    const g = v128.or(c, objects);
    const h = v128.or(d, objects);
    const opened = masks(e, f, g, h, opening) & ~texts;
    let closed = masks(e, f, g, h, closing) & ~texts;
    if ((slashes & ~texts) != 0) return strayBackslash(at, end, slashes & ~texts, opened, closed, depth);
    const closings = <i64>popcnt(closed);
    if (closings < depth) {
      depth += <i64>popcnt(opened) - closings;
      continue;
    }
    for (; closed != 0; closed &= closed - 1, depth--) {
      const before = (closed & (0 - closed)) - 1;
      if (depth + <i64>popcnt(opened & before) == 1) {
        const found = at + <usize>ctz(closed) + 1;
        return found <= end ? found : 0;
      }
    }
    depth += <i64>popcnt(opened);
  }
  return 0;
}

/** A backslash outside a text, which may be one of the next line: the bracket may still stand in front of it. */
function strayBackslash(at: usize, end: usize, stray: u64, opened: u64, closings: u64, depthBefore: i64): usize {
  const allowed = (stray & (0 - stray)) - 1;
  let depth = depthBefore;
  for (let closed = closings & allowed; closed != 0; closed &= closed - 1, depth--) {
    const before = (closed & (0 - closed)) - 1;
    if (depth + <i64>popcnt(opened & before) == 1) {
      const found = at + <usize>ctz(closed) + 1;
      return found <= end ? found : 0;
    }
  }
  return 0;
}

@inline
function masks(a: v128, b: v128, c: v128, d: v128, wanted: v128): u64 {
  return (
    bits(i8x16.eq(a, wanted)) |
    (bits(i8x16.eq(b, wanted)) << 16) |
    (bits(i8x16.eq(c, wanted)) << 32) |
    (bits(i8x16.eq(d, wanted)) << 48)
  );
}
