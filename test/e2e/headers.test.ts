import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_FORMAT } from '../../src/model/flow.ts';
import type { Summary } from '../../src/model/summary.ts';
import { runCli } from '../support/cli.ts';

const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-headers-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEADER = `${DEFAULT_FORMAT.join(' ')}\n`;
const RECORD = '2 123456789012 eni-0a 10.0.1.5 10.0.2.9 49152 443 6 10 840 1700000000 1700000060 REJECT OK\n';
const TGW =
  '6 TransitGateway 123456789012 tgw-1 tgw-attach-1 1 2 vpc-1 vpc-2 subnet-1 subnet-2 eni-1 eni-2 use1-az1 ' +
  'use1-az2 tgw-attach-2 10.0.0.1 10.0.1.1 12345 443 6 10 1000 1700000000 1700000060 OK IPv4 ' +
  '1 2 3 4 63 us-east-1 ingress - -\n';

/** More than the byte range of one task, and more than a chunk of a stream. */
const MANY = 140_000;
/** Random text that no compression makes small, so that the file is inflated apart from its records' judges. */
const noise = (i: number): string => `eni-${createHash('sha256').update(String(i)).digest('hex')}`;
const records = (count: number): string =>
  Array.from({ length: count }, (_, i) => RECORD.replace('eni-0a', noise(i))).join('');

describe('a header holds in every later part of its input', () => {
  beforeAll(() => {
    const many = records(MANY);
    const few = records(1000);
    for (const [name, text] of [
      ['first', HEADER + many + TGW + few],
      ['midway', RECORD + HEADER + many + TGW + few],
      ['none', many + TGW + few],
    ] as const) {
      writeFileSync(at(`${name}.log`), text);
      writeFileSync(at(`${name}.gz`), gzipSync(text, { level: 1 }));
    }
    expect(statSync(at('first.log')).size).toBeGreaterThan(16 * 1024 * 1024);
    expect(statSync(at('first.gz')).size).toBeGreaterThan(4 * 1024 * 1024);
  });

  async function ledgerOf(name: string, ...flags: readonly string[]): Promise<Summary['ledger']> {
    const stdin = name === '-' ? { stdin: readFileSync(at('first.log')) } : {};
    const args = ['replay', name === '-' ? name : at(name), '--inventory', INVENTORY, '--json', '-q', ...flags];
    const { stdout, stderr, code } = await runCli(args, stdin);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    return (JSON.parse(stdout) as Summary).ledger;
  }

  it.each([
    ['first.log', '--no-pair', '--threads', '0'],
    ['first.log', '--no-pair', '--threads', '2'],
    ['first.log', '--pair', '--threads', '2'],
    ['first.gz', '--no-pair', '--threads', '2'],
    ['-', '--no-pair', '--threads', '2'],
    ['-', '--pair', '--threads', '0'],
    ['midway.log', '--no-pair', '--threads', '2'],
    ['midway.gz', '--pair', '--threads', '0'],
  ])('%s %s: a transit gateway record is one bad line', { timeout: 120_000 }, async (name, ...flags) => {
    const before = name.startsWith('midway') ? 1 : 0;
    expect(await ledgerOf(name, ...flags)).toMatchObject({
      headers: 1,
      classified: before + MANY + 1000,
      notJudged: 0,
      malformed: { 'field-count': 1 },
    });
  });

  it.each(['none.log', 'none.gz'])('%s: without one it begins another format', { timeout: 120_000 }, async (name) => {
    const ledger = await ledgerOf(name, '--no-pair');
    expect(ledger).toMatchObject({ headers: 0, classified: MANY, notJudged: 1, malformed: { 'field-count': 1000 } });
  });
});
