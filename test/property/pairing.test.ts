import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type CompiledInventory, compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { parseCondition } from '../../src/model/filter.ts';
import { createOracle, type OracleDocument } from '../oracle/oracle.ts';
import { judgePaired } from '../oracle/pairing.ts';
import { Dice } from '../support/dice.ts';
import { type EngineRow, logOf, replayText, sideColumns } from '../support/engine-rows.ts';
import { PAIRING_FIELDS, pairingWorld } from '../support/pairing-world.ts';

/** Worlds drawn; FLOWTRIE_PAIRING_WORLDS=2000 for a long look. */
const WORLDS = Number(process.env.FLOWTRIE_PAIRING_WORLDS ?? 24);
const SEED = 20_261_125;
const FLOWS = 60;
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-pairing-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function compile(name: string, documents: readonly OracleDocument[]): Promise<CompiledInventory> {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const { file, content } of documents) writeFileSync(join(path, file), JSON.stringify(content));
  return compileInventory(await loadInventory(path));
}

describe(`pairing of random worlds (seed ${SEED})`, () => {
  const seen = new Map<string, number>();
  const count = (word: string): void => void seen.set(word, (seen.get(word) ?? 0) + 1);

  it('gives the columns of the naive oracle', { timeout: 600_000 }, async () => {
    for (let n = 0; n < WORLDS; n++) {
      const { documents, records } = pairingWorld(new Dice(SEED + n), FLOWS);
      const inventory = await compile(`world-${n}`, documents);
      const { rows } = await replayText(inventory, logOf(PAIRING_FIELDS, records), { pair: true });
      judgePaired(createOracle(documents), records).forEach(({ verdict, src, dst }, i) => {
        // a record without a start is nobody's twin; who held an address then is another test's matter
        if (records[i]?.start === '-') return;
        const { direction, role, role_basis } = verdict;
        const wanted: EngineRow = {
          direction,
          role,
          role_basis,
          ...sideColumns('src', src),
          ...sideColumns('dst', dst),
        };
        expect(rows[i], `world ${n}: ${JSON.stringify(records[i])}`).toMatchObject(wanted);
        for (const side of [src, dst]) count(`${side.kind} ${side.attribution}`);
        count(role_basis);
      });
    }
  });

  it('met every kind of answer', () => {
    for (const word of ['pod inferred', 'node inferred', 'node none', 'node candidates', 'pod candidates', 'pair'])
      expect(seen.get(word) ?? 0, word).toBeGreaterThan(WORLDS / 4);
  });
});

/** Rows without the order they came in. */
function sortedRows(rows: readonly EngineRow[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

describe('what pairing answers', () => {
  it('depends on the records alone: not on their order, nor on whether the table fits into memory', {
    timeout: 600_000,
  }, async () => {
    for (let n = 0; n < Math.ceil(WORLDS / 8); n++) {
      const dice = new Dice(SEED - 1 - n);
      const { documents, records } = pairingWorld(dice, 4 * FLOWS);
      const inventory = await compile(`order-${n}`, documents);
      const text = logOf(PAIRING_FIELDS, records);
      const { rows } = await replayText(inventory, text, { pair: true });
      const shuffled = await replayText(inventory, logOf(PAIRING_FIELDS, dice.shuffle(records)), { pair: true });
      expect(sortedRows(shuffled.rows)).toEqual(sortedRows(rows));
      // too small for all records, for those of one partition, and for more than one record
      for (const twinsBytes of [32 * 64, 32 * 5, 32])
        expect((await replayText(inventory, text, { pair: true, twinsBytes })).rows).toEqual(rows);
      // filters of the record and of the verdict leave rows out, never change them
      const conditions = [parseCondition('port', '40001'), parseCondition('direction', 'egress')];
      const filter = { sinceSeconds: null, untilSeconds: null, wanted: conditions, unwanted: [] };
      const isWanted = ({ srcport, dstport, direction }: EngineRow): boolean =>
        direction === 'egress' && [srcport, dstport].some((port) => port === 40001);
      expect(rows.filter(isWanted).length).toBeGreaterThan(0);
      for (const more of [{}, { twinsBytes: 32 * 5 }])
        expect((await replayText(inventory, text, { pair: true, filter, ...more })).rows).toEqual(
          rows.filter(isWanted),
        );
    }
  });
});
