import type { FlowBatch } from '../model/flow.ts';
import { Attribution, type VerdictBatch } from '../model/verdict.ts';
import type { ChunkColumn } from './chunk-column.ts';
import { type ColumnData, grown } from './chunk-data.ts';
import type { DictionarySource } from './chunk-dictionary.ts';
import type { ChunkIds } from './chunk-ids.ts';
import type { ColumnsKernel } from './columns-kernel.ts';
import type { Side } from './rows.ts';
import { TextCodes } from './text-codes.ts';

const ROWS_AT_FIRST = 4096;
/** Lists of candidates whose codes are kept: more than a cluster has nodes, mostly. */
const KNOWN_LISTS_MAX = 1024;

/** Where the values of a dictionary column come from: small integers, and the text behind each. */
export interface IdSource {
  /** Ids of all rows of the chunk up to those of the batch, which stand behind `at` others. */
  ids(flow: FlowBatch, verdicts: VerdictBatch, ids: ChunkIds, at: number): Int32Array;
  /** What stands behind the ids met so far. */
  texts(ids: ChunkIds): DictionarySource;
  /** The next chunk begins. */
  reset?(): void;
  /** Bytes held by the source itself. */
  bytes?(): number;
}

/** A column of dictionary codes. */
export class CodesColumn implements ChunkColumn {
  private readonly source: IdSource;
  private ids: Int32Array = new Int32Array(0);

  constructor(source: IdSource) {
    this.source = source;
  }

  get textBytes(): number {
    return this.source.bytes?.() ?? 0;
  }

  append(flow: FlowBatch, verdicts: VerdictBatch, ids: ChunkIds, at: number): void {
    this.ids = this.source.ids(flow, verdicts, ids, at);
  }

  take(rows: number, ids: ChunkIds): ColumnData {
    return ids.dictionary.encode(this.ids, rows, this.source.texts(ids));
  }

  reset(): void {
    this.source.reset?.();
  }
}

/** The pods that a side may be: lists whose items are dictionary codes. */
export class CandidatesColumn implements ChunkColumn {
  private readonly side: Side;
  private readonly list: (verdicts: VerdictBatch, row: number, side: Side) => readonly string[] | null;
  private readonly dictionary = new TextCodes();
  /** Codes of lists that the chunk has met, of so many at most: each holds its texts. */
  private readonly known = new Map<readonly string[], Int32Array>();
  private offsets = new Int32Array(ROWS_AT_FIRST + 1);
  private nulls = new Uint8Array(ROWS_AT_FIRST);
  private codes = new Int32Array(ROWS_AT_FIRST);
  private nullCount = 0;
  private readonly kernel: ColumnsKernel;

  constructor(
    side: Side,
    list: (verdicts: VerdictBatch, row: number, side: Side) => readonly string[] | null,
    kernel: ColumnsKernel,
  ) {
    this.side = side;
    this.list = list;
    this.kernel = kernel;
  }

  /** Items cost as much as text: a chunk of long lists is taken early. */
  get textBytes(): number {
    return this.codes.byteLength - ROWS_AT_FIRST * 4;
  }

  append(flow: FlowBatch, verdicts: VerdictBatch, _ids: ChunkIds, at: number): void {
    const { rows } = flow;
    const { side } = this;
    this.offsets = grown(this.offsets, at + rows + 1, (n) => new Int32Array(n));
    this.nulls = grown(this.nulls, at + rows, (n) => new Uint8Array(n));
    const { offsets, nulls } = this;
    const attribution = side === 'src' ? verdicts.srcAttribution : verdicts.dstAttribution;
    let end = offsets[at]!;
    if (this.kernel.countByte(attribution.byteOffset, rows, Attribution.candidates) === 0) {
      nulls.fill(1, at, at + rows);
      offsets.fill(end, at + 1, at + 1 + rows);
      this.nullCount += rows;
      return;
    }
    for (let row = 0; row < rows; row++) {
      const items = attribution[row] === Attribution.candidates ? this.list(verdicts, row, side) : null;
      nulls[at + row] = items === null ? 1 : 0;
      if (items === null) this.nullCount++;
      if (items !== null) {
        this.codes = grown(this.codes, end + items.length, (n) => new Int32Array(n));
        this.codes.set(this.codesOf(items), end);
        end += items.length;
      }
      offsets[at + row + 1] = end;
    }
  }

  private codesOf(items: readonly string[]): Int32Array {
    let codes = this.known.get(items);
    if (codes === undefined) {
      if (this.known.size === KNOWN_LISTS_MAX) this.known.clear();
      codes = Int32Array.from(items, (item) => this.dictionary.codeOf(item));
      this.known.set(items, codes);
    }
    return codes;
  }

  take(rows: number): ColumnData {
    const offsets = this.offsets.subarray(0, rows + 1);
    const codes = this.codes.subarray(0, offsets[rows]);
    const nulls = this.nulls.subarray(0, rows);
    return {
      kind: 'lists',
      offsets,
      nulls,
      nullCount: this.nullCount,
      codes,
      dictionary: this.dictionary.texts.view(),
    };
  }

  reset(): void {
    this.dictionary.clear();
    this.known.clear();
    this.nullCount = 0;
    this.codes = new Int32Array(ROWS_AT_FIRST);
  }
}
