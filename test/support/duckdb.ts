import { DuckDBInstance } from '@duckdb/node-api';

/** A database in memory: reads and writes Parquet independently of this project. */
export interface Duck {
  run(sql: string): Promise<void>;
  /** Rows as JSON has them: 64-bit integers are text. */
  rows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): void;
}

export async function openDuck(): Promise<Duck> {
  const connection = await (await DuckDBInstance.create()).connect();
  return {
    async run(sql) {
      await connection.run(sql);
    },
    async rows(sql) {
      return (await connection.runAndReadAll(sql)).getRowObjectsJson();
    },
    close: () => connection.closeSync(),
  };
}

/** Rows of a query in a DuckDB of its own; 64-bit integers are BigInts, lists arrays. */
export async function duckRows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run('SET threads = 1');
    return (await connection.runAndReadAll(sql)).getRowObjectsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
