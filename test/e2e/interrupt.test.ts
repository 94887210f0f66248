import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ReplayResult, replay } from '../../src/engine/replay.ts';
import { type CompiledInventory, compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import type { Summary } from '../../src/model/summary.ts';
import type { OutputFormat } from '../../src/sink/part.ts';
import { startCli } from '../support/cli.ts';
import { duckRows } from '../support/duckdb.ts';

const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
const LINE = '2 123456789012 eni-0a 10.0.0.1 10.0.0.2 49152 443 6 10 840 1700000000 1700000060 ACCEPT OK\n';
const FILES = 500;
/** Records after which a run is interrupted: each file has one. */
const RECORDS = 100;
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-interrupt-'));
const logs = join(folder, 'logs');
let inventory: CompiledInventory;

beforeAll(async () => {
  mkdirSync(logs);
  for (let i = 0; i < FILES; i++) writeFileSync(join(logs, `${i}.log`), `${LINE}no record\n`);
  inventory = compileInventory(await loadInventory(INVENTORY));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A run that is interrupted while it goes through its files. */
async function interrupted(path: string, format: OutputFormat): Promise<ReplayResult> {
  const abort = new AbortController();
  const quarantine = join(folder, 'quarantine');
  const options = { inputs: [logs], inventory, threads: 0, logFormat: null, pair: false, out: { path, format } };
  const onStart = () => (_bytes: number, records: number) => {
    if (records >= RECORDS) abort.abort();
  };
  return replay({ ...options, quarantine, signal: abort.signal, onStart });
}

async function rowsOf(path: string, format: OutputFormat): Promise<number> {
  if (format === 'ndjson' || format === 'ocsf') return readFileSync(path, 'utf8').split('\n').length - 1;
  if (format === 'csv') return readFileSync(path, 'utf8').split('\n').length - 2;
  if (format !== 'parquet') return tableFromIPC(readFileSync(path)).numRows;
  const files = statSync(path).isDirectory() ? `${path}/**/*.parquet` : path;
  const [row] = await duckRows(`SELECT count(*)::INT AS n FROM read_parquet('${files}')`);
  return Number(row?.n);
}

describe('an interrupted run', () => {
  it.each<readonly [name: string, format: OutputFormat]>([
    ['rows.ndjson', 'ndjson'],
    ['rows.csv', 'csv'],
    ['rows.ocsf', 'ocsf'],
    ['rows.arrow', 'arrow'],
    ['rows.arrows', 'arrows'],
    ['rows.parquet', 'parquet'],
    ['rows/', 'parquet'],
  ])('leaves %s of an earlier run, and what it has so far beside it', async (name, format) => {
    const path = join(folder, name);
    const earlier = name.endsWith('/') ? join(path, 'dt=2023-11-14', 'hour=22', 'part-00000.parquet') : path;
    mkdirSync(join(earlier, '..'), { recursive: true });
    writeFileSync(earlier, 'whole');
    writeFileSync(join(folder, 'quarantine'), 'whole');
    const { kept, summary, complete } = await interrupted(path, format);
    const { classified, malformed } = summary.ledger;
    expect(classified).toBeGreaterThan(0);
    expect(classified).toBeLessThan(FILES);
    expect(complete).toBe(true);
    expect(readFileSync(earlier, 'utf8')).toBe('whole');
    expect(readFileSync(join(folder, 'quarantine'), 'utf8')).toBe('whole');
    const [rows = '', lines = ''] = kept;
    expect(rows.slice(path.replace(/\/$/, '').length)).toMatch(/^\.[0-9a-f]{12}\.partial$/);
    expect(await rowsOf(rows, format)).toBe(classified);
    expect(await rowsOf(lines, 'ndjson')).toBe(Object.values(malformed).reduce((sum, count) => sum + count, 0));
    for (const place of [path.replace(/\/$/, ''), rows, lines]) rmSync(place, { recursive: true });
    expect(readdirSync(folder).sort()).toEqual(['logs', 'quarantine']);
  });

  it('leaves nothing where there is nothing yet', async () => {
    const options = { inputs: [logs], inventory, threads: 0, logFormat: null, quarantine: join(folder, 'quarantine') };
    const out = { path: join(folder, 'rows.csv'), format: 'csv' as const };
    const { kept } = await replay({ ...options, out, signal: AbortSignal.abort() });
    expect(kept).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual(['logs', 'quarantine']);
  });
});

describe('standard input that has become silent', () => {
  /** More than a pipe holds: once all is written, most is read. */
  const LINES = 10_000;
  const PIPE_BYTES = 64 * 1024;
  const signals = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const;
  const runs = signals.flatMap(([signal, code]) =>
    ['--pair', '--no-pair'].map((pair) => [signal, code, pair] as const),
  );

  it.each(runs)('%s ends the run at once, code %i, with what was read (%s)', async (signal, code, pair) => {
    const out = join(folder, 'rows.ndjson');
    const args = ['replay', '-', '--inventory', INVENTORY, '--threads', '0', '--json', '-q', '--out', out, pair];
    const child = startCli(args, { open: true });
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (data: Buffer) => {
      stdout += data.toString();
    });
    child.stderr?.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    await new Promise<void>((resolve) => child.stdin?.write(`${LINE.repeat(LINES)}2 1234`, () => resolve()));
    const sentAt = performance.now();
    child.kill(signal);
    expect(await ended).toBe(code);
    expect(performance.now() - sentAt).toBeLessThan(5000);
    const { ledger } = JSON.parse(stdout) as Summary;
    expect(ledger.lines).toBeGreaterThan(LINES - PIPE_BYTES / LINE.length - 2);
    // the line that was cut is no line
    expect(ledger.classified).toBe(ledger.lines);
    const [, kept = ''] = /^flowtrie: not all was read: what was written so far is (.*)\n$/.exec(stderr) ?? [];
    expect(await rowsOf(kept, 'ndjson')).toBe(ledger.classified);
    rmSync(kept);
    expect(readdirSync(folder).sort()).toEqual(['logs', 'quarantine']);
  });
});
