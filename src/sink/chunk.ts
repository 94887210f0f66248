import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { BatchIds } from './batch-ids.ts';
import { chunkColumn } from './chunk-columns.ts';
import type { ChunkColumn, ChunkData } from './chunk-data.ts';
import { CarriedFields, type RowContext } from './rows.ts';

/** Rows of a chunk: large enough that its dictionaries cost little, small enough to be held many times over. */
const CHUNK_ROWS = 65_536;

/** Bytes of text (unknown fields, `extra`) after which a chunk is taken early. */
const TEXT_BYTES_MAX = 32 * 1024 * 1024;

/** Rows of several batches as columns: what Arrow and Parquet are written from. */
export class Chunk {
  private readonly columns: readonly ChunkColumn[];
  private readonly ids: BatchIds;
  private readonly carried: CarriedFields;
  private count = 0;

  constructor(context: RowContext) {
    this.ids = new BatchIds(context);
    this.carried = new CarriedFields(context);
    this.columns = context.columns.map((column, i) => chunkColumn(column, i, context, this.carried));
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
    this.ids.bind(flow, verdicts);
    for (const column of this.columns) column.append(flow, verdicts, this.ids, this.count);
    this.count += flow.rows;
  }

  /** Every column of the rows so far; valid until reset(). */
  take(): readonly ChunkData[] {
    return this.columns.map((column) => column.take(this.count));
  }

  reset(): void {
    for (const column of this.columns) column.reset();
    this.ids.reset();
    this.count = 0;
  }
}
