import { strict as assert } from 'node:assert';
import {
  type Data,
  type DataType,
  Dictionary,
  Field,
  Int32,
  Int64,
  List,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Uint8,
  Uint16,
  Uint64,
  Utf8,
  Vector,
} from 'apache-arrow';
import { Chunk } from './chunk.ts';
import type { ChunkData } from './chunk-data.ts';
import type { ColumnType, OutputColumn } from './columns.ts';
import type { BatchEncoder } from './part.ts';
import type { RowContext } from './rows.ts';

/** End of stream: continuation marker and a length of zero. */
export const END_OF_STREAM: Uint8Array = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);

/** The schema of a run: every column nullable; the id of a dictionary is the index of its column. */
export function arrowSchema(columns: readonly OutputColumn[]): Schema {
  return new Schema(
    columns.map(({ name, type, doc }, i) => new Field(name, arrowType(type, i), true, new Map([['doc', doc]]))),
  );
}

function arrowType(type: ColumnType, index: number): DataType {
  switch (type) {
    case 'dictionary':
      return new Dictionary(new Utf8(), new Int32(), index, false);
    case 'utf8':
      return new Utf8();
    case 'utf8list':
      return new List(new Field('item', new Dictionary(new Utf8(), new Int32(), index, false), true));
    case 'uint8':
      return new Uint8();
    case 'uint16':
      return new Uint16();
    case 'uint64':
      return new Uint64();
    case 'int64':
      return new Int64();
  }
}

/** The schema message that starts a stream. */
export function schemaMessage(schema: Schema): Uint8Array {
  const bytes = streamBytes(schema);
  return bytes.subarray(0, bytes.length - END_OF_STREAM.length);
}

function streamBytes(schema: Schema, batch?: RecordBatch): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  if (batch !== undefined) writer.write(batch);
  writer.finish();
  return writer.toUint8Array(true);
}

/**
 * IPC messages of one batch: a dictionary batch for every dictionary column, then the record batch. Dictionaries hold
 * the batch's own values in order of appearance (later batches replace them), so the bytes depend on the batch alone.
 */
export function batchMessages(schema: Schema, children: readonly Data[], rows: number): Uint8Array {
  const data = makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children: [...children] });
  const bytes = streamBytes(schema, new RecordBatch(schema, data));
  const start = schemaMessage(schema).length;
  return bytes.subarray(start, bytes.length - END_OF_STREAM.length);
}

/** Record batches of up to CHUNK_ROWS rows; none spans two tasks. */
export function arrowEncoder(context: RowContext): BatchEncoder {
  const schema = arrowSchema(context.columns);
  const chunk = new Chunk(context);
  const take = (): Uint8Array => {
    if (chunk.rows === 0) return new Uint8Array(0);
    const { rows } = chunk;
    const children = chunk.take().map((data, i) => {
      const type = schema.fields[i]?.type;
      assert(type !== undefined);
      return columnData(type, data, rows);
    });
    const messages = batchMessages(schema, children, rows);
    chunk.reset();
    return messages;
  };
  return {
    encode(flow, verdicts) {
      const messages = chunk.isFull(flow.rows) ? take() : new Uint8Array(0);
      chunk.append(flow, verdicts);
      return messages;
    },
    finish: take,
  };
}

function columnData(type: DataType, column: ChunkData, length: number): Data {
  switch (column.kind) {
    case 'codes': {
      assert(type instanceof Dictionary);
      const { indices, ...validity } = validCodes(column.codes);
      return makeData({
        type,
        length,
        ...validity,
        data: indices,
        dictionary: new Vector([stringsData(column.values)]),
      });
    }
    case 'lists': {
      assert(type instanceof List);
      const items = type.children[0]?.type;
      assert(items instanceof Dictionary);
      const child = makeData({
        type: items,
        length: column.codes.length,
        nullCount: 0,
        data: column.codes,
        dictionary: new Vector([stringsData(column.values)]),
      });
      return makeData({ type, length, ...validityOf(column.nulls), valueOffsets: column.offsets, child });
    }
    case 'texts':
      assert(type instanceof Utf8);
      return makeData({
        type,
        length,
        ...validityOf(column.nulls),
        valueOffsets: column.offsets,
        data: column.bytes,
      });
    case 'numbers': {
      const props = { length, ...validityOf(column.nulls) };
      const { values } = column;
      if (values instanceof BigInt64Array) return makeData({ type: new Int64(), ...props, data: values });
      if (values instanceof BigUint64Array) return makeData({ type: new Uint64(), ...props, data: values });
      if (values instanceof Uint16Array) return makeData({ type: new Uint16(), ...props, data: values });
      return makeData({ type: new Uint8(), ...props, data: values });
    }
  }
}

interface Validity {
  readonly nullCount: number;
  readonly nullBitmap?: Uint8Array;
}

/** No bitmap when nothing is null. */
function validityOf(nulls: Uint8Array): Validity {
  const nullBitmap = new Uint8Array(((nulls.length + 63) >> 6) * 8);
  let nullCount = 0;
  for (let row = 0; row < nulls.length; row++) {
    nullCount += nulls[row]!;
    nullBitmap[row >> 3]! |= (nulls[row]! ^ 1) << (row & 7);
  }
  return nullCount === 0 ? { nullCount } : { nullCount, nullBitmap };
}

/** Codes with 0 where the row has none. */
function validCodes(codes: Int32Array): Validity & { readonly indices: Int32Array } {
  let nullCount = 0;
  for (let row = 0; row < codes.length; row++) nullCount -= codes[row]! >> 31;
  if (nullCount === 0) return { nullCount, indices: codes };
  const nullBitmap = new Uint8Array(((codes.length + 63) >> 6) * 8);
  for (let row = 0; row < codes.length; row++) {
    const valid = (codes[row]! >> 31) + 1;
    nullBitmap[row >> 3]! |= valid << (row & 7);
    if (valid === 0) codes[row] = 0;
  }
  return { nullCount, nullBitmap, indices: codes };
}

/** Utf8 values without nulls. */
export function stringsData(values: readonly string[]): Data<Utf8> {
  const data = Buffer.from(values.join(''));
  const valueOffsets = new Int32Array(values.length + 1);
  let letters = 0;
  values.forEach((value, i) => {
    letters += value.length;
    valueOffsets[i + 1] = letters;
  });
  // not ASCII only: count bytes
  if (letters !== data.length)
    values.forEach((value, i) => {
      valueOffsets[i + 1] = valueOffsets[i]! + Buffer.byteLength(value);
    });
  return makeData({ type: new Utf8(), length: values.length, nullCount: 0, valueOffsets, data });
}

/** A column without rows; `values` = the dictionary of a dictionary column or of a list's items. */
export function noRows(type: DataType, values: readonly string[]): Data {
  if (type instanceof Dictionary) {
    const dictionary = new Vector([stringsData(values)]);
    return makeData({ type, length: 0, nullCount: 0, data: new Int32Array(0), dictionary });
  }
  if (type instanceof List) {
    const items: DataType | undefined = type.children[0]?.type;
    assert(items instanceof Dictionary);
    const list = type as List<Dictionary>;
    const child = noRows(items, values) as Data<Dictionary>;
    return makeData({ type: list, length: 0, nullCount: 0, valueOffsets: new Int32Array(1), child });
  }
  if (type instanceof Utf8) return stringsData([]);
  if (type instanceof Int64) return makeData({ type, length: 0, nullCount: 0, data: new BigInt64Array(0) });
  if (type instanceof Uint64) return makeData({ type, length: 0, nullCount: 0, data: new BigUint64Array(0) });
  if (type instanceof Uint16) return makeData({ type, length: 0, nullCount: 0, data: new Uint16Array(0) });
  assert(type instanceof Uint8, `no column of type ${type}`);
  return makeData({ type, length: 0, nullCount: 0, data: new Uint8Array(0) });
}
