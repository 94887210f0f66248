import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CompiledInventory, compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import type { OracleRecord } from '../oracle/oracle.ts';
import { type EngineRow, logOf, replayText } from '../support/engine-rows.ts';
import { fitsRecord, inventoryFolder, readCases, recordOf } from './case.ts';

const inventories = new Map<string, CompiledInventory>();
const cases = readCases();
const attributionText = readFileSync(new URL('attribution.json', import.meta.url), 'utf8');
const attributionCases = JSON.parse(attributionText) as {
  readonly id: string;
  readonly note: string;
  readonly record: OracleRecord;
  readonly expect: Readonly<Partial<Record<'src' | 'dst', Readonly<Record<string, unknown>>>>>;
}[];

beforeAll(async () => {
  for (const name of new Set([...cases.map((one) => one.inventory), 'eks-fixture']))
    inventories.set(name, compileInventory(await loadInventory(inventoryFolder(name))));
});

async function rowOf(name: string, record: OracleRecord): Promise<EngineRow> {
  const inventory = inventories.get(name);
  if (inventory === undefined) throw new Error(`no inventory ${name}`);
  const { rows } = await replayText(inventory, logOf(Object.keys(record), [record]));
  expect(rows).toHaveLength(1);
  return rows[0] ?? {};
}

describe('the engine agrees with the table of cases', () => {
  it.each(cases.filter(fitsRecord))('$id at $at.eni $at.direction', async (one) => {
    expect(await rowOf(one.inventory, recordOf(one))).toMatchObject(one.expect);
  });
});

describe('the engine agrees with the table of attribution', () => {
  it.each(attributionCases)('$id $note', async (one) => {
    const row = await rowOf('eks-fixture', one.record);
    const columns: Record<string, unknown> = {};
    for (const [side, wanted] of Object.entries(one.expect)) {
      for (const [name, value] of Object.entries(wanted)) {
        if (name === 'eni') continue;
        // the column lists pods only where no single one is named
        columns[`${side}_${name}`] = name === 'candidates' && Array.isArray(value) && value.length === 0 ? null : value;
      }
    }
    expect(row).toMatchObject(columns);
  });
});
