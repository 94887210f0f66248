import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import type { ColumnData } from './chunk-data.ts';
import type { ChunkIds } from './chunk-ids.ts';

/** One column under construction. */
export interface ChunkColumn {
  /** Appends the rows of a batch behind `at` rows. */
  append(flow: FlowBatch, verdicts: VerdictBatch, ids: ChunkIds, at: number): void;
  /** The column of `rows` rows; valid until the next column's take(), or reset(). */
  take(rows: number, ids: ChunkIds): ColumnData;
  reset(): void;
  /** Bytes of text held, where a column has no dictionary. */
  readonly textBytes: number;
}
