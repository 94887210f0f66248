import { spawnSync } from 'node:child_process';
import { describeNeeding } from './needs.ts';

/** FLOWTRIE_PYTHON names an interpreter that has pyarrow; the default is the system's. */
const PYTHON = process.env.FLOWTRIE_PYTHON ?? 'python3';

/** Runs a Python program; its output, or an error with what it printed. */
export function runPython(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', program, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${PYTHON}: exit ${status}\n${stderr}`);
  return stdout;
}

/** A suite that needs pyarrow. */
export function describePyarrow(name: string, suite: () => void): void {
  const isThere = spawnSync(PYTHON, ['-c', 'import pyarrow.parquet']).status === 0;
  const missing = `${PYTHON} has no pyarrow (pip install pyarrow; FLOWTRIE_PYTHON names another interpreter)`;
  describeNeeding('pyarrow', name, isThere ? null : missing, suite);
}
