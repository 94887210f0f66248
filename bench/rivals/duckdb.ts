import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { DEFAULT_FORMAT } from '../../src/model/flow.ts';
import type { Claims, ReadyJob, Turn } from '../measurement.ts';
import { type RuleTables, ruleTables } from './duckdb-tables.ts';

const TYPES: Readonly<Record<string, string>> = {
  version: 'UTINYINT',
  srcport: 'USMALLINT',
  dstport: 'USMALLINT',
  protocol: 'UTINYINT',
  packets: 'UBIGINT',
  bytes: 'UBIGINT',
  start: 'UINTEGER',
  end: 'UINTEGER',
};

/**
 * How pods are joined: on the address as text; on that, and the time; or, as delegated prefixes are held, on ranges of
 * addresses, and the time.
 */
export type PodJoin = 'address' | 'address-time' | 'range-time';

/**
 * DuckDB with its smaller job: parse, join the logging interface and the pods of both ends, and, unless time does not
 * count, name the first security group rule of the interface that matches the remote address, with its hits. No network
 * ACL, no route, no roles, no replies.
 */
export async function readyDuckdb(turn: Turn, join: PodJoin): Promise<ReadyJob> {
  const inventory = newestOf((await loadInventory(turn.inventory)).versions);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`SET threads = ${Math.max(turn.threads, 1)}`);
  await connection.run('SET preserve_insertion_order = false');
  await createTables(connection, ruleTables(inventory));
  const sql = query(turn.files, join);
  return {
    async run(): Promise<Claims> {
      const reader = await connection.runAndReadAll(sql);
      const { permitted, ...claims } = claimsOf(reader.getRowObjects());
      return join === 'address' ? claims : { ...claims, permitted };
    },
  };
}

function newestOf(versions: readonly Inventory[]): Inventory {
  const newest = versions.at(-1);
  if (newest === undefined) throw new Error('the inventory has no version');
  return newest;
}

async function createTables(connection: DuckDBConnection, tables: RuleTables): Promise<void> {
  await connection.run(`
    CREATE TABLE rule (number INTEGER, group_set INTEGER, egress BOOLEAN, protocol_first INTEGER, protocol_last INTEGER,
      port_first INTEGER, port_last INTEGER, address_first UINTEGER, address_last UINTEGER);
    CREATE TABLE interface (id VARCHAR, address VARCHAR, group_set INTEGER);
    CREATE TABLE pod (address VARCHAR, namespace VARCHAR);
    CREATE TABLE held (address VARCHAR, address_first UINTEGER, address_last UINTEGER, namespace VARCHAR,
      first UINTEGER, last UINTEGER);`);
  await insert(
    connection,
    'rule',
    tables.rules.map((r) => [r.number, r.groupSet, r.egress, ...r.protocol, ...r.ports, ...r.addresses].join(', ')),
  );
  await insert(
    connection,
    'interface',
    tables.interfaces.map((i) => `'${i.id}', '${i.address}', ${i.groupSet}`),
  );
  await insert(
    connection,
    'pod',
    tables.pods.map((p) => `'${p.address}', '${p.namespace}'`),
  );
  await insert(
    connection,
    'held',
    tables.held.map((p) => `'${p.address}', ${p.number}, ${p.number}, '${p.namespace}', ${p.first}, ${p.last}`),
  );
}

async function insert(connection: DuckDBConnection, table: string, rows: readonly string[]): Promise<void> {
  if (rows.length > 0) await connection.run(`INSERT INTO ${table} VALUES (${rows.join('), (')})`);
}

function query(files: readonly string[], join: PodJoin): string {
  const columns = DEFAULT_FORMAT.map((name) => `'${name}': '${TYPES[name] ?? 'VARCHAR'}'`).join(', ');
  const paths = files.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ');
  const rule = `(SELECT min(rule.number) FROM rule WHERE rule.group_set = flow.group_set AND rule.egress = flow.egress
      AND flow.protocol BETWEEN rule.protocol_first AND rule.protocol_last
      AND flow.dstport BETWEEN rule.port_first AND rule.port_last
      AND flow.remote_number BETWEEN rule.address_first AND rule.address_last)`;
  return `
    WITH flow AS (
      SELECT log.*, i.group_set, log.srcaddr = i.address AS egress,
        ${addressNumber('CASE WHEN log.srcaddr = i.address THEN log.dstaddr ELSE log.srcaddr END')} AS remote_number,
        ${addressNumber('log.srcaddr')} AS src_number, ${addressNumber('log.dstaddr')} AS dst_number
      FROM read_csv([${paths}], delim = ' ', header = true, auto_detect = false, quote = '', escape = '',
        nullstr = '-', columns = {${columns}}) log
      LEFT JOIN interface i ON i.id = log."interface-id"
      WHERE log."log-status" = 'OK'
    )
    SELECT flow.action, ${join === 'address' ? 'NULL' : rule} AS rule, src.namespace AS src, dst.namespace AS dst,
      count(*)::DOUBLE AS records, sum(flow.bytes)::DOUBLE AS bytes
    FROM flow ${podJoin('src', join)} ${podJoin('dst', join)}
    GROUP BY ALL`;
}

function podJoin(side: 'src' | 'dst', join: PodJoin): string {
  const byAddress = `${side}.address = flow.${side}addr`;
  if (join === 'address') return `LEFT JOIN pod ${side} ON ${byAddress}`;
  const byRange = `flow.${side}_number BETWEEN ${side}.address_first AND ${side}.address_last`;
  const then = `flow.start >= ${side}.first AND flow.start < ${side}.last`;
  return `LEFT JOIN held ${side} ON ${join === 'range-time' ? byRange : byAddress} AND ${then}`;
}

/** Dotted decimal as an unsigned integer; null for IPv6. */
function addressNumber(text: string): string {
  const octet = (n: number): string => `TRY_CAST(split_part(${text}, '.', ${n}) AS UINTEGER)`;
  return `(${octet(1)} * 16777216 + ${octet(2)} * 65536 + ${octet(3)} * 256 + ${octet(4)})`;
}

function claimsOf(rows: readonly Readonly<Record<string, unknown>>[]): Claims & { readonly permitted: number } {
  const claims = { records: 0, bytes: 0, accept: 0, reject: 0, permitted: 0 };
  for (const { action, rule, records, bytes } of rows) {
    const count = Number(records);
    claims.records += count;
    claims.bytes += Number(bytes);
    if (rule !== null) claims.permitted += count;
    if (action === 'ACCEPT') claims.accept += count;
    else if (action === 'REJECT') claims.reject += count;
  }
  return claims;
}
