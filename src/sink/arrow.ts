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
import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { type TextCell, textCells } from './cells.ts';
import type { ColumnType, OutputColumn } from './columns.ts';
import type { BatchEncoder } from './part.ts';
import { CarriedFields, candidatesOf, type RowContext, TYPED_FIELDS, type TypedField } from './rows.ts';

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
      return new List(new Field('item', new Utf8(), true));
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

export function arrowEncoder(context: RowContext): BatchEncoder {
  const schema = arrowSchema(context.columns);
  const carried = new CarriedFields(context);
  const cells = textCells(context, carried);
  return {
    encode(flow, verdicts) {
      carried.bind(flow);
      if (flow.rows === 0) return new Uint8Array(0);
      const children = context.columns.map((column, i) => {
        const cell = cells[i];
        const type = schema.fields[i]?.type;
        assert(cell !== undefined && type !== undefined);
        return columnData(column, type, cell, flow, verdicts, context);
      });
      return batchMessages(schema, children, flow.rows);
    },
  };
}

function columnData(
  column: OutputColumn,
  type: DataType,
  cell: TextCell,
  flow: FlowBatch,
  verdicts: VerdictBatch,
  context: RowContext,
): Data {
  const typed = column.source === 'field' ? TYPED_FIELDS.get(column.name) : undefined;
  if (typed?.kind === 'number' || typed?.kind === 'u64') return numberData(column.type, typed, flow);
  if (type instanceof List) {
    const side = column.name === 'src_candidates' ? 'src' : 'dst';
    return listData(flow.rows, (row) => candidatesOf(context, verdicts, row, side));
  }
  const text = (row: number): string | null => cell(flow, verdicts, row);
  if (type instanceof Dictionary) return dictionaryData(type, flow.rows, text);
  if (type instanceof Utf8) return utf8Data(flow.rows, text);
  return digitsData(column.type, flow.rows, text);
}

/** Validity bits of a column under construction; all set until a row is cleared. */
class Validity {
  readonly bits: Uint8Array;
  nullCount = 0;

  constructor(rows: number) {
    this.bits = new Uint8Array(((rows + 63) >> 6) * 8).fill(255);
  }

  clear(row: number): void {
    this.bits[row >> 3] = (this.bits[row >> 3] ?? 0) & ~(1 << (row & 7));
    this.nullCount++;
  }

  /** For makeData: no bitmap when nothing is null. */
  get props(): { readonly nullCount: number; readonly nullBitmap?: Uint8Array } {
    return this.nullCount === 0 ? { nullCount: 0 } : { nullCount: this.nullCount, nullBitmap: this.bits };
  }
}

/** A view of the batch's own column, not a copy; only seconds are widened to 64 bits. */
function numberData(type: ColumnType, field: TypedField & { kind: 'number' | 'u64' }, flow: FlowBatch): Data {
  const length = flow.rows;
  const validity = new Validity(length);
  for (let row = 0; row < length; row++) if (((flow.present[row] ?? 0) & field.bit) === 0) validity.clear(row);
  const props = { length, ...validity.props };
  const values = field.values(flow);
  if (field.kind === 'u64') {
    const data = new BigUint64Array(values.buffer, values.byteOffset, length);
    return makeData({ type: new Uint64(), ...props, data });
  }
  if (type === 'int64') {
    const halves = new Uint32Array(2 * length);
    for (let row = 0; row < length; row++) halves[2 * row] = values[row] ?? 0;
    return makeData({ type: new Int64(), ...props, data: new BigInt64Array(halves.buffer) });
  }
  if (values instanceof Uint16Array)
    return makeData({ type: new Uint16(), ...props, data: values.subarray(0, length) });
  assert(values instanceof Uint8Array, `no Arrow layout for a column of type ${type}`);
  return makeData({ type: new Uint8(), ...props, data: values.subarray(0, length) });
}

/** Numbers that are carried as text (traffic-path, packets-lost-…). */
function digitsData(type: ColumnType, length: number, text: (row: number) => string | null): Data {
  const validity = new Validity(length);
  const values = new BigUint64Array(length);
  for (let row = 0; row < length; row++) {
    const digits = text(row);
    if (digits === null) validity.clear(row);
    else values[row] = BigInt(digits);
  }
  const props = { length, ...validity.props };
  if (type === 'uint64') return makeData({ type: new Uint64(), ...props, data: values });
  assert.equal(type, 'uint8');
  return makeData({ type: new Uint8(), ...props, data: Uint8Array.from(values, Number) });
}

function dictionaryData(type: Dictionary, length: number, text: (row: number) => string | null): Data {
  const validity = new Validity(length);
  const indices = new Int32Array(length);
  const seen = new Map<string, number>();
  let last: string | null = null;
  let lastIndex = 0;
  for (let row = 0; row < length; row++) {
    const value = text(row);
    if (value === null) {
      validity.clear(row);
      continue;
    }
    if (value !== last) {
      last = value;
      lastIndex = seen.get(value) ?? seen.size;
      if (lastIndex === seen.size) seen.set(value, lastIndex);
    }
    indices[row] = lastIndex;
  }
  const dictionary = new Vector([stringsData([...seen.keys()])]);
  return makeData({ type, length, ...validity.props, data: indices, dictionary });
}

/** Utf8 values without nulls. */
export function stringsData(values: readonly string[]): Data<Utf8> {
  const parts = values.map((value) => Buffer.from(value));
  const valueOffsets = new Int32Array(values.length + 1);
  parts.forEach((part, i) => {
    valueOffsets[i + 1] = (valueOffsets[i] ?? 0) + part.length;
  });
  return makeData({ type: new Utf8(), length: values.length, nullCount: 0, valueOffsets, data: Buffer.concat(parts) });
}

/** A column without rows that is not a dictionary. */
export function noRows(type: DataType): Data {
  if (type instanceof List) return listData(0, () => null);
  if (type instanceof Utf8) return stringsData([]);
  if (type instanceof Int64) return makeData({ type, length: 0, nullCount: 0, data: new BigInt64Array(0) });
  if (type instanceof Uint64) return makeData({ type, length: 0, nullCount: 0, data: new BigUint64Array(0) });
  if (type instanceof Uint16) return makeData({ type, length: 0, nullCount: 0, data: new Uint16Array(0) });
  assert(type instanceof Uint8, `no column of type ${type}`);
  return makeData({ type, length: 0, nullCount: 0, data: new Uint8Array(0) });
}

function utf8Data(length: number, text: (row: number) => string | null): Data {
  const validity = new Validity(length);
  const values: string[] = [];
  for (let row = 0; row < length; row++) {
    const value = text(row);
    if (value === null) validity.clear(row);
    values.push(value ?? '');
  }
  const { valueOffsets, values: data } = stringsData(values);
  return makeData({ type: new Utf8(), length, ...validity.props, valueOffsets, data });
}

function listData(length: number, list: (row: number) => readonly string[] | null): Data {
  const validity = new Validity(length);
  const valueOffsets = new Int32Array(length + 1);
  const items: string[] = [];
  for (let row = 0; row < length; row++) {
    const found = list(row);
    if (found === null) validity.clear(row);
    else items.push(...found);
    valueOffsets[row + 1] = items.length;
  }
  const type = new List(new Field('item', new Utf8(), true));
  return makeData({ type, length, ...validity.props, valueOffsets, child: stringsData(items) });
}
