import type { Encoding, SchemaElement } from 'hyparquet';
import type { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import type { ColumnData } from './chunk-data.ts';
import type { ColumnMemory } from './column-memory.ts';
import type { OutputColumn } from './columns.ts';
import { type Coded, Coder, countOf, type Values } from './parquet-codes.ts';
import { bitWidth, PageBytes } from './parquet-levels.ts';
import { type Bounds, boundsOf, wideBounds } from './parquet-statistics.ts';

/** Compresses a page; the result is valid until the next call. */
export type Compress = (page: Uint8Array) => Uint8Array;

/** What the footer says of a column chunk; plain data, sizes and places in bytes from the chunk's first. */
export interface ColumnNote {
  readonly bytes: number;
  /** Before compression. */
  readonly plainBytes: number;
  /** Where the data page begins; 0 = there is no dictionary page. */
  readonly dataPage: number;
  /** Levels, and nulls among them. */
  readonly entries: number;
  readonly nulls: number;
  /** null = not told. */
  readonly bounds: Bounds | null;
}

/** Schema elements of a column: lists have three levels. */
export function schemaElements({ name, type }: OutputColumn): readonly SchemaElement[] {
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;
  const optional = { repetition_type: 'OPTIONAL' } as const;
  switch (type) {
    case 'dictionary':
    case 'word':
    case 'utf8':
      return [{ name, ...text, ...optional }];
    case 'utf8list':
      return [
        { name, ...optional, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', ...text, ...optional },
      ];
    case 'uint8':
      return [{ name, type: 'INT32', converted_type: 'UINT_8', ...optional }];
    case 'uint16':
      return [{ name, type: 'INT32', converted_type: 'UINT_16', ...optional }];
    case 'uint64':
      return [{ name, type: 'INT64', converted_type: 'UINT_64', ...optional }];
    case 'int64':
      return [{ name, type: 'INT64', ...optional }];
  }
}

/** Values of a page without nulls. */
type PageValues = Coded | { readonly words: Uint32Array } | { readonly plain: Extract<ColumnData, { kind: 'texts' }> };

/** Writes column chunks one after the other into one buffer: a dictionary page (where there is one) and a data page. */
export class ColumnWriter {
  private readonly out: ByteWriter;
  private readonly page: PageBytes;
  private readonly coder: Coder;
  private readonly compress: Compress;

  constructor(out: ByteWriter, compress: Compress, memory: ColumnMemory) {
    this.out = out;
    this.page = new PageBytes(memory);
    this.coder = new Coder(memory);
    this.compress = compress;
  }

  write(column: ColumnData, rows: number): ColumnNote {
    if (column.kind === 'lists') return this.writeLists(column, rows);
    const nulls = column.nullCount;
    const levels = (): number => {
      this.page.measured(() => {
        if (nulls === 0) this.page.run(1, rows, 1);
        else if (nulls === rows) this.page.run(0, rows, 1);
        else this.page.defined(column, rows);
      });
      return rows;
    };
    return this.put(this.valuesOf(column, rows - nulls), levels, rows - nulls);
  }

  private valuesOf(column: Exclude<ColumnData, { kind: 'lists' }>, count: number): PageValues {
    const { coder } = this;
    switch (column.kind) {
      case 'codes':
        return coder.texts32(column);
      case 'words':
        return coder.words8(column);
      case 'texts':
        return { plain: column };
      case 'numbers': {
        const { values, nulls } = column;
        if (!(values instanceof Uint32Array)) return coder.short(values, nulls);
        return coder.wide(values, nulls) ?? { words: coder.presentWide(values, nulls, count) };
      }
    }
  }

  private writeLists(column: Extract<ColumnData, { kind: 'lists' }>, rows: number): ColumnNote {
    const levels = (): number => this.page.listLevels(column, rows);
    return { ...this.put(this.coder.texts32(column), levels, column.codes.length), bounds: null };
  }

  /** `levels` writes them and says how many there are; `count` of them have a value. */
  private put(values: PageValues, levels: () => number, count: number): ColumnNote {
    const { out, page } = this;
    const from = out.offset;
    let plainBytes = 0;
    let dataPage = 0;
    const size = 'values' in values ? countOf(values.values) : 0;
    if ('values' in values && size > 0) {
      page.clear();
      appendDictionary(page, values.values);
      plainBytes += this.putPage((header) => ({
        ...header,
        type: 'DICTIONARY_PAGE',
        dictionary_page_header: { num_values: size, encoding: 'PLAIN', is_sorted: false },
      }));
      dataPage = out.offset - from;
    }
    page.clear();
    const entries = levels();
    appendValues(page, values, size, count);
    const encoding: Encoding = size > 0 ? 'RLE_DICTIONARY' : 'PLAIN';
    plainBytes += this.putPage((header) => ({
      ...header,
      type: 'DATA_PAGE',
      data_page_header: {
        num_values: entries,
        encoding,
        definition_level_encoding: 'RLE',
        repetition_level_encoding: 'RLE',
      },
    }));
    const bounds = 'values' in values ? boundsOf(values.values) : 'words' in values ? wideBounds(values.words) : null;
    return { bytes: out.offset - from, plainBytes, dataPage, entries, nulls: entries - count, bounds };
  }

  /** Returns the bytes of the page before compression, header included. */
  private putPage(header: (sizes: PageSizes) => Parameters<typeof writePageHeader>[1]): number {
    const { out } = this;
    const plain = this.page.taken();
    const packed = this.compress(plain);
    const from = out.offset;
    writePageHeader(out, header({ uncompressed_page_size: plain.length, compressed_page_size: packed.length }));
    const headerBytes = out.offset - from;
    out.appendBytes(packed);
    return headerBytes + plain.length;
  }
}

interface PageSizes {
  readonly uncompressed_page_size: number;
  readonly compressed_page_size: number;
}

function appendDictionary(page: PageBytes, values: Values): void {
  if (values.kind === 'texts') page.texts(values.texts);
  else page.words(values.kind === 'short' ? values.numbers : values.words);
}

/** `count` = rows that have a value. */
function appendValues(page: PageBytes, values: PageValues, size: number, count: number): void {
  if ('words' in values) page.words(values.words);
  else if ('plain' in values) {
    const { texts, nulls } = values.plain;
    for (let row = 0; row + 1 < texts.offsets.length; row++) {
      if (nulls?.[row] !== 1) page.text(texts.bytes, texts.offsets[row]!, texts.offsets[row + 1]!);
    }
  } else if (size > 0) {
    const width = bitWidth(size - 1);
    page.byte(width);
    if (size === 1) page.run(0, count, width);
    else page.packed(values.codes, count, width);
  }
}
