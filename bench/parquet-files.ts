import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import type { LogFile } from './data.ts';

const TYPES: Readonly<Record<string, string>> = {
  ...{ version: 'INTEGER', srcport: 'INTEGER', dstport: 'INTEGER', protocol: 'INTEGER', 'tcp-flags': 'INTEGER' },
  ...{ packets: 'BIGINT', bytes: 'BIGINT', start: 'BIGINT', end: 'BIGINT', 'traffic-path': 'INTEGER' },
};

/** A table function of DuckDB over files of lines with one header: AWS's types, names with `_`. */
export function flowTable(files: readonly string[]): string {
  const columns = headerOf(files[0] ?? '').map(
    (name) => `'${name.replaceAll('-', '_')}': '${TYPES[name] ?? 'VARCHAR'}'`,
  );
  return `read_csv([${files.map((file) => `'${file}'`).join(', ')}], delim = ' ', header = true, auto_detect = false,
    quote = '', escape = '', nullstr = '-', columns = {${columns.join(', ')}})`;
}

function headerOf(file: string): readonly string[] {
  const head = Buffer.alloc(4096);
  const fd = openSync(file, 'r');
  const length = readSync(fd, head);
  closeSync(fd);
  return (head.toString('latin1', 0, length).split('\n')[0] ?? '').split(' ');
}

/** The same records as AWS writes them: Snappy pages, a file beside each file of lines. */
export async function parquetFiles(files: readonly LogFile[]): Promise<readonly LogFile[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const written: LogFile[] = [];
  for (const { path, reference } of files) {
    const parquet = `${path}.parquet`;
    if (!existsSync(parquet)) {
      await connection.run(`COPY (SELECT * FROM ${flowTable([path])}) TO '${parquet}'
        (FORMAT parquet, COMPRESSION snappy)`);
    }
    written.push({ path: parquet, reference });
  }
  connection.closeSync();
  instance.closeSync();
  return written;
}
