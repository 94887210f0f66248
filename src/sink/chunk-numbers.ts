import { strict as assert } from 'node:assert';
import type { CarriedColumn, FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import type { ChunkColumn } from './chunk-column.ts';
import { type ColumnData, grown, type NumberArray } from './chunk-data.ts';
import type { ChunkIds } from './chunk-ids.ts';
import type { ColumnType } from './columns.ts';
import type { TypedField } from './rows.ts';

const ROWS_AT_FIRST = 4096;

abstract class Numbers implements ChunkColumn {
  readonly textBytes = 0;
  protected nulls: Uint8Array<ArrayBuffer> = new Uint8Array(ROWS_AT_FIRST);
  protected words: NumberArray;
  /** Rows of the chunk without a value. */
  protected nullCount = 0;
  private readonly type: ColumnType;

  constructor(type: ColumnType) {
    this.type = type;
    this.words = this.make(ROWS_AT_FIRST);
  }

  abstract append(flow: FlowBatch, verdicts: VerdictBatch, ids: ChunkIds, at: number): void;

  protected reserve(rows: number): void {
    if (rows <= this.nulls.length) return;
    this.nulls = grown(this.nulls, rows, (n) => new Uint8Array(n));
    const longer = this.make(this.nulls.length);
    longer.set(this.words);
    this.words = longer;
  }

  take(rows: number): ColumnData {
    const { words } = this;
    const values = words.subarray(0, words instanceof Uint32Array ? 2 * rows : rows);
    const { nullCount } = this;
    return { kind: 'numbers', values, nulls: nullCount === 0 ? null : this.nulls.subarray(0, rows), nullCount };
  }

  reset(): void {
    this.nullCount = 0;
  }

  /** What stands where nothing is must not show through: a null is 0. */
  protected clearNulls(from: number, to: number): void {
    const { nulls, words } = this;
    const perRow = words instanceof Uint32Array ? 2 : 1;
    for (let row = from; row < to; row++) {
      if (nulls[row] === 0) continue;
      this.nullCount++;
      words[perRow * row] = 0;
      words[perRow * (row + 1) - 1] = 0;
    }
  }

  private make(rows: number): NumberArray {
    if (this.type === 'uint8') return new Uint8Array(rows);
    if (this.type === 'uint16') return new Uint16Array(rows);
    assert(this.type === 'uint64' || this.type === 'int64', `${this.type} is no number`);
    return new Uint32Array(2 * rows);
  }
}

/** A field that the decoder holds as numbers. */
export class PlainNumbers extends Numbers {
  private readonly field: Extract<TypedField, { kind: 'number' | 'u64' }>;

  constructor(type: ColumnType, field: Extract<TypedField, { kind: 'number' | 'u64' }>) {
    super(type);
    this.field = field;
  }

  override append(flow: FlowBatch, _verdicts: VerdictBatch, _ids: ChunkIds, at: number): void {
    const { rows } = flow;
    this.reserve(at + rows);
    const { words } = this;
    const values = this.field.values(flow);
    // loops: set() between memories that are not equally aligned goes byte by byte
    if (this.field.kind === 'u64') copyWords(values, words, 2 * at, 2 * rows);
    else if (words instanceof Uint32Array) widen(values, words, at, rows);
    else copyShort(values, words, at, rows);
    this.markNulls(flow, at);
  }

  private markNulls({ present, rows }: FlowBatch, at: number): void {
    const { bit } = this.field;
    const { nulls } = this;
    let all = bit;
    for (let i = 0; i < rows; i++) all &= present[i]!;
    if (all !== 0) return void nulls.fill(0, at, at + rows);
    for (let i = 0; i < rows; i++) nulls[at + i] = (present[i]! & bit) === 0 ? 1 : 0;
    this.clearNulls(at, at + rows);
  }
}

function copyWords(values: ArrayLike<number>, words: NumberArray, at: number, count: number): void {
  for (let i = 0; i < count; i++) words[at + i] = values[i]!;
}

function copyShort(values: ArrayLike<number>, words: NumberArray, at: number, count: number): void {
  for (let i = 0; i < count; i++) words[at + i] = values[i]!;
}

function widen(values: ArrayLike<number>, words: NumberArray, at: number, rows: number): void {
  for (let i = 0; i < rows; i++) {
    words[2 * (at + i)] = values[i]!;
    words[2 * (at + i) + 1] = 0;
  }
}

const ZERO = 0x30;
const TWO_32 = 0x1_0000_0000;

/** A field that is carried as digits (traffic-path, packets-lost-…); anything else is null. */
export class CarriedNumbers extends Numbers {
  private readonly column: () => CarriedColumn | undefined;

  constructor(type: ColumnType, column: () => CarriedColumn | undefined) {
    super(type);
    this.column = column;
  }

  override append(flow: FlowBatch, _verdicts: VerdictBatch, _ids: ChunkIds, at: number): void {
    const { rows, text } = flow;
    this.reserve(at + rows);
    const { nulls, words } = this;
    const column = this.column();
    if (column === undefined) {
      nulls.fill(1, at, at + rows);
      this.clearNulls(at, at + rows);
      return;
    }
    for (let i = 0; i < rows; i++) {
      const length = column.length[i]!;
      const value = length === 0 ? null : parseDigits(text, column.offset[i]!, length);
      const fits = value !== null && (words instanceof Uint32Array || value < 256);
      nulls[at + i] = fits ? 0 : 1;
      if (!fits) continue;
      if (!(words instanceof Uint32Array)) words[at + i] = Number(value);
      else if (typeof value === 'number') {
        words[2 * (at + i)] = value;
        words[2 * (at + i) + 1] = value / TWO_32;
      } else {
        words[2 * (at + i)] = Number(value & 0xffff_ffffn);
        words[2 * (at + i) + 1] = Number(value >> 32n);
      }
    }
    this.clearNulls(at, at + rows);
  }
}

/** An unsigned integer of at most 64 bits, null when the bytes are none; a BigInt only where a number is not exact. */
function parseDigits(text: Uint8Array, from: number, count: number): number | bigint | null {
  let value = 0;
  for (let i = 0; i < count; i++) {
    const digit = text[from + i]! - ZERO;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  const digits = Buffer.from(text.slice(from, from + count)).toString('latin1');
  const exact = BigInt(digits);
  return exact < 2n ** 64n ? exact : null;
}
