import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { markedBlock, readmeBlock, readResults, withBlock } from '../bench/report.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${ROOT}/README.md`, 'utf8');
const block = markedBlock(readme);

describe('the figures of the README', () => {
  test.skipIf(block === undefined)('are those of bench/results: `npm run bench -- --readme` writes them', () => {
    expect(block).toBe(readmeBlock(readResults(`${ROOT}/bench/results`)));
  });

  test('are replaced between the markers and nowhere else', () => {
    const before = 'a\n<!-- bench:start -->\nold\n<!-- bench:end -->\nb\n';
    const after = withBlock(before, 'new');
    expect(after).toBe('a\n<!-- bench:start -->\n\nnew\n\n<!-- bench:end -->\nb\n');
    expect(markedBlock(after)).toBe('new');
    expect(withBlock(after, 'new')).toBe(after);
    expect(() => withBlock('no markers', 'new')).toThrow('bench:start');
  });
});
