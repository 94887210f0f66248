import { FIELDS } from '../../src/model/flow.ts';
import { type ColumnType, outputColumns } from '../../src/sink/columns.ts';

/** Column type → what it is in Arrow, in Parquet (as DuckDB names it), and as a JSON value. */
const TYPES: Readonly<Record<ColumnType, readonly [arrow: string, parquet: string, json: string]>> = {
  dictionary: ['Dictionary&lt;Utf8, Int32&gt;', 'VARCHAR', 'string'],
  word: ['Dictionary&lt;Utf8, Int8&gt;', 'VARCHAR', 'string'],
  utf8: ['Utf8', 'VARCHAR', 'string'],
  utf8list: ['List&lt;Dictionary&lt;Utf8, Int32&gt;&gt;', 'VARCHAR[]', 'list of strings'],
  uint8: ['UInt8', 'UTINYINT', 'number'],
  uint16: ['UInt16', 'USMALLINT', 'number'],
  uint64: ['UInt64', 'UBIGINT', 'exact integer'],
  int64: ['Int64', 'BIGINT', 'exact integer'],
};

/** The table of docs/outputs.md, made from the code: every column there can be, in order. */
export function schemaTable(): string {
  const versions = new Map(FIELDS.map(({ column, version }) => [column, `v${version}`]));
  const rows = outputColumns(FIELDS.map(({ name }) => name)).map(({ name, type, source, doc }) => {
    const from = source === 'field' ? (versions.get(name) ?? '') : source === 'verdict' ? 'flowtrie' : 'input';
    return [`\`${name}\``, from, ...TYPES[type], doc.replaceAll('|', '\\|')];
  });
  const lines = [['column', 'from', 'Arrow', 'Parquet (DuckDB)', 'NDJSON', 'meaning'], ...rows];
  const shown = lines.map((cells) => `| ${cells.join(' | ')} |`);
  shown.splice(1, 0, '| --- | --- | --- | --- | --- | --- |');
  return shown.join('\n');
}
