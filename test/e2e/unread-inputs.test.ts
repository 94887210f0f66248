import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { runCli, startCli } from '../support/cli.ts';
import { replayInputs } from '../support/replay-files.ts';

const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-unread-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const DEFAULT = write(
  'm.log',
  '2 123456789012 eni-0a 10.0.0.1 10.0.0.2 49152 443 6 10 840 1700000000 1700000060 ACCEPT OK\n',
);
/** Nothing is paired for it. */
const OWN_ADDRESSES = write(
  'pkt.log',
  'interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr\neni-0a 10.0.0.1 10.0.0.2 10.0.0.1 10.0.0.2\n',
);

const of = (...bytes: readonly number[]): Uint8Array => Uint8Array.from({ length: 200 }, (_, i) => bytes[i] ?? i);
const PACKED: readonly (readonly [string, Uint8Array, string])[] = [
  ['zip', of(0x50, 0x4b, 0x03, 0x04), 'unzip'],
  ['bzip2', of(0x42, 0x5a, 0x68, 0x39, 0x31, 0x41), 'bunzip2'],
  ['xz', of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00), 'unxz'],
  ['7z', of(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c), '7z x'],
];
const problem = (name: string, kind: string, command: string): string =>
  `${name}: got ${kind}, expected plain text, gzip, zstd or Parquet: unpack it first (${command})`;

describe('an input that is not read costs no other', () => {
  it.each(PACKED)('%s', async (kind, bytes, command) => {
    const packed = write(`packed.${kind}`, bytes);
    for (const log of [DEFAULT, OWN_ADDRESSES]) {
      const reference = await replayInputs([log]);
      for (const inputs of [
        [packed, log],
        [log, packed],
      ]) {
        const { failures, ledger, rows } = await replayInputs(inputs);
        expect(failures).toEqual([problem(packed, kind, command)]);
        expect(ledger).toEqual(reference.ledger);
        expect(rows).toEqual(reference.rows);
      }
    }
  });

  it('a summary and exit code 3, as of one that is cut off', async () => {
    const [[kind, bytes, command] = ['zip', new Uint8Array(0), 'unzip']] = PACKED;
    const cut = write('cut.gz', gzipSync('2 1 eni-0a').subarray(0, 20));
    for (const [input, says] of [
      [write('only.zip', bytes), problem(join(folder, 'only.zip'), kind, command)],
      [cut, `${cut}: damaged gzip`],
    ] as const) {
      for (const inputs of [[input], [input, DEFAULT]]) {
        const { code, stdout, stderr } = await runCli(['replay', ...inputs, '--inventory', INVENTORY, '--json']);
        expect(stderr).toContain(`flowtrie: ${says}`);
        expect(code).toBe(3);
        expect(JSON.parse(stdout)).toMatchObject({ input: { files: inputs.length } });
      }
    }
  });

  it('told in the order of the inputs, for any number of threads', async () => {
    const line = '2 123456789012 eni-0a 10.0.0.1 10.0.0.2 49152 443 6 10 840 1700000000 1700000060 ACCEPT OK\n';
    // workers are not started for less
    const large = write('large.log', line.repeat(20_000));
    const whole = gzipSync(line.repeat(2000), { level: 0 });
    const [first, last] = [write('first.gz', whole.subarray(0, -20)), write('last.gz', whole.subarray(0, -20))];
    const packed = PACKED.map(([kind, bytes]) => write(`between.${kind}`, bytes));
    const cut = (name: string): string => `${name}: damaged gzip: unexpected end of file`;
    const between = PACKED.map(([kind, , command], i) => problem(packed[i] ?? '', kind, command));
    for (const threads of ['0', '2']) {
      const args = [large, first, ...packed, last, '--inventory', INVENTORY, '--no-pair', '--threads', threads, '-q'];
      const { code, stderr } = await runCli(['replay', ...args]);
      expect(code).toBe(3);
      expect(stderr, threads).toBe(`flowtrie: ${[cut(first), ...between, cut(last)].join('; ')}\n`);
    }
  });

  it('on standard input: the files are read, and its writer need not end', async () => {
    const [[kind, bytes, command] = ['zip', new Uint8Array(0), 'unzip']] = PACKED;
    for (const more of [[], ['--no-pair'], ['--pair']]) {
      const args = ['replay', '-', DEFAULT, '--inventory', INVENTORY, '--json', ...more];
      const child = startCli(args, { open: true });
      child.stdin?.write(bytes);
      let [stdout, stderr] = ['', ''];
      child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
      child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
      const code = await new Promise((resolve) => child.on('close', resolve));
      child.stdin?.destroy();
      expect(stderr).toContain(problem('stdin', kind, command));
      expect(code).toBe(3);
      expect(JSON.parse(stdout)).toMatchObject({ ledger: { lines: 1, classified: 1 } });
    }
  });

  // says that it has 4096 bytes, and ends after a few
  const LIAR = '/sys/kernel/mm/transparent_hugepage/enabled';
  it.runIf(existsSync(LIAR))('one that the system does not let us read', async () => {
    const link = join(folder, 'liar.log');
    symlinkSync(LIAR, link);
    const { failures, ledger } = await replayInputs([link, DEFAULT]);
    expect(failures).toEqual([expect.stringContaining(`${link}: `)]);
    expect(ledger).toMatchObject({ lines: 1, classified: 1 });
  });
});
