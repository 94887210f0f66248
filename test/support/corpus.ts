import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** Real captures lie beside the clone, never in it. */
const CORPUS = new URL('../../../shared/corpus/', import.meta.url);

/** Absolute path of a file or folder of the corpus: `corpusPath('eks-…', 'inventory')`. */
export function corpusPath(...parts: readonly string[]): string {
  return fileURLToPath(new URL(parts.map(encodeURIComponent).join('/'), CORPUS));
}

/**
 * A suite that reads the corpus. Absent corpus: one skipped test with the reason printed, or one failed test when
 * `FLOWTRIE_REQUIRE` (a comma list) names `corpus`. `suite` runs only when the corpus is there.
 */
export function describeCorpus(name: string, suite: () => void): void {
  if (existsSync(CORPUS)) {
    describe(name, suite);
    return;
  }
  const reason = 'no ../shared/corpus beside the clone';
  const required = (process.env.FLOWTRIE_REQUIRE ?? '').split(',').map((item) => item.trim());
  if (required.includes('corpus')) {
    test(`${name}: FLOWTRIE_REQUIRE names corpus`, () => expect.fail(reason));
    return;
  }
  console.warn(`skipped: ${name}: ${reason}`);
  test.skip(`${name}: ${reason}`, () => {});
}
