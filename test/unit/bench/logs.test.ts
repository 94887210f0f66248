import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { countLines, splitLines } from '../../../src/bench/log-rivals.ts';
import { readInTurns } from '../../../src/bench/measure.ts';
import { decodeInputs } from '../../../src/engine/decode-inputs.ts';
import { runCli } from '../../support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-bench-logs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RECORD = '2 123456789012 eni-0a 10.0.1.5 10.0.2.9 49152 443 6 10 840 1700000000 1700000060 ACCEPT OK';
const NODATA = '2 123456789012 eni-0a - - - - - - - 1700000000 1700000060 - NODATA';
const TEXT = `${RECORD}\n${NODATA}\nnothing\n${RECORD}`;
const plain = join(folder, 'a.log');
const gzip = join(folder, 'b.log.gz');
const torn = join(folder, 'c.log');
writeFileSync(torn, `${RECORD}\rtorn\n${RECORD}\n`);
writeFileSync(plain, TEXT);
writeFileSync(gzip, gzipSync(`${TEXT}\n`));
const FILES = [
  { path: plain, gzip: false },
  { path: gzip, gzip: true },
];

describe('the lines of logs', () => {
  test('are the same to every reader, a last one without a newline too', async () => {
    const ledger = await decodeInputs([plain, gzip], null);
    expect(ledger).toMatchObject({ lines: 8, classified: 4, nodata: 2 });
    expect(await countLines(FILES)).toBe(8);
    expect(await splitLines(FILES)).toBe(8);
  });

  test('a reader that finds other lines is no rival', async () => {
    const readers = [8, 7].map((lines) => ({ name: `reader of ${lines}`, run: async () => lines }));
    await expect(readInTurns(readers, 1)).rejects.toThrow('reader of 8 finds 8 lines, reader of 7 7;');
  });
});

describe('flowtrie bench replay, decode', () => {
  test('measure files beside their rivals', async () => {
    const inventory = join(folder, 'vpcs.json');
    writeFileSync(inventory, JSON.stringify({ Vpcs: [{ VpcId: 'vpc-a', CidrBlock: '10.0.0.0/16' }] }));
    const whole = await runCli(['bench', 'replay', plain, gzip, '--inventory', folder, '--rounds', '1', '--json']);
    expect(whole.code, whole.stderr).toBe(0);
    const [found] = JSON.parse(whole.stdout).findings;
    expect(found.facts).toEqual({ lines: 8, rounds: 1, threads: 0 });
    expect(found.rates.map(({ name }: { name: string }) => name)).toEqual([
      'flowtrie replay',
      'node:zlib, lines counted',
    ]);
    const decode = await runCli(['bench', 'decode', plain, '--rounds', '1']);
    expect(decode.stdout).toMatch(
      /^decode: .*a\.log, lines a second\n {2}lines +4\n[\s\S]*flowtrie decode \/ readline \+ split/,
    );
  });

  test.each([
    [['bench', 'decode', torn, '--rounds', '1'], 3, 'flowtrie decode finds 2 lines, readline + split 3'],
    [['bench', 'replay', plain], 2, 'bench replay: missing --inventory'],
    [['bench', 'decode', '-'], 2, 'files are read several times, expected no -'],
    [['bench', 'decode', join(folder, 'absent')], 3, 'absent: no such file or folder'],
  ])('%j: exit %d', async (args, code, message) => {
    const run = await runCli(args);
    expect(run).toMatchObject({ code, stdout: '' });
    expect(run.stderr).toContain(message);
  });
});
