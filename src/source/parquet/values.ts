import { type ColumnValues, textValues } from '../../model/column-batch.ts';
import type { ParquetLibrary } from './library.ts';
import { decimalsOf, numbers } from './numbers.ts';
import { byteArrays, need } from './texts.ts';
import type { ValueType } from './value-type.ts';

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
    return decimalsOf(type, textValues(values));
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
  if (physical === 'BYTE_ARRAY') return decimalsOf(type, byteArrays(bytes, from, count));
  if (physical === 'FIXED_LEN_BYTE_ARRAY') {
    const starts = Uint32Array.from({ length: count }, (_, i) => from + i * type.length);
    need(bytes, from, count * type.length);
    return decimalsOf(type, { kind: 'text', bytes, starts, ends: starts.map((start) => start + type.length) });
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

/** `false` and `true` as 0 and 1 are told. */
function words(count: number, bit: (i: number) => number): ColumnValues {
  const bytes = Buffer.from('falsetrue');
  const starts = Uint32Array.from({ length: count }, (_, i) => (bit(i) === 1 ? 5 : 0));
  return { kind: 'text', bytes, starts, ends: starts.map((start) => (start === 5 ? 9 : 5)) };
}
