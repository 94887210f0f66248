import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replay } from '../../src/engine/replay.ts';
import { type CompiledInventory, compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import type { Summary } from '../../src/model/summary.ts';
import { generateWorld } from '../../src/synthetic/cluster.ts';
import { writeWorld } from '../../src/synthetic/inventory-files.ts';
import { writeLogs } from '../../src/synthetic/logs.ts';
import { formatFields } from '../../src/synthetic/options.ts';
import { runCli } from '../support/cli.ts';
import { corpusPath, describeCorpus } from '../support/corpus.ts';
import type { EngineRow } from '../support/engine-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-pairs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function rowsOf(path: string): EngineRow[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as EngineRow);
}

describeCorpus('the ingress gateway of the real capture', () => {
  const CAPTURE = 'eks-drewpy-2024-12-20';
  const INTERFACE = 'eni-098b24da1ee5996d1';
  const POD = 'ingress-gateway-849d8bfd96-6lqkc';
  const inventory = corpusPath(CAPTURE, 'inventory');

  /** Local sides of the interface's records: resolved to the pod, to another pod, left open. */
  async function localSides(log: string, more: readonly string[] = []): Promise<Record<string, number>> {
    const out = join(folder, 'gateway.ndjson');
    const result = await runCli(['replay', log, '--inventory', inventory, '--out', out, '-q', ...more]);
    expect(result.code, result.stderr).toBe(0);
    const found = { pod: 0, other: 0, open: 0 };
    for (const row of rowsOf(out).filter((each) => each.interface_id === INTERFACE)) {
      const side = row.direction === 'egress' ? 'src' : 'dst';
      const name = row[`${side}_pod`];
      found[name === POD ? 'pod' : name === null ? 'open' : 'other']++;
      if (name === POD)
        expect(row).toMatchObject({ [`${side}_attribution`]: 'inferred', [`${side}_addr`]: '10.0.2.35' });
    }
    return found;
  }

  // 584 of the 628 have a twin that shows 10.0.2.35, 16 one that shows an address of which no pod is known
  const EXPECTED = { pod: 584, other: 0, open: 44 };
  let lines: readonly string[];
  beforeAll(() => {
    lines = readFileSync(corpusPath(CAPTURE, 'vpcflowlogs12-20.log'), 'utf8').trimEnd().split('\n');
  });
  const field = (line: string, n: number): string => line.split(' ')[n] ?? '';
  const sortedBy = (key: (line: string) => string): string => {
    const keyed = lines.map((line) => ({ key: key(line), line })).sort((a, b) => (a.key < b.key ? -1 : 1));
    const path = join(folder, 'sorted.log');
    writeFileSync(path, `${keyed.map(({ line }) => line).join('\n')}\n`);
    return path;
  };

  it('is found behind its interface, whatever the order of the input', { timeout: 120_000 }, async () => {
    expect(await localSides(corpusPath(CAPTURE, 'vpcflowlogs12-20.log'))).toEqual(EXPECTED);
    expect(await localSides(sortedBy((line) => field(line, 3)))).toEqual(EXPECTED);
    expect(
      await localSides(
        sortedBy((line) => field(line, 11)),
        ['--threads', '0'],
      ),
    ).toEqual(EXPECTED);
  });

  it('stays a candidate with --no-pair', async () => {
    const log = corpusPath(CAPTURE, 'vpcflowlogs12-20.log');
    expect(await localSides(log, ['--no-pair'])).toEqual({ pod: 0, other: 0, open: 628 });
  });
});

describe('two passes over a generated world in the default format', () => {
  const SEED = 77;
  const dir = join(folder, 'world');
  const logs = join(dir, 'logs');
  let inventory: CompiledInventory;

  beforeAll(async () => {
    const world = generateWorld({ seed: SEED, nodes: 12, pods: 200, hours: 1 });
    await writeWorld(world, dir);
    const log = { fields: formatFields('v2'), gzip: false, drift: 0.002, reject: 0.05, truth: false };
    // more than what is done without workers
    await writeLogs(world, dir, { ...log, records: 16_000, files: 6 });
    inventory = compileInventory(await loadInventory(join(dir, 'inventory')));
  });

  async function outcome(
    input: string,
    threads: number,
    twinsBytes?: number,
  ): Promise<{ rows: string; summary: object }> {
    const path = join(folder, 'rows.ndjson');
    const out = { path, format: 'ndjson' as const };
    const common = { inputs: [input], inventory, threads, logFormat: null, out, quarantine: null };
    const { summary } = await replay({ ...common, ...(twinsBytes === undefined ? {} : { twinsBytes }) });
    const { elapsedSeconds, recordsPerSecond, input: read, ...counts } = summary;
    return { rows: readFileSync(path, 'utf8'), summary: { ...counts, lines: read.lines } };
  }

  it('gives the same bytes for any number of threads and any memory', { timeout: 300_000 }, async () => {
    const reference = await outcome(logs, 0);
    for (const threads of [1, 2, 4]) expect(await outcome(logs, threads), `${threads} threads`).toEqual(reference);
    // a hundredth of the records: the rest goes to files
    for (const threads of [0, 2]) expect(await outcome(logs, threads, 160 * 32)).toEqual(reference);
    expect(JSON.stringify(reference.summary)).toContain('"inferred"');
    expect(readdirSync(folder).filter((name) => name.includes('.part-'))).toEqual([]);
  });

  it('reads stdin twice, as text and as gzip', { timeout: 120_000 }, async () => {
    const files = readdirSync(logs).sort();
    const text = Buffer.concat(files.map((name) => readFileSync(join(logs, name))));
    const plain = join(folder, 'plain');
    mkdirSync(plain);
    writeFileSync(join(plain, 'all.log'), text);
    const expected = await outcome(plain, 0);
    const args = ['replay', '-', '--inventory', join(dir, 'inventory'), '--out', '-', '-q'];
    for (const stdin of [text, gzipSync(text)]) {
      const result = await runCli(args, { stdin });
      expect(result.code, result.stderr).toBe(0);
      expect(result.stdout === expected.rows).toBe(true);
    }
    const summary = await runCli([...args.slice(0, 4), '--json'], { stdin: text });
    const { ledger, input } = JSON.parse(summary.stdout) as Summary;
    expect(input).toMatchObject({ files: 1, bytes: text.length, lines: ledger.lines });
  });

  it('names a damaged stdin and keeps what came before', async () => {
    const [first = ''] = readdirSync(logs).sort();
    const whole = gzipSync(readFileSync(join(logs, first)));
    const args = ['replay', '-', '--inventory', join(dir, 'inventory'), '--json'];
    const result = await runCli(args, { stdin: whole.subarray(0, whole.length >> 1) });
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(/^flowtrie: stdin: damaged gzip/m);
    expect((JSON.parse(result.stdout) as Summary).ledger.classified).toBeGreaterThan(0);
  });
});
