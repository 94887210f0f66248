import { describe, expect, test } from 'vitest';

/** What tests may need besides Node and the clone; CONTRIBUTING.md, "Tests that need data", tells how to get it. */
export type Need = 'clickhouse' | 'corpus' | 'kafka' | 'pyarrow' | 's3' | 'tmpfs';

/**
 * A suite that needs something; `missing` says why it is not there, null = it is. Missing: one skipped test with the
 * reason printed, or one failed test when `FLOWTRIE_REQUIRE` (a comma list) names the need. `suite` runs only when
 * nothing is missing.
 */
export function describeNeeding(need: Need, name: string, missing: string | null, suite: () => void): void {
  if (missing === null) {
    describe(name, suite);
    return;
  }
  const required = (process.env.FLOWTRIE_REQUIRE ?? '').split(',').map((item) => item.trim());
  if (required.includes(need)) {
    test(`${name}: FLOWTRIE_REQUIRE names ${need}`, () => expect.fail(missing));
    return;
  }
  console.warn(`skipped: ${name}: ${missing}`);
  test.skip(`${name}: ${missing}`, () => {});
}
