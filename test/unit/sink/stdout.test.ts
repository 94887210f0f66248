import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const CHILD = fileURLToPath(new URL('stdout-child.ts', import.meta.url));
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowtrie-stdout-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
  readonly bytes: number;
  readonly lines: number;
}

/** Runs the child; reads its stdout to the end, or goes away after the first bytes. */
function run(parts: number, leave: boolean): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, folder, String(parts)]);
    let stderr = '';
    let bytes = 0;
    let lines = 0;
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    child.stdout.on('data', (data: Buffer) => {
      bytes += data.length;
      for (const byte of data) if (byte === 10) lines++;
      if (leave) child.stdout.destroy();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stderr, bytes, lines }));
  });
}

describe('stdout', () => {
  it('gets every byte and leaves no part file', async () => {
    const ended = await run(40, false);
    expect(JSON.parse(ended.stderr)).toEqual({ closed: false, appended: 40 });
    expect(ended).toMatchObject({ code: 0, bytes: 40 * 65_536, lines: 40 });
    expect(await readdir(folder)).toEqual([]);
  }, 30_000);

  it('ends quietly when the reader goes away', async () => {
    const ended = await run(100_000, true);
    const { closed, appended } = JSON.parse(ended.stderr) as { closed: boolean; appended: number };
    expect(closed).toBe(true);
    expect(appended).toBeLessThan(100_000);
    expect(ended.code).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  }, 30_000);
});
