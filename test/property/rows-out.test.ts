import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tableFromIPC } from 'apache-arrow';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, expect, it } from 'vitest';
import { replay } from '../../src/engine/replay.ts';
import { compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { FIELDS } from '../../src/model/flow.ts';
import type { OutputFormat } from '../../src/sink/part.ts';
import { Dice } from '../support/dice.ts';

const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
const inventory = await loadInventory(INVENTORY).then(compileInventory);
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-rows-out-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Logs of random formats: known, unknown and carried fields, one row to many, odd bytes, nulls. */
const WORLDS = 12;

const ALWAYS = ['srcaddr', 'dstaddr', 'start', 'bytes'];
const KNOWN = FIELDS.map(({ name }) => name).filter(
  (name) => !ALWAYS.includes(name) && name !== 'interface-id' && !name.startsWith('tgw'),
);
const NUMBERS = { u8: 256, u16: 65_536, u64: 2 ** 40, seconds: 40_000 } as const;

/** Bytes without blanks: some are no UTF-8, and some of those become the same text. */
const ODD = [
  [0xff],
  [0xfe],
  [0xc3],
  [0xe2, 0x82],
  [0xf0, 0x9f, 0xa5, 0x90],
  [0xc3, 0xa9],
  [120, 0xef, 0xbb, 0xbf],
  [1],
  [34],
];

function oddValue(dice: Dice, isPlain: boolean): Buffer {
  const text = Buffer.from(dice.text('subnet-0a1b2c', 1 + dice.below(40)));
  if (isPlain) return text;
  if (dice.below(300) === 0) return Buffer.alloc(20_000 + dice.below(9), text);
  return Buffer.concat([
    text.subarray(0, dice.below(3)),
    ...Array.from({ length: 1 + dice.below(3) }, () => Buffer.from(dice.pick(ODD))),
  ]);
}

/** Makes values of a field: of few or of many, mostly there or mostly not, or never. */
function valuesOf(dice: Dice, name: string): () => Buffer {
  const field = FIELDS.find((one) => one.name === name);
  const type = field?.type ?? 'text';
  const isPlain = dice.below(2) === 0;
  const one = (): string | Buffer => {
    if (type === 'address')
      return dice.below(5) > 0 ? `10.0.${dice.below(4)}.${dice.below(256)}` : `2001:db8::${dice.below(9)}`;
    if (type === 'interface') return `eni-${dice.below(5000)}`;
    if (type === 'action') return dice.pick(['ACCEPT', 'REJECT']);
    if (type === 'status') return 'OK';
    if (type === 'direction') return dice.pick(['ingress', 'egress']);
    if (type === 'text') return oddValue(dice, isPlain);
    if (type === 'u64' && dice.below(9) === 0) return '18446744073709551615';
    return String(type === 'seconds' ? 1_700_000_000 + dice.below(NUMBERS.seconds) : dice.below(NUMBERS[type]));
  };
  const pool = Array.from({ length: dice.pick([1, 2, 40, 3000]) }, () => Buffer.from(one()));
  const missing = type === 'status' ? 0 : dice.pick([0, 0, 1, 9, 10]);
  return () => (dice.below(10) < missing ? Buffer.from('-') : dice.pick(pool));
}

/** A file of `rows` lines behind their header. */
function writeLog(dice: Dice, path: string, names: readonly string[], rows: number): string {
  const makers = names.map((name) => valuesOf(dice, name));
  const lines: Buffer[] = [Buffer.from(`${names.join(' ')}\n`)];
  for (let row = 0; row < rows; row++) {
    for (const [i, make] of makers.entries()) lines.push(make(), Buffer.from(i + 1 < makers.length ? ' ' : '\n'));
  }
  writeFileSync(path, Buffer.concat(lines));
  return path;
}

/** Rows as flowtrie writes them as NDJSON. */
function lineOf(names: readonly string[], cellOf: (name: string) => unknown): string {
  const cell = (name: string, value: unknown): string => {
    if (typeof value === 'bigint') return String(name === 'start' ? value : BigInt.asUintN(64, value));
    if (value === null || value === undefined || typeof value === 'number') return String(value ?? null);
    if (typeof value === 'string') return name === 'extra' ? value : JSON.stringify(value);
    return JSON.stringify(Array.from(value as Iterable<unknown>));
  };
  return `{${names.map((name) => `${JSON.stringify(name)}:${cell(name, cellOf(name))}`).join(',')}}`;
}

function arrowLines(path: string): string[] {
  const table = tableFromIPC(readFileSync(path));
  const names = table.schema.names.map(String);
  const columns = new Map(names.map((name) => [name, table.getChild(name)]));
  return Array.from({ length: table.numRows }, (_, row) => lineOf(names, (name) => columns.get(name)?.get(row)));
}

async function parquetLines(path: string): Promise<string[]> {
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
  return rows.map((row) => lineOf(Object.keys(row), (name) => row[name]));
}

const ndjsonLines = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

/** Compares the rows of all formats; returns how many there are. */
async function compare(inputs: readonly string[]): Promise<number> {
  const written = async (name: string, format: OutputFormat): Promise<string> => {
    const path = join(folder, name);
    const out = { path, format, columns: null };
    const { failures } = await replay({ inputs, inventory, threads: 0, logFormat: null, out, quarantine: null });
    expect(failures).toEqual([]);
    return path;
  };
  const expected = ndjsonLines(await written('rows.ndjson', 'ndjson'));
  for (const format of ['arrow', 'arrows'] as const) {
    expect(firstDifference(arrowLines(await written(`rows.${format}`, format)), expected)).toBeNull();
  }
  expect(firstDifference(await parquetLines(await written('rows.parquet', 'parquet')), expected)).toBeNull();
  const hours = await written('hours/', 'parquet');
  const files = readdirSync(hours, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.parquet'));
  const found = (await Promise.all(files.map((name) => parquetLines(join(hours, name))))).flat();
  expect(firstDifference(found.sort(), [...expected].sort())).toBeNull();
  return expected.length;
}

/** The first line that differs; null = none. */
function firstDifference(found: readonly string[], expected: readonly string[]): unknown {
  const at = Array.from({ length: Math.max(found.length, expected.length) }, (_, i) => i).find(
    (i) => found[i] !== expected[i],
  );
  return at === undefined ? null : differing(at, found[at], expected[at]);
}

it('rows read back from Arrow and Parquet are those of NDJSON', async () => {
  for (let seed = 1; seed <= WORLDS; seed++) {
    const dice = new Dice(seed);
    const known = dice.shuffle(KNOWN).slice(0, dice.below(KNOWN.length));
    const unknown = Array.from({ length: dice.pick([0, 2, 70]) }, (_, i) => `made-up-${i}`);
    // the last one has many batches, and row groups of a task's own
    const sizes = seed === WORLDS ? [20_000] : [1, 2, 7, 17, 300];
    const files = Array.from({ length: 1 + dice.below(4) }, () => dice.pick(sizes));
    const inputs = files.map((rows, i) => {
      const later = i > 0 && dice.below(3) === 0 ? ['later'] : [];
      return writeLog(
        dice,
        join(folder, `log-${i}`),
        ['interface-id', ...dice.shuffle([...ALWAYS, ...known, ...unknown, ...later])],
        rows,
      );
    });
    const rows = await compare(inputs);
    expect(rows, `seed ${seed}`).toBe(files.reduce((sum, rows) => sum + rows, 0));
  }
}, 120_000);

/** The cells of a row that differ. */
function differing(at: number, found = '{}', expected = '{}'): unknown {
  const [a, b] = [found, expected].map((line) => JSON.parse(line) as Record<string, unknown>);
  const names = Object.keys({ ...a, ...b }).filter((name) => JSON.stringify(a?.[name]) !== JSON.stringify(b?.[name]));
  return { at, cells: names.map((name) => [name, a?.[name], b?.[name]]) };
}
