import { CsvLine, type Delimiter, fitting } from '../model/csv-line.ts';
import type { LineTokens } from './line-tokens.ts';

/** Bytes of values that one batch may refer to; a line or more fit, values are no longer than their line. */
const CELLS_BYTES = 256 * 1024;

/** Bytes that are searched for a quote at a time. */
const SEARCH_BYTES = 256 * 1024;

const TAB = 9;
const NEWLINE = 10;
const QUOTE = 34;
const COMMA = 44;

/**
 * Lines under a header of commas or tabs that the rule of plain lines does not part: with quotes, with blanks in a
 * value, with tabs around an empty one. Their values, without quotes, stand behind one another in `bytes`.
 */
export class TableLine {
  bytes: Uint8Array = new Uint8Array(0);
  private length = 0;
  private readonly delimiter: Delimiter;
  private line: CsvLine | undefined;

  constructor(delimiter: Delimiter) {
    this.delimiter = delimiter;
  }

  /** The values so far are not needed any more. */
  clear(): void {
    this.length = 0;
  }

  /** The values of the line that was scanned into `tokens`; undefined when it needs no table, or has not so many. */
  valuesOf(
    bytes: Uint8Array,
    from: number,
    tokens: LineTokens,
    names: readonly string[],
  ): readonly string[] | undefined {
    const { end } = tokens;
    if (!this.isOdd(bytes, from, tokens, names.length)) return undefined;
    const text = Buffer.from(bytes.subarray(from, end)).toString('utf8');
    this.line ??= new CsvLine(this.delimiter);
    return fitting(this.line.values(text), names);
  }

  /** Keeps the values and makes them the tokens; false when there is no room until the batch is taken. */
  keep(values: readonly string[], tokens: LineTokens): boolean {
    let at = this.length;
    const text = Buffer.from(values.join(''));
    if (this.bytes.length === 0) this.bytes = new Uint8Array(CELLS_BYTES);
    if (at + text.length > CELLS_BYTES) return false;
    this.bytes.set(text, at);
    values.forEach((value, f) => {
      tokens.starts[f] = at;
      at += Buffer.byteLength(value);
      tokens.ends[f] = at;
    });
    this.length = at;
    tokens.first = 0;
    tokens.count = values.length;
    return true;
  }

  private isOdd(bytes: Uint8Array, from: number, tokens: LineTokens, fields: number): boolean {
    const { starts, ends, first, count, end } = tokens;
    const delimiter = this.delimiter === ',' ? COMMA : TAB;
    if (count !== fields) return bytes.subarray(from, end).includes(delimiter);
    // `2, 1234, eni-1`: blanks part it into as many words, each with its comma
    if (delimiter === COMMA && bytes[ends[first]! - 1] === COMMA && ends[first]! > starts[first]!) return true;
    return bytes.subarray(from, end).includes(QUOTE);
  }
}

/** Where the straight way has to end, in whole lines: in front of the first line with a quote. */
export function unquotedEnd(bytes: Uint8Array, from: number, to: number): number {
  const end = to - from > SEARCH_BYTES ? bytes.lastIndexOf(NEWLINE, from + SEARCH_BYTES - 1) + 1 : to;
  if (end <= from) return from;
  // a Buffer's search is the C library's
  const quote = Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).indexOf(QUOTE);
  return quote < 0 ? end : Math.max(from, bytes.lastIndexOf(NEWLINE, from + quote) + 1);
}
