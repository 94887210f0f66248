import { createReadStream } from 'node:fs';
import { parse } from 'fast-csv';
import { FlowtrieError, messageOf } from '../model/errors.ts';
import { unreadable } from '../source/unreadable.ts';
import { instantSeconds } from './options.ts';

/** One flow as a user asks for it, still text; every value is checked when it is parsed. */
export interface FlowQuestion {
  /** Where it stands, for messages: `--port`-style flags or `file:line`. */
  readonly place: string;
  readonly id: string | null;
  /** null = not known. */
  readonly from: string | null;
  readonly to: string | null;
  readonly protocol: number | null;
  readonly srcPort: number | null;
  readonly dstPort: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
  /** Unix seconds; null = the newest version. */
  readonly atSeconds: number | null;
}

/** Columns of a flows CSV; any may be missing, in any order. */
const COLUMNS = ['id', 'src', 'dst', 'protocol', 'src_port', 'dst_port', 'icmp_type', 'icmp_code', 'at'] as const;

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 };

/** `tcp`, `udp`, `icmp`, `icmpv6` or a number 0–255. */
export function parseProtocol(text: string, place: string, code: 'usage' | 'input'): number {
  const number = PROTOCOLS[text.toLowerCase()] ?? (/^\d{1,3}$/.test(text) ? Number(text) : Number.NaN);
  if (!(number >= 0 && number <= 255)) {
    throw new FlowtrieError(code, `${place}: expected tcp, udp, icmp, icmpv6 or a number from 0 to 255, got '${text}'`);
  }
  return number;
}

function parseNumber(text: string | undefined, max: number, place: string): number | null {
  if (text === undefined || text === '' || text === 'null') return null;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= max))
    throw new FlowtrieError('input', `${place}: expected a whole number from 0 to ${max}, got '${text}'`);
  return number;
}

function parseAt(text: string | undefined, place: string): number | null {
  if (text === undefined || text === '' || text === 'null') return null;
  if (/^\d{9,10}$/.test(text)) return Number(text);
  // spreadsheets put a blank between day and time, as RFC 3339 allows
  const seconds = instantSeconds(text.replace(' ', 'T'));
  if (seconds === undefined) {
    throw new FlowtrieError(
      'input',
      `${place}: expected epoch seconds or an RFC 3339 instant with a zone, got '${text}'`,
    );
  }
  return seconds;
}

/** Reads a flows CSV (`-` = stdin) row by row, in order. Errors name `file:line`, column and value. */
export async function* readFlowQuestions(file: string): AsyncGenerator<FlowQuestion> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  const name = file === '-' ? 'stdin' : file;
  const rows = input.pipe(parse({ headers: false, trim: true, ignoreEmpty: false, strictColumnHandling: false }));
  input.on('error', (error: Error) => rows.destroy(error));
  let header: string[] | undefined;
  let line = 0;
  try {
    for await (const row of rows as AsyncIterable<string[]>) {
      line++;
      if (row.every((cell) => cell === '')) continue;
      if (header === undefined) {
        header = checkHeader(row, `${name}:${line}`);
        continue;
      }
      if (row.length !== header.length) {
        throw new FlowtrieError('input', `${name}:${line}: expected ${header.length} columns, got ${row.length}`);
      }
      yield questionOf(header, row, `${name}:${line}`);
    }
  } catch (error) {
    if (error instanceof FlowtrieError) throw error;
    if (error instanceof Error && 'syscall' in error) throw unreadable(name, error);
    throw new FlowtrieError('input', `${name}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (header === undefined)
    throw new FlowtrieError('input', `${name}:1: expected a header of ${COLUMNS.join(',')}, got nothing`);
}

function checkHeader(row: readonly string[], place: string): string[] {
  for (const name of row) {
    if (!(COLUMNS as readonly string[]).includes(name)) {
      throw new FlowtrieError('input', `${place}: unknown column '${name}', expected ${COLUMNS.join(',')}`);
    }
  }
  return [...row];
}

function questionOf(header: readonly string[], row: readonly string[], place: string): FlowQuestion {
  const value = (name: (typeof COLUMNS)[number]): string | undefined => {
    const text = row[header.indexOf(name)];
    return text === undefined || text === '' || text === 'null' ? undefined : text;
  };
  const protocol = value('protocol');
  return {
    place,
    id: value('id') ?? null,
    from: value('src') ?? null,
    to: value('dst') ?? null,
    protocol: protocol === undefined ? null : parseProtocol(protocol, `${place}: protocol`, 'input'),
    srcPort: parseNumber(value('src_port'), 65_535, `${place}: src_port`),
    dstPort: parseNumber(value('dst_port'), 65_535, `${place}: dst_port`),
    icmpType: parseNumber(value('icmp_type'), 255, `${place}: icmp_type`),
    icmpCode: parseNumber(value('icmp_code'), 255, `${place}: icmp_code`),
    atSeconds: parseAt(value('at'), `${place}: at`),
  };
}
