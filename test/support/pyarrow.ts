import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

/** FLOWTRIE_PYTHON names an interpreter that has pyarrow; the default is the system's. */
const PYTHON = process.env.FLOWTRIE_PYTHON ?? 'python3';

/** Runs a Python program; its output, or an error with what it printed. */
export function runPython(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', program, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${PYTHON}: exit ${status}\n${stderr}`);
  return stdout;
}

/**
 * A suite that needs pyarrow. Absent: one skipped test with the reason printed, or one failed test when
 * `FLOWTRIE_REQUIRE` (a comma list) names `pyarrow`.
 */
export function describePyarrow(name: string, suite: () => void): void {
  if (spawnSync(PYTHON, ['-c', 'import pyarrow.parquet']).status === 0) {
    describe(name, suite);
    return;
  }
  const reason = `${PYTHON} has no pyarrow (pip install pyarrow; FLOWTRIE_PYTHON names another interpreter)`;
  const required = (process.env.FLOWTRIE_REQUIRE ?? '').split(',').map((item) => item.trim());
  if (required.includes('pyarrow')) {
    test(`${name}: FLOWTRIE_REQUIRE names pyarrow`, () => expect.fail(reason));
    return;
  }
  console.warn(`skipped: ${name}: ${reason}`);
  test.skip(`${name}: ${reason}`, () => {});
}
