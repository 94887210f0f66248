import { parseString } from 'fast-csv';
import { FlowtrieError } from '../model/errors.ts';
import { parseAddress } from '../model/ip.ts';
import { shown } from './cursor.ts';
import { parseInstant } from './instant.ts';
import type { DescribedPod } from './pods.ts';
import type { Warn } from './warnings.ts';

/** Rows of a CSV text, the header first; a blank line is a row without cells. */
export type CsvRows = readonly (readonly string[])[];

/** Columns without which a CSV is no pod history. */
const REQUIRED = ['ip', 'namespace', 'pod'] as const;
const COLUMNS = [...REQUIRED, 'node', 'workload', 'start', 'end'] as const;
type Column = (typeof COLUMNS)[number];

/** Epoch seconds above this are milliseconds, which the contract does not know. */
const SECONDS_MAX = 100_000_000_000;

/** Splits CSV text by RFC 4180; throws FlowtrieError `inventory` when its quotes do not close. */
export function parseCsvRows(text: string, file: string): Promise<CsvRows> {
  return new Promise((resolve, reject) => {
    const rows: string[][] = [];
    parseString<string[], string[]>(text, { headers: false, ignoreEmpty: false, trim: true })
      .on('error', (cause) => {
        const message = cause.message.replaceAll('\n', ' ').slice(0, 120);
        reject(new FlowtrieError('inventory', `${file}:${rows.length + 1}: no CSV: ${message}`, { cause }));
      })
      .on('data', (row: string[]) => rows.push(row))
      .on('end', () => resolve(rows));
  });
}

/** A CSV is recognised by its header. */
export function isPodHistory(rows: CsvRows): boolean {
  const names = headerOf(rows);
  return REQUIRED.every((column) => names.includes(column));
}

function headerOf(rows: CsvRows): string[] {
  return (rows[0] ?? []).map((name) => name.trim().toLowerCase());
}

/** Reads the rows below the header; wrong values fail with `file:line`, column, got and expected. */
export function readPodHistory(rows: CsvRows, file: string, warn: Warn): DescribedPod[] {
  const names = headerOf(rows);
  const at = new Map<Column, number>(COLUMNS.map((column) => [column, names.indexOf(column)]));
  const found: DescribedPod[] = [];
  let line = 1 + lineBreaks(rows[0] ?? []);
  for (const row of rows.slice(1)) {
    line++;
    const rowLine = line;
    line += lineBreaks(row);
    if (row.every((cell) => cell === '')) continue;
    if (row.length !== names.length) {
      const cells = `got ${row.length} cells, expected ${names.length}`;
      throw new FlowtrieError('inventory', `${file}:${rowLine}: ${cells}`);
    }
    const read = readRow(new HistoryLine(row, at, file, rowLine), warn);
    if (read !== null) found.push(read);
  }
  return found;
}

function lineBreaks(row: readonly string[]): number {
  return row.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
}

/** Cells of one line by column name. */
class HistoryLine {
  private readonly row: readonly string[];
  private readonly at: ReadonlyMap<Column, number>;
  private readonly place: string;
  readonly origin: { readonly file: string; readonly path: string };

  constructor(row: readonly string[], at: ReadonlyMap<Column, number>, file: string, line: number) {
    this.row = row;
    this.at = at;
    this.place = `${file}:${line}`;
    this.origin = { file, path: `line ${line}` };
  }

  /** null = empty, the text `null`, or no such column. */
  cell(column: Column): string | null {
    const text = this.row[this.at.get(column) ?? -1];
    return text === undefined || text === '' || text === 'null' ? null : text;
  }

  fail(column: Column, expected: string): never {
    const got = shown(this.cell(column) ?? undefined);
    throw new FlowtrieError('inventory', `${this.place}: ${column}: got ${got}, expected ${expected}`);
  }

  seconds(column: Column): number | null {
    const text = this.cell(column);
    if (text === null) return null;
    const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : parseInstant(text);
    if (seconds !== undefined && seconds < SECONDS_MAX) return seconds;
    return this.fail(column, 'an RFC 3339 time in UTC or epoch seconds');
  }
}

function readRow(line: HistoryLine, warn: Warn): DescribedPod | null {
  const name = line.cell('pod') ?? line.fail('pod', 'the name of a pod');
  const ip = line.cell('ip');
  if (ip === null) {
    warn(line.origin, `pod ${name} has no address: the line is not used`);
    return null;
  }
  const startSeconds = line.seconds('start') ?? Number.NEGATIVE_INFINITY;
  const endSeconds = line.seconds('end') ?? Number.POSITIVE_INFINITY;
  if (startSeconds >= endSeconds) {
    warn(
      line.origin,
      `pod ${name} starts at ${line.cell('start')}, not before its end ${line.cell('end')}: the line is not used`,
    );
    return null;
  }
  const address = parseAddress(ip) ?? line.fail('ip', 'an IPv4 or IPv6 address');
  return {
    source: 'csv',
    namespace: line.cell('namespace') ?? 'default',
    name,
    ...{ uid: null, labels: NO_LABELS, controller: null, hostAddress: null, eniId: null, serviceAccount: null },
    workload: line.cell('workload'),
    nodeName: line.cell('node'),
    // the file has no such column
    hostNetwork: null,
    spans: [{ address, softStart: startSeconds, start: startSeconds, end: endSeconds, softEnd: endSeconds }],
    ports: [],
  };
}

const NO_LABELS: ReadonlyMap<string, string> = new Map();
