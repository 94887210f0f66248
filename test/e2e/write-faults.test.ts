import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type CliOptions, type CliResult, runCli, startCli } from '../support/cli.ts';

const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
const LINE = '2 123456789012 eni-0a 10.0.0.1 10.0.0.2 49152 443 6 10 840 1700000000 1700000060 ACCEPT OK\n';
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-write-faults-'));
const at = (name: string): string => join(folder, name);
const log = at('a.log');
writeFileSync(log, `${LINE}no record\n`);
symlinkSync(at('loop'), at('loop'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every write to it fails, as on a disk without room. */
const FULL = '/dev/full';
const NO_ROOM = 'ENOSPC: no space left on device';
const replay = (...args: readonly string[]): readonly string[] => ['replay', log, '--inventory', INVENTORY, ...args];

async function ontoFullDisk(args: readonly string[]): Promise<CliResult> {
  const stdout = openSync(FULL, 'w');
  try {
    return await runCli(args, { stdout });
  } finally {
    closeSync(stdout);
  }
}

/** Exit code and standard error of a command whose reader goes away before it has begun. */
function unread(args: readonly string[], options: CliOptions = {}): Promise<Pick<CliResult, 'code' | 'stderr'>> {
  const child = startCli(args, options);
  child.stdout?.destroy();
  let stderr = '';
  child.stderr?.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr })));
}

const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['replay', replay()],
  ['replay --json', replay('--json')],
  ['replay --out -', replay('--out', '-', '-q')],
  ['replay --help', ['replay', '--help']],
  ['explain', ['explain', '--inventory', INVENTORY, ...'--from 10.0.0.1 --to 10.0.0.2 --protocol tcp'.split(' ')]],
  ['pods', ['pods', '--inventory', INVENTORY, '--ip', '10.0.0.1']],
  ['--version', ['--version']],
];

describe('standard output', () => {
  it.each(COMMANDS)('on a full disk: %s says so in one line', async (_, args) => {
    const { code, stderr } = await ontoFullDisk(args);
    const lines = stderr.split('\n').filter((line) => line !== '' && !line.includes(': warning: '));
    expect(lines).toEqual([`flowtrie: cannot write standard output: ${NO_ROOM}`]);
    expect(code).toBe(3);
  });

  it.each(COMMANDS)('without a reader: %s ends quietly', async (_, args) => {
    const { code, stderr } = await unread(args);
    expect(stderr.split('\n').filter((line) => line !== '' && !line.includes(': warning: '))).toEqual([]);
    expect(code).toBe(0);
  });

  it('on a full disk: what else was wrong is said, too', async () => {
    writeFileSync(at('cut.gz'), Buffer.from('1f8b0800000000000003', 'hex'));
    const { code, stderr } = await ontoFullDisk(['replay', at('cut.gz'), '--inventory', INVENTORY]);
    expect(stderr).toMatch(/cut\.gz: damaged gzip/);
    expect(stderr).toContain(`cannot write standard output: ${NO_ROOM}`);
    expect(code).toBe(3);
  });
});

describe('files', () => {
  const long = 'a'.repeat(300);

  it.each([
    ['--out on a full disk', ['--out', FULL, '--out-format', 'csv'], `${FULL}: ${NO_ROOM}`],
    ['--quarantine on a full disk', ['--quarantine', FULL], `${FULL}: ${NO_ROOM}`],
    ['--out below a file', ['--out', join(log, 'x.csv')], `${join(log, 'x.csv')}: ENOTDIR: not a directory`],
    ['--quarantine below a file', ['--quarantine', join(log, 'q')], `${join(log, 'q')}: ENOTDIR: not a directory`],
    ['a link to itself', ['--out', at('loop'), '--out-format', 'csv'], `${at('loop')}: ELOOP: too many symbolic links`],
    ['--out below such a link', ['--out', at('loop/x.csv')], `${at('loop/x.csv')}: ELOOP: too many symbolic links`],
    ['a name that is too long', ['--out', at(`${long}.csv`)], `${at(`${long}.csv`)}: ENAMETOOLONG: name too long`],
  ])('%s: one line that names it', async (_, args, expected) => {
    const before = readdirSync(folder);
    const { code, stderr } = await runCli(replay('-q', ...args));
    expect(stderr).toMatch(/^flowtrie: cannot write [^\n]+\n$/);
    expect(stderr).toContain(expected);
    expect(code).toBe(3);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('no room for temporary files: one line that names the folder, and no output half made', async () => {
    mkdirSync(at('out'));
    const env = { TMPDIR: at('missing') };
    const { code, stderr } = await runCli(replay('-q', '--quarantine', at('out/q.ndjson')), { env });
    expect(stderr).toMatch(/^flowtrie: cannot write [^\n]*missing[^\n]*: ENOENT: no such file or directory\n$/);
    expect(code).toBe(3);
    expect(readdirSync(at('out'))).toEqual([]);
  });
});
