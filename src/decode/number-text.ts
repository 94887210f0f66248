const ZERO = 48;
/** Digits whose value a double holds exactly. */
const EXACT_DIGITS = 15;
const U64_DIGITS = 20;
const TWO_32 = 4_294_967_296;
/** 10^k for k ≤ 9: steps of u64Digits. */
const BILLION = 1_000_000_000;

/** Value of the decimal digits bytes[from, to), −1 when they are none, anything else, or more than 15. */
export function parseDigits(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > EXACT_DIGITS || to === from) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Parses a u64 into two u32 halves, low first, at column[at]; false when it is none. Exact up to 2^64 − 1. */
export function parseU64(bytes: Uint8Array, from: number, to: number, column: Uint32Array, at: number): boolean {
  const value = parseDigits(bytes, from, to);
  if (value >= 0) {
    column[at] = value;
    column[at + 1] = value / TWO_32;
    return true;
  }
  return to - from > EXACT_DIGITS && parseLongU64(bytes, from, to, column, at);
}

/** 16–20 digits: three parts of at most nine digits, multiplied up in 32-bit halves. */
function parseLongU64(bytes: Uint8Array, from: number, to: number, column: Uint32Array, at: number): boolean {
  if (to - from > U64_DIGITS) return false;
  let low = 0;
  let high = 0;
  for (let start = from; start < to; ) {
    const end = Math.min(start + 9, to);
    const part = parseDigits(bytes, start, end);
    if (part < 0) return false;
    const scale = end - start === 9 ? BILLION : 10 ** (end - start);
    // low × scale + part < 2^32 × 10^9 + 10^9 < 2^63 is not exact in a double: split low into 16-bit halves
    const lowPart = (low & 0xffff) * scale + part;
    const highPart = (low >>> 16) * scale + Math.floor(lowPart / 65_536);
    low = ((highPart % 65_536) * 65_536 + (lowPart % 65_536)) >>> 0;
    high = high * scale + Math.floor(highPart / 65_536);
    if (high >= TWO_32) return false;
    start = end;
  }
  column[at] = low;
  column[at + 1] = high;
  return true;
}
