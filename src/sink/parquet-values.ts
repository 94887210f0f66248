import { strict as assert } from 'node:assert';
import type { PartBatch, PartColumn, Texts } from './part-batches.ts';

/** Rows of a batch that go to a row group: all of them, or those of `rows`. */
export interface Segment {
  readonly batch: PartBatch;
  readonly rows: Int32Array | null;
}

/** Distinct 64-bit values beyond which a dictionary saves nothing. */
const NUMBERS_MAX = 16_384;

const NO_CODE = -1;

/** What is written of one column of a row group; nulls have a level and no value. */
export interface ColumnValues {
  /** Definition levels, one an entry; null = every row has a value. */
  readonly defined: Uint8Array | null;
  /** Repetition levels of a list column. */
  readonly repeated: Uint8Array | null;
  /** Entries (levels) altogether, and values among them. */
  readonly entries: number;
  readonly count: number;
  readonly values:
    | { readonly kind: 'codes'; readonly codes: Int32Array; readonly dictionary: readonly Value[] }
    | { readonly kind: 'plain'; readonly plain: readonly Value[] }
    | { readonly kind: 'words'; readonly words: Uint32Array };
}

/** Bytes of a text, a 32-bit number, or a 64-bit number as [low, high]. */
export type Value = Uint8Array | number | readonly [low: number, high: number];

export function segmentRows({ batch, rows }: Segment): number {
  return rows === null ? batch.rows : rows.length;
}

/** Gathers a column of the segments. */
export function columnValues(segments: readonly Segment[], column: number): ColumnValues {
  const kind = segments[0]?.batch.columns[column]?.kind;
  if (kind === 'lists') return listValues(segments, column);
  const total = segments.reduce((sum, segment) => sum + segmentRows(segment), 0);
  const defined = new Uint8Array(total);
  const places = new Int32Array(total);
  const values = valuesOf(kind);
  let entries = 0;
  let count = 0;
  for (const segment of segments) {
    const part = segment.batch.columns[column];
    assert(part !== undefined);
    const { valid } = part;
    const length = segmentRows(segment);
    const from = count;
    for (let i = 0; i < length; i++) {
      const row = segment.rows === null ? i : segment.rows[i]!;
      const has = valid === null ? 1 : (valid[row >> 3]! >> (row & 7)) & 1;
      defined[entries++] = has;
      if (has === 1) places[count++] = row;
    }
    values.add(part, places.subarray(from, count));
  }
  return { defined: count === total ? null : defined, repeated: null, entries, count, values: values.done() };
}

interface Gathering {
  /** Adds the values of the rows. */
  add(part: PartColumn, rows: Int32Array): void;
  done(): ColumnValues['values'];
}

function valuesOf(kind: PartColumn['kind'] | undefined): Gathering {
  if (kind === 'codes') return new GatheredCodes();
  if (kind === 'texts') return new GatheredTexts();
  return new GatheredNumbers();
}

/** Codes of dictionaries that differ from batch to batch, as codes of one. */
class GatheredCodes implements Gathering {
  private readonly parts: Int32Array[] = [];
  private readonly dictionary: Uint8Array[] = [];
  private readonly known = new Map<string, number>();

  add(part: PartColumn, rows: Int32Array): void {
    assert(part.kind === 'codes');
    this.addCodes(part.codes, part.dictionary, rows);
  }

  addCodes(codes: Int32Array, { offsets, bytes }: Texts, rows: Int32Array): void {
    const local = new Int32Array(Math.max(0, offsets.length - 1)).fill(NO_CODE);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const merged = new Int32Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const code = codes[rows[i]!]!;
      let found = local[code]!;
      if (found === NO_CODE) {
        const [from, to] = [offsets[code]!, offsets[code + 1]!];
        const key = text.toString('latin1', from, to);
        found = this.known.get(key) ?? this.dictionary.push(bytes.subarray(from, to)) - 1;
        this.known.set(key, found);
        local[code] = found;
      }
      merged[i] = found;
    }
    this.parts.push(merged);
  }

  done(): { readonly kind: 'codes'; readonly codes: Int32Array; readonly dictionary: readonly Value[] } {
    return { kind: 'codes', codes: joined(this.parts), dictionary: this.dictionary };
  }
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

class GatheredTexts implements Gathering {
  private readonly plain: Uint8Array[] = [];

  add(part: PartColumn, rows: Int32Array): void {
    assert(part.kind === 'texts');
    const { offsets, bytes } = part.texts;
    for (const row of rows) this.plain.push(bytes.subarray(offsets[row]!, offsets[row + 1]!));
  }

  done(): ColumnValues['values'] {
    return { kind: 'plain', plain: this.plain };
  }
}

/** Numbers as codes of a dictionary of numbers while it is small, else as they are. */
class GatheredNumbers implements Gathering {
  private readonly parts: { readonly values: Uint8Array | Uint16Array | Uint32Array; readonly rows: Int32Array }[] = [];

  add(part: PartColumn, rows: Int32Array): void {
    assert(part.kind === 'numbers');
    this.parts.push({ values: part.values, rows });
  }

  done(): ColumnValues['values'] {
    const words = this.parts[0]?.values;
    if (words instanceof Uint32Array) return this.wide();
    const codeOf = new Int32Array(65_536).fill(NO_CODE);
    const dictionary: number[] = [];
    const codes = this.parts.map(({ values, rows }) => {
      const part = new Int32Array(rows.length);
      for (let i = 0; i < rows.length; i++) {
        const value = values[rows[i]!]!;
        let code = codeOf[value]!;
        if (code === NO_CODE) {
          code = dictionary.push(value) - 1;
          codeOf[value] = code;
        }
        part[i] = code;
      }
      return part;
    });
    return { kind: 'codes', codes: joined(codes), dictionary };
  }

  private wide(): ColumnValues['values'] {
    const count = this.parts.reduce((sum, { rows }) => sum + rows.length, 0);
    const words = new Uint32Array(2 * count);
    let at = 0;
    for (const { values, rows } of this.parts) {
      for (let i = 0; i < rows.length; i++) {
        words[at++] = values[2 * rows[i]!]!;
        words[at++] = values[2 * rows[i]! + 1]!;
      }
    }
    return wideCodes(words) ?? { kind: 'words', words };
  }
}

/** 64-bit numbers as codes; null when too many differ. */
function wideCodes(words: Uint32Array): ColumnValues['values'] | null {
  const slots = new Int32Array(NUMBERS_MAX * 4).fill(NO_CODE);
  const mask = slots.length - 1;
  const dictionary: (readonly [number, number])[] = [];
  const known = new Uint32Array(2 * NUMBERS_MAX);
  const codes = new Int32Array(words.length >> 1);
  for (let i = 0; i < codes.length; i++) {
    const low = words[2 * i]!;
    const high = words[2 * i + 1]!;
    let slot = (Math.imul(low ^ Math.imul(high, 0x9e37_79b1), 0x85eb_ca6b) >>> 8) & mask;
    let code = slots[slot]!;
    while (code !== NO_CODE && (known[2 * code] !== low || known[2 * code + 1] !== high)) {
      slot = (slot + 1) & mask;
      code = slots[slot]!;
    }
    if (code === NO_CODE) {
      code = dictionary.length;
      if (code >= NUMBERS_MAX) return null;
      dictionary.push([low, high]);
      known[2 * code] = low;
      known[2 * code + 1] = high;
      slots[slot] = code;
    }
    codes[i] = code;
  }
  return { kind: 'codes', codes, dictionary };
}

/** Levels of `optional group (LIST) { repeated group { optional item } }`: 0 no list, 1 empty list, 3 an item. */
const ListLevel = { none: 0, empty: 1, item: 3 } as const;

function listValues(segments: readonly Segment[], column: number): ColumnValues {
  const defined: number[] = [];
  const repeated: number[] = [];
  const values = new GatheredCodes();
  let count = 0;
  for (const segment of segments) {
    const part = segment.batch.columns[column];
    assert(part?.kind === 'lists');
    const { valid, offsets } = part;
    const items: number[] = [];
    for (let i = 0; i < segmentRows(segment); i++) {
      const row = segment.rows === null ? i : segment.rows[i]!;
      const has = valid === null || ((valid[row >> 3]! >> (row & 7)) & 1) === 1;
      const [from, to] = [offsets[row]!, offsets[row + 1]!];
      if (!has || from === to) {
        defined.push(has ? ListLevel.empty : ListLevel.none);
        repeated.push(0);
        continue;
      }
      for (let item = from; item < to; item++) {
        defined.push(ListLevel.item);
        repeated.push(item === from ? 0 : 1);
        items.push(item);
      }
    }
    count += items.length;
    values.addCodes(part.codes, part.dictionary, Int32Array.from(items));
  }
  const levels = { defined: Uint8Array.from(defined), repeated: Uint8Array.from(repeated) };
  return { ...levels, entries: defined.length, count, values: values.done() };
}
