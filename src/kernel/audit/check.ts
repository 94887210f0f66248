import { BACKSLASH, blanks, byteAt, CLOSING, CLOSING_LIST, COLON, COMMA, OPENING, OPENING_LIST, QUOTE } from './tokens';

/** Values inside values that are followed; a parser follows more. */
export const DEPTH_MAX: u32 = 100;

const ZERO: u32 = 0x30;
const DASH: u32 = 0x2d;
const PLUS: u32 = 0x2b;
const POINT: u32 = 0x2e;
const SMALL_E: u32 = 0x65;
const SMALL_U: u32 = 0x75;
const CASE_BIT: u32 = 0x20;
const TRUE: u32 = 0x6575_7274;
export const NULL: u32 = 0x6c6c_756e;
/** `alse` */
const FALSE_END: u32 = 0x6573_6c61;

/** Set by `text`: it holds an escape. */
export let isEscaped: bool = false;

/** One past the text that begins with the quote here; 0 = RFC 8259 has no such text. */
export function text(from: usize): usize {
  const quote = i8x16.splat(<i8>QUOTE);
  const backslash = i8x16.splat(<i8>BACKSLASH);
  const control = i8x16.splat(0x1f);
  isEscaped = false;
  let at = from + 1;
  while (true) {
    const v = v128.load(at);
    const odd = v128.or(v128.or(i8x16.eq(v, quote), i8x16.eq(v, backslash)), i8x16.le_u(v, control));
    const found = i8x16.bitmask(odd);
    if (found == 0) {
      at += 16;
      continue;
    }
    at += <usize>ctz(found);
    const byte = byteAt(at);
    if (byte == QUOTE) return at + 1;
    if (byte != BACKSLASH) return 0;
    isEscaped = true;
    at = escape(at + 1);
    if (at == 0) return 0;
  }
}

/** One past an escape, whose backslash stands in front; 0 = there is no such one. */
function escape(from: usize): usize {
  switch (byteAt(from)) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return from + 1;
    case SMALL_U: {
      for (let at = from + 1; at < from + 5; at++) if (!isHex(byteAt(at))) return 0;
      return from + 5;
    }
    default:
      return 0;
  }
}

@inline
function isDigit(byte: u32): bool {
  return byte - ZERO < 10;
}

@inline
function isHex(byte: u32): bool {
  return isDigit(byte) || (byte | CASE_BIT) - 0x61 < 6;
}

/** One past digits of which there must be one; 0 = there is none. */
function digits(from: usize): usize {
  let at = from;
  while (isDigit(byteAt(at))) at++;
  return at > from ? at : 0;
}

/** One past a number, `true`, `false` or `null`; 0 = it is none of them. What follows is not looked at. */
export function word(from: usize): usize {
  const letters = load<u32>(from);
  if (letters == TRUE || letters == NULL) return from + 4;
  if (byteAt(from) == 0x66) return load<u32>(from, 1) == FALSE_END ? from + 5 : 0;
  let at = byteAt(from) == DASH ? from + 1 : from;
  at = byteAt(at) == ZERO ? at + 1 : digits(at);
  if (at == 0) return 0;
  if (byteAt(at) == POINT) {
    at = digits(at + 1);
    if (at == 0) return 0;
  }
  if ((byteAt(at) | CASE_BIT) != SMALL_E) return at;
  const sign = byteAt(at + 1);
  return digits(sign == PLUS || sign == DASH ? at + 2 : at + 1);
}

/** One past the value that begins here; 0 = a parser would refuse it, or it is too deep. */
export function value(from: usize, depth: u32): usize {
  const byte = byteAt(from);
  if (byte == QUOTE) return text(from);
  const isObject = byte == OPENING;
  if (!isObject && byte != OPENING_LIST) return word(from);
  if (depth == DEPTH_MAX) return 0;
  const closing = isObject ? CLOSING : CLOSING_LIST;
  let at = blanks(from + 1);
  if (byteAt(at) == closing) return at + 1;
  while (true) {
    if (isObject) {
      at = key(at);
      if (at == 0) return 0;
    }
    at = value(at, depth + 1);
    if (at == 0) return 0;
    at = blanks(at);
    const after = byteAt(at);
    if (after == closing) return at + 1;
    if (after != COMMA) return 0;
    at = blanks(at + 1);
  }
}

/** The value behind the key and colon that begin here; 0 = there is none. */
export function key(from: usize): usize {
  if (byteAt(from) != QUOTE) return 0;
  const end = text(from);
  if (end == 0) return 0;
  const colon = blanks(end);
  return byteAt(colon) == COLON ? blanks(colon + 1) : 0;
}
