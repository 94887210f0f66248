import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addGenerate } from '../../../src/cli/generate.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'flowtrie-generate-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function generate(...flags: readonly string[]): Promise<void> {
  const program = new Command('flowtrie').exitOverride();
  addGenerate(program);
  await program.parseAsync(['generate', ...flags], { from: 'user' });
}

describe('flowtrie generate', () => {
  it('writes inventory, logs and, on request, the truth', async () => {
    const small = ['--pods', '20', '--records', '500', '--files', '3', '--no-gzip'];
    await generate('--out', join(dir, 'a'), ...small);
    expect(readdirSync(join(dir, 'a')).sort()).toEqual(['.flowtrie-generated', 'inventory', 'logs']);
    await generate(
      '--out',
      join(dir, 'b'),
      ...small,
      '--truth',
      '--format',
      '${interface-id} ${pkt-srcaddr} ${action}',
    );
    const logs = readdirSync(join(dir, 'b', 'logs')).sort();
    expect(logs.length).toBe(3);
    const lines = logs.flatMap((name) =>
      readFileSync(join(dir, 'b', 'logs', name), 'latin1')
        .trimEnd()
        .split('\n'),
    );
    expect(lines.length).toBe(503);
    expect(lines[0]).toBe('interface-id pkt-srcaddr action');
    expect(lines[1]).toMatch(/^eni-[0-9a-f]{17} (\d+\.\d+\.\d+\.\d+ (ACCEPT|REJECT)|- -)$/);
    expect(
      readFileSync(join(dir, 'b', 'truth.csv'), 'latin1')
        .trimEnd()
        .split('\n').length,
    ).toBe(501);
  });

  it.each([
    [[], 'generate: missing --out'],
    [['--out', 'x', '--pods', 'many'], "--pods: expected a whole number from 1 to 200000, got 'many'"],
    [['--out', 'x', '--drift', '2'], "--drift: expected a share from 0 to 0.5, got '2'"],
    [['--out', 'x', '--hours', '0'], '--hours: expected a number from 0.0834 to 168, got'],
    [['--out', 'x', '--format', 'v9'], "--format: expected v2, v5 or '${field} ${field} …', got 'v9'"],
    [['--out', 'x', '--pods', '1000', '--nodes', '2'], '--nodes: 1000 pods need at least 4 nodes, got 2'],
  ])('refuses %j and writes nothing', async (flags, message) => {
    const at = join(dir, 'x');
    await expect(generate(...flags.map((flag) => (flag === 'x' ? at : flag)))).rejects.toThrow(message);
    expect(existsSync(at)).toBe(false);
  });

  const tree = (at: string): Map<string, string> =>
    new Map(
      readdirSync(at, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
        .map((path) => [path.slice(at.length + 1), readFileSync(path, 'latin1')]),
    );

  it.each([
    ['--history', 'audit,lists'],
    ['--seed', '8', '--truth', '--files', '12', '--no-gzip'],
  ])('over an earlier result of %j: the bytes of a new folder', async (...earlier) => {
    const [at, fresh] = [join(dir, 'again'), join(dir, 'fresh')];
    const flags = ['--pods', '20', '--records', '500', '--history', 'csv', '--hours', '0.1', '--files', '3'];
    await generate('--out', at, '--pods', '30', '--records', '600', '--hours', '0.2', ...earlier);
    writeFileSync(join(at, 'notes.txt'), 'mine');
    await generate('--out', at, ...flags);
    await generate('--out', fresh, ...flags);
    writeFileSync(join(fresh, 'notes.txt'), 'mine');
    expect([...tree(at).keys()]).toEqual([...tree(fresh).keys()]);
    expect(tree(at)).toEqual(tree(fresh));
    expect(readdirSync(join(at, 'inventory')).sort()).toEqual(readdirSync(join(fresh, 'inventory')).sort());
  });

  it.each(['inventory/security-groups.json', 'logs/mine.log', 'truth.csv', 'inventory/v1/cluster.json'])(
    'never deletes what it did not make: %s',
    async (name) => {
      const at = join(dir, 'mine');
      mkdirSync(dirname(join(at, name)), { recursive: true });
      writeFileSync(join(at, name), 'mine');
      const refused = generate('--out', at, '--pods', '20', '--records', '100');
      await expect(refused).rejects.toThrow(`--out: ${join(at, name)} was not made by flowtrie: expected a new folder`);
      await expect(refused).rejects.toMatchObject({ code: 'usage' });
      expect([...tree(at)]).toEqual([[name, 'mine']]);
    },
  );

  it('refuses a file that was put into an earlier result, and a list that names what is not below it', async () => {
    const at = join(dir, 'lab');
    await generate('--out', at, '--pods', '20', '--records', '100');
    writeFileSync(join(at, 'inventory', 'mine.json'), '{}');
    const before = tree(at);
    await expect(generate('--out', at, '--pods', '20', '--records', '200')).rejects.toThrow('mine.json was not made');
    expect(tree(at)).toEqual(before);
    rmSync(join(at, 'inventory', 'mine.json'));
    writeFileSync(join(dir, 'outside'), 'mine');
    appendFileSync(join(at, '.flowtrie-generated'), '../outside\ninventory/../../outside\n');
    await generate('--out', at, '--pods', '20', '--records', '200');
    expect(readFileSync(join(dir, 'outside'), 'utf8')).toBe('mine');
  });

  it('says that a folder cannot be written', async () => {
    writeFileSync(join(dir, 'file'), '');
    const at = join(dir, 'file', 'under');
    await expect(generate('--out', at, '--records', '10')).rejects.toThrow(`${at}: cannot write: ENOTDIR`);
  });
});
