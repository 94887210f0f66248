import type { ColumnType, OutputColumn } from '../sink/columns.ts';

/** Retried inserts of this many blocks before are recognized; see non_replicated_deduplication_window of ClickHouse. */
const DEDUPLICATION_WINDOW = 10_000;

const TYPES: Readonly<Record<ColumnType, string>> = {
  dictionary: 'LowCardinality(Nullable(String))',
  word: 'LowCardinality(Nullable(String))',
  utf8: 'Nullable(String)',
  utf8list: 'Array(LowCardinality(Nullable(String)))',
  uint8: 'Nullable(UInt8)',
  uint16: 'Nullable(UInt16)',
  uint64: 'Nullable(UInt64)',
  int64: 'Nullable(Int64)',
};

/** The table of classified records, made when there is none. `table` is quoted already. */
export function tableText(table: string, columns: readonly OutputColumn[]): string {
  const lines = columns.map(({ name, type, doc }) => {
    // the key of the order is no Nullable: a record without start counts as of 1970
    const kind = name === 'start' ? 'Int64' : TYPES[type];
    return `  ${quoted(name)} ${kind} COMMENT ${text(doc)}`;
  });
  const order = columns.some(({ name }) => name === 'start') ? 'start' : 'tuple()';
  return (
    `CREATE TABLE IF NOT EXISTS ${table} (\n${lines.join(',\n')}\n) ENGINE = MergeTree ORDER BY ${order}\n` +
    `SETTINGS non_replicated_deduplication_window = ${DEDUPLICATION_WINDOW}`
  );
}

/** `[DATABASE.]TABLE` as ClickHouse wants it. */
export function quotedTable(name: string): string {
  return name.split('.').map(quoted).join('.');
}

function quoted(name: string): string {
  return `\`${name.replace(/[\\`]/g, '\\$&')}\``;
}

function text(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&')}'`;
}
