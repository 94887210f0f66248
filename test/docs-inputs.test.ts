import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FIELDS } from '../src/model/flow.ts';

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const page = readFileSync(path('docs/inputs.md'), 'utf8');
const rowsOf = (section: string): readonly string[] =>
  (page.split(`## ${section}\n`)[1] ?? '')
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2) ?? [];

describe('docs/inputs.md', () => {
  it.each(['Forms', 'Versions'])('%s: each row names tests that are there', (section) => {
    const rows = rowsOf(section);
    expect(rows.length).toBeGreaterThan(9);
    for (const row of rows) {
      const tests = [...row.matchAll(/`(test\/[^`]+)`/g)].map((match) => match[1] ?? '');
      expect(tests.length, row).toBeGreaterThan(0);
      for (const test of tests) expect(existsSync(path(test)), test).toBe(true);
    }
  });

  it('has a row for every version that brings fields', () => {
    const versions = rowsOf('Versions').map((row) => Number(row.split('|')[1]));
    expect(versions).toEqual([...new Set(FIELDS.map((field) => field.version))].sort((a, b) => a - b));
  });
});
