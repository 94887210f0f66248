import { strict as assert } from 'node:assert';
import type { ByteIds } from './byte-ids.ts';
import {
  type ColumnData,
  type Columns,
  countNulls,
  NULL_CODE,
  NULL_WORD,
  type NumberArray,
  type Texts,
  textCount,
} from './chunk-data.ts';

/** Rows that go to a row group: all of some, or those of `rows`. */
export interface Segment {
  readonly data: Columns;
  readonly rows: Int32Array | null;
}

type DataOf<K extends ColumnData['kind']> = Extract<ColumnData, { readonly kind: K }>;

export function segmentRows({ data, rows }: Segment): number {
  return rows === null ? data.rows : rows.length;
}

/**
 * A column of several segments as one, its dictionary made with `ids`: valid until they are used again. Of a single
 * whole segment it is that column itself.
 */
export function joinedColumn(segments: readonly Segment[], index: number, ids: ByteIds): ColumnData {
  const [first] = segments;
  assert(first !== undefined);
  const data = first.data.column(index);
  if (segments.length === 1 && first.rows === null) return data;
  ids.reset();
  const total = segments.reduce((sum, segment) => sum + segmentRows(segment), 0);
  switch (data.kind) {
    case 'codes':
      return joinedCodes(segments, index, total, ids);
    case 'words': {
      const codes = new Uint8Array(total);
      eachPart(segments, index, data.kind, (part, rows, at) => gather(part.codes, rows, codes, at));
      return {
        kind: 'words',
        codes,
        nullCount: codes.reduce((count, code) => count + (code === NULL_WORD ? 1 : 0), 0),
        words: data.words,
      };
    }
    case 'numbers':
      return joinedNumbers(segments, index, data.values, total);
    case 'texts':
      return joinedTexts(segments, index, total);
    case 'lists':
      return joinedLists(segments, index, total, ids);
  }
}

/** Calls back with each segment's column and the rows of it that are wanted; `at` rows stand in front of them. */
function eachPart<K extends ColumnData['kind']>(
  segments: readonly Segment[],
  index: number,
  kind: K,
  take: (part: DataOf<K>, rows: Int32Array, at: number) => void,
): void {
  let at = 0;
  for (const segment of segments) {
    const part = segment.data.column(index);
    assert(part.kind === kind);
    const rows = segment.rows ?? everyRow(segment.data.rows);
    take(part as DataOf<K>, rows, at);
    at += rows.length;
  }
}

let every = new Int32Array(0);

function everyRow(count: number): Int32Array {
  if (count > every.length) every = Int32Array.from({ length: Math.max(count, 65_536) }, (_, row) => row);
  return every.subarray(0, count);
}

function gather(from: NumberArray | Int32Array, rows: Int32Array, to: NumberArray | Int32Array, at: number): void {
  for (let i = 0; i < rows.length; i++) to[at + i] = from[rows[i]!]!;
}

/** Nulls of all segments; null when there are none. */
class JoinedNulls {
  private nulls: Uint8Array | null = null;
  private readonly total: number;

  constructor(total: number) {
    this.total = total;
  }

  add(nulls: Uint8Array | null, rows: Int32Array, at: number): void {
    if (nulls === null) return;
    this.nulls ??= new Uint8Array(this.total);
    gather(nulls, rows, this.nulls, at);
  }

  done(): { readonly nulls: Uint8Array | null; readonly nullCount: number } {
    return { nulls: this.nulls, nullCount: countNulls(this.nulls) };
  }
}

const UNSEEN = -2;

/** Numbers the values of one part's dictionary, in order of the rows: those that no row has are left out. */
function mapCodes(
  ids: ByteIds,
  part: { codes: Int32Array; dictionary: Texts },
  rows: Int32Array,
  to: Int32Array,
): void {
  const { codes } = part;
  const dictionary = ids.reachable(part.dictionary);
  const local = new Int32Array(textCount(dictionary)).fill(UNSEEN);
  for (let i = 0; i < rows.length; i++) {
    const code = codes[rows[i]!]!;
    if (code === NULL_CODE) {
      to[i] = NULL_CODE;
      continue;
    }
    let joined = local[code]!;
    if (joined === UNSEEN) {
      joined = ids.numberTexts(dictionary, code, code + 1)[0]! - 1;
      local[code] = joined;
    }
    to[i] = joined;
  }
}

function joinedCodes(segments: readonly Segment[], index: number, total: number, ids: ByteIds): ColumnData {
  const codes = new Int32Array(total);
  eachPart(segments, index, 'codes', (part, rows, at) => mapCodes(ids, part, rows, codes.subarray(at)));
  const nullCount = codes.reduce((count, code) => count - (code >> 31), 0);
  return { kind: 'codes', codes, nullCount, dictionary: ids.all() };
}

function joinedNumbers(segments: readonly Segment[], index: number, like: NumberArray, total: number): ColumnData {
  const nulls = new JoinedNulls(total);
  const isWide = like instanceof Uint32Array;
  const values = isWide
    ? new Uint32Array(2 * total)
    : like instanceof Uint16Array
      ? new Uint16Array(total)
      : new Uint8Array(total);
  eachPart(segments, index, 'numbers', (part, rows, at) => {
    nulls.add(part.nulls, rows, at);
    if (!isWide) return gather(part.values, rows, values, at);
    for (let i = 0; i < rows.length; i++) {
      values[2 * (at + i)] = part.values[2 * rows[i]!]!;
      values[2 * (at + i) + 1] = part.values[2 * rows[i]! + 1]!;
    }
  });
  return { kind: 'numbers', values, ...nulls.done() };
}

function joinedTexts(segments: readonly Segment[], index: number, total: number): ColumnData {
  const nulls = new JoinedNulls(total);
  const pieces: Uint8Array[] = [];
  const offsets = new Int32Array(total + 1);
  eachPart(segments, index, 'texts', ({ texts, nulls: none }, rows, at) => {
    nulls.add(none, rows, at);
    for (let i = 0; i < rows.length; i++) {
      const [from, to] = [texts.offsets[rows[i]!]!, texts.offsets[rows[i]! + 1]!];
      if (to > from) pieces.push(texts.bytes.subarray(from, to));
      offsets[at + i + 1] = offsets[at + i]! + to - from;
    }
  });
  return { kind: 'texts', texts: { offsets, bytes: Buffer.concat(pieces) }, ...nulls.done() };
}

function joinedLists(segments: readonly Segment[], index: number, total: number, ids: ByteIds): ColumnData {
  const nulls = new JoinedNulls(total);
  const offsets = new Int32Array(total + 1);
  const pieces: Int32Array[] = [];
  let items = 0;
  eachPart(segments, index, 'lists', (part, rows, at) => {
    nulls.add(part.nulls, rows, at);
    const wanted: number[] = [];
    for (let i = 0; i < rows.length; i++) {
      const [from, to] = [part.offsets[rows[i]!]!, part.offsets[rows[i]! + 1]!];
      for (let item = from; item < to; item++) wanted.push(item);
      offsets[at + i + 1] = items + wanted.length;
    }
    const codes = new Int32Array(wanted.length);
    mapCodes(ids, part, Int32Array.from(wanted), codes);
    pieces.push(codes);
    items += codes.length;
  });
  const codes = new Int32Array(items);
  let end = 0;
  for (const piece of pieces) {
    codes.set(piece, end);
    end += piece.length;
  }
  return { kind: 'lists', offsets, ...nulls.done(), codes, dictionary: ids.all() };
}
