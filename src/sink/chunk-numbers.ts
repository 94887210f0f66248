import { strict as assert } from 'node:assert';
import type { CarriedColumn, FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import type { ChunkColumn } from './chunk-column.ts';
import type { ColumnData, NumberArray } from './chunk-data.ts';
import type { ChunkIds } from './chunk-ids.ts';
import type { ColumnMemory } from './column-memory.ts';
import type { ColumnType } from './columns.ts';
import type { TypedField } from './rows.ts';

const ROWS_AT_FIRST = 4096;

abstract class Numbers implements ChunkColumn {
  readonly textBytes = 0;
  protected readonly memory: ColumnMemory;
  protected nulls: Uint8Array;
  protected words: NumberArray;
  /** Rows of the chunk without a value. */
  protected nullCount = 0;
  private readonly type: ColumnType;

  constructor(type: ColumnType, memory: ColumnMemory) {
    this.type = type;
    this.memory = memory;
    this.nulls = memory.u8(ROWS_AT_FIRST);
    this.words = this.make(ROWS_AT_FIRST);
  }

  abstract append(flow: FlowBatch, verdicts: VerdictBatch, ids: ChunkIds, at: number): void;

  protected reserve(rows: number): void {
    this.nulls = this.memory.longer(this.nulls, rows);
    this.words = this.memory.longer(this.words, this.words instanceof Uint32Array ? 2 * rows : rows);
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
    const { kernel } = this.memory;
    this.nullCount += kernel.countByte(nulls.byteOffset + from, to - from, 1);
    const bytes = words instanceof Uint32Array ? 8 : words.BYTES_PER_ELEMENT;
    kernel.zeroAbsent(nulls.byteOffset + from, to - from, words.byteOffset + from * bytes, bytes);
  }

  private make(rows: number): NumberArray {
    if (this.type === 'uint8') return this.memory.u8(rows);
    if (this.type === 'uint16') return this.memory.u16(rows);
    assert(this.type === 'uint64' || this.type === 'int64', `${this.type} is no number`);
    return this.memory.u32(2 * rows);
  }
}

/** A field that the decoder holds as numbers. */
export class PlainNumbers extends Numbers {
  private readonly field: Extract<TypedField, { kind: 'number' | 'u64' }>;

  constructor(type: ColumnType, memory: ColumnMemory, field: Extract<TypedField, { kind: 'number' | 'u64' }>) {
    super(type, memory);
    this.field = field;
  }

  override append(flow: FlowBatch, _verdicts: VerdictBatch, ids: ChunkIds, at: number): void {
    const { rows } = flow;
    this.reserve(at + rows);
    const { words, field, memory, nulls } = this;
    const { kernel } = memory;
    const values = field.values(flow);
    const bytes = words instanceof Uint32Array ? 8 : words.BYTES_PER_ELEMENT;
    const out = words.byteOffset + at * bytes;
    if (field.kind === 'number' && bytes === 8) kernel.widen32(values.byteOffset, out, rows);
    else kernel.copy(out, values.byteOffset, rows * bytes);
    if ((ids.allPresent & field.bit) !== 0) return void kernel.fill(nulls.byteOffset + at, 0, rows);
    kernel.markAbsent(flow.present.byteOffset, field.bit, rows, nulls.byteOffset + at);
    this.clearNulls(at, at + rows);
  }
}

const ZERO = 0x30;
const TWO_32 = 0x1_0000_0000;

/** A field that is carried as digits (traffic-path, packets-lost-…); anything else is null. */
export class CarriedNumbers extends Numbers {
  private readonly column: () => CarriedColumn | undefined;

  constructor(type: ColumnType, memory: ColumnMemory, column: () => CarriedColumn | undefined) {
    super(type, memory);
    this.column = column;
  }

  override append(flow: FlowBatch, _verdicts: VerdictBatch, _ids: ChunkIds, at: number): void {
    const { rows, text } = flow;
    this.reserve(at + rows);
    const { nulls, words } = this;
    const column = this.column();
    if (column === undefined) {
      this.memory.kernel.fill(nulls.byteOffset + at, 1, rows);
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
