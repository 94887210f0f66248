import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import type { ChunkColumn } from './chunk-column.ts';
import { type ColumnData, countNulls, grown } from './chunk-data.ts';
import type { ChunkIds } from './chunk-ids.ts';

const ROWS_AT_FIRST = 4096;

/** A column of texts without a dictionary: what flowtrie does not know may be different in every row. */
export class TextsColumn implements ChunkColumn {
  private readonly fill: (texts: TextsColumn, flow: FlowBatch, verdicts: VerdictBatch) => void;
  private offsets = new Int32Array(ROWS_AT_FIRST + 1);
  private nulls = new Uint8Array(ROWS_AT_FIRST);
  private bytes = new Uint8Array(ROWS_AT_FIRST);
  private row = 0;

  constructor(fill: (texts: TextsColumn, flow: FlowBatch, verdicts: VerdictBatch) => void) {
    this.fill = fill;
  }

  get textBytes(): number {
    return this.offsets[this.row]!;
  }

  append(flow: FlowBatch, verdicts: VerdictBatch, _ids: ChunkIds, at: number): void {
    this.row = at;
    this.offsets = grown(this.offsets, at + flow.rows + 1, (n) => new Int32Array(n));
    this.nulls = grown(this.nulls, at + flow.rows, (n) => new Uint8Array(n));
    this.fill(this, flow, verdicts);
  }

  /** Nulls for the rows of a batch. */
  addNulls(count: number): void {
    this.nulls.fill(1, this.row, this.row + count);
    const end = this.offsets[this.row]!;
    this.offsets.fill(end, this.row, this.row + count + 1);
    this.row += count;
  }

  add(text: string | null): void {
    if (text === null) this.addBytes(this.bytes, 0, 0);
    else this.addUtf8(Buffer.from(text));
  }

  /** No bytes = null; bytes that are no UTF-8 become U+FFFD. */
  addBytes(source: Uint8Array, from: number, count: number): void {
    for (let i = 0; i < count; i++) {
      if (source[from + i]! < 128) continue;
      this.addUtf8(Buffer.from(Buffer.from(source.slice(from, from + count)).toString('utf8')));
      return;
    }
    const start = this.reserve(count);
    for (let i = 0; i < count; i++) this.bytes[start + i] = source[from + i]!;
    this.close(start + count, count === 0);
  }

  private addUtf8(text: Uint8Array): void {
    const start = this.reserve(text.length);
    this.bytes.set(text, start);
    this.close(start + text.length, false);
  }

  private reserve(count: number): number {
    const start = this.offsets[this.row]!;
    this.bytes = grown(this.bytes, start + count, (n) => new Uint8Array(n));
    return start;
  }

  private close(end: number, isNull: boolean): void {
    this.nulls[this.row] = isNull ? 1 : 0;
    this.offsets[++this.row] = end;
  }

  take(rows: number): ColumnData {
    const offsets = this.offsets.subarray(0, rows + 1);
    const texts = { offsets, bytes: this.bytes.subarray(0, offsets[rows]) };
    const nulls = this.nulls.subarray(0, rows);
    return { kind: 'texts', texts, nulls, nullCount: countNulls(nulls) };
  }

  reset(): void {
    this.row = 0;
    this.bytes = new Uint8Array(ROWS_AT_FIRST);
  }
}
