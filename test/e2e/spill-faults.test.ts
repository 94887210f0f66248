import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replay } from '../../src/engine/replay.ts';
import { SpillWriter } from '../../src/engine/spill.ts';
import { type CompiledInventory, compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { FlowtrieError } from '../../src/model/errors.ts';
import { FlowWord } from '../../src/pods/twin-flow.ts';
import { generateWorld } from '../../src/synthetic/cluster.ts';
import { writeWorld } from '../../src/synthetic/inventory-files.ts';
import { writeLogs } from '../../src/synthetic/logs.ts';
import { formatFields } from '../../src/synthetic/options.ts';
import { describeNeeding } from '../support/needs.ts';
import { fillDisk, removeDisk, smallDisk } from '../support/small-disk.ts';

const DISK_BYTES = 8 * 1024 * 1024;

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-spill-faults-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the spill file of a task', () => {
  it('that cannot be written or made is told, and nothing is thrown', () => {
    for (const [at, path, reason] of [
      [folder, join(folder, 'twins-0'), 'ENOSPC: no space left on device'],
      [join(folder, 'none'), join(folder, 'none', 'twins-0'), 'ENOENT: no such file or directory'],
    ] as const) {
      if (at === folder) symlinkSync('/dev/full', path);
      const writer = new SpillWriter(at, 0);
      for (let i = 0; i < 2000; i++) writer.record(new Uint32Array(FlowWord.count), 0);
      writer.close();
      expect(writer.failure).toBe(`cannot write ${path}: ${reason}`);
    }
  });
});

const disk = smallDisk(DISK_BYTES);
describeNeeding('tmpfs', 'a disk that is full while records are paired', disk === null ? 'not root' : null, () => {
  let inventory: CompiledInventory;

  beforeAll(async () => {
    const world = generateWorld({ seed: 7, nodes: 12, pods: 200, hours: 1 });
    await writeWorld(world, folder);
    const log = { fields: formatFields('v2'), gzip: false, drift: 0, reject: 0.05, truth: false };
    // more than what is done without workers
    await writeLogs(world, folder, { ...log, records: 16_000, files: 2 });
    inventory = compileInventory(await loadInventory(join(folder, 'inventory')));
  });

  afterAll(() => {
    if (disk !== null) removeDisk(disk);
  });

  it.each([0, 2])('one line that names the file, at whatever step; %i threads', async (threads) => {
    const out = { path: join(disk ?? '', 'rows.ndjson'), format: 'ndjson' as const, columns: ['version'] };
    const options = { inputs: [join(folder, 'logs')], inventory, threads, logFormat: null, out, quarantine: null };
    const told = new Set<string>();
    let failed = 0;
    for (let left = 0; ; left += 96 * 1024) {
      const ballast = fillDisk(disk ?? '', left);
      const error = await replay({ ...options, twinsBytes: 32 * 64 }).then(
        () => null,
        (problem: unknown) => problem,
      );
      rmSync(ballast);
      expect(readdirSync(disk ?? '')).toEqual(error === null ? ['rows.ndjson'] : []);
      rmSync(out.path, { force: true });
      if (error === null) break;
      expect(error).toBeInstanceOf(FlowtrieError);
      expect(error).toMatchObject({ code: 'output' });
      const { message } = error as FlowtrieError;
      expect(message).toMatch(/^cannot write \/tmp\/flowtrie-disk-[^\n]*: ENOSPC: no space left on device$/);
      told.add(message.includes('/twins-') ? 'records' : 'answers');
      failed++;
    }
    expect(failed).toBeGreaterThan(3);
    expect([...told].sort()).toEqual(['answers', 'records']);
  });
});
