import { writeToBuffer } from 'fast-csv';
import { textCells } from './cells.ts';
import type { OutputColumn } from './columns.ts';
import type { BatchEncoder } from './part.ts';
import { CarriedFields, type RowContext } from './rows.ts';

const OPTIONS = { headers: false, includeEndRowDelimiter: true, rowDelimiter: '\n' } as const;

/** The header row: column names. */
export function csvHeader(columns: readonly OutputColumn[]): Promise<Uint8Array> {
  return writeToBuffer([columns.map((column) => column.name)], OPTIONS);
}

/** CSV rows as fast-csv quotes them; absent = empty, lists joined by `;`. */
export function csvEncoder(context: RowContext): BatchEncoder {
  const carried = new CarriedFields(context);
  const cells = textCells(context, carried);
  return {
    async encode(flow, verdicts) {
      carried.bind(flow);
      const rows: (string | null)[][] = [];
      for (let row = 0; row < flow.rows; row++) rows.push(cells.map((cell) => cell(flow, verdicts, row)));
      return rows.length === 0 ? [] : [await writeToBuffer(rows, OPTIONS)];
    },
  };
}
