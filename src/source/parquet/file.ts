import type { FileMetaData, SchemaElement, SchemaTree } from 'hyparquet';
import { FlowtrieError, messageOf } from '../../model/errors.ts';
import type { ByteSource } from '../byte-source.ts';
import { loadParquet, type ParquetLibrary } from './library.ts';
import type { ColumnChunk } from './pages.ts';
import { type StartRange, startRange } from './start-range.ts';
import { thriftEnd } from './thrift.ts';
import type { ValueType } from './value-type.ts';

/** Bytes of a footer: one of 1,000 row groups of 30 columns has about 5 MB. */
const FOOTER_BYTES_MAX = 64 * 1024 * 1024;

/** Columns of a file; all known fields are below 80. */
const COLUMNS_MAX = 1000;

const MAGIC = 'PAR1';
const TAIL_BYTES = 8;

/** A Parquet file whose footer was read and checked. */
export interface ParquetFile {
  readonly source: ByteSource;
  readonly library: ParquetLibrary;
  /** Names of the columns that are read, one path element or several joined by dots. */
  readonly names: readonly string[];
  /** By position in `names`. */
  readonly columns: readonly Pick<Leaf, 'maxRepetition' | 'list'>[];
  readonly rowGroups: readonly RowGroup[];
}

export interface RowGroup {
  readonly rows: number;
  /** Bytes of all its columns, compressed. */
  readonly bytes: number;
  /** By position in `names`. */
  readonly columns: readonly ColumnChunk[];
  /** What the file says of the times at which its records start; null = nothing. */
  readonly starts: StartRange | null;
}

/** Reads the footer. Throws FlowtrieError that names the file when it is damaged or lies. */
export async function openParquet(source: ByteSource): Promise<ParquetFile> {
  return damaged(source.name, async () => {
    const library = await loadParquet();
    const metadata = library.parquetMetadata(await footerOf(source));
    const leaves = leavesOf(library.parquetSchema(metadata));
    if (leaves.length > COLUMNS_MAX) throw new Error(`${leaves.length} columns, at most ${COLUMNS_MAX} are read`);
    const rowGroups = metadata.row_groups.map((group) => rowGroupOf(source, leaves, group));
    return { source, library, names: leaves.map((leaf) => leaf.name), columns: leaves, rowGroups };
  });
}

/** Runs what may meet a damaged file; every fault of the library becomes an error that names the file. */
async function damaged<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FlowtrieError) throw error;
    throw damage(name, error);
  }
}

export function damage(name: string, error: unknown): FlowtrieError {
  const reason = messageOf(error);
  return new FlowtrieError('input', `${name}: damaged Parquet: ${reason}`, { cause: error });
}

/** The footer with its length and magic bytes, as the library wants it. */
async function footerOf(source: ByteSource): Promise<Uint8Array> {
  const { size } = source;
  if (size < MAGIC.length + TAIL_BYTES) throw new Error(`a file of ${size} bytes`);
  const tail = await source.read(size - TAIL_BYTES, TAIL_BYTES);
  const magic = Buffer.from(tail.subarray(4)).toString('latin1');
  if (magic === 'PARE') throw new Error('it is encrypted');
  if (magic !== MAGIC) throw new Error(`expected ${MAGIC} at its end: cut off?`);
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  if (length > size - MAGIC.length - TAIL_BYTES) throw new Error(`a footer of ${length} bytes in a file of ${size}`);
  if (length > FOOTER_BYTES_MAX) throw new Error(`a footer of ${length} bytes, at most ${FOOTER_BYTES_MAX} are read`);
  const footer = await source.read(size - TAIL_BYTES - length, length + TAIL_BYTES);
  thriftEnd(footer.subarray(0, length), 0);
  return footer;
}

interface Leaf {
  readonly name: string;
  /** Position among all leaves of the schema, as the columns of a row group stand. */
  readonly index: number;
  readonly type: ValueType;
  readonly maxDefinition: number;
  readonly maxRepetition: number;
  /** The outermost list or map that it is in, by the name of the column; null = it has one value a row. */
  readonly list: string | null;
}

/** The columns that hold values. */
function leavesOf(root: SchemaTree): Leaf[] {
  const leaves: Leaf[] = [];
  const visit = (
    node: SchemaTree,
    path: readonly string[],
    definition: number,
    repetition: number,
    outer: string | null,
  ): void => {
    const { element, children } = node;
    const isRoot = node === root;
    const optional = !isRoot && element.repetition_type !== 'REQUIRED' ? 1 : 0;
    const repeated = !isRoot && element.repetition_type === 'REPEATED' ? 1 : 0;
    const here = isRoot ? path : [...path, element.name];
    // `tags.list.element` is a value of the list `tags`
    const list = outer ?? (repeated === 1 || isListed(element) ? here.join('.') : null);
    if (children.length === 0) {
      const [maxDefinition, maxRepetition] = [definition + optional, repetition + repeated];
      const name = here.join('.');
      leaves.push({ name, index: leaves.length, type: typeOf(element), maxDefinition, maxRepetition, list });
    }
    for (const child of children) visit(child, here, definition + optional, repetition + repeated, list);
  };
  visit(root, [], 0, 0, null);
  return leaves;
}

const isListed = ({ converted_type, logical_type }: SchemaElement): boolean =>
  ['LIST', 'MAP', 'MAP_KEY_VALUE'].includes(logical_type?.type ?? converted_type ?? '');

/** Decimals of 128 bits have 38 digits, of 256 bits 76. */
const SCALE_MAX = 76;

const PER_SECOND = { MILLIS: 1000, MICROS: 1_000_000, NANOS: 1_000_000_000 } as const;

function typeOf(element: SchemaElement): ValueType {
  const { type, type_length, converted_type, logical_type, scale = 0 } = element;
  const unsigned =
    (logical_type?.type === 'INTEGER' && !logical_type.isSigned) || converted_type?.startsWith('UINT') === true;
  let perSecond = 1;
  if (logical_type?.type === 'TIMESTAMP') perSecond = PER_SECOND[logical_type.unit];
  else if (converted_type === 'TIMESTAMP_MILLIS') perSecond = PER_SECOND.MILLIS;
  else if (converted_type === 'TIMESTAMP_MICROS') perSecond = PER_SECOND.MICROS;
  const isDecimal = logical_type?.type === 'DECIMAL' || converted_type === 'DECIMAL';
  if (isDecimal && !(Number.isInteger(scale) && scale >= 0 && scale <= SCALE_MAX)) {
    throw new Error(`a decimal with ${scale} digits behind its point`);
  }
  return {
    physical: type ?? 'none',
    length: type_length ?? 0,
    unsigned,
    perSecond,
    scale: isDecimal ? scale : null,
  };
}

function rowGroupOf(source: ByteSource, leaves: readonly Leaf[], group: FileMetaData['row_groups'][number]): RowGroup {
  const rows = Number(group.num_rows);
  if (!Number.isSafeInteger(rows) || rows < 0) throw new Error(`a row group of ${group.num_rows} rows`);
  const columns = leaves.map(({ index, list: _, ...leaf }): ColumnChunk => {
    const chunk = group.columns[index];
    const data = chunk?.meta_data;
    if (chunk === undefined || data === undefined) throw new Error(`a row group without the column ${leaf.name}`);
    if (chunk.file_path !== undefined) throw new Error(`the column ${leaf.name} is in another file`);
    const first = data.dictionary_page_offset;
    const start = Number(
      first !== undefined && first > 0n && first < data.data_page_offset ? first : data.data_page_offset,
    );
    const end = start + Number(data.total_compressed_size);
    if (!(start >= 0 && start <= end && end <= source.size)) {
      throw new Error(`the column ${leaf.name} from byte ${start} to ${end} of a file of ${source.size}`);
    }
    return { ...leaf, start, end, codec: data.codec };
  });
  const bytes = columns.reduce((sum, column) => sum + column.end - column.start, 0);
  return { rows, bytes, columns, starts: startRangeOf(leaves, group) };
}

/** From the statistics of the column `start`, when there is one of whole numbers. */
function startRangeOf(leaves: readonly Leaf[], group: FileMetaData['row_groups'][number]): StartRange | null {
  const named = leaves.filter((leaf) => leaf.name.toLowerCase() === 'start');
  const [leaf] = named;
  if (leaf === undefined || named.length > 1 || !/^INT(32|64)$/.test(leaf.type.physical)) return null;
  const statistics = group.columns[leaf.index]?.meta_data?.statistics;
  return startRange(statistics?.min_value ?? statistics?.min, statistics?.max_value ?? statistics?.max);
}
