import type { ColumnValues } from '../../model/column-batch.ts';
import type { KernelBlock } from '../../model/kernel-heap.ts';
import { bitsFor, WIDTH_MAX } from './levels.ts';
import type { Page, Taken } from './page.ts';
import { type PageKernel, ROWS_MAX } from './page-kernel.ts';

/** Words of `Runs` and `Page` in src/kernel/parquet, in their order: a test compares them. */
export const RUNS_WORDS = ['at', 'to', 'width', 'left', 'packed', 'bit', 'value'] as const;
export const PAGE_WORDS = [
  'levelRuns',
  'indexRuns',
  'maxDefinition',
  'size',
  'levels',
  'indices',
  'rows',
  'values',
] as const;

/** What readCodes tells. */
const Told = { done: 0, someNull: 1, levelsEnd: 2, indicesEnd: 3 } as const;

/** Bytes behind a page that the kernel may load. */
const PADDING_BYTES = 8;

/** A data page whose values are indices of a dictionary: it is read as its rows are taken. */
export class DictionaryPage implements Page {
  readonly rows: number;
  readonly values: ColumnValues;
  readonly shared: boolean = true;
  private readonly kernel: PageKernel;
  private readonly blocks: readonly KernelBlock[];
  private readonly page: Uint32Array;
  private readonly codes: KernelBlock;
  private readonly size: number;

  /** `levels` without those of repetitions; `indices` with their width in front. */
  constructor(
    kernel: PageKernel,
    values: ColumnValues,
    rows: number,
    maxDefinition: number,
    levels: Uint8Array,
    indices: Uint8Array,
  ) {
    const [width = 0] = indices;
    if (width > WIDTH_MAX) throw new Error(`a width of ${width} bits`);
    const { heap } = kernel;
    this.kernel = kernel;
    this.rows = rows;
    this.values = values;
    this.size = values.kind === 'text' ? values.starts.length : values.halves.length / 2;
    const bytes = heap.take(levels.length + indices.length + PADDING_BYTES);
    const copy = new Uint8Array(bytes.buffer, bytes.at, levels.length + indices.length);
    copy.set(levels);
    copy.set(indices, levels.length);
    const words = heap.take((2 * RUNS_WORDS.length + PAGE_WORDS.length) * 4);
    this.codes = heap.take(ROWS_MAX * 4);
    this.blocks = [bytes, words, this.codes];
    const indicesAt = bytes.at + levels.length;
    const runs = [
      ...[bytes.at, indicesAt, bitsFor(maxDefinition), 0, 0, 0, 0],
      ...[indicesAt + Math.min(1, indices.length), indicesAt + indices.length, width, 0, 0, 0, 0],
    ];
    new Uint32Array(words.buffer, words.at, runs.length).set(runs);
    const pageAt = words.at + runs.length * 4;
    this.page = new Uint32Array(words.buffer, pageAt, PAGE_WORDS.length);
    const indexRuns = words.at + RUNS_WORDS.length * 4;
    this.page.set([words.at, indexRuns, maxDefinition, this.size, kernel.levels.at, kernel.indices.at, 0, 0]);
  }

  /** Codes of the next rows, at most ROWS_MAX: valid until the next ones are taken. */
  take(rows: number): Taken {
    const { kernel, page, codes, size } = this;
    const told = kernel.readCodes(page.byteOffset, codes.at, rows);
    if (told === Told.done || told === Told.someNull) {
      return { codes: new Int32Array(codes.buffer, codes.at, rows), complete: told === Told.done };
    }
    const read = page[PAGE_WORDS.indexOf('rows')];
    if (told === Told.levelsEnd || told === Told.indicesEnd) {
      throw new Error(`${this.rows} values expected, got ${read}`);
    }
    throw new Error(`a value outside of a dictionary of ${size}, up to row ${read}`);
  }

  release(): void {
    this.kernel.heap.give(this.blocks);
  }
}
