import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decompress } from '@foxglove/wasm-zstd';
import { CompressionType, compressionRegistry, tableFromIPC } from 'apache-arrow';
import { decompressFrameSync } from 'lz4-napi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/model/summary.ts';
import { runCli } from '../support/cli.ts';
import { duckRows } from '../support/duckdb.ts';
import { describePyarrow, runPython } from '../support/pyarrow.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-readers-'));
const inventory = join(folder, 'lab', 'inventory');
const at = (name: string): string => join(folder, name);
let summary: Summary;

/** Replays the logs into `out` and returns the summary. */
async function replayTo(out: string, logs = at('lab/logs'), ...flags: readonly string[]): Promise<Summary> {
  const args = ['replay', logs, '--inventory', inventory, '--threads', '0', '--json', '-q', '--out', out, ...flags];
  const { code, stdout, stderr } = await runCli(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Summary;
}

beforeAll(async () => {
  const sizes = ['--pods', '30', '--records', '3000', '--files', '3', '--seed', '11', '--hours', '3', '--format', 'v5'];
  const made = await runCli(['generate', '--out', at('lab'), ...sizes, '--drift', '0.01']);
  expect(made.code).toBe(0);
  for (const name of ['rows.ndjson', 'rows.csv', 'rows.arrow', 'rows.arrows', 'rows.parquet', 'parts/', 'rows.ocsf'])
    summary = await replayTo(at(name));
  for (const codec of ['lz4', 'zstd'])
    for (const suffix of ['arrow', 'arrows'])
      await replayTo(at(`${codec}.${suffix}`), at('lab/logs'), '--compression', codec);
  for (const name of ['empty.arrow', 'empty.arrows', 'empty.parquet'])
    await replayTo(at(name), at('lab/logs'), '--until', '1990-01-01T00:00:00Z');
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Row = Readonly<Record<string, unknown>>;

const ndjson = (): Row[] =>
  readFileSync(at('rows.ndjson'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Row);

/** Numbers as text: 32- and 64-bit integers come in different types from different readers. */
function plain(rows: readonly Row[]): string[] {
  const text = (value: unknown): unknown =>
    typeof value === 'bigint' || typeof value === 'number' ? `${value}` : value;
  return rows.map((row) => JSON.stringify(row, (_, value: unknown) => text(value) ?? null));
}

describe('what other tools read', () => {
  it('DuckDB: a SELECT over the Parquet file is the summary', async () => {
    const groups = await duckRows(`SELECT action, predicted, drift, drift_cause, path, count(*)::INTEGER AS records,
      sum(bytes)::DOUBLE AS bytes FROM '${at('rows.parquet')}' GROUP BY ALL`);
    const sum = (key: string, value: unknown, what: 'records' | 'bytes' = 'records'): number =>
      groups.filter((group) => group[key] === value).reduce((total, group) => total + Number(group[what]), 0);
    const { causes, ...drift } = summary.drift;
    for (const [word, records] of Object.entries(summary.predicted)) expect(sum('predicted', word), word).toBe(records);
    for (const [word, records] of Object.entries(drift)) expect(sum('drift', word), word).toBe(records);
    for (const [word, records] of Object.entries(causes)) expect(sum('drift_cause', word), word).toBe(records);
    for (const { path, records, bytes } of summary.top.paths)
      expect([sum('path', path), sum('path', path, 'bytes')], path).toEqual([records, bytes]);
    expect(drift['unexpected-accept']).toBeGreaterThan(0);
    expect(groups.reduce((total, { records }) => total + Number(records), 0)).toBe(summary.ledger.classified);
  });

  it('DuckDB: rules decided in the Parquet file as often as in the summary', async () => {
    const found =
      await duckRows(`SELECT rule, count(*)::INTEGER AS records FROM (SELECT unnest([sg_rule, nacl_rule]) AS rule
      FROM '${at('rows.parquet')}') WHERE rule IS NOT NULL AND rule <> 'implicit-deny' GROUP BY rule`);
    const decided = summary.rules.filter((rule) => rule.layer !== 'route' && rule.decided > 0);
    expect(new Map(found.map(({ rule, records }) => [rule, records]))).toEqual(
      new Map(decided.map((rule) => [rule.id, rule.decided])),
    );
  });

  it('DuckDB: Parquet, the folder, CSV and NDJSON have the same rows', async () => {
    const types = await duckRows(
      `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '${at('rows.parquet')}')`,
    );
    const columns = `{${types.map((t) => `'${t.column_name}': '${t.column_type}'`).join(', ')}}`;
    const flat = columns.replaceAll("'VARCHAR[]'", "'VARCHAR'");
    const lists = ['src_candidates', 'dst_candidates']
      .map((name) => `string_split(${name}, ';') AS ${name}`)
      .join(', ');
    const sources = [
      `SELECT * EXCLUDE (dt, hour) FROM read_parquet('${at('parts')}/**/*.parquet', hive_partitioning = true)`,
      `SELECT * REPLACE (${lists}) FROM read_csv('${at('rows.csv')}', columns = ${flat}, header = true)`,
      `SELECT * FROM read_json('${at('rows.ndjson')}', columns = ${columns}, format = 'newline_delimited')`,
    ];
    for (const source of sources) {
      const [difference] = await duckRows(`WITH a AS (SELECT * FROM '${at('rows.parquet')}'), b AS (${source})
        SELECT (SELECT count(*) FROM b)::INTEGER AS rows,
          (SELECT count(*) FROM (FROM a EXCEPT ALL FROM b))::INTEGER AS missing,
          (SELECT count(*) FROM (FROM b EXCEPT ALL FROM a))::INTEGER AS added`);
      expect(difference, source).toEqual({ rows: summary.ledger.classified, missing: 0, added: 0 });
    }
  });

  // apache-arrow has no codecs of its own
  compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: (bytes) => decompressFrameSync(Buffer.from(bytes)) });
  compressionRegistry.set(CompressionType.ZSTD, { decode: (bytes) => new Uint8Array(decompress(bytes, 1 << 20)) });
  const arrows = ['rows', 'lz4', 'zstd'].flatMap((name) => [`${name}.arrow`, `${name}.arrows`]);

  it('compressed Arrow is shorter', () => {
    const length = (name: string): number => readFileSync(at(name)).length;
    for (const suffix of ['arrow', 'arrows'])
      for (const codec of ['lz4', 'zstd'])
        expect(length(`${codec}.${suffix}`) * 2).toBeLessThan(length(`rows.${suffix}`));
  });

  it.each(arrows)('apache-arrow: %s has the rows of NDJSON', (name) => {
    const table = tableFromIPC(readFileSync(at(name)));
    const names = table.schema.names.map(String);
    const lists = (value: unknown): unknown =>
      typeof value === 'object' && value !== null ? Array.from(value as Iterable<unknown>) : value;
    const rows = Array.from({ length: table.numRows }, (_, row) =>
      Object.fromEntries(names.map((column) => [column, lists(table.getChild(column)?.get(row))])),
    );
    expect(plain(rows)).toEqual(plain(ndjson()));
  });

  it('the folder has one file an hour', async () => {
    const hours = new Set(ndjson().map((row) => Math.floor(Number(row.start) / 3600)));
    const [found] =
      await duckRows(`SELECT count(DISTINCT filename)::INTEGER AS files, count(DISTINCT (dt, hour))::INTEGER AS hours
      FROM read_parquet('${at('parts')}/**/*.parquet', hive_partitioning = true, filename = true)`);
    expect(found).toEqual({ files: hours.size, hours: hours.size });
    expect(hours.size).toBeGreaterThan(2);
  });

  it('OCSF events, read again, get the same verdicts', async () => {
    await replayTo(at('again.ndjson'), at('rows.ocsf'));
    const again = readFileSync(at('again.ndjson'), 'utf8').split('\n').slice(0, -1);
    const rows = again.map((line) => JSON.parse(line) as Row);
    const names = Object.keys(ndjson()[0] ?? {}).filter((name) => name in (rows[0] ?? {}));
    const only = (row: Row): Row => Object.fromEntries(names.map((name) => [name, row[name]]));
    expect(names.length).toBeGreaterThan(60);
    expect(plain(rows.map(only))).toEqual(plain(ndjson().map(only)));
  });
});

describe('round trips', () => {
  it.each(['rows.parquet', 'parts', 'rows.csv', 'rows.ndjson'])('%s → replay: the same bytes', async (name) => {
    const again = await replayTo(at('again.ndjson'), at(name));
    expect(again.ledger.classified).toBe(summary.ledger.classified);
    const [rows, wanted] = [at('again.ndjson'), at('rows.ndjson')].map((path) =>
      readFileSync(path, 'utf8').split('\n').toSorted(),
    );
    // the folder is in order of hours
    expect(rows).toEqual(wanted);
    if (name !== 'parts') expect(readFileSync(at('again.ndjson')).equals(readFileSync(at('rows.ndjson')))).toBe(true);
  });

  it.each(['ndjson', 'csv', 'parquet'])('extra, by way of %s, comes back', async (suffix) => {
    const line = '2 123456789012 eni-1 10.0.0.1 10.0.0.2 49152 443 6 1 40 1700000000 1700000060 ACCEPT OK';
    const header = 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end';
    const later = `${header} action log-status later path packets-lost-blackhole`;
    writeFileSync(at('later.log'), `${line}\n${later}\n${line} "x" p 18446744073709551615\n${line} - - -\n`);
    const extras = async (logs: string): Promise<string[]> => {
      await replayTo(at('extras.ndjson'), logs);
      return readFileSync(at('extras.ndjson'), 'utf8').match(/"extra":.*/g) ?? [];
    };
    const wanted = await extras(at('later.log'));
    expect(wanted).toEqual([
      '"extra":null}',
      '"extra":{"later":"\\"x\\"","path":"p","packets_lost_blackhole":18446744073709551615}}',
      '"extra":null}',
    ]);
    await replayTo(at(`later.${suffix}`), at('later.log'));
    expect(await extras(at(`later.${suffix}`))).toEqual(wanted);
  });

  it('text → Parquet → text → replay: the same verdicts', async () => {
    const fields = ndjson()[0] ?? {};
    const raw = Object.keys(fields).slice(0, Object.keys(fields).indexOf('direction'));
    const shown = raw.map((name) => `coalesce("${name}"::VARCHAR, '-') AS "${name.replaceAll('_', '-')}"`).join(', ');
    await duckRows(`COPY (SELECT ${shown} FROM '${at('rows.parquet')}') TO '${at('again.log')}'
      (FORMAT csv, DELIMITER ' ', HEADER true, QUOTE '')`);
    await replayTo(at('again.ndjson'), at('again.log'));
    expect(readFileSync(at('again.ndjson')).equals(readFileSync(at('rows.ndjson')))).toBe(true);
  });
});

const PROGRAM = `
import json, sys
import pyarrow as pa, pyarrow.ipc as ipc, pyarrow.parquet as pq
folder = sys.argv[1]
wanted = [json.loads(line) for line in open(folder + '/rows.ndjson')]
for row in wanted:
    row['extra'] = None if row['extra'] is None else json.dumps(row['extra'], separators=(',', ':'))
tables = {
    'rows.arrow': ipc.open_file(folder + '/rows.arrow').read_all(),
    'rows.arrows': ipc.open_stream(folder + '/rows.arrows').read_all(),
    **{codec + '.arrow': ipc.open_file(folder + '/' + codec + '.arrow').read_all() for codec in ('lz4', 'zstd')},
    **{codec + '.arrows': ipc.open_stream(folder + '/' + codec + '.arrows').read_all() for codec in ('lz4', 'zstd')},
    'rows.parquet': pq.read_table(folder + '/rows.parquet'),
}
for name, table in tables.items():
    table.validate(full=True)
    rows = table.to_pylist()
    assert len(rows) == len(wanted), (name, len(rows), len(wanted))
    for got, want in zip(rows, wanted):
        assert got == want, (name, got, want)
whole = pq.read_table(folder + '/parts', partitioning='hive')
assert whole.num_rows == len(wanted), whole.num_rows
print(len(wanted))
`;

describe('--compression', () => {
  const replayed = (flags: readonly string[], env: Record<string, string> = {}) =>
    runCli(['replay', at('lab/logs'), '--inventory', inventory, '-q', ...flags], { env });

  it.each([
    [['--out', 'x.arrow', '--compression', 'xz'], "--compression: expected none, lz4, zstd, got 'xz'"],
    [['--out', 'x.parquet', '--compression', 'zstd'], 'pages of Parquet are always ZSTD'],
    [['--out', '-', '--compression', 'lz4'], 'ndjson is not compressed'],
    [['--compression', 'lz4'], '--compression: expected --out beside it'],
  ])('%j is refused', async (flags, message) => {
    const { code, stderr } = await replayed(flags);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it.each(['arrow', 'arrows'])(
    'lz4 without its package: %s says what to install and leaves nothing',
    async (suffix) => {
      const preload = at('no-lz4.cjs');
      writeFileSync(
        preload,
        `const Module = require('node:module'); const resolve = Module._resolveFilename;
      Module._resolveFilename = function (name, ...rest) {
        if (name === 'lz4-napi') throw Object.assign(new Error('none'), { code: 'MODULE_NOT_FOUND' });
        return resolve.call(this, name, ...rest);
      };`,
      );
      const out = at(`none.${suffix}`);
      const { code, stderr } = await replayed(['--out', out, '--compression', 'lz4'], {
        NODE_OPTIONS: `--require=${preload}`,
      });
      expect(code).toBe(3);
      expect(stderr).toContain('npm install lz4-napi');
      expect(() => readFileSync(out)).toThrow('ENOENT');
    },
  );
});

describePyarrow('pyarrow', () => {
  it('reads Arrow file, Arrow stream, Parquet and the folder back equal to NDJSON', () => {
    expect(runPython(PROGRAM, [folder]).trim()).toBe(String(summary.ledger.classified));
  });

  it('reads outputs without a row: their columns are those of outputs with rows', () => {
    const program = `
import sys, pyarrow.ipc as ipc, pyarrow.parquet as pq
at = sys.argv[1] + '/'
for read, name in ((lambda path: ipc.open_file(path).read_all(), '.arrow'),
                   (lambda path: ipc.open_stream(path).read_all(), '.arrows'), (pq.read_table, '.parquet')):
    empty = read(at + 'empty' + name)
    empty.validate(full=True)
    assert empty.num_rows == 0 and empty.schema == read(at + 'rows' + name).schema, name
`;
    expect(runPython(program, [folder])).toBe('');
  });
});
