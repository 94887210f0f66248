import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import type { BatchIds } from './batch-ids.ts';
import type { ChunkColumn, ChunkData } from './chunk-data.ts';
import { ChunkDictionary } from './dictionary.ts';

const ROWS_AT_FIRST = 4096;

/** Where the values of a dictionary column come from: small integers, and the text behind each. */
export interface IdSource {
  /** Ids of the rows of the batch; asked before size(). */
  ids(flow: FlowBatch, verdicts: VerdictBatch, ids: BatchIds): ArrayLike<number>;
  /** Every id so far is below this. */
  size(ids: BatchIds): number;
  text(id: number, ids: BatchIds): string | null;
  /** True when no two ids have the same text. */
  readonly distinct?: boolean;
  /** The next chunk begins. */
  reset?(): void;
  /** Bytes held by the source itself. */
  bytes?(): number;
}

/** A longer array with the same beginning. */
export function grown<T extends Int32Array | Uint8Array>(array: T, length: number, make: (n: number) => T): T {
  if (length <= array.length) return array;
  const longer = make(Math.max(length, 2 * array.length));
  longer.set(array);
  return longer;
}

/** A column of dictionary codes. */
export class CodesColumn implements ChunkColumn {
  private codes = new Int32Array(ROWS_AT_FIRST);
  private readonly source: IdSource;
  private readonly dictionary: ChunkDictionary;
  private ids: BatchIds | undefined;

  constructor(source: IdSource) {
    this.source = source;
    const text = (id: number): string | null => (this.ids === undefined ? null : source.text(id, this.ids));
    this.dictionary = new ChunkDictionary(16, text, source.distinct === true);
  }

  get textBytes(): number {
    return this.source.bytes?.() ?? 0;
  }

  append(flow: FlowBatch, verdicts: VerdictBatch, ids: BatchIds, at: number): void {
    this.ids = ids;
    const numbers = this.source.ids(flow, verdicts, ids);
    this.dictionary.reserve(this.source.size(ids));
    this.codes = grown(this.codes, at + flow.rows, (n) => new Int32Array(n));
    this.dictionary.encode(numbers, flow.rows, this.codes, at);
  }

  take(rows: number): ChunkData {
    return { kind: 'codes', codes: this.codes.subarray(0, rows), values: this.dictionary.values };
  }

  reset(): void {
    this.dictionary.reset();
    this.source.reset?.();
  }
}

/** A column of lists whose items are dictionary codes. */
export class ListsColumn implements ChunkColumn {
  private readonly list: (verdicts: VerdictBatch, row: number) => readonly string[] | null;
  private readonly dictionary = new ChunkDictionary(0, () => null, false);
  private offsets = new Int32Array(ROWS_AT_FIRST + 1);
  private nulls = new Uint8Array(ROWS_AT_FIRST);
  private codes = new Int32Array(ROWS_AT_FIRST);

  constructor(list: (verdicts: VerdictBatch, row: number) => readonly string[] | null) {
    this.list = list;
  }

  /** Items cost as much as text: a chunk of long lists is taken early. */
  get textBytes(): number {
    return this.codes.byteLength - ROWS_AT_FIRST * 4;
  }

  append(flow: FlowBatch, verdicts: VerdictBatch, _ids: BatchIds, at: number): void {
    this.offsets = grown(this.offsets, at + flow.rows + 1, (n) => new Int32Array(n));
    this.nulls = grown(this.nulls, at + flow.rows, (n) => new Uint8Array(n));
    for (let row = 0; row < flow.rows; row++) {
      const items = this.list(verdicts, row);
      let end = this.offsets[at + row]!;
      this.nulls[at + row] = items === null ? 1 : 0;
      if (items !== null) {
        this.codes = grown(this.codes, end + items.length, (n) => new Int32Array(n));
        for (const item of items) this.codes[end++] = this.dictionary.codeOf(item);
      }
      this.offsets[at + row + 1] = end;
    }
  }

  take(rows: number): ChunkData {
    const offsets = this.offsets.subarray(0, rows + 1);
    const codes = this.codes.subarray(0, offsets[rows]);
    return { kind: 'lists', offsets, nulls: this.nulls.subarray(0, rows), codes, values: this.dictionary.values };
  }

  reset(): void {
    this.dictionary.reset();
    this.codes = new Int32Array(ROWS_AT_FIRST);
  }
}
