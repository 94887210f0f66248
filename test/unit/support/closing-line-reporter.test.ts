import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closingLine } from '../../support/closing-line-reporter.ts';

const REPORTER = new URL('../../support/closing-line-reporter.ts', import.meta.url).href;
const VITEST = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'closing-line-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs vitest on `files` with the default reporter beside ours; the last line of both streams together. */
function lastLine(files: Readonly<Record<string, string>>): { line: string; code: number | null } {
  const config = `import { closingLineReporter } from '${REPORTER}';
export default { test: { globals: true, pool: 'forks', reporters: ['default', closingLineReporter()] } };`;
  writeFileSync(path.join(folder, 'vitest.config.mjs'), config);
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
  const command = `"${process.execPath}" --import tsx "${VITEST}" run --root "${folder}" --configLoader native 2>&1`;
  const { stdout, status } = spawnSync(command, { shell: true, encoding: 'utf8', cwd: process.cwd() });
  return { line: stdout.split('\n').at(-2) ?? '', code: stdout.endsWith('\n') ? status : null };
}

test('passed, failed and skipped tests are counted on the last line', () => {
  const tests = `test('a', () => {}); test('b', () => {}); test('c', () => { throw new Error('c'); });
    test.skip('d', () => {}); test.todo('e');`;
  expect(lastLine({ 'a.test.mjs': tests })).toEqual({ line: '2 passed, 1 failed, 2 skipped', code: 1 });
});

test('success has no skipped part and exit code 0', () => {
  expect(lastLine({ 'a.test.mjs': "test('a', () => {});" })).toEqual({ line: '1 passed, 0 failed', code: 0 });
});

test('a file that does not load, a hook and a stray rejection are failures', () => {
  const files = {
    'load.test.mjs': "import './missing.mjs';",
    'hook.test.mjs': "describe('s', () => { beforeAll(() => { throw new Error('h'); }); test('a', () => {}); });",
    'stray.test.mjs':
      "test('b', async () => { Promise.reject(new Error('r')); await new Promise((r) => setTimeout(r, 50)); });",
  };
  expect(lastLine(files)).toEqual({ line: '1 passed, 3 failed, 1 skipped', code: 1 });
});

test('no test at all is a failure', () => {
  expect(lastLine({})).toEqual({ line: '0 passed, 1 failed', code: 1 });
});

test('the closing line', () => {
  expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
});
