import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileInventory } from '../../src/engine/versions.ts';
import { inventoryFromDocuments } from '../../src/inventory/load.ts';
import { createOracle, type OracleRecord } from '../oracle/oracle.ts';
import { Dice } from '../support/dice.ts';
import { logOf, replayText, sideColumns } from '../support/engine-rows.ts';
import { randomFields, randomRecord } from '../support/random-records.ts';
import { PARTS, type Part, randomWorld } from '../support/random-world.ts';
import { sourceOf } from '../support/source-document.ts';

const SEED = Number(process.env.FLOWTRIE_SEED ?? 20_260_301);
/** FLOWTRIE_ORACLE_WORLDS=5000 is a nightly size. */
const WORLDS = Number(process.env.FLOWTRIE_ORACLE_WORLDS ?? 150);
const RECORDS = 100;

function onlyFields(record: OracleRecord, fields: readonly string[]): OracleRecord {
  return Object.fromEntries(fields.map((name) => [name, record[name] ?? null]));
}

const counts = { worlds: 0, records: 0 };

/** Compares every record of a world; the words of the first difference name the record. */
async function compare(seed: number, recordSeeds: readonly number[], without: readonly Part[]): Promise<void> {
  const dice = new Dice(seed);
  const world = randomWorld(dice, new Set(without));
  const fields = randomFields(dice);
  const records = recordSeeds.map((one) => onlyFields(randomRecord(new Dice(one), world), fields));
  const oracle = createOracle(world.documents);
  const inventory = compileInventory(inventoryFromDocuments(world.documents.map(sourceOf)));
  const { rows, summary } = await replayText(inventory, logOf(fields, records));
  expect(summary.ledger.classified).toBe(records.length);
  records.forEach((record, i) => {
    const { matched, ...verdict } = oracle.judge(record);
    const { src, dst } = oracle.attribute(record);
    const wanted = { ...verdict, ...sideColumns('src', src), ...sideColumns('dst', dst) };
    const row = rows[i] ?? {};
    const got = Object.fromEntries(Object.keys(wanted).map((name) => [name, row[name]]));
    expect(got, `world ${seed} without ${without}: ${JSON.stringify(record)}`).toEqual(wanted);
  });
  counts.worlds++;
  counts.records += records.length;
}

const seed32 = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const missing = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Part[]>([]) },
  { weight: 1, arbitrary: fc.subarray([...PARTS], { maxLength: 3 }) },
);

test(`the engine's columns are the naive oracle's (seed ${SEED}, ${WORLDS} worlds)`, {
  timeout: 1_200_000,
}, async () => {
  const records = fc.array(seed32, { minLength: RECORDS, maxLength: RECORDS });
  await fc.assert(fc.asyncProperty(seed32, records, missing, compare), {
    seed: SEED,
    numRuns: WORLDS,
    endOnFailure: true,
  });
  console.info(`engine against oracle: seed ${SEED}, ${counts.worlds} worlds, ${counts.records} records`);
  expect(counts.records).toBeGreaterThanOrEqual(WORLDS * RECORDS);
});
