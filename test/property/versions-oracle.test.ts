import { expect, test } from 'vitest';
import { compileInventory } from '../../src/engine/versions.ts';
import { inventoryFromDocuments } from '../../src/inventory/load.ts';
import type { OracleDocument } from '../oracle/oracle.ts';
import { createVersionedOracle } from '../oracle/versions.ts';
import { Dice } from '../support/dice.ts';
import { logOf, replayText } from '../support/engine-rows.ts';
import { EPOCH } from '../support/random-network.ts';
import { randomRecord } from '../support/random-records.ts';
import { type RandomWorld, randomWorld } from '../support/random-world.ts';

const SEED = Number(process.env.FLOWTRIE_SEED ?? 20_260_302);
/** FLOWTRIE_VERSION_WORLDS=1000 runs fifty times as many. */
const WORLDS = Number(process.env.FLOWTRIE_VERSION_WORLDS ?? 20);
const RECORDS = 200;
const INSTANTS = [EPOCH, EPOCH + 300, EPOCH + 700];

const COLUMNS = [
  'direction',
  'role',
  'role_basis',
  'sg_verdict',
  'nacl_verdict',
  'predicted',
  'decided_by',
  'drift',
  'drift_cause',
  'inventory_version',
  'agreeing_version',
] as const;

/** What changes from version to version. */
const KINDS = [['groups', 'rules'], ['interfaces'], ['groups', 'rules', 'acls', 'interfaces']];

function changed(dice: Dice, base: RandomWorld, kinds: readonly string[]): readonly OracleDocument[] {
  const next = randomWorld(new Dice(dice.below(2 ** 31)), new Set(['history']));
  const from = (file: string): boolean => kinds.some((kind) => file.startsWith(kind));
  return [...base.documents.filter(({ file }) => !from(file)), ...next.documents.filter(({ file }) => from(file))];
}

test(`the cause of every drift is the naive oracle's (seed ${SEED}, ${WORLDS} worlds of ${INSTANTS.length} versions)`, {
  timeout: 600_000,
}, async () => {
  const dice = new Dice(SEED);
  const causes = new Map<string, number>();
  for (let w = 0; w < WORLDS; w++) {
    const base = randomWorld(new Dice(dice.below(2 ** 31)), new Set(['history', 'pods', 'services']));
    const kinds = KINDS[w % KINDS.length] ?? [];
    const versions = INSTANTS.map((validFrom, v) => ({
      label: new Date(validFrom * 1000).toISOString().replace('.000Z', 'Z'),
      validFrom,
      documents: v === 0 ? base.documents : changed(dice, base, kinds),
    }));
    const sources = versions.flatMap(({ label, documents }) =>
      documents.map(({ file, content }) => ({ file: `${label}/${file}`, content })),
    );
    const inventory = compileInventory(inventoryFromDocuments(sources));
    const records = Array.from({ length: RECORDS }, (_, i) => {
      const record = randomRecord(new Dice(dice.below(2 ** 31)), base);
      // a refused RST that the rules allow is too rare to wait for
      return i % 10 === 0 ? { ...record, protocol: '6', action: 'REJECT', 'tcp-flags': '4' } : record;
    });
    const fields = Object.keys(records[0] ?? {});
    const { rows } = await replayText(inventory, logOf(fields, records));
    const judge = createVersionedOracle(versions);
    records.forEach((record, i) => {
      const wanted = judge(record);
      const row = rows[i] ?? {};
      const pick = (of: Readonly<Record<string, unknown>>): unknown[] => COLUMNS.map((name) => of[name]);
      expect(pick(row), `world ${w}: ${JSON.stringify(record)}`).toEqual(pick({ ...wanted }));
      causes.set(`${wanted.drift_cause}`, (causes.get(`${wanted.drift_cause}`) ?? 0) + 1);
    });
  }
  const counted = Object.fromEntries([...causes].sort(([a], [b]) => (a < b ? -1 : 1)));
  console.info(`causes against oracle: seed ${SEED}, ${WORLDS} worlds, ${WORLDS * RECORDS} records`, counted);
  for (const cause of ['tracked-before-change', 'stale-rules', 'stale-inventory', 'late-packet']) {
    expect(causes.get(cause) ?? 0, cause).toBeGreaterThan(0);
  }
});
