import { beforeAll, describe, expect, it } from 'vitest';
import { type CompiledInventory, compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import type { OracleRecord } from '../oracle/oracle.ts';
import { logOf, replayText } from '../support/engine-rows.ts';
import { fitsRecord, inventoryFolder, readCases, recordOf } from './case.ts';

const inventories = new Map<string, CompiledInventory>();
const cases = readCases();

beforeAll(async () => {
  for (const name of new Set(cases.map((one) => one.inventory)))
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
