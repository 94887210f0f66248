import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { generateWorld } from '../../../src/synthetic/cluster.ts';
import { MADE_LIST } from '../../../src/synthetic/earlier-result.ts';
import { writeWorld } from '../../../src/synthetic/inventory-files.ts';
import { type LogSummary, writeLogs } from '../../../src/synthetic/logs.ts';
import { formatFields, type LogOptions, type WorldOptions } from '../../../src/synthetic/options.ts';
import type { World } from '../../../src/synthetic/world.ts';

/** A generated world on disk, read back. */
export interface Sample {
  readonly world: World;
  readonly summary: LogSummary;
  /** Every file of inventory and logs, and truth.csv, by its path. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** Log file names in order, and the data lines of each as records by field name. */
  readonly logs: ReadonlyMap<string, readonly Readonly<Record<string, string>>[]>;
  /** Rows of truth.csv by column. */
  readonly truth: readonly Readonly<Record<string, string>>[];
  readonly documents: readonly { readonly file: string; readonly content: unknown }[];
}

export const SMALL_WORLD: WorldOptions = { seed: 7, nodes: 9, pods: 160, hours: 1 };
const SMALL_LOGS: LogOptions = {
  ...{ records: 20_000, files: 12, fields: formatFields('v2'), gzip: true, drift: 0.002, reject: 0.04, truth: true },
};

export async function sample(
  worldOptions: Partial<WorldOptions> = {},
  logOptions: Partial<LogOptions> = {},
): Promise<Sample> {
  const dir = mkdtempSync(join(tmpdir(), 'flowtrie-synthetic-'));
  try {
    const world = generateWorld({ ...SMALL_WORLD, ...worldOptions });
    await writeWorld(world, dir);
    const summary = await writeLogs(world, dir, { ...SMALL_LOGS, ...logOptions });
    const paths = readdirSync(dir, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && entry.name !== MADE_LIST,
    );
    const files = new Map(
      paths
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
        .map((path) => [path.slice(dir.length + 1), readFileSync(path)]),
    );
    return { world, summary, files, ...readBack(files) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function readBack(files: ReadonlyMap<string, Buffer>): Pick<Sample, 'logs' | 'truth' | 'documents'> {
  const logs = new Map<string, Record<string, string>[]>();
  const documents: { file: string; content: unknown }[] = [];
  let truth: Record<string, string>[] = [];
  for (const [path, bytes] of files) {
    const name = path.slice(path.indexOf('/') + 1);
    if (path.startsWith('logs/')) {
      const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
      logs.set(name, rows(text, ' '));
    } else if (path === 'truth.csv') truth = rows(bytes.toString('latin1'), ',');
    else
      documents.push({
        file: name,
        content: name.endsWith('.json') ? JSON.parse(bytes.toString('utf8')) : bytes.toString('utf8'),
      });
  }
  return { logs, truth, documents };
}

function rows(text: string, separator: string): Record<string, string>[] {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const names = header.split(separator);
  return lines.map((line) => {
    const values = line.split(separator);
    if (values.length !== names.length) throw new Error(`${values.length} values for ${names.length} names: ${line}`);
    return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']));
  });
}

/** Each truth row with the record it is about. */
export function pairs({
  logs,
  truth,
}: Sample): { row: Readonly<Record<string, string>>; record: Readonly<Record<string, string>> }[] {
  return truth.map((row) => {
    const record = logs.get(row.file ?? '')?.[Number(row.line) - 2];
    if (record === undefined) throw new Error(`truth names ${row.file}:${row.line}, which does not exist`);
    return { row, record };
  });
}
