import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import type { BatchIds } from './batch-ids.ts';

/** What a column of a chunk is made of. Codes are NULL_CODE where the row has none. */
export type ChunkData =
  | { readonly kind: 'codes'; readonly codes: Int32Array; readonly values: readonly string[] }
  /** List of row r: codes[offsets[r] … offsets[r + 1]]; `nulls` = 1 where the row has no list. */
  | {
      readonly kind: 'lists';
      readonly offsets: Int32Array;
      readonly nulls: Uint8Array;
      readonly codes: Int32Array;
      readonly values: readonly string[];
    }
  | { readonly kind: 'texts'; readonly offsets: Int32Array; readonly nulls: Uint8Array; readonly bytes: Uint8Array }
  | { readonly kind: 'numbers'; readonly nulls: Uint8Array; readonly values: NumberArray };

export type NumberArray = Uint8Array | Uint16Array | BigUint64Array | BigInt64Array;

/** One column under construction. */
export interface ChunkColumn {
  /** Appends the rows of a batch behind `at` rows. */
  append(flow: FlowBatch, verdicts: VerdictBatch, ids: BatchIds, at: number): void;
  /** The column of `rows` rows; valid until reset(). */
  take(rows: number): ChunkData;
  reset(): void;
  /** Bytes of text held, where a column has no dictionary. */
  readonly textBytes: number;
}
