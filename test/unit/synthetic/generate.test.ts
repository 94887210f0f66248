import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    expect(readdirSync(join(dir, 'a')).sort()).toEqual(['inventory', 'logs']);
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

  it('says that a folder cannot be written', async () => {
    writeFileSync(join(dir, 'file'), '');
    const at = join(dir, 'file', 'under');
    await expect(generate('--out', at, '--records', '10')).rejects.toThrow(`${at}: cannot write: ENOTDIR`);
  });
});
