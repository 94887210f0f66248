import type { ColumnChunk, Encoding, SchemaElement, Statistics } from 'hyparquet';
import type { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import type { OutputColumn } from './columns.ts';
import { bitWidth, PageBytes } from './parquet-levels.ts';
import { type ColumnValues, columnValues, type Segment, type Value } from './parquet-values.ts';

/** Compresses a page; the result is valid until the next call. */
export type Compress = (page: Uint8Array) => Uint8Array;

/** Schema elements of a column: lists have three levels. */
export function schemaElements({ name, type }: OutputColumn): readonly SchemaElement[] {
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;
  const optional = { repetition_type: 'OPTIONAL' } as const;
  switch (type) {
    case 'dictionary':
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

/** Writes column chunks one after the other into one buffer: a dictionary page (where there is one) and a data page. */
export class ColumnWriter {
  private readonly out: ByteWriter;
  private readonly page = new PageBytes();
  private readonly compress: Compress;

  constructor(out: ByteWriter, compress: Compress) {
    this.out = out;
    this.compress = compress;
  }

  /** `position`: byte offset in the file of the buffer's first byte. */
  write(column: OutputColumn, index: number, segments: readonly Segment[], position: number): ColumnChunk {
    const { out, page } = this;
    const found = columnValues(segments, index);
    const { values } = found;
    const from = out.offset;
    let plainBytes = 0;
    const coded = values.kind === 'codes' && values.dictionary.length > 0;
    let dictionaryEnd = from;
    if (coded) {
      page.clear();
      for (const value of values.dictionary) appendPlain(page, value);
      plainBytes += this.putPage((header) => ({
        ...header,
        type: 'DICTIONARY_PAGE',
        dictionary_page_header: { num_values: values.dictionary.length, encoding: 'PLAIN', is_sorted: false },
      }));
      dictionaryEnd = out.offset;
    }
    page.clear();
    appendLevels(page, found, column.type === 'utf8list');
    appendValues(page, values);
    const encoding: Encoding = coded ? 'RLE_DICTIONARY' : 'PLAIN';
    plainBytes += this.putPage((header) => ({
      ...header,
      type: 'DATA_PAGE',
      data_page_header: {
        num_values: found.entries,
        encoding,
        definition_level_encoding: 'RLE',
        repetition_level_encoding: 'RLE',
      },
    }));
    const statistics = statisticsOf(column, found);
    return {
      file_offset: BigInt(position + from),
      meta_data: {
        type: schemaElements(column).at(-1)?.type ?? 'BYTE_ARRAY',
        encodings: coded ? ['PLAIN', 'RLE', 'RLE_DICTIONARY'] : ['PLAIN', 'RLE'],
        path_in_schema: column.type === 'utf8list' ? [column.name, 'list', 'element'] : [column.name],
        codec: 'ZSTD',
        num_values: BigInt(found.entries),
        total_uncompressed_size: BigInt(plainBytes),
        total_compressed_size: BigInt(out.offset - from),
        data_page_offset: BigInt(position + dictionaryEnd),
        ...(coded ? { dictionary_page_offset: BigInt(position + from) } : {}),
        ...(statistics === null ? {} : { statistics }),
      },
    };
  }

  /** Returns the bytes of the page before compression, header included. */
  private putPage(header: (sizes: PageSizes) => Parameters<typeof writePageHeader>[1]): number {
    const { out } = this;
    const plain = this.page.view();
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

function appendPlain(page: PageBytes, value: Value): void {
  if (typeof value === 'number') page.u32(value);
  else if (value instanceof Uint8Array) {
    page.u32(value.length);
    page.append(value);
  } else {
    page.u32(value[0]);
    page.u32(value[1]);
  }
}

/** Levels in front of the values: repetition (lists only), then definition, each with its length. */
function appendLevels(page: PageBytes, { defined, repeated, entries }: ColumnValues, isList: boolean): void {
  if (isList && repeated !== null) page.measured(() => page.hybrid(repeated, entries, 1));
  page.measured(() => {
    if (defined === null) page.run(1, entries, 1);
    else page.hybrid(defined, entries, isList ? 2 : 1);
  });
}

function appendValues(page: PageBytes, values: ColumnValues['values']): void {
  if (values.kind === 'plain') {
    for (const value of values.plain) appendPlain(page, value);
  } else if (values.kind === 'words') {
    page.append(new Uint8Array(values.words.buffer, values.words.byteOffset, values.words.byteLength));
  } else if (values.dictionary.length > 0) {
    const width = bitWidth(values.dictionary.length - 1);
    page.append(Uint8Array.of(width));
    page.hybrid(values.codes, values.codes.length, width);
  }
}

/** Least and greatest value, for readers that skip row groups; none for lists and texts without a dictionary. */
function statisticsOf(column: OutputColumn, found: ColumnValues): Statistics | null {
  if (column.type === 'utf8list' || found.values.kind === 'plain') return null;
  const null_count = BigInt(found.entries - found.count);
  if (found.count === 0) return { null_count };
  const { values } = found;
  if (values.kind === 'words') {
    const { words } = values;
    let [min, max] = [0, 0];
    for (let at = 2; at < words.length; at += 2) {
      if (isLess(words, at, min)) min = at;
      if (isLess(words, max, at)) max = at;
    }
    return { null_count, min_value: wide(words[min]!, words[min + 1]!), max_value: wide(words[max]!, words[max + 1]!) };
  }
  let [min] = values.dictionary;
  let max = min;
  for (const value of values.dictionary) {
    if (min === undefined || max === undefined) break;
    if (order(value, min) < 0) min = value;
    if (order(value, max) > 0) max = value;
  }
  if (min === undefined || max === undefined) return { null_count };
  return { null_count, min_value: plainValue(min), max_value: plainValue(max) };
}

function isLess(words: Uint32Array, a: number, b: number): boolean {
  return words[a + 1] === words[b + 1] ? words[a]! < words[b]! : words[a + 1]! < words[b + 1]!;
}

function wide(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

function order(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  const [x, y] = [a as readonly [number, number], b as readonly [number, number]];
  return x[1] === y[1] ? x[0] - y[0] : x[1] - y[1];
}

function plainValue(value: Value): Uint8Array | number | bigint {
  if (typeof value === 'number' || value instanceof Uint8Array) return value;
  return wide(value[0], value[1]);
}
