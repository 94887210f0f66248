import { strict as assert } from 'node:assert';
import type { Region } from './arrow-body.ts';
import type { RawMessage } from './arrow-messages.ts';
import { type ColumnData, countNulls, NULL_CODE, NULL_WORD, type NumberArray, type Texts } from './chunk-data.ts';
import type { ColumnType, OutputColumn } from './columns.ts';
import { isWordName, wordsOf } from './words.ts';

/** Rows that were written as Arrow messages, read again. */
export class BatchReader {
  private readonly columns: readonly OutputColumn[];
  private readonly dictionaries = new Map<number, Texts>();

  constructor(columns: readonly OutputColumn[]) {
    this.columns = columns;
  }

  /** The columns of a record batch, which hold its memory; null for a dictionary, which is kept for the next one. */
  read({ message, body }: RawMessage): Batch | null {
    if (message.isDictionaryBatch()) {
      const { id, buffers, data } = message.header();
      const [, offsets, bytes] = buffers;
      assert(offsets !== undefined && bytes !== undefined, 'a Utf8 dictionary has three buffers');
      this.dictionaries.set(id, { offsets: int32(body, offsets, data.length + 1), bytes: slice(body, bytes) });
      return null;
    }
    assert(message.isRecordBatch(), 'a part holds dictionaries and record batches only');
    const { buffers, nodes, length } = message.header();
    const cursor = new Cursor(buffers, nodes, body);
    const columns = this.columns.map((column, i) => this.column(column, i, cursor, length));
    return { rows: length, columns, byteLength: body.byteLength };
  }

  private column({ name, type }: OutputColumn, id: number, cursor: Cursor, rows: number): ColumnData {
    const nulls = cursor.nulls(rows);
    const nullCount = countNulls(nulls);
    const dictionary = this.dictionaries.get(id) ?? { offsets: new Int32Array(1), bytes: new Uint8Array(0) };
    if (type === 'dictionary') {
      const codes = cursor.int32(rows);
      if (nulls !== null) for (let row = 0; row < rows; row++) if (nulls[row] === 1) codes[row] = NULL_CODE;
      return { kind: 'codes', codes, nullCount, dictionary };
    }
    if (type === 'word') {
      assert(isWordName(name));
      const codes = cursor.bytes();
      if (nulls !== null) for (let row = 0; row < rows; row++) if (nulls[row] === 1) codes[row] = NULL_WORD;
      return { kind: 'words', codes, nullCount, words: wordsOf(name) };
    }
    if (type === 'utf8list') {
      const offsets = cursor.int32(rows + 1);
      cursor.nulls(0);
      return { kind: 'lists', offsets, nulls, nullCount, codes: cursor.int32(offsets[rows] ?? 0), dictionary };
    }
    if (type === 'utf8') {
      return { kind: 'texts', texts: { offsets: cursor.int32(rows + 1), bytes: cursor.bytes() }, nulls, nullCount };
    }
    return { kind: 'numbers', values: cursor.numbers(type, rows), nulls, nullCount };
  }
}

export interface Batch {
  readonly rows: number;
  readonly columns: readonly ColumnData[];
  /** Bytes held in memory. */
  readonly byteLength: number;
}

/** Goes through the buffers and field nodes of a record batch. */
class Cursor {
  private readonly buffers: readonly Region[];
  private readonly nodes: readonly { readonly nullCount: number }[];
  private readonly body: Uint8Array;
  private buffer = 0;
  private node = 0;

  constructor(buffers: readonly Region[], nodes: readonly { readonly nullCount: number }[], body: Uint8Array) {
    this.buffers = buffers;
    this.nodes = nodes;
    this.body = body;
  }

  bytes(): Uint8Array {
    return slice(this.body, this.next());
  }

  int32(count: number): Int32Array {
    return int32(this.body, this.next(), count);
  }

  numbers(type: ColumnType, count: number): NumberArray {
    const at = this.body.byteOffset + this.next().offset;
    const { buffer } = this.body;
    if (type === 'uint8') return new Uint8Array(buffer, at, count);
    return type === 'uint16' ? new Uint16Array(buffer, at, count) : new Uint32Array(buffer, at, 2 * count);
  }

  /** The next field node and its bitmap: 1 = null; null when no row is. */
  nulls(rows: number): Uint8Array | null {
    const { nullCount = 0 } = this.nodes[this.node++] ?? {};
    const bits = this.bytes();
    if (nullCount === 0) return null;
    const nulls = new Uint8Array(rows);
    for (let row = 0; row < rows; row++) nulls[row] = ((bits[row >> 3]! >> (row & 7)) & 1) ^ 1;
    return nulls;
  }

  private next(): Region {
    const region = this.buffers[this.buffer++];
    assert(region !== undefined, 'a batch has too few buffers');
    return region;
  }
}

function slice(body: Uint8Array, region: Region): Uint8Array {
  return body.subarray(region.offset, region.offset + region.length);
}

function int32(body: Uint8Array, region: Region, count: number): Int32Array {
  return new Int32Array(body.buffer, body.byteOffset + region.offset, count);
}
