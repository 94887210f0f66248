import type { ColumnValues } from '../../model/column-batch.ts';
import { FlowtrieError } from '../../model/errors.ts';
import type { ByteSource } from '../byte-source.ts';
import { DictionaryPage } from './dictionary-page.ts';
import { bitsFor, everyOf, type Presence, readHybrid, readPresence, repeat } from './levels.ts';
import { inflatePage, type ParquetLibrary } from './library.ts';
import { type Page, WholePage } from './page.ts';
import type { PageKernel } from './page-kernel.ts';
import { thriftEnd } from './thrift.ts';
import type { ValueType } from './value-type.ts';
import { readValues } from './values.ts';

/** Bytes of a column that are read at once: one request where the file is far away. */
const READ_AHEAD_BYTES = 1024 * 1024;

/** Bytes of a page, inflated, and of all pages that the columns of a row group hold at a time. */
const PAGE_BYTES_MAX = 128 * 1024 * 1024;
const PAGES_BYTES_MAX = 512 * 1024 * 1024;

/** Larger pages than this are not copied into the memory of a kernel, which never shrinks. */
const KERNEL_BYTES_MAX = 16 * 1024 * 1024;

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

/** Bytes that the pages of all columns of a row group hold now. */
export interface PageBudget {
  bytes: number;
}

/** Reads the pages of one column chunk in order. A repeated column gives each row's first value. */
export class PageReader {
  readonly chunk: ColumnChunk;
  private readonly library: ParquetLibrary;
  private readonly kernel: PageKernel;
  private readonly source: ByteSource;
  private readonly budget: PageBudget;
  private window: Uint8Array = new Uint8Array(0);
  private windowAt: number;
  private position: number;
  private dictionary: ColumnValues | undefined;
  private held = 0;
  private page: Page | undefined;

  constructor(
    { library, source }: { readonly library: ParquetLibrary; readonly source: ByteSource },
    kernel: PageKernel,
    chunk: ColumnChunk,
    budget: PageBudget,
  ) {
    this.library = library;
    this.kernel = kernel;
    this.source = source;
    this.chunk = chunk;
    this.budget = budget;
    this.position = chunk.start;
    this.windowAt = chunk.start;
  }

  /** The next page of rows; undefined behind the last one. The page before it is given up. */
  async next(): Promise<Page | undefined> {
    this.release();
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
        this.page = this.firstKind(inflatePage(this.library, this.chunk.codec, compressed, size), header);
        return this.page;
      } else if (header.type === 'DATA_PAGE_V2') {
        this.page = this.secondKind(compressed, header);
        return this.page;
      }
    }
    return undefined;
  }

  /** Gives up the page that came last. */
  release(): void {
    this.page?.release();
    this.page = undefined;
    this.budget.bytes -= this.held;
    this.held = 0;
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
    const next = (): Range => {
      const from = at + 4;
      if (from > page.length) throw new Error('a page ends in its levels');
      at = from + new DataView(page.buffer, page.byteOffset).getUint32(at, true);
      if (at > page.length) throw new Error('a page ends in its levels');
      return [from, at];
    };
    const repetition = maxRepetition === 0 ? NOWHERE : next();
    const definition = maxDefinition === 0 ? NOWHERE : next();
    const levels = { bytes: page, repetition, definition };
    return this.rows(page, at, count, header.data_page_header?.encoding ?? '', levels);
  }

  /** Levels in front, never compressed. */
  private secondKind(bytes: Uint8Array, header: ReturnType<ParquetLibrary['parquetHeader']>): Page {
    const info = header.data_page_header_v2;
    const count = counted(info?.num_values);
    const repetitionEnd = check(info?.repetition_levels_byte_length ?? 0, 'bytes of levels', bytes.length);
    const definitionBytes = info?.definition_levels_byte_length ?? 0;
    const levelsEnd = repetitionEnd + check(definitionBytes, 'bytes of levels', bytes.length - repetitionEnd);
    const levels: Levels = { bytes, repetition: [0, repetitionEnd], definition: [repetitionEnd, levelsEnd] };
    const size = check(header.uncompressed_page_size - levelsEnd, 'bytes', PAGE_BYTES_MAX);
    const data = bytes.subarray(levelsEnd);
    const page = info?.is_compressed === false ? data : inflatePage(this.library, this.chunk.codec, data, size);
    return this.rows(page, 0, count, info?.encoding ?? '', levels);
  }

  /** Joins levels and values to one code a row. */
  private rows(page: Uint8Array, from: number, count: number, encoding: string, levels: Levels): Page {
    const { maxDefinition, maxRepetition } = this.chunk;
    const { bytes, definition, repetition } = levels;
    const isShared = isOfDictionary(encoding);
    if (maxRepetition === 0 && isShared && page.length <= KERNEL_BYTES_MAX) {
      const indices = page.subarray(from);
      return new DictionaryPage(
        this.kernel,
        this.known(),
        count,
        maxDefinition,
        bytes.subarray(...definition),
        indices,
      );
    }
    if (maxRepetition === 0) {
      const presence = maxDefinition === 0 ? everyOf(count) : readPresence(bytes, ...definition, maxDefinition, count);
      const { values, indices } = this.values(page, from, presence.present, encoding);
      return new WholePage(codesOf(count, indices, presence), values, isShared);
    }
    const definitions = readHybrid(bytes, ...definition, bitsFor(maxDefinition), count);
    const repetitions = readHybrid(bytes, ...repetition, bitsFor(maxRepetition), count);
    const present = definitions.reduce((sum, level) => sum + Number(level === maxDefinition), 0);
    const { values, indices } = this.values(page, from, present, encoding);
    return new WholePage(firstCodes(indices, repetitions, definitions, maxDefinition), values, isShared);
  }

  /** The values in page[from …); `indices` when they are those of the dictionary. */
  private values(page: Uint8Array, from: number, count: number, encoding: string) {
    if (!isOfDictionary(encoding)) {
      return { values: readValues(this.library, encoding, this.chunk.type, page, from, count), indices: undefined };
    }
    const values = this.known();
    return { values, indices: dictionaryIndices(page, from, count, values) };
  }

  private known(): ColumnValues {
    if (this.dictionary === undefined) throw new Error('a page needs a dictionary that is not there');
    return this.dictionary;
  }
}

function isOfDictionary(encoding: string): boolean {
  return encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY';
}

/** Where levels stand: from the first byte to behind the last. */
type Range = readonly [from: number, to: number];

/** Of a column without levels. */
const NOWHERE: Range = [0, 0];

/** The levels of a page's values. */
interface Levels {
  readonly bytes: Uint8Array;
  readonly repetition: Range;
  readonly definition: Range;
}

function dictionaryIndices(page: Uint8Array, from: number, count: number, values: ColumnValues): Int32Array {
  if (count === 0) return new Int32Array(0);
  const indices = readHybrid(page, from + 1, page.length, page[from] ?? 0, count);
  const size = values.kind === 'text' ? values.starts.length : values.halves.length / 2;
  // the highest bit of any that is below 0 or beyond the last
  let outside = 0;
  for (let i = 0; i < count; i++) {
    const index = indices[i] ?? -1;
    outside |= index | (size - 1 - index);
  }
  if (outside < 0) {
    const first = indices.find((index) => index < 0 || index >= size);
    throw new Error(`the value ${first} of a dictionary of ${size}`);
  }
  return indices;
}

/** One code a value, of columns with one value a row. Without `indices` the values follow each other. */
function codesOf(count: number, indices: Int32Array | undefined, presence: Presence): Int32Array {
  if (presence.present === count && indices !== undefined) return indices;
  const codes = new Int32Array(count);
  let value = 0;
  let at = 0;
  for (const [run, end] of presence.ends.entries()) {
    if (run % 2 === 1) repeat(codes, at, end, -1);
    else if (indices === undefined) for (let i = at; i < end; i++) codes[i] = value++;
    else for (let i = at; i < end; i++) codes[i] = indices[value++] ?? -1;
    at = end;
  }
  return codes;
}

/** The code of each row's first value, of columns with several. Without `indices` the values follow each other. */
function firstCodes(
  indices: Int32Array | undefined,
  repetition: Int32Array,
  definition: Int32Array,
  maxDefinition: number,
): Int32Array {
  const codes = new Int32Array(definition.length);
  let rows = 0;
  let value = 0;
  for (let i = 0; i < definition.length; i++) {
    const code = definition[i] === maxDefinition ? value++ : -1;
    if (repetition[i] !== 0) continue;
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
