import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type CompiledInventory, compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import type { OracleRecord } from '../oracle/oracle.ts';
import { createOracle } from '../oracle/oracle.ts';
import { type EngineRow, logOf, replayText } from '../support/engine-rows.ts';
import { inventoryFolder, readDocuments } from './case.ts';

/** One file under `attribution/`: what of one question, in one or more variations of the fixture. */
interface AttributionFile {
  readonly id: string;
  readonly citation: string;
  readonly cases: readonly AttributionCase[];
}

/** Columns of a side without its prefix, and of the record itself. */
type Sides = Readonly<Partial<Record<'src' | 'dst' | 'record', Readonly<Record<string, unknown>>>>>;

interface AttributionCase {
  readonly note: string;
  /** Files of the fixture that are not there. */
  readonly without?: readonly string[];
  /** Files that are there besides: text, a document, or a list of events, one a line. */
  readonly files?: Readonly<Record<string, unknown>>;
  /** Environment of the DaemonSet aws-node; absent = none is described. */
  readonly env?: Readonly<Record<string, string>>;
  readonly pair?: boolean;
  readonly records: readonly OracleRecord[];
  /** Of each record; sides and columns that are left out may be anything. */
  readonly expect: readonly Sides[];
}

const here = fileURLToPath(new URL('attribution', import.meta.url));
const all = readdirSync(here)
  .sort()
  .map((name) => JSON.parse(readFileSync(join(here, name), 'utf8')) as AttributionFile);
const cases = all.flatMap(({ id, cases: some }) => some.map((one) => ({ ...one, id })));

const root = mkdtempSync(join(tmpdir(), 'flowtrie-attribution-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const folders = new Map<string, string>();
const inventories = new Map<string, Promise<CompiledInventory>>();

/** The fixture as the case varies it, written once for each variation. */
function folderOf({ without, files, env }: AttributionCase): string {
  const key = JSON.stringify([without, files, env]);
  const known = folders.get(key);
  if (known !== undefined) return known;
  const folder = join(root, String(folders.size));
  folders.set(key, folder);
  cpSync(inventoryFolder('eks-fixture'), folder, { recursive: true });
  for (const name of without ?? []) rmSync(join(folder, name));
  for (const [name, content] of Object.entries(files ?? {})) writeFileSync(join(folder, name), textOf(content));
  if (env !== undefined) {
    const list = Object.entries(env).map(([name, value]) => ({ name, value }));
    const spec = { template: { spec: { containers: [{ name: 'aws-node', env: list }] } } };
    const metadata = { name: 'aws-node', namespace: 'kube-system', uid: 'd1' };
    writeFileSync(join(folder, 'daemonsets.json'), JSON.stringify({ kind: 'DaemonSet', metadata, spec }));
  }
  return folder;
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? content.map((each) => `${JSON.stringify(each)}\n`).join('') : JSON.stringify(content);
}

function inventoryOf(folder: string): Promise<CompiledInventory> {
  const known = inventories.get(folder) ?? loadInventory(folder).then(compileInventory);
  inventories.set(folder, known);
  return known;
}

/** The columns of a row that a case speaks of; the list of candidates stands only where no single pod is named. */
function columnsOf(sides: Sides): EngineRow {
  const columns: Record<string, EngineRow[string]> = {};
  for (const [side, wanted] of Object.entries(sides)) {
    for (const [name, value] of Object.entries(wanted)) {
      if (name === 'eni') continue;
      const column = side === 'record' ? name : `${side}_${name}`;
      columns[column] = Array.isArray(value) && value.length === 0 ? null : (value as EngineRow[string]);
    }
  }
  return columns;
}

describe('the engine agrees with the table of attribution', () => {
  it.each(cases)('$id $note', async (one) => {
    const inventory = await inventoryOf(folderOf(one));
    const [first = {}] = one.records;
    const { rows } = await replayText(inventory, logOf(Object.keys(first), one.records), { pair: one.pair ?? false });
    expect(rows).toHaveLength(one.expect.length);
    for (const [i, sides] of one.expect.entries()) expect(rows[i]).toMatchObject(columnsOf(sides));
  });
});

describe('the naive attribution agrees with the table of attribution', () => {
  // it knows neither histories but the CSV nor pairs of records; both have naive readings of their own
  const simple = cases.filter((one) => one.files === undefined && one.pair !== true);
  it.each(simple)('$id $note', (one) => {
    const folder = folderOf(one);
    const csv = readdirSync(folder).includes('pods.csv')
      ? [{ file: 'pods.csv', content: readFileSync(join(folder, 'pods.csv'), 'utf8') }]
      : [];
    const oracle = createOracle([...readDocuments(folder), ...csv]);
    for (const [i, sides] of one.expect.entries()) expect(oracle.attribute(one.records[i] ?? {})).toMatchObject(sides);
  });
});

it('every case of the table has a file or a reason', () => {
  const reasons = JSON.parse(readFileSync(new URL('not-modelled.json', import.meta.url), 'utf8')) as { id: string }[];
  const known = new Set([...all, ...reasons].map(({ id }) => id));
  const table = Array.from({ length: 40 }, (_, i) => `A${String(i + 1).padStart(2, '0')}`);
  expect(table.filter((id) => !known.has(id))).toEqual([]);
});
