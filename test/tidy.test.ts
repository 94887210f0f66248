import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  checkLines,
  checkMarkdown,
  checkPath,
  checkSyntax,
  checkText,
  FILE_LINES_MAX,
  type Finding,
  FUNCTION_LINES_MAX,
} from './support/tidy.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Made by tools, or (demo-out) by the demo; none of it is committed. */
const NOT_OURS = new Set(['.git', 'node_modules', 'dist', 'demo-out']);
/** Bytes in which a binary file shows its first NUL. */
const SNIFF_BYTES = 8192;

/** Files of the repository, relative to it, `/` between the parts. */
function repositoryFiles(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return repositoryFiles(name);
    return entry.isFile() ? [name] : [];
  });
}

const files = repositoryFiles('');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const typescript = files.filter((file) => /^((src|workers|bench|test)\/.*|[^/]+)\.ts$/.test(file));

/** The kernel files are those for which biome.json allows `a[i]!`. */
function kernelFiles(): RegExp[] {
  const { overrides } = JSON.parse(read('biome.json')) as {
    overrides: Array<{ includes: string[]; linter: { rules: { style?: { noNonNullAssertion?: string } } } }>;
  };
  const allowing = overrides.filter(({ linter }) => linter.rules.style?.noNonNullAssertion === 'off');
  return allowing.flatMap(({ includes }) => includes).map(globPattern);
}

/** A glob of biome.json: `**` any path, `*` any name. */
function globPattern(glob: string): RegExp {
  const parts = glob.split('**').map((part) => part.split('*').map(escapePattern).join('[^/]*'));
  return new RegExp(`^${parts.join('.*')}$`);
}

function escapePattern(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}

function shown(findings: readonly Finding[]): string[] {
  return findings.map(({ file, line, rule }) => `${file}:${line} ${rule}`);
}

describe('the repository', () => {
  const kernel = kernelFiles();

  test('is seen', () => {
    expect(typescript.filter((file) => file.startsWith('src/')).length).toBeGreaterThan(50);
    expect(kernel.filter((pattern) => !typescript.some((file) => pattern.test(file)))).toEqual([]);
  });

  test('names things by the nouns of the field', () => {
    expect(shown(files.flatMap(checkPath))).toEqual([]);
  });

  test('keeps files and lines short, without leftovers and suppressions', () => {
    expect(shown(typescript.flatMap((file) => checkLines(file, read(file))))).toEqual([]);
  });

  test('keeps functions short, types honest and names telling', () => {
    const isKernel = (file: string): boolean => kernel.some((pattern) => pattern.test(file));
    expect(shown(typescript.flatMap((file) => checkSyntax(file, read(file), isKernel(file))))).toEqual([]);
  });

  test('has one title per Markdown file', () => {
    const markdown = files.filter((file) => file.endsWith('.md'));
    expect(markdown.length).toBeGreaterThan(0);
    expect(shown(markdown.flatMap((file) => checkMarkdown(file, read(file))))).toEqual([]);
  });

  test('contains no path of a machine and no registry host', () => {
    const text = files.filter((file) => !readFileSync(path.join(ROOT, file)).subarray(0, SNIFF_BYTES).includes(0));
    expect(shown(text.flatMap((file) => checkText(file, read(file))))).toEqual([]);
  });

  test('has an id and a citation in every conformance case', () => {
    const cases = files.filter((file) => /^test\/conformance\/cases\/.*\.json$/.test(file));
    expect(cases.length).toBeGreaterThan(0);
    for (const file of cases) {
      const { id, citation } = JSON.parse(read(file)) as { id?: unknown; citation?: unknown };
      expect(id, file).toBe(path.basename(file, '.json'));
      expect(citation, file).toMatch(/\S/);
    }
  });
});

describe('each rule can fail', () => {
  const long = Array.from({ length: FUNCTION_LINES_MAX }, () => '  x();').join('\n');

  test.each([
    ['src/a.ts', 'const a: any = 1;', 'any'],
    ['src/a.ts', 'const a = b as unknown as C;', 'as unknown as'],
    ['src/a.ts', 'const a = b[0]!;', '! outside'],
    ['src/decode/a.ts', 'const a = b!;', '! on something else'],
    ['test/a.ts', 'export default 1;', 'default export'],
    ['test/a.ts', 'export default function f() {}', 'default export'],
    ['test/a.ts', 'export { a as default };', 'default export'],
    ['src/model/a.ts', "console.log('a');", 'console'],
    ['src/a.ts', `function f() {\n${long}\n}`, 'lines in a function'],
    ['test/a.ts', `test('a', () => {\n${long}\n});`, 'lines in a function'],
    ['src/a.ts', 'export function processRecord(): void {}', 'does not say'],
  ])('breach %# in %s', (file, text, rule) => {
    const findings = checkSyntax(file, text, file.startsWith('src/decode/'));
    expect(findings.map((finding) => finding.rule)).toEqual([expect.stringContaining(rule)]);
  });

  test.each([
    ['src/decode/a.ts', 'const a = b[0]!;'],
    ['src/cli/a.ts', "console.log('a');"],
    ['test/a.ts', `describe('a', () => {\n${long}\n});`],
    ['src/a.ts', 'export function processorCount(): void {}'],
    ['a.config.ts', 'export default 1;'],
  ])('allowed %# in %s', (file, text) => {
    expect(checkSyntax(file, text, file.startsWith('src/decode/'))).toEqual([]);
  });

  test('lines, names, titles and paths', () => {
    expect(checkLines('a.ts', 'x\n'.repeat(FILE_LINES_MAX))).toEqual([]);
    expect(checkLines('a.ts', 'x\n'.repeat(FILE_LINES_MAX + 1))).toHaveLength(1);
    expect(checkLines('a.ts', `${'x'.repeat(121)}\n// ${'TO'}DO\n// @ts-${'ignore'}`)).toHaveLength(3);
    expect(['src/utils/a.ts', 'src/http-helpers.ts', 'src/misc.ts'].flatMap(checkPath)).toHaveLength(3);
    expect(['src/model/names.ts', 'src/commonmark.ts'].flatMap(checkPath)).toEqual([]);
    expect(checkMarkdown('a.md', '# A\n```\n# comment\n```\n')).toEqual([]);
    expect(checkMarkdown('a.md', '# A\n# B\n')).toHaveLength(1);
    expect(checkText('a.md', `see /${'work'}/main\nhttps://regis${'try'}.a.org/b`)).toHaveLength(2);
    expect(checkText('a.md', `see docs/${'work'}/main, ../${'root'}/a and /workers`)).toEqual([]);
  });
});
