import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatRule, readClassBench, readTrace } from '../../../src/bench/classbench.ts';
import { runCli } from '../../support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-classbench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const RULES = [
  '@10.0.0.0/8\t192.168.1.7/32\t0 : 65535\t80 : 80\t0x06/0xFF\t0x1000/0x1000\t',
  '@10.1.2.3/16 0.0.0.0/0 1024 : 65535 53 : 53 0x11/0xff',
  '@0.0.0.0/0\t10.0.0.0/9\t0 : 65535\t0 : 65535\t0x00/0x00\t0x0000/0x0000',
].join('\n');

describe('filter sets', () => {
  test('tabs or blanks, with or without TCP flags; host bits are cleared', async () => {
    const rules = await readClassBench(file('set', `${RULES}\n\n`));
    expect(rules.map(formatRule)).toEqual([
      '@10.0.0.0/8\t192.168.1.7/32\t0 : 65535\t80 : 80\t0x06/0xFF',
      '@10.1.0.0/16\t0.0.0.0/0\t1024 : 65535\t53 : 53\t0x11/0xFF',
      '@0.0.0.0/0\t10.0.0.0/9\t0 : 65535\t0 : 65535\t0x00/0x00',
    ]);
  });

  test.each([
    ['10.0.0.0/8 0.0.0.0/0 0 : 1 0 : 1 0x06/0xFF', /bad:2: expected a rule '@.*', got '10\.0\.0\.0\/8 /],
    ['@10.0.0/8 0.0.0.0/0 0 : 1 0 : 1 0x06/0xFF', /bad:2: expected an IPv4 prefix, got '10\.0\.0\/8'/],
    ['@10.0.0.0/33 0.0.0.0/0 0 : 1 0 : 1 0x06/0xFF', /bad:2: expected an IPv4 prefix, got '10\.0\.0\.0\/33'/],
    ['@10.0.0.0/8 ::/0 0 : 1 0 : 1 0x06/0xFF', /bad:2: expected an IPv4 prefix, got '::\/0'/],
    ['@10.0.0.0/8 0.0.0.0/0 0 : 65536 0 : 1 0x06/0xFF', /bad:2: expected a port range .*, got '0 : 65536'/],
    ['@10.0.0.0/8 0.0.0.0/0 0 : 1 9 : 1 0x06/0xFF', /bad:2: expected a port range .*, got '9 : 1'/],
    ['@10.0.0.0/8 0.0.0.0/0 0 : 1 0 : 1 0x106/0xFF', /bad:2: expected a rule/],
  ])('refuses %s', async (line, message) => {
    const good = RULES.split('\n')[0];
    await expect(readClassBench(file('bad', `${good}\n${line}\n`))).rejects.toThrow(message);
  });

  test('refuses a file without rules, and one that is not there', async () => {
    await expect(readClassBench(file('empty', '\n'))).rejects.toThrow(/empty: holds no rule/);
    await expect(readClassBench(join(folder, 'absent'))).rejects.toThrow(/absent: ENOENT/);
  });
});

describe('traces', () => {
  async function read(text: string): Promise<number[][]> {
    const rows: number[][] = [];
    for await (const batch of readTrace(file('trace', text))) {
      for (let i = 0; i < batch.count; i++) {
        rows.push(
          [batch.src, batch.dst, batch.srcPort, batch.dstPort, batch.protocol].map((column) => column[i] ?? -1),
        );
      }
    }
    return rows;
  }

  test('dotted or decimal addresses, the two numbers of the trace generator, no newline at the end', async () => {
    expect(await read('10.0.0.1 255.255.255.255 1 65535 6\r\n167772161\t0\t0\t0\t255\t4096\t17\n\n')).toEqual([
      [0x0a00_0001, 0xffff_ffff, 1, 65535, 6],
      [0x0a00_0001, 0, 0, 0, 255],
    ]);
    expect(await read('0.0.0.0 0.0.0.0 0 0 0')).toEqual([[0, 0, 0, 0, 0]]);
    expect(await read('')).toEqual([]);
  });

  test.each([
    ['10.0.0.1 10.0.0.2 80 6', /trace:1: expected 5 fields .*, got 4/],
    ['10.0.0.256 10.0.0.2 1 80 6', /trace:1: src: expected an IPv4 address, got '10\.0\.0\.256'/],
    ['10.0.0.1 4294967296 1 80 6', /trace:1: dst: expected a whole number up to 4294967295, got '4294967296'/],
    ['10.0.0.1 10.0.0.2 65536 80 6', /trace:1: sport: expected .* 65535, got '65536'/],
    ['10.0.0.1 10.0.0.2 1 -1 6', /trace:1: dport: .* got '-1'/],
    ['10.0.0.1 10.0.0.2 1 80 tcp', /trace:1: proto: expected .* 255, got 'tcp'/],
    ['10.0.0.1 10.0.0.2 1 80 6\n\n10.0.0.1 10.0.0.2 1 80 6', /trace:2: expected a packet, got a blank line/],
  ])('refuses %j', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  test('more packets than one batch holds', async () => {
    const rows = await read('10.0.0.1 10.0.0.2 1 2 6\n'.repeat(70_000));
    expect(rows.length).toBe(70_000);
    expect(rows.at(-1)).toEqual([0x0a00_0001, 0x0a00_0002, 1, 2, 6]);
  });
});

describe('flowtrie bench rules', () => {
  const rules = file('rules', RULES);
  const trace = file(
    'packets',
    [
      '10.9.9.9 192.168.1.7 5 80 6',
      '10.1.9.9 1.2.3.4 1024 53 17',
      '10.1.9.9 1.2.3.4 1023 53 17',
      '1.1.1.1 10.127.255.255 0 0 47',
      '1.1.1.1 10.128.0.0 0 0 47',
    ].join('\n'),
  );

  test('writes the first matching rule of each packet', async () => {
    const out = join(folder, 'matches');
    const run = await runCli(['bench', 'rules', '--classbench', rules, '--trace', trace, '--matches', out]);
    expect(run).toMatchObject({ code: 0, stdout: '' });
    expect(readFileSync(out, 'utf8')).toBe('0\n1\n-1\n2\n-1\n');
    const piped = await runCli(['bench', 'rules', '--classbench', rules, '--trace', trace, '--matches', '-']);
    expect(piped).toMatchObject({ code: 0, stdout: '0\n1\n-1\n2\n-1\n' });
  });

  test('measures, after comparing with a linear scan', async () => {
    const text = await runCli(['bench', 'rules', '--classbench', rules, '--smoke']);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/rules: 3 five-tuple rules\n[\s\S]*tier +two-sided\n[\s\S]*linear scan, random/);
    const json = await runCli(['bench', 'rules', '--classbench', rules, '--smoke', '--json', '--budget', '0']);
    expect(JSON.parse(json.stdout)).toMatchObject({ findings: [{ facts: { rules: 3, tier: 'tuple space' } }] });
  });

  test.each([
    [['bench', 'rule'], 2, /unknown command 'rule'.*rules/],
    [['bench', 'rules', '--classbnch', 'x'], 2, /unknown option '--classbnch'.*--classbench/],
    [['bench', 'rules', '--classbench', 'x', '--trace', 'y'], 2, /missing --matches/],
    [['bench', 'rules', '--trace', 'y', '--matches', 'z'], 2, /missing --classbench/],
    [['bench', 'rules', '--classbench', 'x', '--budget', 'big'], 2, /--budget: expected a whole number .* got 'big'/],
    [['bench', 'rules', '--classbench', join(folder, 'absent')], 3, /absent: ENOENT/],
  ])('%j: exit %d', async (args, code, message) => {
    const run = await runCli(args);
    expect(run.stderr).toMatch(message);
    expect(run.code).toBe(code);
    expect(run.stdout).toBe('');
  });

  test('a bad trace leaves no file behind', async () => {
    const out = join(folder, 'none');
    const bad = file('bad-trace', '10.0.0.1 10.0.0.2 80 6');
    const run = await runCli(['bench', 'rules', '--classbench', rules, '--trace', bad, '--matches', out]);
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(/bad-trace:1: expected 5 fields/);
    expect(() => readFileSync(out)).toThrow(/ENOENT/);
  });
});
