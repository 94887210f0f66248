import { CsvLine, type Delimiter, fitting, ISO_TIME } from '../model/csv-line.ts';
import { LINE_BYTES_MAX } from '../model/ledger.ts';
import { isFieldName, nameRecord, namesTwice } from './envelope.ts';
import { type FramedSlice, type Framer, LineFramer } from './frame.ts';
import { SliceBuffer } from './slice-buffer.ts';

/** What may stand between the values of a line. */
const DELIMITERS: readonly Delimiter[] = [',', '\t', ';'];

/** The column of a CloudWatch Logs Insights export that holds the line of the log. */
const MESSAGE = '@message';

/** A column of what flowtrie writes, whose names of services have blanks. */
const OWN = 'decided_by';

const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * The delimiter of a table that the decoder of plain lines cannot read by its header line. It reads odd rows behind a
 * header that it knows, but where quotes begin early, or flowtrie wrote the table, most rows are odd.
 */
export function csvDelimiter(firstLine: string, hasQuotes: boolean): Delimiter | undefined {
  const line = firstLine.replace(BYTE_ORDER_MARK, '').trim();
  const delimiter = DELIMITERS.find((one) => line.includes(one));
  if (delimiter === undefined) return undefined;
  const cells = line.split(delimiter);
  const names = cells.map(unquoted);
  if (names.includes(MESSAGE)) return delimiter;
  if (!nameRecord(names)) return undefined;
  return names.includes(OWN) || hasQuotes || !isPlainHeader(cells, delimiter) ? delimiter : undefined;
}

/** True when a header without quotes is one by the rule of plain lines, with the same names. */
function isPlainHeader(cells: readonly string[], delimiter: Delimiter): boolean {
  if (delimiter === ';' || cells.some((name) => /\s/.test(name) || (name === '' && delimiter === '\t'))) return false;
  return isFieldName(withoutTime(cells)[0] ?? '');
}

const withoutTime = (names: readonly string[]): readonly string[] =>
  ISO_TIME.test(names[0] ?? '') ? names.slice(1) : names;

const isName = (word: string): boolean => word === MESSAGE || isFieldName(word);

/** Without quotes, and the blanks around and inside them. */
const unquoted = (name: string): string =>
  name
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim();

/**
 * Slices of tables that csvDelimiter found. A record never spans lines: so one damaged line costs no other. A line that
 * is no row of the table is read by the rule of plain lines, at blanks. Rows of an export of messages are those
 * messages.
 */
export class CsvSlices implements Framer {
  private readonly lines = new LineFramer();
  private readonly buffer = new SliceBuffer();
  private line: CsvLine | undefined;
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
    if (line.trim() === '') {
      this.buffer.message(new Uint8Array(0));
      return;
    }
    this.line ??= new CsvLine(csvDelimiter(line, true) ?? ',');
    const known = this.takeValues(this.line.values(line), line) || this.takeValues(line.trim().split(/\s+/), line);
    if (!known) this.buffer.broken('field-count', Buffer.from(line));
  }

  /** False when the values are no header, nor as many as the header names. */
  private takeValues(values: readonly string[] | undefined, line: string): boolean {
    const header = this.headerOf(values);
    const fit = header === undefined ? fitting(values, this.names) : undefined;
    const message = this.names.indexOf(MESSAGE);
    if (header !== undefined) this.takeHeader(header);
    else if (fit === undefined) return false;
    else if (message >= 0) this.takeMessage(fit[message] ?? '', line);
    else this.buffer.record(this.names, fit);
    return true;
  }

  private headerOf(values: readonly string[] | undefined): readonly string[] | undefined {
    if (values === undefined) return undefined;
    const names = values.map((value) => {
      const bare = value.trim();
      return bare !== value && isName(bare) ? bare : value;
    });
    if (nameRecord(names)) return namesTwice(names) ? undefined : withoutTime(names);
    return this.names.length === 0 && names.includes(MESSAGE) ? names : undefined;
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
