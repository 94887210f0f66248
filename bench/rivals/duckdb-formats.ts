import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { ReadyJob, Turn } from '../measurement.ts';
import { flowTable } from '../parquet-files.ts';

/** DuckDB reads every value of the Parquet files: sums, and hashes of what cannot be summed. No join, no rule. */
export async function readyDuckdbIn(turn: Turn): Promise<ReadyJob> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run('SET threads = 1');
  const paths = turn.files.map((file) => `'${file}'`).join(', ');
  return {
    async run() {
      const reader = await connection.runAndReadAll(`SELECT count(*)::DOUBLE AS records, sum(bytes)::DOUBLE AS bytes,
          count(*) FILTER (action = 'ACCEPT')::DOUBLE AS accept, count(*) FILTER (action = 'REJECT')::DOUBLE AS reject,
          bit_xor(hash(COLUMNS(*)))
        FROM read_parquet([${paths}]) WHERE log_status = 'OK'`);
      const { records, bytes, accept, reject } = reader.getRowObjects()[0] ?? {};
      return { records: Number(records), bytes: Number(bytes), accept: Number(accept), reject: Number(reject) };
    },
  };
}

const WRITTEN = { parquet: 'FORMAT parquet, COMPRESSION zstd', json: 'FORMAT json' } as const;

/** DuckDB turns the lines into Parquet or NDJSON as they are: nothing is added to them. */
export async function readyDuckdbOut(turn: Turn, format: keyof typeof WRITTEN): Promise<ReadyJob> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run('SET threads = 1');
  return {
    async run() {
      const folder = mkdtempSync(join(tmpdir(), 'flowtrie-bench-out-'));
      try {
        const reader = await connection.runAndReadAll(`COPY (SELECT * FROM ${flowTable(turn.files)}
          WHERE log_status = 'OK') TO '${join(folder, 'rows')}' (${WRITTEN[format]})`);
        return { records: Number(reader.getRows()[0]?.[0]) };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}
