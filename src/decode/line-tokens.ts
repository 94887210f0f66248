/** Tokens kept of a line; later ones are counted only: no format has so many fields. */
export const TOKENS_MAX = 256;

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const BLANK = 32;
const COMMA = 44;
const DASH = 45;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const UPPER_T = 84;

/** The tokens of the line scanned last, as byte ranges. Reused: valid until the next scan. */
export interface LineTokens {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** First token that is a field: 1 when an ISO time stands in front, else 0. */
  first: number;
  /** Tokens from `first` on. */
  count: number;
  /** Byte offset behind the line's newline. */
  next: number;
  /** Byte offset of the end of the line's text. */
  end: number;
}

export function createLineTokens(): LineTokens {
  return { starts: new Int32Array(TOKENS_MAX), ends: new Int32Array(TOKENS_MAX), first: 0, count: 0, next: 0, end: 0 };
}

/**
 * Splits the line at bytes[from …] (up to `to`) into tokens: at runs of blanks, or at every comma when the line has no
 * blank. A leading ISO time is stepped over.
 */
export function scanLine(bytes: Uint8Array, from: number, to: number, tokens: LineTokens): void {
  const { starts, ends } = tokens;
  let count = 0;
  let p = hasByteOrderMark(bytes, from) ? from + 3 : from;
  for (;;) {
    while (p < to && (bytes[p] === BLANK || bytes[p] === TAB || bytes[p] === RETURN)) p++;
    if (p >= to || bytes[p] === NEWLINE) break;
    const start = p;
    while (p < to && !isBreak(bytes[p]!)) p++;
    if (count < TOKENS_MAX) {
      starts[count] = start;
      ends[count] = p;
    }
    count++;
  }
  tokens.end = p;
  tokens.next = p < to ? p + 1 : p;
  tokens.first = 0;
  tokens.count = count;
  if (count === 1) splitCommas(bytes, tokens);
  if (tokens.count > 0 && isIsoTime(bytes, starts[0]!)) {
    tokens.first = 1;
    tokens.count--;
  }
}

/** UTF-8 of U+FEFF, which spreadsheets put in front of a file. */
function hasByteOrderMark(bytes: Uint8Array, from: number): boolean {
  return bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf;
}

function isBreak(c: number): boolean {
  return c <= BLANK && (c === BLANK || c === NEWLINE || c === TAB || c === RETURN);
}

/** A line of one token may be a line of commas; two commas in a row hold an empty value. */
function splitCommas(bytes: Uint8Array, tokens: LineTokens): void {
  const { starts, ends } = tokens;
  const end = ends[0]!;
  let count = 0;
  let start = starts[0]!;
  for (let p = start; p <= end; p++) {
    if (p < end && bytes[p] !== COMMA) continue;
    if (count < TOKENS_MAX) {
      starts[count] = start;
      ends[count] = p;
    }
    count++;
    start = p + 1;
  }
  tokens.count = count;
}

/**
 * True when an ISO time begins at `from`: what CloudWatch exports put in front of each record
 * (`2024-12-20T18:23:02.000Z`).
 */
function isIsoTime(bytes: Uint8Array, from: number): boolean {
  // four cheap looks rule out nearly everything else
  if (
    bytes[from + 10] !== UPPER_T ||
    bytes[from + 4] !== DASH ||
    bytes[from + 7] !== DASH ||
    bytes[from + 13] !== COLON
  )
    return false;
  for (let i = 0; i < 13; i++) {
    if (i === 4 || i === 7 || i === 10) continue;
    const c = bytes[from + i]!;
    if (c < ZERO || c > NINE) return false;
  }
  return true;
}
