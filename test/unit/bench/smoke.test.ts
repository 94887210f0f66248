import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { CASE_NAMES } from '../../../bench/cases.ts';
import { describeCorpus } from '../../support/corpus.ts';

/** The build, as in `npm run bench`; `npm test` makes it. */
const RUN = fileURLToPath(new URL('../../../dist/bench/run.js', import.meta.url));

const run = promisify(execFile);

describe('every case runs tiny, with all its rivals, and is verified', () => {
  test.each([...CASE_NAMES, 'stages', 'rules'].filter((name) => name !== 'capture'))('%s', runsTiny);
});

describeCorpus('the real capture, multiplied', () => {
  test('runs tiny, too', () => runsTiny('capture'));
});

async function runsTiny(name: string): Promise<void> {
  if (!existsSync(RUN)) throw new Error('dist/bench/run.js is missing: npm run build');
  const { stdout } = await run(process.execPath, [RUN, name, '--smoke']);
  expect(stdout).toMatch(new RegExp(`^${name}: [2-9] verified \\(`));
}
