import { type ColumnValues, type NumberValues, type TextValues, textValues } from '../../model/column-batch.ts';
import type { ValueType } from './value-type.ts';

const TWO_32 = 4_294_967_296;

/** Stored numbers, instants as seconds: halves where all of them are whole and not negative, else their digits. */
export function numbers(type: ValueType, values: ArrayBufferView): ColumnValues {
  const { unsigned, perSecond, scale } = type;
  if (values instanceof BigInt64Array) {
    const halves = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    if (scale !== null || (!unsigned && hasNegative(halves, 1, 2))) return digits(type, values);
    return { kind: 'number', halves: perSecond === 1 ? halves : divided(halves, perSecond) };
  }
  if (values instanceof Int32Array) {
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
    if (scale !== null || (!unsigned && hasNegative(words, 0, 1))) return digits(type, values);
    return widened(words);
  }
  if (values instanceof Float64Array || values instanceof Float32Array) return digits(type, values);
  throw new Error('numbers of an unknown type');
}

/** True when the highest bit of any word is set: every `step`th from `first` on. */
function hasNegative(words: Uint32Array, first: number, step: number): boolean {
  let signs = 0;
  for (let i = first; i < words.length; i += step) signs |= words[i] ?? 0;
  return signs < 0;
}

function widened(words: Uint32Array): NumberValues {
  const halves = new Uint32Array(words.length * 2);
  for (let i = 0; i < words.length; i++) halves[2 * i] = words[i] ?? 0;
  return { kind: 'number', halves };
}

function divided(halves: Uint32Array, perSecond: number): Uint32Array {
  const seconds = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i += 2) {
    const value = Math.floor(((halves[i + 1] ?? 0) * TWO_32 + (halves[i] ?? 0)) / perSecond);
    seconds[i] = value;
    seconds[i + 1] = value / TWO_32;
  }
  return seconds;
}

type Numbers = BigInt64Array | Int32Array | Float64Array | Float32Array;

/** The numbers as a log line would have them: a decoder finds what is wrong with them, a reader sees what they are. */
function digits(type: ValueType, values: Numbers): TextValues {
  return textValues(Array.from(values, (value: bigint | number) => Buffer.from(digitsOf(type, value))));
}

function digitsOf({ unsigned, perSecond, scale }: ValueType, value: bigint | number): string {
  if (typeof value === 'number' && !Number.isInteger(value)) return String(value);
  const whole = BigInt(value);
  const stored = unsigned && whole < 0n ? BigInt.asUintN(typeof value === 'bigint' ? 64 : 32, whole) : whole;
  if (scale !== null) return pointed(stored, scale);
  return String(perSecond === 1 ? stored : stored / BigInt(perSecond));
}

/** A number of so many hundredths, thousandths …; without a point where it is whole. */
function pointed(stored: bigint, scale: number): string {
  const sign = stored < 0n ? '-' : '';
  const all = String(stored < 0n ? -stored : stored).padStart(scale + 1, '0');
  const point = all.length - scale;
  const fraction = all.slice(point).replace(/0+$/, '');
  return `${sign}${all.slice(0, point)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Decimals that are stored as bytes, highest first, in two's complement; all other bytes are text as they are. */
export function decimalsOf(type: ValueType, values: TextValues): TextValues {
  const { scale } = type;
  if (scale === null) return values;
  const { bytes, starts, ends } = values;
  return textValues(
    Array.from(starts, (start, i) => {
      const hex = Buffer.from(bytes.subarray(start, ends[i])).toString('hex');
      const stored = BigInt.asIntN(hex.length * 4, BigInt(`0x0${hex}`));
      return Buffer.from(pointed(stored, scale));
    }),
  );
}
