import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { type Duck, openDuck } from './duckdb.ts';

/** A small inventory: what is read does not depend on it. */
export const INVENTORY: string = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));

/** Where a test file has its Parquet written by DuckDB. */
export interface ParquetLab {
  /** Open from the first test on. */
  readonly duck: Duck;
  /** Path of a file in a folder of its own. */
  at(name: string): string;
}

/** Opened before the tests of the file that asks, and removed behind them. */
export function parquetLab(): ParquetLab {
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-parquet-'));
  let duck: Duck | undefined;
  beforeAll(async () => {
    duck = await openDuck();
  });
  afterAll(() => {
    duck?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get duck() {
      if (duck === undefined) throw new Error('no test is running yet');
      return duck;
    },
    at: (name) => join(folder, name),
  };
}
