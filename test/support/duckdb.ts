import { DuckDBInstance } from '@duckdb/node-api';

/** A database in memory: writes and reads Parquet independently of this project. */
export interface Duck {
  run(sql: string): Promise<void>;
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
