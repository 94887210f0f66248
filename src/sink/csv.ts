import { strict as assert } from 'node:assert';
import { writeToBuffer, writeToString } from 'fast-csv';
import { textCells } from './cells.ts';
import type { OutputColumn } from './columns.ts';
import type { BatchEncoder } from './part.ts';
import { CarriedFields, type RowContext } from './rows.ts';

const OPTIONS = { headers: false, includeEndRowDelimiter: true, rowDelimiter: '\n' } as const;

/** The header row: column names. */
export function csvHeader(columns: readonly OutputColumn[]): Promise<Uint8Array> {
  return csvBytes([columns.map((column) => column.name)]);
}

/** CSV rows as fast-csv quotes them, blanks at an edge quoted too; absent = empty, lists joined by `;`. */
export function csvEncoder(context: RowContext): BatchEncoder {
  const carried = new CarriedFields(context);
  const cells = textCells(context, carried);
  return {
    async encode(flow, verdicts) {
      carried.bind(flow);
      const rows: (string | null)[][] = [];
      for (let row = 0; row < flow.rows; row++) rows.push(cells.map((cell) => cell(flow, verdicts, row)));
      return rows.length === 0 ? [] : [await csvBytes(rows)];
    },
  };
}

/** fast-csv drops NUL, and leaves blanks at an edge bare, which readers (ours too) take for padding. */
function isAtRisk(cell: string | null): boolean {
  if (cell === null) return false;
  return isBlank(cell.charCodeAt(0)) || isBlank(cell.charCodeAt(cell.length - 1)) || cell.includes('\0');
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

async function csvBytes(rows: (string | null)[][]): Promise<Uint8Array> {
  if (!rows.some((row) => row.some(isAtRisk))) return writeToBuffer(rows, OPTIONS);
  const [nul, edge] = unusedCharacters(rows.map((row) => row.join('')).join(''));
  // it quotes a value for its \r
  const quotes = `\r${edge}`;
  const masked = rows.map((row) =>
    row.map((cell) => (isAtRisk(cell) ? `${cell?.replaceAll('\0', nul)}${quotes}` : cell)),
  );
  const text = await writeToString(masked, OPTIONS);
  return Buffer.from(text.replaceAll(quotes, '').replaceAll(nul, '\0'));
}

/** Two characters for private use that the text has not. */
function unusedCharacters(text: string): readonly [string, string] {
  const found: string[] = [];
  for (let code = 0xe000; found.length < 2; code++) {
    assert(code <= 0xf8ff, 'a batch uses all characters for private use');
    const character = String.fromCharCode(code);
    if (!text.includes(character)) found.push(character);
  }
  return [found[0] ?? '', found[1] ?? ''];
}
