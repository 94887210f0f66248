import type { ColumnValues } from '../../model/column-batch.ts';
import type { ParquetLibrary } from './library.ts';

/** How a column stores its values, from the file's schema. */
export interface ValueType {
  /** Physical type, `BYTE_ARRAY` and so on. */
  readonly physical: string;
  /** Bytes of a FIXED_LEN_BYTE_ARRAY. */
  readonly length: number;
  readonly unsigned: boolean;
  /** What a stored instant is divided by to be Unix seconds; 1 for other columns. */
  readonly perSecond: number;
}

const TWO_32 = 4_294_967_296;

/** The half of a number that says that it is none: see NumberValues. */
const NO_NUMBER = 0x8000_0000;

/** `count` values of an encoding in bytes[from …). Throws when the page is shorter, or the encoding is unknown. */
export function readValues(
  library: ParquetLibrary,
  encoding: string,
  type: ValueType,
  bytes: Uint8Array,
  from: number,
  count: number,
): ColumnValues {
  if (encoding === 'PLAIN') return readPlain(type, bytes, from, count);
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: from };
  if (encoding === 'DELTA_BINARY_PACKED') {
    const values = type.physical === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
    if (count > 0) library.deltaBinaryUnpack(reader, count, values);
    return numbers(type, values);
  }
  if (encoding === 'DELTA_LENGTH_BYTE_ARRAY' || encoding === 'DELTA_BYTE_ARRAY') {
    const values = new Array<Uint8Array>(count);
    if (encoding === 'DELTA_BYTE_ARRAY') library.deltaByteArray(reader, count, values);
    else library.deltaLengthByteArray(reader, count, values);
    return joined(values);
  }
  if (encoding === 'BYTE_STREAM_SPLIT' && isNumber(type.physical)) {
    const split = library.byteStreamSplit(reader, count, type.physical, type.length);
    if (ArrayBuffer.isView(split) && !(split instanceof Uint8Array)) return numbers(type, split);
  }
  throw new Error(`the encoding ${encoding} of ${type.physical}`);
}

type NumberType = 'INT32' | 'INT64' | 'FLOAT' | 'DOUBLE';

function isNumber(physical: string): physical is NumberType {
  return physical === 'INT32' || physical === 'INT64' || physical === 'FLOAT' || physical === 'DOUBLE';
}

function readPlain(type: ValueType, bytes: Uint8Array, from: number, count: number): ColumnValues {
  const { physical } = type;
  if (physical === 'BYTE_ARRAY') return byteArrays(bytes, from, count);
  if (physical === 'FIXED_LEN_BYTE_ARRAY') {
    const starts = Uint32Array.from({ length: count }, (_, i) => from + i * type.length);
    need(bytes, from, count * type.length);
    return { kind: 'text', bytes, starts, ends: starts.map((start) => start + type.length) };
  }
  if (physical === 'BOOLEAN') {
    need(bytes, from, Math.ceil(count / 8));
    return words(count, (i) => ((bytes[from + (i >> 3)] ?? 0) >> (i & 7)) & 1);
  }
  if (!isNumber(physical)) throw new Error(`values of type ${physical}`);
  const width = physical === 'INT32' || physical === 'FLOAT' ? 4 : 8;
  need(bytes, from, count * width);
  // a copy: the page need not be aligned (and a Buffer's own slice() would be no copy)
  const copy = new Uint8Array(bytes.subarray(from, from + count * width)).buffer;
  if (physical === 'INT32') return numbers(type, new Int32Array(copy));
  if (physical === 'INT64') return numbers(type, new BigInt64Array(copy));
  return numbers(type, physical === 'FLOAT' ? new Float32Array(copy) : new Float64Array(copy));
}

function need(bytes: Uint8Array, from: number, length: number): void {
  if (from + length > bytes.length) throw new Error(`a page of ${bytes.length} bytes ends before its values`);
}

/** Texts with their length in four bytes in front. */
function byteArrays(bytes: Uint8Array, from: number, count: number): ColumnValues {
  const starts = new Uint32Array(count);
  const ends = new Uint32Array(count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  for (let i = 0; i < count; i++) {
    need(bytes, at, 4);
    const length = view.getUint32(at, true);
    need(bytes, at + 4, length);
    starts[i] = at + 4;
    at += 4 + length;
    ends[i] = at;
  }
  return { kind: 'text', bytes, starts, ends };
}

function joined(values: readonly Uint8Array[]): ColumnValues {
  const bytes = Buffer.concat(values);
  const ends = new Uint32Array(values.length);
  const starts = new Uint32Array(values.length);
  let at = 0;
  for (const [i, value] of values.entries()) {
    starts[i] = at;
    at += value.length;
    ends[i] = at;
  }
  return { kind: 'text', bytes, starts, ends };
}

/** `false` and `true` as 0 and 1 are told. */
function words(count: number, bit: (i: number) => number): ColumnValues {
  const bytes = Buffer.from('falsetrue');
  const starts = Uint32Array.from({ length: count }, (_, i) => (bit(i) === 1 ? 5 : 0));
  return { kind: 'text', bytes, starts, ends: starts.map((start) => (start === 5 ? 9 : 5)) };
}

/** The halves of stored numbers, instants as seconds. Whole doubles are numbers, all else is none. */
function numbers(type: ValueType, values: ArrayBufferView): ColumnValues {
  const { unsigned, perSecond } = type;
  if (values instanceof BigInt64Array) {
    const halves = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    return { kind: 'number', halves: perSecond === 1 ? halves : divided(halves, perSecond) };
  }
  if (values instanceof Int32Array) {
    const halves = new Uint32Array(values.length * 2);
    for (const [i, value] of values.entries()) {
      halves[2 * i] = value;
      halves[2 * i + 1] = value < 0 && !unsigned ? NO_NUMBER : 0;
    }
    return { kind: 'number', halves };
  }
  if (!(values instanceof Float64Array || values instanceof Float32Array))
    throw new Error('numbers of an unknown type');
  const halves = new Uint32Array(values.length * 2);
  for (const [i, value] of values.entries()) {
    const whole = Number.isSafeInteger(value) && value >= 0;
    halves[2 * i] = whole ? value : 0;
    halves[2 * i + 1] = whole ? value / TWO_32 : NO_NUMBER;
  }
  return { kind: 'number', halves };
}

function divided(halves: Uint32Array, perSecond: number): Uint32Array {
  const seconds = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i += 2) {
    const high = halves[i + 1] ?? 0;
    const value = Math.floor((high * TWO_32 + (halves[i] ?? 0)) / perSecond);
    seconds[i] = value;
    seconds[i + 1] = high >= NO_NUMBER ? NO_NUMBER : value / TWO_32;
  }
  return seconds;
}
