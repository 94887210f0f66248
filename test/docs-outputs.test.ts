import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FILTERS } from '../src/model/filter.ts';
import { OUTPUT_FORMATS } from '../src/sink/part.ts';
import { schemaTable } from './support/schema-table.ts';

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const page = readFileSync(path('docs/outputs.md'), 'utf8');

describe('docs/outputs.md', () => {
  it('has the schema that the code has', () => {
    const [, block] = /<!-- schema:start -->\n\n([\s\S]*?)\n\n<!-- schema:end -->/.exec(page) ?? [];
    // cells are padded by the formatter
    const cells = (table: string): string => table.replace(/ *\| */g, '|').replace(/-+/g, '-');
    expect(cells(block ?? '')).toBe(cells(schemaTable()));
  });

  it('has a row for every format, each with tests that are there', () => {
    const [, block = ''] = /## Formats\n\n([\s\S]*?)\n\n##/.exec(page) ?? [];
    const rows = block.split('\n').filter((line) => line.startsWith('| `'));
    for (const format of OUTPUT_FORMATS)
      expect(
        rows.some((row) => row.includes(`\`${format}\``)),
        format,
      ).toBe(true);
    for (const row of rows) {
      const tests = [...row.matchAll(/`(test\/[^`]+)`/g)].map((match) => match[1] ?? '');
      expect(tests.length, row).toBeGreaterThan(0);
      for (const test of tests) expect(existsSync(path(test)), test).toBe(true);
    }
  });

  it('names every filter', () => {
    for (const filter of FILTERS) expect(page).toContain(`--${filter}`);
  });
});
