import type { FlowBatch } from '../../src/model/flow.ts';
import type { VerdictBatch } from '../../src/model/verdict.ts';
import { type TextCell, textCells } from '../../src/sink/cells.ts';
import type { OutputColumn } from '../../src/sink/columns.ts';
import { CarriedFields, candidatesOf, type RowContext } from '../../src/sink/rows.ts';

/** Rows as NDJSON, from the text of every cell. */
export function ndjsonOf(context: RowContext, flow: FlowBatch, verdicts: VerdictBatch): string {
  const carried = new CarriedFields(context);
  carried.bind(flow);
  const cells = textCells(context, carried);
  const value = ({ name, type }: OutputColumn, cell: TextCell | undefined, row: number): string => {
    if (type === 'utf8list') {
      return JSON.stringify(candidatesOf(context, verdicts, row, name.startsWith('src') ? 'src' : 'dst'));
    }
    const text = cell?.(flow, verdicts, row) ?? null;
    const isJson = name === 'extra' || /^u?int/.test(type);
    return text !== null && isJson ? text : JSON.stringify(text);
  };
  let lines = '';
  for (let row = 0; row < flow.rows; row++) {
    const members = context.columns.map((column, i) => {
      return `${JSON.stringify(column.name)}:${value(column, cells[i], row)}`;
    });
    lines += `{${members.join(',')}}\n`;
  }
  return lines;
}
