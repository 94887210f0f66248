import { createRequire } from 'node:module';
import type * as Options from '@fast-csv/parse/build/src/ParserOptions.js';
import type * as Parsing from '@fast-csv/parse/build/src/parser/Parser.js';
import { LINE_BYTES_MAX } from '../model/ledger.ts';
import { isFieldName, nameRecord } from './envelope.ts';
import { type FramedSlice, type Framer, LineFramer } from './frame.ts';
import { SliceBuffer } from './slice-buffer.ts';

/** What may stand between the values of a line. */
const DELIMITERS = [',', '\t', ';'] as const;
type Delimiter = (typeof DELIMITERS)[number];

/** The column of a CloudWatch Logs Insights export that holds the line of the log. */
const MESSAGE = '@message';

/** A column of what flowtrie writes, whose names of services have blanks. */
const OWN = 'decided_by';

const BYTE_ORDER_MARK = /^\uFEFF/;

/** The delimiter of a header line whose lines the decoder of plain lines cannot tell apart, with the head behind it. */
export function csvDelimiter(firstLine: string, head: string): Delimiter | undefined {
  const line = firstLine.replace(BYTE_ORDER_MARK, '');
  const delimiter = DELIMITERS.find((one) => line.includes(one));
  if (delimiter === undefined) return undefined;
  const names = line.trim().split(delimiter).map(unquoted);
  if (!nameRecord(names) && !names.includes(MESSAGE)) return undefined;
  return names.includes(OWN) || hides(delimiter, head) ? delimiter : undefined;
}

/** True when blanks and commas do not part the values of every line. */
function hides(delimiter: Delimiter, head: string): boolean {
  if (delimiter === ';' || head.includes('"')) return true;
  return delimiter === '\t' ? /\t[\t\r\n]/.test(head) : head.includes(' ');
}

const unquoted = (name: string): string => name.replace(/^"(.*)"$/, '$1');

/**
 * Slices of quoted CSV, and of tables whose empty cells blanks would hide. A record never spans lines: so one damaged
 * line costs no other. Rows of an export of messages are those messages.
 */
export class CsvSlices implements Framer {
  private readonly lines = new LineFramer();
  private readonly buffer = new SliceBuffer();
  private parser: Parsing.Parser | undefined;
  private names: readonly string[] = [];

  *push(chunk: Uint8Array): Generator<FramedSlice> {
    for (const slice of this.lines.push(chunk)) this.take(slice);
    yield* this.buffer.take(false);
  }

  *finish(...cut: Parameters<Framer['finish']>): Generator<FramedSlice> {
    for (const slice of this.lines.finish(...cut)) this.take(slice);
    yield* this.buffer.take(true);
  }

  /** The slices of one chunk at the beginning of an input, whether full or not. */
  opening(chunk: Uint8Array): FramedSlice[] {
    for (const slice of this.lines.push(chunk)) this.take(slice);
    return this.buffer.take(true);
  }

  private take(slice: FramedSlice): void {
    if (slice.kind === 'broken') this.buffer.broken(slice.reason, slice.text);
    if (slice.kind !== 'lines') return;
    const text = Buffer.from(slice.bytes).toString('utf8');
    for (const line of text.slice(0, text.endsWith('\n') ? -1 : undefined).split('\n')) this.takeLine(line);
  }

  private takeLine(line: string): void {
    if (line.length > LINE_BYTES_MAX) {
      this.buffer.broken('line-too-long', Buffer.from(line));
      return;
    }
    this.parser ??= openParser(csvDelimiter(line, '"') ?? ',');
    const values = line.trim() === '' ? [] : valuesOf(this.parser, line);
    if (values?.length === 0) this.buffer.message(new Uint8Array(0));
    else if (values === undefined) this.buffer.broken('field-count', Buffer.from(line));
    else if (nameRecord(values) || (this.names.length === 0 && values.includes(MESSAGE))) this.takeHeader(values);
    else if (values.length !== this.names.length) this.buffer.broken('field-count', Buffer.from(line));
    else if (this.names.includes(MESSAGE)) this.takeMessage(values[this.names.indexOf(MESSAGE)] ?? '', line);
    else this.buffer.record(this.names, values);
  }

  /** The decoder counts the line; the fields of the rows are in their blocks. Above messages it is a wrapping only. */
  private takeHeader(names: readonly string[]): void {
    this.names = names;
    const name = names.find(isFieldName);
    if (name !== undefined) this.buffer.message(Buffer.from(name));
  }

  private takeMessage(message: string, line: string): void {
    if (message.includes('\n')) this.buffer.broken('field-count', Buffer.from(line));
    else this.buffer.message(Buffer.from(message));
  }
}

/** Loaded when a table is first met: few inputs are one, and it would be a good part of a worker's start. */
function openParser(delimiter: Delimiter): Parsing.Parser {
  const load = createRequire(import.meta.url);
  const { ParserOptions } = load('@fast-csv/parse/build/src/ParserOptions.js') as typeof Options;
  const { Parser } = load('@fast-csv/parse/build/src/parser/Parser.js') as typeof Parsing;
  return new Parser(new ParserOptions({ delimiter, trim: true }));
}

/** The values of a line; undefined when its quotes do not match. */
function valuesOf(parser: Parsing.Parser, line: string): readonly string[] | undefined {
  try {
    return parser.parse(line, false).rows[0]?.map(String) ?? [];
  } catch {
    return undefined;
  }
}
