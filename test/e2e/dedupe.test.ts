import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Duplicates, dedupeFailure } from '../../src/engine/dedupe.ts';
import { createFlowBatch, Present } from '../../src/model/flow.ts';
import { ledgerSum } from '../../src/model/ledger.ts';
import type { Summary } from '../../src/model/summary.ts';
import { runCli } from '../support/cli.ts';

const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-dedupe-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nameOf = (flowLog: string, hour: number): string =>
  at(`123456789012_vpcflowlogs_us-east-1_${flowLog}_20240101T0${hour}00Z_ab.log`);
const record = (i: number, start = 1_700_000_000 + (i >> 6)): string =>
  `2 123456789012 eni-0${i % 7} 10.0.${(i >> 8) & 255}.${i & 255} 2001:db8::${i.toString(16)} ${1024 + (i % 50_000)} ` +
  `443 6 10 840 ${start} ${start + 60} ${i % 9 === 0 ? 'REJECT' : 'ACCEPT'} OK`;
const records = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => record(from + i));

function write(path: string, lines: readonly string[]): string {
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

async function replayed(inputs: readonly string[], ...flags: readonly string[]): Promise<Summary> {
  const args = ['replay', ...inputs, '--inventory', INVENTORY, '--json', '-q', ...flags];
  const { code, stdout, stderr } = await runCli(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const summary = JSON.parse(stdout) as Summary;
  expect(ledgerSum(summary.ledger)).toBe(summary.ledger.lines);
  return summary;
}

describe('--dedupe', () => {
  it('keeps the first of what two flow logs have, for any number of threads', { timeout: 120_000 }, async () => {
    const inputs = [
      write(nameOf('fl-0a', 0), records(0, 12_000)),
      // one flow log never repeats a record: what looks so are two
      write(nameOf('fl-0a', 1), [...records(12_000, 20_000), ...records(0, 100)]),
      write(nameOf('fl-0b', 0), [...records(5000, 14_000), ...records(20_000, 21_000)]),
      write(nameOf('fl-0b', 1), [...records(20_000, 21_000), ...records(0, 50)]),
    ];
    const run = async (threads: string): Promise<string> => {
      const out = at(`rows-${threads}.ndjson`);
      const { ledger } = await replayed(inputs, '--dedupe', '--out', out, '--threads', threads);
      expect(ledger).toMatchObject({ lines: 31_150, classified: 20_100 + 2000, duplicate: 9000 + 50 });
      return createHash('sha256').update(readFileSync(out)).digest('hex');
    };
    const reference = await run('0');
    expect(await run('1')).toBe(reference);
    expect(await run('2')).toBe(reference);
    const kept = readFileSync(at('rows-0.ndjson'), 'utf8').split('\n').slice(0, -1);
    const ports = kept.map((line) => (JSON.parse(line) as { srcport: number }).srcport);
    const order = [...records(0, 20_000), ...records(0, 100), ...records(20_000, 21_000), ...records(20_000, 21_000)];
    expect(ports).toEqual(order.map((line) => Number(line.split(' ')[5])));
  });

  it('files without the id of a flow log are flow logs of their own', async () => {
    const [a, b] = [write(at('a.log'), records(0, 500)), write(at('b.log'), [...records(0, 500), ...records(0, 500)])];
    expect((await replayed([a, b], '--dedupe')).ledger).toMatchObject({ classified: 500, duplicate: 1000 });
    expect((await replayed([a, b])).ledger).toMatchObject({ classified: 1500, duplicate: 0 });
  });

  it('another interface, address, port, protocol, time, action or direction is another record', async () => {
    const fields =
      'interface-id srcaddr dstaddr srcport dstport protocol start end action flow-direction packets bytes';
    const base = ['eni-1', '10.0.0.1', '10.0.0.2', '1', '2', '6', '100', '160', 'ACCEPT', 'ingress', '1', '40'];
    const others = ['eni-2', '10.0.0.3', '::1', '3', '4', '17', '101', '161', 'REJECT', 'egress'];
    const changed = others.map((value, i) => base.map((own, f) => (f === i ? value : own)).join(' '));
    const swapped = base.map((_, i) => base[[0, 2, 1, 4, 3][i] ?? i]).join(' ');
    const a = write(at('base.log'), [fields, base.join(' ')]);
    const b = write(at('other.log'), [fields, ...changed, swapped, [...base.slice(0, 10), '9', '360'].join(' ')]);
    // what the two counted may differ by a packet: it is no other record
    expect((await replayed([a, b], '--dedupe')).ledger).toMatchObject({ classified: 12, duplicate: 1 });
  });

  it('records that cannot be told apart stay', async () => {
    const lines = ['interface-id srcaddr dstaddr action', 'eni-1 10.0.0.1 10.0.0.2 ACCEPT'];
    const inputs = [write(at('short-a.log'), lines), write(at('short-b.log'), lines)];
    expect((await replayed(inputs, '--dedupe')).ledger).toMatchObject({ classified: 2, duplicate: 0 });
  });

  it('keeps what does not fit into its table, and says so', () => {
    const table = new SharedArrayBuffer(4 * (2 + 4 * 64));
    const duplicates = new Duplicates(table, 40);
    const flow = createFlowBatch(40);
    const pass = (flowLog: number): number => {
      flow.rows = 40;
      for (let i = 0; i < 40; i++) flow.start[i] = i;
      flow.present.fill(Present.interfaceId | Present.start | Present.end);
      return duplicates.pass(flow, { size: 1, name: () => 'eni-1' }, flowLog);
    };
    expect(pass(1)).toBe(40);
    expect(dedupeFailure(table)).toBeNull();
    // 40 of 48 are in use: there is no room for 40 more, should they be new
    expect(pass(2)).toBe(40);
    expect(dedupeFailure(table)).toMatch(/^--dedupe: more than 48 records: not all were compared/);
  });

  it('stands beside filters: what they leave out is not compared', async () => {
    const inputs = [at('a.log'), at('b.log')];
    const { ledger } = await replayed(inputs, '--dedupe', '--action', 'REJECT');
    expect(ledger).toMatchObject({ lines: 1500, classified: 56, filtered: 3 * 444, duplicate: 2 * 56 });
  });
});
