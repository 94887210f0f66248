import type { ColumnValues } from '../../model/column-batch.ts';
import { FlowtrieError } from '../../model/errors.ts';
import type { ByteSource } from '../byte-source.ts';
import { bitsFor, isOneRun, readHybrid } from './levels.ts';
import { inflatePage, type ParquetLibrary } from './library.ts';
import { thriftEnd } from './thrift.ts';
import { readValues, type ValueType } from './values.ts';

/** Bytes of a column that are read at once: one request where the file is far away. */
const READ_AHEAD_BYTES = 1024 * 1024;

/** Bytes of a page, inflated, and of all pages that the columns of a row group hold at a time. */
const PAGE_BYTES_MAX = 128 * 1024 * 1024;
const PAGES_BYTES_MAX = 512 * 1024 * 1024;

/** Values of one page; writers cut pages at about 1 MiB or 20,000 rows. */
const PAGE_VALUES_MAX = 16 * 1024 * 1024;

/** Bytes of a page's header, with its statistics. */
const HEADER_BYTES_MAX = 1024 * 1024;
const HEADER_BYTES = 4 * 1024;

/** One column of a row group: where it is and how it is stored. */
export interface ColumnChunk {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly codec: string;
  readonly type: ValueType;
  /** Levels of the value itself: below the first, it is null; above 0 repetitions, a row may have several. */
  readonly maxDefinition: number;
  readonly maxRepetition: number;
}

/** Rows of one page: the index of each row's value, −1 = null. */
export interface Page {
  readonly codes: Int32Array;
  readonly values: ColumnValues;
  /** The values are the column's dictionary. */
  readonly shared: boolean;
}

/** Bytes that the pages of all columns of a row group hold now. */
export interface PageBudget {
  bytes: number;
}

/** Reads the pages of one column chunk in order. A repeated column gives each row's first value. */
export class PageReader {
  readonly chunk: ColumnChunk;
  private readonly library: ParquetLibrary;
  private readonly source: ByteSource;
  private readonly budget: PageBudget;
  private window: Uint8Array = new Uint8Array(0);
  private windowAt: number;
  private position: number;
  private dictionary: ColumnValues | undefined;
  private held = 0;

  constructor(library: ParquetLibrary, source: ByteSource, chunk: ColumnChunk, budget: PageBudget) {
    this.library = library;
    this.source = source;
    this.chunk = chunk;
    this.budget = budget;
    this.position = chunk.start;
    this.windowAt = chunk.start;
  }

  /** The next page of rows; undefined behind the last one. The page before it is given up. */
  async next(): Promise<Page | undefined> {
    this.budget.bytes -= this.held;
    this.held = 0;
    while (this.position < this.chunk.end) {
      const header = await this.header();
      const compressed = await this.bytes(this.position, header.compressed_page_size);
      this.position += header.compressed_page_size;
      const size = header.uncompressed_page_size;
      this.take(size);
      if (header.type === 'DICTIONARY_PAGE') {
        const count = counted(header.dictionary_page_header?.num_values);
        const page = inflatePage(this.library, this.chunk.codec, compressed, size);
        this.dictionary = readValues(this.library, 'PLAIN', this.chunk.type, page, 0, count);
        // stays with the column, not with one page
        this.held = 0;
      } else if (header.type === 'DATA_PAGE') {
        return this.firstKind(inflatePage(this.library, this.chunk.codec, compressed, size), header);
      } else if (header.type === 'DATA_PAGE_V2') {
        return this.secondKind(compressed, header);
      }
    }
    return undefined;
  }

  private async header(): Promise<ReturnType<ParquetLibrary['parquetHeader']>> {
    for (let length = HEADER_BYTES; ; length *= 16) {
      const bytes = await this.bytes(this.position, Math.min(length, this.chunk.end - this.position));
      try {
        const end = thriftEnd(bytes, 0);
        const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
        const header = this.library.parquetHeader(reader);
        this.position += end;
        check(header.compressed_page_size, 'compressed bytes', this.chunk.end - this.position);
        check(header.uncompressed_page_size, 'bytes', PAGE_BYTES_MAX);
        return header;
      } catch (error) {
        // perhaps only the piece was too short
        if (length >= HEADER_BYTES_MAX || bytes.length < length) throw error;
      }
    }
  }

  /** Bytes of the chunk, read ahead. */
  private async bytes(position: number, length: number): Promise<Uint8Array> {
    const offset = position - this.windowAt;
    if (offset + length > this.window.length) {
      const ahead = Math.min(Math.max(length, READ_AHEAD_BYTES), this.chunk.end - position);
      this.window = await this.source.read(position, ahead);
      this.windowAt = position;
      return this.window.subarray(0, length);
    }
    return this.window.subarray(offset, offset + length);
  }

  private take(size: number): void {
    this.budget.bytes += size;
    this.held += size;
    if (this.budget.bytes > PAGES_BYTES_MAX) {
      throw new FlowtrieError('input', `expected pages of ${PAGES_BYTES_MAX} bytes at a time at most, got more`);
    }
  }

  /** Levels and values in one compressed piece, each level with its length in front. */
  private firstKind(page: Uint8Array, header: ReturnType<ParquetLibrary['parquetHeader']>): Page {
    const { maxRepetition, maxDefinition } = this.chunk;
    const count = counted(header.data_page_header?.num_values);
    let at = 0;
    const next = (): readonly [from: number, to: number] => {
      const from = at + 4;
      if (from > page.length) throw new Error('a page ends in its levels');
      at = from + new DataView(page.buffer, page.byteOffset).getUint32(at, true);
      if (at > page.length) throw new Error('a page ends in its levels');
      return [from, at];
    };
    const repetition = maxRepetition === 0 ? undefined : readHybrid(page, ...next(), bitsFor(maxRepetition), count);
    const definition = maxDefinition === 0 ? undefined : readDefinition(page, ...next(), maxDefinition, count);
    return this.rows(page, at, count, header.data_page_header?.encoding ?? '', repetition, definition);
  }

  /** Levels in front, never compressed. */
  private secondKind(bytes: Uint8Array, header: ReturnType<ParquetLibrary['parquetHeader']>): Page {
    const { maxRepetition, maxDefinition, codec } = this.chunk;
    const info = header.data_page_header_v2;
    const count = counted(info?.num_values);
    const repetitionEnd = check(info?.repetition_levels_byte_length ?? 0, 'bytes of levels', bytes.length);
    const definitionBytes = info?.definition_levels_byte_length ?? 0;
    const levelsEnd = repetitionEnd + check(definitionBytes, 'bytes of levels', bytes.length - repetitionEnd);
    const repetition =
      maxRepetition === 0 ? undefined : readHybrid(bytes, 0, repetitionEnd, bitsFor(maxRepetition), count);
    const definition =
      maxDefinition === 0 ? undefined : readDefinition(bytes, repetitionEnd, levelsEnd, maxDefinition, count);
    const size = check(header.uncompressed_page_size - levelsEnd, 'bytes', PAGE_BYTES_MAX);
    const data = bytes.subarray(levelsEnd);
    const page = info?.is_compressed === false ? data : inflatePage(this.library, codec, data, size);
    return this.rows(page, 0, count, info?.encoding ?? '', repetition, definition);
  }

  /** Joins levels and values to one code a row. */
  private rows(
    page: Uint8Array,
    from: number,
    count: number,
    encoding: string,
    repetition: Int32Array | undefined,
    definition: Int32Array | undefined,
  ): Page {
    const { maxDefinition, type } = this.chunk;
    let present = count;
    if (definition !== undefined) {
      present = 0;
      for (let i = 0; i < count; i++) if (definition[i] === maxDefinition) present++;
    }
    const shared = encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY';
    const values = shared ? this.dictionary : readValues(this.library, encoding, type, page, from, present);
    if (values === undefined) throw new Error('a page needs a dictionary that is not there');
    const indices = shared ? dictionaryIndices(page, from, present, values) : undefined;
    return { codes: codesOf(count, indices, repetition, definition, maxDefinition), values, shared };
  }
}

/** Definition levels; undefined when all values are there. */
function readDefinition(
  bytes: Uint8Array,
  from: number,
  to: number,
  max: number,
  count: number,
): Int32Array | undefined {
  const width = bitsFor(max);
  return isOneRun(bytes, from, to, width, count, max) ? undefined : readHybrid(bytes, from, to, width, count);
}

function dictionaryIndices(page: Uint8Array, from: number, count: number, values: ColumnValues): Int32Array {
  if (count === 0) return new Int32Array(0);
  const indices = readHybrid(page, from + 1, page.length, page[from] ?? 0, count);
  const size = values.kind === 'text' ? values.starts.length : values.halves.length / 2;
  for (let i = 0; i < count; i++) {
    const index = indices[i] ?? -1;
    if (index < 0 || index >= size) throw new Error(`the value ${index} of a dictionary of ${size}`);
  }
  return indices;
}

/** Without `indices` the values follow each other. */
function codesOf(
  count: number,
  indices: Int32Array | undefined,
  repetition: Int32Array | undefined,
  definition: Int32Array | undefined,
  maxDefinition: number,
): Int32Array {
  if (repetition === undefined && definition === undefined && indices !== undefined) return indices;
  const codes = new Int32Array(count);
  let rows = 0;
  let value = 0;
  for (let i = 0; i < count; i++) {
    const code = definition !== undefined && definition[i] !== maxDefinition ? -1 : value++;
    if (repetition !== undefined && repetition[i] !== 0) continue;
    codes[rows++] = code < 0 || indices === undefined ? code : (indices[code] ?? -1);
  }
  return codes.subarray(0, rows);
}

function counted(count: number | undefined): number {
  return check(count ?? 0, 'values', PAGE_VALUES_MAX);
}

/** The number, when it is whole and between 0 and `max`. */
function check(value: number, what: string, max: number): number {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new Error(`a page of ${value} ${what}, at most ${max} are possible here`);
  }
  return value;
}
