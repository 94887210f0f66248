import type { Statistics } from 'hyparquet';
import type { Texts } from './chunk-data.ts';
import type { Values } from './parquet-codes.ts';

/** A value as JSON can hold it: a 32-bit number, a 64-bit one as [low, high], or bytes as Latin-1. */
type Bound = number | readonly [low: number, high: number] | string;

/** Least and greatest value of a column, for readers that skip row groups. */
export interface Bounds {
  readonly min: Bound;
  readonly max: Bound;
}

/** null = there is no value. */
export function boundsOf(values: Values): Bounds | null {
  if (values.kind === 'texts') return textBounds(values.texts);
  if (values.kind === 'wide') return wideBounds(values.words);
  const { numbers } = values;
  if (numbers.length === 0) return null;
  let [min, max] = [numbers[0]!, numbers[0]!];
  for (const number of numbers) {
    if (number < min) min = number;
    if (number > max) max = number;
  }
  return { min, max };
}

export function wideBounds(words: Uint32Array): Bounds | null {
  if (words.length === 0) return null;
  let [min, max] = [0, 0];
  for (let at = 2; at < words.length; at += 2) {
    if (isLess(words, at, min)) min = at;
    if (isLess(words, max, at)) max = at;
  }
  return { min: [words[min]!, words[min + 1]!], max: [words[max]!, words[max + 1]!] };
}

function isLess(words: Uint32Array, a: number, b: number): boolean {
  return words[a + 1] === words[b + 1] ? words[a]! < words[b]! : words[a + 1]! < words[b + 1]!;
}

function textBounds(texts: Texts): Bounds | null {
  const { offsets, bytes } = texts;
  if (offsets.length < 2) return null;
  let [min, max] = [0, 0];
  for (let i = 1; i + 1 < offsets.length; i++) {
    if (comesBefore(texts, i, min)) min = i;
    else if (comesBefore(texts, max, i)) max = i;
  }
  const latin1 = (i: number): string => Buffer.from(bytes.subarray(offsets[i]!, offsets[i + 1]!)).toString('latin1');
  return { min: latin1(min), max: latin1(max) };
}

function comesBefore({ offsets, bytes }: Texts, a: number, b: number): boolean {
  const [endA, endB] = [offsets[a + 1]!, offsets[b + 1]!];
  let [atA, atB] = [offsets[a]!, offsets[b]!];
  for (; atA < endA && atB < endB; atA++, atB++) {
    if (bytes[atA] !== bytes[atB]) return bytes[atA]! < bytes[atB]!;
  }
  return atA === endA && atB < endB;
}

export function statisticsOf(bounds: Bounds | null, nulls: number): Statistics {
  const null_count = BigInt(nulls);
  return bounds === null
    ? { null_count }
    : { null_count, min_value: statistic(bounds.min), max_value: statistic(bounds.max) };
}

function statistic(bound: Bound): number | bigint | Uint8Array {
  if (typeof bound === 'number') return bound;
  if (typeof bound === 'string') return Buffer.from(bound, 'latin1');
  return (BigInt(bound[1]) << 32n) | BigInt(bound[0]);
}
