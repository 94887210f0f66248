import { Readable } from 'node:stream';
import { FlowtrieError } from '../model/errors.ts';

/** How to reach a server. Nothing prints this object. */
export interface ClickHouseConnection {
  /** `http[s]://host:port` */
  readonly url: string;
  readonly username: string;
  readonly password?: string | undefined;
  readonly database?: string | undefined;
}

/** What the sink asks of a server. */
export interface ClickHouse {
  command(query: string): Promise<void>;
  /** Inserts one Arrow IPC stream. The same token again, and nothing is inserted. */
  insert(table: string, token: string, arrow: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
}

/** An insert that has no answer after so long is given up, and made again with the same token. */
const REQUEST_MS = 60_000;

/** The official client, which is loaded only when asked for. */
export async function openClickHouse(connection: ClickHouseConnection): Promise<ClickHouse> {
  const { createClient, ClickHouseLogLevel } = await import('@clickhouse/client').catch((cause: unknown) => {
    const hint = 'npm install @clickhouse/client';
    throw new FlowtrieError('usage', `--out clickhouse:… needs a package that is not there: ${hint}`, { cause });
  });
  const { url, username, password, database } = connection;
  const client = createClient({
    url,
    username,
    application: 'flowtrie',
    request_timeout: REQUEST_MS,
    log: { level: ClickHouseLogLevel.OFF },
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
  });
  return {
    async command(query) {
      await client.command({ query });
    },
    async insert(table, token, arrow) {
      const { stream } = await client.exec({
        query: `INSERT INTO ${table} FORMAT ArrowStream`,
        values: Readable.from(arrow, { objectMode: false }),
        clickhouse_settings: {
          async_insert: 0,
          insert_deduplicate: 1,
          insert_deduplication_token: token,
          // a table of fewer columns takes what it has
          input_format_skip_unknown_fields: 1,
          input_format_null_as_default: 1,
          wait_end_of_query: 1,
        },
      });
      for await (const _ of stream);
    },
    close: () => client.close(),
  };
}
