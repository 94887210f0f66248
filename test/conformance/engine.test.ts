import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CompiledInventory, compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import type { OracleRecord } from '../oracle/oracle.ts';
import { logOf, replayText } from '../support/engine-rows.ts';
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

async function rowsOf(name: string, record: OracleRecord): ReturnType<typeof replayText> {
  const inventory = inventories.get(name);
  if (inventory === undefined) throw new Error(`no inventory ${name}`);
  return replayText(inventory, logOf(Object.keys(record), [record]));
}

describe('the engine agrees with the table of cases', () => {
  it.each(cases.filter(fitsRecord))('$id at $at.eni $at.direction', async (one) => {
    const { rows, summary } = await rowsOf(one.inventory, recordOf(one));
    if (one.expect === null) {
      expect(rows).toEqual([]);
      expect(summary.ledger).toMatchObject({ [one.ledger ?? '']: 1, classified: 0 });
      return;
    }
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject(one.expect);
  });
});

describe('the engine agrees with the table of attribution', () => {
  it.each(attributionCases)('$id $note', async (one) => {
    const row = (await rowsOf('eks-fixture', one.record)).rows[0] ?? {};
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
