import { strict as assert } from 'node:assert';
import type { CarriedColumn, FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import type { BatchIds } from './batch-ids.ts';
import { grown } from './chunk-codes.ts';
import type { ChunkColumn, ChunkData, NumberArray } from './chunk-data.ts';
import type { ColumnType } from './columns.ts';
import type { TypedField } from './rows.ts';

const ROWS_AT_FIRST = 4096;

/** Numbers of one width: u8, u16, or 64 bits as two words. */
type Words = Uint8Array | Uint16Array | Uint32Array;

abstract class Numbers implements ChunkColumn {
  readonly textBytes = 0;
  protected nulls: Uint8Array<ArrayBuffer> = new Uint8Array(ROWS_AT_FIRST);
  protected words: Words;
  private readonly type: ColumnType;

  constructor(type: ColumnType) {
    this.type = type;
    this.words = this.make(ROWS_AT_FIRST);
  }

  abstract append(flow: FlowBatch, verdicts: VerdictBatch, ids: BatchIds, at: number): void;

  protected reserve(rows: number): void {
    if (rows <= this.nulls.length) return;
    this.nulls = grown(this.nulls, rows, (n) => new Uint8Array(n));
    const longer = this.make(this.nulls.length);
    longer.set(this.words);
    this.words = longer;
  }

  take(rows: number): ChunkData {
    return { kind: 'numbers', nulls: this.nulls.subarray(0, rows), values: this.view(rows) };
  }

  reset(): void {}

  /** What stands where nothing is must not show through: a null is 0. */
  protected clearNulls(from: number, to: number): void {
    const { nulls, words } = this;
    const perRow = words instanceof Uint32Array ? 2 : 1;
    for (let row = from; row < to; row++) {
      if (nulls[row] === 0) continue;
      words[perRow * row] = 0;
      words[perRow * (row + 1) - 1] = 0;
    }
  }

  private make(rows: number): Words {
    if (this.type === 'uint8') return new Uint8Array(rows);
    if (this.type === 'uint16') return new Uint16Array(rows);
    assert(this.type === 'uint64' || this.type === 'int64', `${this.type} is no number`);
    return new Uint32Array(2 * rows);
  }

  private view(rows: number): NumberArray {
    const { words } = this;
    if (!(words instanceof Uint32Array)) return words.subarray(0, rows);
    return this.type === 'int64' ? new BigInt64Array(words.buffer, 0, rows) : new BigUint64Array(words.buffer, 0, rows);
  }
}

/** A field that the decoder holds as numbers. */
export class PlainNumbers extends Numbers {
  private readonly field: Extract<TypedField, { kind: 'number' | 'u64' }>;

  constructor(type: ColumnType, field: Extract<TypedField, { kind: 'number' | 'u64' }>) {
    super(type);
    this.field = field;
  }

  override append(flow: FlowBatch, _verdicts: VerdictBatch, _ids: BatchIds, at: number): void {
    const { present, rows } = flow;
    const { bit, kind } = this.field;
    this.reserve(at + rows);
    const { nulls, words } = this;
    const values = this.field.values(flow);
    for (let i = 0; i < rows; i++) nulls[at + i] = (present[i]! & bit) === 0 ? 1 : 0;
    if (kind === 'u64') words.set(values.subarray(0, 2 * rows), 2 * at);
    else if (!(words instanceof Uint32Array)) words.set(values.subarray(0, rows), at);
    else {
      for (let i = 0; i < rows; i++) {
        words[2 * (at + i)] = values[i]!;
        words[2 * (at + i) + 1] = 0;
      }
    }
    this.clearNulls(at, at + rows);
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

  override append(flow: FlowBatch, _verdicts: VerdictBatch, _ids: BatchIds, at: number): void {
    const { rows, text } = flow;
    this.reserve(at + rows);
    const { nulls, words } = this;
    const column = this.column();
    for (let i = 0; i < rows; i++) {
      const length = column?.length[i] ?? 0;
      const value = length === 0 ? null : parseDigits(text, column?.offset[i] ?? 0, length);
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
