import { DataType, type RecordBatch, type Vector } from 'apache-arrow';
import { type ColumnBatch, type ColumnRun, type TextValues, textValues } from '../model/column-batch.ts';

export type { RecordBatch, Schema } from 'apache-arrow';

/** What apache-arrow gives for an instant of any unit. */
const MILLIS_PER_SECOND = 1000;
const TWO_32 = 4_294_967_296;

/**
 * The rows of a record batch as the decoder takes them; columns are fields by their names, in any spelling. Integers
 * are numbers, instants seconds, everything else is text: what a value means depends on the field.
 */
export function columnBatch(batch: RecordBatch): ColumnBatch {
  const names = batch.schema.fields.map((field) => field.name);
  const columns = names.map((_, i) => {
    const vector = batch.getChildAt(i);
    return vector === null ? textRun([]) : columnRun(vector);
  });
  return { names, rows: batch.numRows, columns };
}

function columnRun(vector: Vector): ColumnRun {
  const { type } = vector;
  if (DataType.isInt(type)) return numberRun(vector, (value) => value);
  if (DataType.isTimestamp(type)) return numberRun(vector, (value) => Math.floor(Number(value) / MILLIS_PER_SECOND));
  if (DataType.isDictionary(type)) return dictionaryRun(vector);
  return textRun(textsOf(vector));
}

function numberRun(vector: Vector, wholeOf: (value: number | bigint) => number | bigint): ColumnRun {
  const codes = new Int32Array(vector.length);
  const halves = new Uint32Array(2 * vector.length);
  for (let row = 0; row < vector.length; row++) {
    const value = vector.get(row) as number | bigint | null;
    codes[row] = value === null ? -1 : row;
    if (value === null) continue;
    const whole = wholeOf(value);
    // a column with such a number comes as text: see NumberValues
    if (whole < 0) return textRun(textsOf(vector));
    halves[2 * row] = typeof whole === 'number' ? whole : Number(BigInt.asUintN(32, whole));
    halves[2 * row + 1] = typeof whole === 'number' ? whole / TWO_32 : Number(whole >> 32n);
  }
  return { codes, complete: false, values: { kind: 'number', halves }, shared: false };
}

function dictionaryRun(vector: Vector): ColumnRun {
  const [data] = vector.data;
  const dictionary = data?.dictionary;
  if (data === undefined || dictionary === undefined) return textRun(textsOf(vector));
  const texts = textsOf(dictionary);
  const codes = Int32Array.from({ length: vector.length }, (_, row) => {
    const code = vector.isValid(row) ? Number(data.values[row]) : -1;
    return code < 0 || texts[code] === null ? -1 : code;
  });
  return { codes, complete: false, values: textsWithNulls(texts), shared: true };
}

function textRun(texts: readonly (string | null)[]): ColumnRun {
  const codes = Int32Array.from(texts, (text, row) => (text === null ? -1 : row));
  return { codes, complete: false, values: textsWithNulls(texts), shared: false };
}

function textsOf(vector: Vector): (string | null)[] {
  return Array.from({ length: vector.length }, (_, row) => {
    const value: unknown = vector.get(row);
    return value === null || value === undefined ? null : String(value);
  });
}

function textsWithNulls(texts: readonly (string | null)[]): TextValues {
  return textValues(texts.map((text) => Buffer.from(text ?? '')));
}
