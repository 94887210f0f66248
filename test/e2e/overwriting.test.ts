import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';

const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
const LINE = '2 123456789012 eni-0a 10.0.0.1 10.0.0.2 49152 443 6 10 840 1700000000 1700000060 ACCEPT OK\n';
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-overwriting-'));
const at = (name: string): string => join(folder, name);
const log = at('a.log');
writeFileSync(log, `${LINE}no record\n`);
symlinkSync(log, at('link'));
linkSync(log, at('hard'));
mkdirSync(at('sub'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const replay = (...args: readonly string[]): readonly string[] => ['replay', '-q', '--inventory', INVENTORY, ...args];
const CSV = ['--out-format', 'csv'];

describe('an output that is an input', () => {
  it.each([
    ['--quarantine', [log, '--quarantine', log], log, log],
    ['--quarantine by another way', [folder, '--quarantine', at('sub/../a.log')], at('sub/../a.log'), log],
    ['--quarantine by a link', [log, '--quarantine', at('link')], at('link'), log],
    ['--quarantine by a hard link', [log, '--quarantine', at('hard')], at('hard'), log],
    ['--out', [log, '--out', log, ...CSV], log, log],
    ['an input by a link', [at('link'), '--out', log, ...CSV], log, at('link')],
  ])('%s: refused, and left as it is', async (name, args, output, input) => {
    const { code, stderr, stdout } = await runCli(replay(...args));
    const [flag] = name.startsWith('--quarantine') ? ['--quarantine'] : ['--out'];
    expect(stderr).toBe(`flowtrie: ${flag}: got ${output}, which would replace the input ${input}: expected another\n`);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(readFileSync(log, 'utf8')).toBe(`${LINE}no record\n`);
    expect(readdirSync(folder).sort()).toEqual(['a.log', 'hard', 'link', 'sub']);
  });

  it('standard input that is the file: refused', async () => {
    const stdin = openSync(log, 'r');
    const { code, stderr } = await runCli(replay('-', '--no-pair', '--quarantine', log), { stdin });
    expect(stderr).toContain(`--quarantine: got ${log}, which would replace the input -`);
    expect(code).toBe(2);
  });

  it('Parquet of an earlier run in the folder that a run writes: refused', async () => {
    expect(await runCli(replay(log, '--out', at('hours/')))).toMatchObject({ code: 0 });
    const { code, stderr } = await runCli(replay(at('hours'), '--out', at('hours/')));
    expect(stderr).toMatch(
      /--out: got .*hours\/, which would replace the input .*part-00000\.parquet: expected another/,
    );
    expect(code).toBe(2);
    expect(await runCli(replay(at('hours'), '--out', at('others/')))).toMatchObject({ code: 0 });
  });
});

describe('an output inside what is read', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'flowtrie-inside-'));
  mkdirSync(join(cwd, 'logs', '2026'), { recursive: true });
  writeFileSync(join(cwd, 'logs', '2026', 'a.log'), LINE);
  mkdirSync(join(cwd, 'rows'));
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  it.each([
    ['a new file', ['logs', '--out', 'logs/new.ndjson'], 'logs'],
    ['a new file by another way', ['logs/2026', '--out', 'rows/../logs/2026/new.ndjson'], 'logs/2026'],
    ['a new folder', ['logs', '--out', 'logs/hours/'], 'logs'],
    ['a new file in a new folder', ['logs', '--out', 'logs/none/hours/'], 'logs'],
    ['the folder itself', ['logs', '--out', 'logs/'], 'logs'],
    ['a folder that is there', ['.', '--out', 'rows/'], '.'],
    ['a quarantine', ['logs/', '--quarantine', 'logs/bad.ndjson'], 'logs/'],
    ['of a glob', ['logs/*', '--out', 'logs/new.csv'], 'logs/*'],
    ['of a folder that a glob matches', ['lo*', '--out', 'logs/2026/new.csv'], 'lo*'],
  ])('%s: refused, nothing is written', async (_, args, input) => {
    const before = readdirSync(cwd, { recursive: true });
    const { code, stderr } = await runCli(replay(...args), { cwd });
    const [, flag, output] = args;
    const reason = `which the input ${input} would take in: expected a place outside of it`;
    expect(stderr).toBe(`flowtrie: ${flag}: got ${output}, ${reason}\n`);
    expect(code).toBe(2);
    expect(readdirSync(cwd, { recursive: true })).toEqual(before);
  });

  it.each([
    ['beside a folder', ['logs', '--out', 'rows/new.ndjson']],
    ['what a glob does not match', ['logs/**/*.log', '--out', 'logs/2026/new.ndjson']],
    ['beside a file', ['logs/2026/a.log', '--out', 'logs/2026/other.ndjson']],
    ['a device', ['logs', '--out', '/dev/null', ...CSV]],
  ])('%s: twice the same', async (_, args) => {
    for (const _run of [1, 2]) {
      expect(await runCli(replay(...args), { cwd })).toMatchObject({ code: 0, stderr: '' });
    }
  });
});

describe('two outputs', () => {
  it('cannot be one file, whether it is there or not', async () => {
    writeFileSync(at('old.csv'), 'whole');
    for (const name of ['new.csv', 'old.csv']) {
      const [out, quarantine] = [at(name), at(`sub/../${name}`)];
      const { code, stderr } = await runCli(replay(log, '--out', out, '--quarantine', quarantine));
      expect(stderr).toBe(`flowtrie: --quarantine: got ${quarantine}, expected another file than --out\n`);
      expect(code).toBe(2);
    }
    expect(readFileSync(at('old.csv'), 'utf8')).toBe('whole');
  });

  it('may go to one device', async () => {
    expect(await runCli(replay(log, '--out', '/dev/null', ...CSV, '--quarantine', '/dev/null'))).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  it('a quarantine has a file of its own', async () => {
    const { code, stderr } = await runCli(replay(log, '--quarantine', '-'));
    expect({ code, stderr }).toEqual({ code: 2, stderr: "flowtrie: --quarantine: expected a file, got '-'\n" });
  });
});
