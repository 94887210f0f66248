import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { replay } from '../../src/engine/replay.ts';
import { compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';

const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
const LINE = '2 123456789012 eni-0a 10.0.0.1 10.0.0.2 49152 443 6 10 840 1700000000 1700000060 ACCEPT OK\n';
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-progress-'));
const log = join(folder, 'a.log');
writeFileSync(log, LINE.repeat(100));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('progress', () => {
  it.each([
    [false, 1],
    [true, 2],
  ])('ends with all that was read (pairing: %s)', async (pair, passes) => {
    const inventory = compileInventory(await loadInventory(INVENTORY));
    const told: (readonly [bytes: number, records: number])[] = [];
    let total: number | null = null;
    await replay({
      ...{ inputs: [log], inventory, threads: 0, logFormat: null, out: null, quarantine: null, pair },
      onStart: (bytes) => {
        total = bytes;
        return (read, records) => told.push([read, records]);
      },
    });
    expect(total).toBe(passes * 100 * LINE.length);
    expect(told.at(-1)?.[0]).toBe(total);
    expect(told.at(-1)?.[1]).toBeGreaterThanOrEqual(100);
  });
});
