import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { linearScan, type Permits } from './linear-scan.ts';
import type { Claims } from './measurement.ts';

const COMMAND = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

/** One seed for all cases: equal options give equal bytes on every machine. */
const SEED = 42;

export interface DataRequest {
  readonly records: number;
  readonly files: number;
  readonly pods: number;
  readonly gzip: boolean;
  /** Absent = v2. */
  readonly format?: 'v2' | 'v5';
  /** Rules of each security group that no traffic uses. */
  readonly partners: number;
}

export interface LogFile {
  readonly path: string;
  /** What a plain reading of the file finds; every contestant's claims are checked against it. */
  readonly reference: Required<Claims>;
}

export interface Data {
  readonly inventory: string;
  readonly files: readonly LogFile[];
}

/** Writes a seeded world with `flowtrie generate` below `folder` and reads it once, plainly. */
export async function generateData(folder: string, request: DataRequest): Promise<Data> {
  const { records, files, pods, gzip, partners, format = 'v2' } = request;
  const out = join(folder, `${records}-${files}-${pods}-${partners}-${format}-${gzip ? 'gz' : 'plain'}`);
  const counts = { records, files, pods, partners };
  const sizes = Object.entries(counts).flatMap(([name, count]) => [`--${name}`, `${count}`]);
  mkdirSync(folder, { recursive: true });
  const call = [
    'generate',
    '--out',
    out,
    '--seed',
    `${SEED}`,
    gzip ? '--gzip' : '--no-gzip',
    '--format',
    format,
    ...sizes,
  ];
  // cases of one run share data
  if (!existsSync(out)) execFileSync(process.execPath, [COMMAND, ...call], { stdio: ['ignore', 'ignore', 'pipe'] });
  return readData(join(out, 'inventory'), join(out, 'logs'));
}

/** The files of a folder, each read once, plainly. */
export async function readData(inventory: string, logs: string): Promise<Data> {
  const permits = await linearScan(inventory);
  const paths = readdirSync(logs).sort();
  return {
    inventory,
    files: paths.map((name) => {
      const path = join(logs, name);
      return { path, reference: referenceOf(path, permits) };
    }),
  };
}

/** The claims of an honest reader: split at newlines and blanks, rules one after the other. */
function referenceOf(path: string, permits: Permits): Required<Claims> {
  const stored = readFileSync(path);
  const text = path.endsWith('.gz') ? gunzipSync(stored) : stored;
  const reference = { records: 0, bytes: 0, accept: 0, reject: 0, permitted: 0, lines: 0, textBytes: text.length };
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf(10, at);
    const end = newline < 0 ? text.length : newline;
    const fields = text.toString('latin1', at, end).split(' ');
    reference.lines++;
    if (fields[13] === 'OK') {
      reference.records++;
      reference.bytes += Number(fields[9]);
      if (fields[12] === 'ACCEPT') reference.accept++;
      else if (fields[12] === 'REJECT') reference.reject++;
      if (permits(fields)) reference.permitted++;
    }
    at = end + 1;
  }
  return reference;
}

/** Sum of the references of several files. */
export function referenceSum(files: readonly LogFile[]): Required<Claims> {
  const sum = { records: 0, bytes: 0, accept: 0, reject: 0, permitted: 0, lines: 0, textBytes: 0 };
  for (const { reference } of files) {
    sum.records += reference.records;
    sum.bytes += reference.bytes;
    sum.accept += reference.accept;
    sum.reject += reference.reject;
    sum.permitted += reference.permitted;
    sum.lines += reference.lines;
    sum.textBytes += reference.textBytes;
  }
  return sum;
}

/** The list several times over: no disk is filled. */
export function repeated(files: readonly LogFile[], times: number): readonly LogFile[] {
  return Array.from({ length: times }, () => files).flat();
}
