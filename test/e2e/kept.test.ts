import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT, headingOf } from '../../src/decode/format.ts';
import { analyzeTask, openBench } from '../../src/engine/analyze.ts';
import { createKeptMemory } from '../../src/engine/kept.ts';
import { pairTask } from '../../src/engine/pair.ts';
import { type ReplayOptions, replay } from '../../src/engine/replay.ts';
import type { AnalyzeSetup } from '../../src/engine/task.ts';
import { type CompiledInventory, compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { parseCondition } from '../../src/model/filter.ts';
import { DEFAULT_FORMAT } from '../../src/model/flow.ts';
import { ledgerSum } from '../../src/model/ledger.ts';
import { createTwinMemory } from '../../src/pods/twins.ts';
import { generateWorld } from '../../src/synthetic/cluster.ts';
import { writeWorld } from '../../src/synthetic/inventory-files.ts';
import { writeLogs } from '../../src/synthetic/logs.ts';
import { formatFields } from '../../src/synthetic/options.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-kept-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DEFAULT_HEADER = DEFAULT_FORMAT.join(' ');
const V6 = '2 123456789012 eni-0c 2001:db8::1 2001:db8::2 443 50000 6 1 40 1700000000 1700000060 ACCEPT OK';
const NULLS = '2 123456789012 - - 10.0.0.9 - 53 17 - - 1700000000 - - OK';
const TGW =
  '6 TransitGateway 123456789012 tgw-1 tgw-attach-1 1 2 vpc-1 vpc-2 subnet-1 subnet-2 eni-1 eni-2 use1-az1 ' +
  'use1-az2 tgw-attach-2 10.0.0.1 10.1.0.1 1 2 6 1 40 1700000000 1700000060 OK IPv4 0 0 0 0 0 us-east-1 egress - -';

describe('what the first pass of pairing decoded', () => {
  const logs = join(folder, 'world', 'logs');
  let inventory: CompiledInventory;

  beforeAll(async () => {
    const world = generateWorld({ seed: 5, nodes: 12, pods: 200, hours: 1 });
    await writeWorld(world, join(folder, 'world'));
    const log = { fields: formatFields('v2'), gzip: true, drift: 0.002, reject: 0.05, truth: false };
    await writeLogs(world, join(folder, 'world'), { ...log, records: 30_000, files: 6 });
    inventory = compileInventory(await loadInventory(join(folder, 'world', 'inventory')));
    // every kind of line, a format that changes midway, transit gateway records, a damaged file
    const line = (i: number): string =>
      `2 123456789012 eni-${i % 7} 10.0.${i % 5}.1 10.0.0.${i % 250} 443 ${i} 6 1 40 ${1_700_000_000 + i} - ACCEPT OK`;
    const lines = Array.from({ length: 9000 }, (_, i) => line(i));
    const odd = [V6, '', NULLS, 'no record', DEFAULT_HEADER, V6, '2 1 eni-0a - - - - - - - 1 2 - NODATA'];
    const other = [
      'interface-id srcaddr dstaddr bytes start reject-reason',
      'eni-9 10.0.0.1 10.0.0.2 5 1700000000 BPA',
    ];
    const text = [
      DEFAULT_HEADER,
      ...lines,
      ...odd,
      ...lines.slice(0, 5000),
      ...other,
      ...Array(5000).fill(other[1]),
      '',
    ].join('\n');
    writeFileSync(join(logs, '0-odd.log'), text);
    writeFileSync(join(logs, '0-transit.log'), `${TGW}\n`);
    const whole = gzipSync([DEFAULT_HEADER, ...lines].join('\n'));
    writeFileSync(join(logs, 'cut.log.gz'), whole.subarray(0, whole.length >> 1));
  });

  async function outcome(more: Partial<ReplayOptions>): Promise<object> {
    const common = { inputs: [logs], inventory, logFormat: null, out: null, quarantine: null, pair: true, threads: 0 };
    const { summary, failures, complete } = await replay({ ...common, ...more });
    const { elapsedSeconds, recordsPerSecond, ...counts } = summary;
    return { counts, failures, complete };
  }

  it('gives the second pass the same records, for any memory and number of threads', {
    timeout: 120_000,
  }, async () => {
    const reference = await outcome({ keptBytes: 0 });
    expect(reference).toMatchObject({ counts: { ledger: { notJudged: 1 } } });
    expect(JSON.stringify(reference)).toContain('damaged gzip');
    for (const threads of [0, 2]) {
      for (const keptBytes of [256 * 1024, 2 ** 20, undefined]) {
        const more = keptBytes === undefined ? { threads } : { threads, keptBytes };
        expect(await outcome(more), `${keptBytes} bytes, ${threads} threads`).toEqual(reference);
      }
    }
  });

  it('counts the same where some records are filtered, or met twice', { timeout: 120_000 }, async () => {
    const wanted = [parseCondition('eni', 'eni-3'), parseCondition('eni', 'eni-9')];
    const unwanted = [parseCondition('verdict', 'allow')];
    const filter = { sinceSeconds: 1_700_000_000, untilSeconds: 1_700_004_000, wanted, unwanted };
    for (const more of [{ dedupe: true }, { filter }] as readonly Partial<ReplayOptions>[])
      expect(await outcome(more)).toEqual(await outcome({ ...more, keptBytes: 0 }));
  });

  it('is the same in ranges of a file that changes its format, in chunks of a gzip file, where pairs go to files', {
    timeout: 120_000,
  }, async () => {
    const line = (i: number): string =>
      `2 123456789012 eni-${i % 7} 10.0.${i % 5}.1 10.0.0.${i % 250} 443 ${i % 60_000} 6 1 40 ` +
      `${1_700_000_000 + (i >> 5)} 1 REJECT OK`;
    const lines = Array.from({ length: 220_000 }, (_, i) => line(i));
    const shuffled = DEFAULT_FORMAT.map((_, f) => DEFAULT_FORMAT[(f + 2) % 14]).join(' ');
    const moved = lines.map((text) => [...text.split(' ').slice(2), ...text.split(' ').slice(0, 2)].join(' '));
    const large = join(folder, 'large.log');
    writeFileSync(large, [DEFAULT_HEADER, ...lines.slice(0, 99), shuffled, ...moved].join('\n'));
    const one = join(folder, 'one.log.gz');
    writeFileSync(one, gzipSync([DEFAULT_HEADER, ...lines].join('\n'), { level: 1 }));
    for (const more of [{ inputs: [large] }, { inputs: [one] }, { inputs: [one], twinsBytes: 32 * 64 }]) {
      expect(await outcome({ ...more, threads: 2 })).toEqual(await outcome({ ...more, threads: 2, keptBytes: 0 }));
    }
  });

  it('is counted as far as it was judged when the second pass is stopped', async () => {
    const setup: AnalyzeSetup = {
      versions: inventory.versions.map(({ shared }) => shared),
      ...{ rows: null, filter: null, met: null, quarantine: false, partFolder: null, partMemory: null, turn: null },
      groupMemory: null,
      progress: new SharedArrayBuffer(16),
      stop: new SharedArrayBuffer(4),
      twins: [createTwinMemory(2 ** 20, 10_000)],
      kept: createKeptMemory(2 ** 22),
      windowSeconds: 0,
    };
    const bench = openBench(setup);
    const path = join(logs, '0-odd.log');
    const source = {
      kind: 'file',
      path,
      compression: null,
      content: 'lines',
      start: 0,
      end: statSync(path).size,
    } as const;
    const place = { seq: 0, name: path, flowLog: 1, fields: headingOf(DEFAULT), spilled: false, generation: null };
    const { kept, ledger } = await pairTask(bench, { ...place, source, epoch: 1, spill: false });
    assert(kept !== null);
    const again = { ...place, source: { kind: 'kept', kept } } as const;
    expect((await analyzeTask(bench, again)).ledger).toEqual(ledger);
    Atomics.store(new Int32Array(setup.stop), 0, 1);
    const stopped = (await analyzeTask(bench, again)).ledger;
    expect(stopped.lines).toBeLessThan(ledger.lines);
    expect(ledgerSum(stopped)).toBe(stopped.lines);
  });
});
