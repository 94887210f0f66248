import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Int64,
  type RecordBatch,
  RecordBatchReader,
  Table,
  TimestampMicrosecond,
  tableFromArrays,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BatchClassifier,
  type CompiledInventory,
  compileInventory,
  formatFields,
  generate,
  ledgerSum,
  loadInventory,
  replay,
  type Summary,
} from '../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-batches-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Row = Readonly<Record<string, unknown>>;
let inventory: CompiledInventory;
let wanted: readonly Row[];
let summary: Summary;

beforeAll(async () => {
  const logs = { records: 3000, files: 2, fields: formatFields('v5'), gzip: false, drift: 0.01, reject: 0.05 };
  const made = await generate(folder, { seed: 5, nodes: 5, pods: 60, hours: 0.5 }, { ...logs, truth: false });
  expect(made).toMatchObject({ lines: 3000, files: 2, nodes: 5 });
  inventory = compileInventory(await loadInventory(at('inventory')));
  const options = { inputs: [at('logs')], inventory, threads: 0, logFormat: null, quarantine: null, pair: false };
  await replay({ ...options, out: { path: at('rows.arrows'), format: 'arrows' } });
  summary = (await replay({ ...options, out: { path: at('rows.ndjson'), format: 'ndjson' } })).summary;
  const lines = readFileSync(at('rows.ndjson'), 'utf8').split('\n').slice(0, -1);
  wanted = lines.map((line) => JSON.parse(line) as Row);
}, 60_000);

/** As NDJSON has them. */
function rowsOf(batches: readonly RecordBatch[]): Row[] {
  const plain = (value: unknown): unknown =>
    typeof value === 'bigint'
      ? Number(value)
      : typeof value === 'object' && value !== null
        ? [...(value as [])]
        : value;
  return batches.flatMap((batch) =>
    Array.from({ length: batch.numRows }, (_, row) =>
      Object.fromEntries(batch.schema.names.map((name) => [name, plain(batch.getChild(name)?.get(row))])),
    ),
  );
}

async function classified(batches: readonly RecordBatch[]): Promise<{ rows: Row[]; classifier: BatchClassifier }> {
  const [first] = batches;
  if (first === undefined) throw new Error('no batch');
  const classifier = new BatchClassifier(inventory, first.schema);
  // not awaited one by one: they are taken in order all the same
  const found = await Promise.all(batches.map((batch) => classifier.classify(batch)));
  return { rows: rowsOf(found.flat()), classifier };
}

/** The input's fields of the rows, in batches of a few. */
function inputBatches(columnsOf: (names: readonly string[], rows: readonly Row[]) => Table): RecordBatch[] {
  const names = Object.keys(wanted[0] ?? {});
  const fields = names.slice(0, names.indexOf('direction'));
  const batches: RecordBatch[] = [];
  for (let from = 0; from < wanted.length; from += 700)
    batches.push(...columnsOf(fields, wanted.slice(from, from + 700)).batches);
  return batches;
}

describe('BatchClassifier', () => {
  it('gives what replay writes: rows of text', async () => {
    const batches = inputBatches((names, rows) => {
      const text = (value: unknown): string | null => (value === null ? null : String(value));
      const columns = names.map((name) => [
        name.replaceAll('_', '-'),
        vectorFromArray(
          rows.map((row) => text(row[name])),
          new Utf8(),
        ),
      ]);
      return new Table(Object.fromEntries(columns));
    });
    expect(batches.length).toBeGreaterThan(3);
    const { rows, classifier } = await classified(batches);
    expect(rows).toEqual(wanted);
    const found = classifier.summary();
    expect(found.drift).toEqual(summary.drift);
    expect(found.rules).toEqual(summary.rules);
    expect(found.top).toEqual(summary.top);
    expect(ledgerSum(found.ledger)).toBe(wanted.length);
    expect(classifier.schema.names).toEqual(Object.keys(wanted[0] ?? {}));
  });

  it('gives what replay writes: numbers, dictionaries, timestamps', async () => {
    const batches = inputBatches((names, rows) => {
      const vectorOf = (name: string) => {
        const values = rows.map((row) => row[name] ?? null);
        if (name === 'start' || name === 'end')
          return vectorFromArray(
            values.map((s) => Number(s) * 1000 + 999),
            new TimestampMicrosecond(),
          );
        if (name === 'bytes')
          return vectorFromArray(
            values.map((n) => BigInt(Number(n))),
            new Int64(),
          );
        // texts become dictionaries, numbers Float64
        return vectorFromArray(values as (string | null)[]);
      };
      return new Table(Object.fromEntries(names.map((name) => [name, vectorOf(name)])));
    });
    expect((await classified(batches)).rows).toEqual(wanted);
  });

  it('gives what replay writes: its own rows, over IPC and in slices', async () => {
    const own = [...RecordBatchReader.from(readFileSync(at('rows.arrows')))];
    const slices = own.flatMap((batch) => [batch.slice(0, 1), batch.slice(1, 1000), batch.slice(1000)]);
    const { rows, classifier } = await classified(slices);
    expect(rows).toEqual(wanted);
    expect(classifier.schema.names).toEqual(own[0]?.schema.names);
  });

  it('gives batches that other readers take', async () => {
    const own = [...RecordBatchReader.from(readFileSync(at('rows.arrows')))];
    const [first] = own;
    if (first === undefined) throw new Error('no batch');
    const found = await new BatchClassifier(inventory, first.schema).classify(first);
    const again = [...RecordBatchReader.from(tableToIPC(new Table(found), 'stream'))];
    expect(rowsOf(again)).toEqual(wanted.slice(0, first.numRows));
  });

  it('counts what is no record, and keeps unknown fields', async () => {
    const table = tableFromArrays({
      srcPort: [443, 70_000, 443, -1, 443.5],
      interface_id: ['eni-1', 'eni-1', 'eni-1', 'eni-1', 'eni-1'],
      'log-status': ['OK', 'OK', 'NODATA', 'OK', 'OK'],
      note: ['ü, "x"', 'b', 'c', 'd', 'e'],
    });
    const { rows, classifier } = await classified(table.batches);
    expect(rows.map(({ srcport, note, predicted }) => [srcport, note, predicted])).toEqual([
      [443, 'ü, "x"', 'unknown'],
    ]);
    expect(classifier.summary().ledger).toMatchObject({ lines: 5, classified: 1, nodata: 1, malformed: { port: 3 } });
  });
});
