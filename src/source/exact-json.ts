/** Digits from which on a double may not hold an integer. */
const LONG_DIGITS = 16;

/** What may stand in front of a number: `: , [ -`, a blank, a tab, the end of a line. */
const BEFORE_NUMBER: readonly number[] = [0x3a, 0x2c, 0x5b, 0x2d, 0x20, 0x09, 0x0a, 0x0d];

/** A literal of so many digits between strings; neither a part of another number nor in the place of a key. */
const LONG = /(?<![\d.eE+-])-?[1-9]\d{15,}(?![\d.eE]|\s*:)/g;

/** Stands in front of the digits of an integer that is kept as text. */
const MARKED = /^\0-?\d{16,}$/;
const MARKED_IN_JSON = /"\\u0000(-?\d{16,})"/g;

/**
 * JSON.parse, but integers that a double may not hold come as text that textOf and jsonOf understand: counters of flow
 * logs have 64 bits. Throws as JSON.parse does.
 */
export function parseExactly(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return JSON.parse(mayHoldLong(bytes) ? withQuotedIntegers(text) : text);
}

/** A value as text: a string itself, the digits of a number, else JSON; null and undefined are ''. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value.startsWith('\0') && MARKED.test(value) ? value.slice(1) : value;
  return typeof value === 'object' ? jsonOf(value) : String(value);
}

/** JSON.stringify of what parseExactly gave. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value).replace(MARKED_IN_JSON, '$1');
}

/** Looks at every sixteenth byte only: a run of so many digits holds one of them. */
function mayHoldLong(bytes: Uint8Array): boolean {
  for (let at = LONG_DIGITS - 1; at < bytes.length; at += LONG_DIGITS) {
    if (!isDigit(bytes[at])) continue;
    let from = at;
    while (isDigit(bytes[from - 1])) from--;
    while (isDigit(bytes[at + 1])) at++;
    if (at + 1 - from >= LONG_DIGITS && BEFORE_NUMBER.includes(bytes[from - 1] ?? 0)) return true;
  }
  return false;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function withQuotedIntegers(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const open = quote < 0 ? text.length : quote;
    const close = quote < 0 ? open : endOfString(text, open + 1);
    parts.push(text.slice(at, open).replace(LONG, '"\\u0000$&"'), text.slice(open, close));
    at = close;
  }
  return parts.join('');
}

/** Behind the closing quote of the string that begins at `from`. */
function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let first = quote;
    while (first > from && text[first - 1] === '\\') first--;
    if ((quote - first) % 2 === 0) return quote + 1;
  }
  return text.length;
}
