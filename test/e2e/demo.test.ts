import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-demo-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const demo = (out: string, seed: number, cwd = process.cwd()) =>
  runCli(['demo', '--out', out, '--records', '1000', '--pods', '20', '--seed', `${seed}`], { cwd });

describe('demo', () => {
  it('replaces an earlier demo, and nothing of another cluster stays', async () => {
    const [again, fresh] = [join(folder, 'again'), join(folder, 'fresh')];
    expect((await demo(again, 8)).code).toBe(0);
    expect((await demo(again, 7)).code).toBe(0);
    expect((await demo(fresh, 7)).code).toBe(0);
    const files = (at: string): string[] => readdirSync(at, { recursive: true }).map(String).toSorted();
    expect(files(again)).toEqual(files(fresh));
    const rows = (at: string): string => readFileSync(join(at, 'rows.ndjson'), 'utf8');
    expect(rows(again)).toBe(rows(fresh));
  });

  it('prints commands that work where it was run', async () => {
    const { code, stderr } = await demo('lab of mine', 7, folder);
    expect(code).toBe(0);
    const lines = stderr.split('\n');
    const replay = lines.find((line) => / replay .* --out /.test(line)) ?? '';
    const next = /Next: (.*)$/.exec(lines.find((line) => line.includes('Next: ')) ?? '')?.[1] ?? '';
    expect(execFileSync('sh', ['-c', replay], { cwd: folder, encoding: 'utf8' })).toContain('Verdicts');
    expect(execFileSync('sh', ['-c', next], { cwd: folder, encoding: 'utf8' })).toContain('flowtrie explain');
  });

  it.each(['inventory', 'other'])('leaves a folder with somebody else’s %s alone', async (name) => {
    const out = join(folder, `mine-${name}`);
    mkdirSync(join(out, name), { recursive: true });
    writeFileSync(join(out, name, 'mine.json'), '{}');
    const { code, stdout, stderr } = await demo(out, 7);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr: `flowtrie: --out: ${out} exists and is no earlier demo\n`,
    });
    expect(readFileSync(join(out, name, 'mine.json'), 'utf8')).toBe('{}');
  });
});
