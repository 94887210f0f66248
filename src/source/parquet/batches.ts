import type { ColumnBatch, ColumnRun } from '../../model/column-batch.ts';
import { FlowtrieError } from '../../model/errors.ts';
import { damage, type ParquetFile, type RowGroup } from './file.ts';
import { type Page, type PageBudget, PageReader } from './pages.ts';

/** Rows of one batch: what a decoder takes at once. */
const ROWS_MAX = 4096;

/** A column and where it stands in its page. */
interface Cursor {
  readonly reader: PageReader;
  page: Page;
  at: number;
}

/**
 * The rows of one row group in order, the columns at these positions of the file, which `names` names. A damaged group
 * gives what stands before the damage, then throws FlowtrieError.
 */
export async function* groupBatches(
  file: ParquetFile,
  group: RowGroup,
  names: readonly string[],
  positions: readonly number[],
): AsyncGenerator<ColumnBatch> {
  const budget: PageBudget = { bytes: 0 };
  try {
    const cursors: Cursor[] = positions.flatMap((position) => {
      const chunk = group.columns[position];
      if (chunk === undefined) return [];
      return { reader: new PageReader(file.library, file.source, chunk, budget), page: EMPTY, at: 0 };
    });
    for (let left = group.rows; left > 0; ) {
      let rows = Math.min(left, ROWS_MAX);
      for (const cursor of cursors) {
        await fill(cursor);
        rows = Math.min(rows, cursor.page.codes.length - cursor.at);
      }
      yield { names, rows, columns: cursors.map((cursor) => runOf(cursor, rows)) };
      left -= rows;
    }
  } catch (error) {
    throw error instanceof FlowtrieError ? error : damage(file.source.name, error);
  }
}

const EMPTY: Page = { codes: new Int32Array(0), values: { kind: 'number', halves: new Uint32Array(0) }, shared: true };

/** Turns to the next page that has rows when this one has no more. */
async function fill(cursor: Cursor): Promise<void> {
  while (cursor.at === cursor.page.codes.length) {
    const page = await cursor.reader.next();
    if (page === undefined) throw new Error(`the column ${cursor.reader.chunk.name} ends before its row group`);
    cursor.page = page;
    cursor.at = 0;
  }
}

function runOf(cursor: Cursor, rows: number): ColumnRun {
  const { codes, values, shared } = cursor.page;
  const run = { codes: codes.subarray(cursor.at, cursor.at + rows), values, shared };
  cursor.at += rows;
  return run;
}
