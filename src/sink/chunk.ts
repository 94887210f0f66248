import { strict as assert } from 'node:assert';
import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { CarriedText } from './carried-ids.ts';
import type { ChunkColumn } from './chunk-column.ts';
import { chunkColumn } from './chunk-columns.ts';
import type { ColumnData, Columns } from './chunk-data.ts';
import { ChunkIds } from './chunk-ids.ts';
import type { ColumnMemory } from './column-memory.ts';
import { CarriedFields, type RowContext } from './rows.ts';

/** Rows of a chunk: large enough that its dictionaries cost little; a row group of Parquet. */
export const CHUNK_ROWS = 131_072;

/** Bytes of text (unknown fields, `extra`) after which a chunk is taken early. */
const TEXT_BYTES_MAX = 32 * 1024 * 1024;

/** Rows of several batches as columns: what Arrow and Parquet are written from. */
export class Chunk implements Columns {
  private readonly columns: readonly ChunkColumn[];
  private readonly ids: ChunkIds;
  private readonly carried: CarriedFields;
  private readonly carriedText: CarriedText;
  private count = 0;

  constructor(context: RowContext, memory: ColumnMemory) {
    this.ids = new ChunkIds(context, memory);
    this.carried = new CarriedFields(context);
    this.carriedText = new CarriedText(memory);
    const { carried, carriedText } = this;
    this.columns = context.columns.map((column, i) => chunkColumn(column, i, context, carried, carriedText, memory));
  }

  get rows(): number {
    return this.count;
  }

  /** True when the next batch of `rows` rows does not fit any more. */
  isFull(rows: number): boolean {
    if (this.count > 0 && this.count + rows > CHUNK_ROWS) return true;
    let bytes = 0;
    for (const column of this.columns) bytes += column.textBytes;
    return bytes > TEXT_BYTES_MAX;
  }

  append(flow: FlowBatch, verdicts: VerdictBatch): void {
    this.carried.bind(flow);
    this.carriedText.bind(flow, this.carried);
    this.ids.bind(flow, verdicts, this.count);
    for (const column of this.columns) column.append(flow, verdicts, this.ids, this.count);
    this.count += flow.rows;
  }

  /** A column of the rows so far; valid until the next is asked for, or reset(). */
  column(index: number): ColumnData {
    const column = this.columns[index];
    assert(column !== undefined);
    return column.take(this.count, this.ids);
  }

  reset(): void {
    for (const column of this.columns) column.reset();
    this.ids.reset();
    this.count = 0;
  }
}
