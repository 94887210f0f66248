import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAuditLog } from './audit-log.ts';
import { multipliedCapture } from './capture.ts';
import type { Case, Comparison, Contestant, Measure } from './compare.ts';
import { type Data, type DataRequest, generateData, type LogFile, repeated } from './data.ts';
import { hasProgram } from './machine.ts';
import { parquetFiles } from './parquet-files.ts';
import { writePodTable } from './pod-tables.ts';
import { expectedClaims, type PodWorld } from './pod-world.ts';
import { scaleCase } from './scale-case.ts';

export const CASE_NAMES = [
  'replay',
  'capture',
  'plain',
  'pairing',
  'workers',
  'decode',
  'memory',
  'formats',
  'scale',
  'pods',
  'audit',
] as const;
export type CaseName = (typeof CASE_NAMES)[number];

/** Rules of a security group that no traffic uses: with those in use about AWS's quota of 60 a direction. */
const PARTNERS = 50;

/** Two sizes of every case: one that measures, one that only proves that the case works. */
const SIZES: Readonly<
  Record<
    Exclude<CaseName, 'capture' | 'plain' | 'pairing' | 'scale' | 'pods' | 'audit'>,
    { readonly full: DataRequest; readonly smoke: DataRequest }
  >
> = {
  replay: {
    full: { records: 2_000_000, files: 8, pods: 2000, gzip: true, partners: PARTNERS },
    smoke: { records: 4000, files: 2, pods: 40, gzip: true, partners: PARTNERS },
  },
  workers: {
    full: { records: 2_000_000, files: 8, pods: 2000, gzip: true, partners: PARTNERS },
    smoke: { records: 4000, files: 2, pods: 40, gzip: true, partners: PARTNERS },
  },
  decode: {
    full: { records: 200_000, files: 1, pods: 2000, gzip: false, partners: PARTNERS },
    smoke: { records: 2000, files: 1, pods: 40, gzip: false, partners: PARTNERS },
  },
  formats: {
    full: { records: 1_000_000, files: 4, pods: 2000, gzip: false, format: 'v5', partners: PARTNERS },
    smoke: { records: 4000, files: 2, pods: 40, gzip: false, format: 'v5', partners: PARTNERS },
  },
  memory: {
    full: { records: 5_000_000, files: 5, pods: 2000, gzip: false, partners: PARTNERS },
    smoke: { records: 2000, files: 2, pods: 40, gzip: false, partners: PARTNERS },
  },
};

/** Times the files are listed: starting, and compiling the code, is then a small part of the time. */
const REPEATS = 6;

/** The same where rows are written: gigabytes of them. */
const FORMAT_REPEATS = 4;

/** The files of the workers' case are listed so many times over again: a run in which starting hardly counts. */
const LONG_REPEATS = 4;

/** The larger input lists the files of the smaller one this many times: no disk is filled with gigabytes. */
const MEMORY_FACTOR = 10;

/** One pass of the decoder would mostly measure the just-in-time compiler; so many take about as long as fast-csv. */
const DECODER_PASSES = 60;

/** Records of the real capture, multiplied, and its files. */
const CAPTURE = { full: 5_000_000, smoke: 20_000, files: 8 } as const;

/** Writes the data of a case below `folder`; `records` null = the case's own size. Null = its files are not there. */
export async function prepareCase(
  name: CaseName,
  folder: string,
  smoke: boolean,
  records: number | null,
): Promise<Case | null> {
  if (name === 'capture') {
    const data = await multipliedCapture(folder, records ?? CAPTURE[smoke ? 'smoke' : 'full'], CAPTURE.files);
    return data === null ? null : captureCase(data);
  }
  if (name === 'plain') return plainCase(folder, SIZES.replay[smoke ? 'smoke' : 'full'], records);
  if (name === 'pairing') return pairingCase(folder, SIZES.replay[smoke ? 'smoke' : 'full'], records);
  if (name === 'scale') return scaleCase(folder, smoke, records);
  if (name === 'pods') return podsCase(folder, smoke ? SMALL_PODS : { ...PODS, queries: records ?? PODS.queries });
  if (name === 'audit') return auditCase(folder, smoke ? 200 : (records ?? AUDIT_PODS));
  const request = SIZES[name][smoke ? 'smoke' : 'full'];
  const data = await generateData(folder, { ...request, records: records ?? request.records });
  if (name === 'replay') return replayCase(data);
  if (name === 'workers') return workersCase(data);
  if (name === 'decode') return decodeCase(data);
  if (name === 'formats') return formatsCase(data, await parquetFiles(data.files));
  return memoryCase(data);
}

/** One contestant over all files, pinned where the system can. */
function contestants(data: Data): (name: string, job: string, options?: Partial<Contestant>) => Contestant {
  const pinned = hasProgram('taskset');
  const { files, inventory } = data;
  return (name, job, options = {}) => ({ name, job, files, inventory, threads: 0, passes: 1, pinned, ...options });
}

function comparison(
  subject: string,
  measure: Measure,
  rival: string,
  bound?: 'least' | 'most',
  value?: number,
): Comparison {
  return { subject, rival, measure, wanted: bound === undefined || value === undefined ? null : { bound, value } };
}

function replayCase(generated: Data): Case {
  // the same record several times over would be its own twin's rival: files of paired records are read once
  return gzipCase(
    'replay',
    'gzip, default format: decode + classify + attribute + ledger, summary only',
    { ...generated, files: repeated(generated.files, REPEATS) },
    generated.files,
  );
}

function captureCase(data: Data): Case {
  return gzipCase('capture', 'the same of a real capture, multiplied to 5 million records', data, data.files);
}

/** flowtrie on one core beside its rivals, gzip. */
function gzipCase(name: CaseName, title: string, data: Data, once: readonly LogFile[]): Case {
  const one = contestants(data);
  const gzip = hasProgram('gzip') && process.platform !== 'win32';
  return {
    name,
    title,
    contestants: [
      one('flowtrie', 'replay'),
      one('flowtrie, records paired', 'replay-paired', { files: once }),
      one('Node gunzip only', 'gunzip'),
      ...(gzip ? [one('gzip -dc | wc -l', 'gzip-wc')] : []),
      one('DuckDB, pods and one layer as range joins', 'duckdb-ranges', { files: firstOf(data.files) }),
      one('DuckDB, one layer as range join', 'duckdb-range'),
      one('DuckDB, equality joins only', 'duckdb-equality'),
      one('fast-csv, parse only', 'fast-csv', { files: firstOf(data.files) }),
    ],
    comparisons: [
      comparison('flowtrie', 'rate-core', 'DuckDB, pods and one layer as range joins', 'least', 20),
      comparison('flowtrie', 'rate-core', 'DuckDB, one layer as range join', 'least', 2.5),
      comparison('flowtrie', 'rate-core', 'DuckDB, equality joins only', 'least', 3),
      comparison('flowtrie', 'rate-core', 'flowtrie, records paired'),
      comparison('flowtrie', 'rate-core', 'fast-csv, parse only'),
      comparison('flowtrie', 'time-core', 'Node gunzip only', 'most', 1.6),
      ...(gzip ? [comparison('flowtrie', 'time-core', 'gzip -dc | wc -l')] : []),
    ],
  };
}

async function plainCase(folder: string, request: DataRequest, records: number | null): Promise<Case> {
  const generated = await generateData(folder, { ...request, records: records ?? request.records, gzip: false });
  const data = { ...generated, files: repeated(generated.files, REPEATS) };
  const one = contestants(data);
  const mawk = hasProgram('mawk', ['-W', 'version']);
  return {
    name: 'plain',
    title: 'plain text, default format, summary only',
    contestants: [
      one('flowtrie', 'replay'),
      one('flowtrie, 2 workers', 'replay', { threads: 2, pinned: false }),
      one('wc -l', 'wc', { pinned: false }),
      ...(mawk ? [one('mawk, totals only', 'mawk', { files: generated.files })] : []),
      one('readline + split, totals only', 'readline-split', { files: firstOf(data.files) }),
    ],
    comparisons: [
      comparison('flowtrie, 2 workers', 'time', 'wc -l', 'most', 6),
      ...(mawk ? [comparison('flowtrie', 'rate-core', 'mawk, totals only')] : []),
      comparison('flowtrie', 'rate-core', 'readline + split, totals only'),
    ],
  };
}

/** The same files, each read once: starting is a part of both. */
async function pairingCase(folder: string, request: DataRequest, records: number | null): Promise<Case> {
  const sized = { ...request, records: records ?? request.records };
  const gzip = contestants(await generateData(folder, sized));
  const plain = contestants(await generateData(folder, { ...sized, gzip: false }));
  return {
    name: 'pairing',
    title: 'default format, summary only: both records of a flow found',
    contestants: [
      gzip('gzip', 'replay'),
      gzip('gzip, records paired', 'replay-paired'),
      plain('plain', 'replay'),
      plain('plain, records paired', 'replay-paired'),
    ],
    comparisons: [
      comparison('gzip', 'rate-core', 'gzip, records paired', 'most', 2.2),
      comparison('plain', 'rate-core', 'plain, records paired', 'most', 1.5),
    ],
  };
}

function workersCase(data: Data): Case {
  const one = contestants(data);
  const files = repeated(data.files, REPEATS);
  const many = repeated(files, LONG_REPEATS);
  return {
    name: 'workers',
    title: 'gzip, default format, summary only: worker threads',
    contestants: [
      one('1 worker, one core', 'replay', { files, threads: 1 }),
      one('1 worker', 'replay', { files, threads: 1, pinned: false }),
      one('2 workers', 'replay', { files, threads: 2, pinned: false }),
      one('1 worker, long', 'replay', { files: many, threads: 1, pinned: false }),
      one('2 workers, long', 'replay', { files: many, threads: 2, pinned: false }),
    ],
    comparisons: [
      comparison('2 workers, long', 'rate', '1 worker, long', 'least', 1.8),
      comparison('2 workers', 'rate', '1 worker', 'least', 1.8),
      comparison('2 workers', 'rate', '1 worker, one core'),
    ],
  };
}

function decodeCase(data: Data): Case {
  const one = contestants(data);
  return {
    name: 'decode',
    title: 'plain text, default format: bytes to columns only',
    contestants: [
      one('FlowDecoder', 'decoder', { passes: DECODER_PASSES }),
      one('readline + split', 'readline-split'),
      one('fast-csv', 'fast-csv'),
    ],
    comparisons: [
      comparison('FlowDecoder', 'rate-core', 'fast-csv', 'least', 100),
      comparison('FlowDecoder', 'rate-core', 'readline + split', 'least', 10),
    ],
  };
}

function formatsCase(generated: Data, once: readonly LogFile[]): Case {
  const data = { ...generated, files: repeated(generated.files, FORMAT_REPEATS) };
  const parquet = repeated(once, FORMAT_REPEATS);
  const one = contestants(data);
  const [rows, columns] = ['DuckDB, Parquet to sums of every column', 'DuckDB, lines to Parquet'] as const;
  const [objects, copied] = ['lines in, NDJSON out', 'DuckDB, lines to NDJSON'] as const;
  return {
    name: 'formats',
    title: 'v5 records: Parquet in; Arrow, Parquet and NDJSON out',
    contestants: [
      one('lines in, no rows', 'replay'),
      one('Parquet in, no rows', 'replay', { files: parquet }),
      one('lines in, Arrow out', 'replay-arrow'),
      one('lines in, Parquet out', 'replay-parquet'),
      one('lines in, Parquet out, 10 columns', 'replay-parquet-few'),
      // once: a row is almost 2 KB
      one(objects, 'replay-ndjson', { files: generated.files }),
      one(rows, 'duckdb-in', { files: parquet }),
      one(columns, 'duckdb-out'),
      one(copied, 'duckdb-ndjson', { files: generated.files }),
    ],
    comparisons: [
      comparison('lines in, Arrow out', 'rate-core', 'lines in, no rows', 'least', 0.6),
      comparison('lines in, Parquet out', 'rate-core', 'lines in, no rows'),
      comparison('lines in, Parquet out, 10 columns', 'rate-core', 'lines in, no rows'),
      comparison('Parquet in, no rows', 'rate-core', 'lines in, no rows'),
      comparison('Parquet in, no rows', 'rate-core', rows, 'least', 0.5),
      comparison('lines in, Parquet out', 'rate-core', columns),
      comparison('lines in, Parquet out, 10 columns', 'rate-core', columns),
      comparison(objects, 'rate-core', 'lines in, no rows'),
      comparison(objects, 'rate-core', copied),
    ],
  };
}

function memoryCase(data: Data): Case {
  const one = contestants(data);
  const options = { threads: 2, pinned: false } as const;
  const many = repeated(data.files, MEMORY_FACTOR);
  return {
    name: 'memory',
    title: 'plain text, 2 workers: peak memory of ten times the input',
    contestants: [one('1× input', 'replay', options), one('10× input', 'replay', { ...options, files: many })],
    comparisons: [comparison('10× input', 'peak', '1× input', 'most', 1.1)],
  };
}

/** A large fleet over half a day, and the same in tiny. */
const PODS: PodWorld = { addresses: 200_000, lives: 25, queries: 8_000_000 };
const SMALL_PODS: PodWorld = { addresses: 200, lives: 5, queries: 2000 };
const PODS_PASSES = 2;
/** So few that the table's part about them stays in the near caches. */
const NEAR_ADDRESSES = 128;
/** The rival is asked so many times fewer questions about the same pods: it needs microseconds for each. */
const RIVAL_SHARE = 8;
/** Lives in the audit log; some 250 MB of text. */
const AUDIT_PODS = 12_000;

const NO_CLAIMS = { records: 0, bytes: 0, accept: 0, reject: 0, permitted: 0, lines: 0, textBytes: 0 };

function podsCase(folder: string, world: PodWorld): Case {
  mkdirSync(folder, { recursive: true });
  const { bytes, seconds } = writePodTable(folder, world);
  process.stderr.write(`pods: a table of ${bytes.toLocaleString('en-US')} bytes, built in ${seconds.toFixed(1)} s\n`);
  const worldFile = (name: string, asking: Partial<PodWorld>): LogFile => {
    const path = join(folder, name);
    const asked = { ...world, ...asking };
    writeFileSync(path, JSON.stringify(asked));
    return { path, reference: { ...NO_CLAIMS, ...expectedClaims(asked), records: asked.queries } };
  };
  const all = worldFile('pods.json', {});
  const some = worldFile('some-pods.json', { queries: Math.ceil(world.queries / RIVAL_SHARE) });
  const few = worldFile('few-addresses.json', { asked: NEAR_ADDRESSES });
  const one = contestants({ inventory: folder, files: [all] });
  const [subject, near, rival] = ['pod map', 'pod map, 128 addresses asked about', 'Map by address text'] as const;
  const [loads, chain] = ['random loads of 80 MB', 'the same, each says where the next is'] as const;
  return {
    name: 'pods',
    title:
      'who held an address in a window: 200,000 addresses, 5 million intervals, 20 % misses; a record is a look-up',
    contestants: [
      one(subject, 'pod-map', { passes: PODS_PASSES }),
      one(near, 'pod-map', { passes: PODS_PASSES, files: [few] }),
      one(rival, 'string-map', { files: [some] }),
      one(loads, 'memory-loads'),
      one(chain, 'memory-chain'),
    ],
    comparisons: [
      comparison(subject, 'rate-core', rival, 'least', 3),
      comparison(subject, 'peak', rival),
      comparison(near, 'rate-core', subject),
      comparison(loads, 'rate-core', subject),
      comparison(chain, 'rate-core', subject),
    ],
  };
}

function auditCase(folder: string, pods: number): Case {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'audit.log');
  const { heldSeconds, bytes, lines } = writeAuditLog(path, pods);
  const reference = { ...NO_CLAIMS, records: lines, lines, bytes: heldSeconds, textBytes: bytes };
  const one = contestants({ inventory: folder, files: [{ path, reference }] });
  const [subject, rival] = ['flowtrie', 'readline + JSON.parse'] as const;
  return {
    name: 'audit',
    title: `EKS audit log to intervals of pods; a record is an event of ${Math.round(bytes / lines)} bytes`,
    contestants: [one(subject, 'audit-events'), one(rival, 'audit-parse')],
    comparisons: [comparison(subject, 'rate-core', rival, 'least', 1.5)],
  };
}

function firstOf(files: readonly LogFile[]): readonly LogFile[] {
  return files.slice(0, 1);
}
