import type { ColumnBatch, ColumnRun } from '../../model/column-batch.ts';
import { FlowtrieError } from '../../model/errors.ts';
import { damage, type ParquetFile, type RowGroup } from './file.ts';
import { type Page, WholePage } from './page.ts';
import { type PageKernel, ROWS_MAX } from './page-kernel.ts';
import { type PageBudget, PageReader } from './pages.ts';

/** A column and where it stands in its page. */
interface Cursor {
  readonly reader: PageReader;
  page: Page;
  /** Rows of the page that were taken. */
  taken: number;
}

/**
 * The rows of one row group in order, the columns at these positions of the file, which `names` names. A damaged group
 * gives what stands before the damage, then throws FlowtrieError.
 */
export async function* groupBatches(
  file: ParquetFile,
  kernel: PageKernel,
  group: RowGroup,
  names: readonly string[],
  positions: readonly number[],
): AsyncGenerator<ColumnBatch> {
  const budget: PageBudget = { bytes: 0 };
  const cursors: Cursor[] = positions.flatMap((position) => {
    const chunk = group.columns[position];
    return chunk === undefined ? [] : { reader: new PageReader(file, kernel, chunk, budget), page: EMPTY, taken: 0 };
  });
  try {
    for (let left = group.rows; left > 0; ) {
      let rows = Math.min(left, ROWS_MAX);
      for (const cursor of cursors) {
        await fill(cursor);
        rows = Math.min(rows, cursor.page.rows - cursor.taken);
      }
      yield { names, rows, columns: cursors.map((cursor) => runOf(cursor, rows)) };
      left -= rows;
    }
  } catch (error) {
    throw error instanceof FlowtrieError ? error : damage(file.source.name, error);
  } finally {
    for (const { reader } of cursors) reader.release();
  }
}

const EMPTY: Page = new WholePage(new Int32Array(0), { kind: 'number', halves: new Uint32Array(0) }, true);

/** Turns to the next page that has rows when this one has no more. */
async function fill(cursor: Cursor): Promise<void> {
  while (cursor.taken === cursor.page.rows) {
    const page = await cursor.reader.next();
    if (page === undefined) throw new Error(`the column ${cursor.reader.chunk.name} ends before its row group`);
    cursor.page = page;
    cursor.taken = 0;
  }
}

function runOf(cursor: Cursor, rows: number): ColumnRun {
  const { values, shared } = cursor.page;
  cursor.taken += rows;
  return { ...cursor.page.take(rows), values, shared };
}
