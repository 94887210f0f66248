import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addWorld, HISTORIES, newFindings, sharesOf } from '../support/churn.ts';

/** Records of all worlds together, for each history; `npm run test:nightly` takes ten million. */
const RECORDS = Number(process.env.FLOWTRIE_CHURN_RECORDS ?? 2_400);
const WORLD_RECORDS_MAX = 2_500_000;
const WORLDS = Math.ceil(RECORDS / WORLD_RECORDS_MAX);
const HOURS_MS = 3_600_000;
const root = mkdtempSync(join(tmpdir(), 'flowtrie-churn-'));

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('pods replaced every minute, addresses used again after 30 s, three clusters in 100.64.0.0/10', () => {
  const found = newFindings();
  beforeAll(async () => {
    for (let seed = 1; seed <= WORLDS; seed++) await addWorld(root, seed, RECORDS / WORLDS, found, () => {});
  }, 4 * HOURS_MS);

  test.each([...HISTORIES.keys()])('%s: no wrong owner', (name) => {
    const findings = found.get(name);
    if (findings === undefined) throw new Error('not measured');
    process.stdout.write(`${name}: ${sharesOf(findings)}\n`);
    expect(findings.records).toBeGreaterThan(0.9 * RECORDS);
    expect(findings.examples).toEqual([]);
    expect(findings.wrong).toBe(0);
    expect(findings.said.exact + findings.said.inferred).toBeGreaterThan(0.3 * findings.sides);
  });
});
