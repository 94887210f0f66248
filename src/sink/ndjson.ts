import { addedPiece, addedRun } from './added-json.ts';
import { CARRIED_NUMBERS, carriedDigits, extraCell } from './cells.ts';
import type { AddedName, OutputColumn } from './columns.ts';
import { JsonBytes } from './json-bytes.ts';
import { fragment, keyOf, type Piece, writeAddress } from './json-piece.ts';
import type { BatchEncoder } from './part.ts';
import { CarriedFields, carriedText, type RowContext, TYPED_FIELDS, type TypedField, wordOf } from './rows.ts';

const ROW_START = '{'.charCodeAt(0);
const ROW_END = Buffer.from('}\n');

/**
 * NDJSON: one object a row, every column a key in column order, absent = null, 64-bit integers as exact literals.
 * The bytes it returns are valid until the next call.
 */
export function ndjsonEncoder(context: RowContext): BatchEncoder {
  const carried = new CarriedFields(context);
  const pieces = rowPieces(context, carried);
  const out = new JsonBytes();
  return {
    encode(flow, verdicts) {
      carried.bind(flow);
      for (let row = 0; row < flow.rows; row++) {
        const start = out.length;
        for (const piece of pieces) piece(out, flow, verdicts, row);
        // the comma of the first column opens the object
        out.replace(start, ROW_START);
        out.raw(ROW_END);
      }
      return [out.take()];
    },
  };
}

/** Neighbouring added columns that depend on the same few codes are written by one piece. */
function rowPieces(context: RowContext, carried: CarriedFields): readonly Piece[] {
  const { columns } = context;
  const pieces: Piece[] = [];
  for (let i = 0; i < columns.length; ) {
    const column = columns[i]!;
    if (column.source !== 'verdict') {
      pieces.push(inputPiece(column, i++, context, carried));
      continue;
    }
    const end = columns.findIndex((later, at) => at > i && later.source !== 'verdict');
    const names = columns.slice(i, end < 0 ? columns.length : end).map(({ name }) => name as AddedName);
    const run = addedRun(names);
    pieces.push(addedPiece(names.slice(0, run), context));
    i += run;
  }
  return pieces;
}

function inputPiece(column: OutputColumn, index: number, context: RowContext, carried: CarriedFields): Piece {
  const key = keyOf(column.name);
  const none = fragment({ [column.name]: null });
  if (column.source === 'extra') {
    const extra = extraCell(context, carried);
    return (out, flow, verdicts, row) => {
      const text = extra(flow, verdicts, row);
      if (text === null) return out.raw(none);
      out.raw(key);
      out.json(text);
    };
  }
  const typed = TYPED_FIELDS.get(column.name);
  if (typed !== undefined) return typedPiece(column.name, typed, context);
  const max = CARRIED_NUMBERS.get(column.name);
  return (out, flow, _, row) => {
    const source = carried.placed[index];
    const length = source === undefined ? 0 : source.length[row]!;
    if (source === undefined || length === 0) return out.raw(none);
    if (max === undefined) {
      out.raw(key);
      return out.text(flow.text, source.offset[row]!, length);
    }
    const digits = carriedDigits(carriedText(flow, source, row), max);
    if (digits === null) return out.raw(none);
    out.raw(key);
    out.json(digits);
  };
}

function typedPiece(name: string, field: TypedField, context: RowContext): Piece {
  const key = keyOf(name);
  const none = fragment({ [name]: null });
  const { bit } = field;
  switch (field.kind) {
    case 'number':
      return (out, flow, _, row) => {
        if ((flow.present[row]! & bit) === 0) return out.raw(none);
        out.raw(key);
        out.u32(field.values(flow)[row]!);
      };
    case 'u64':
      return (out, flow, _, row) => {
        if ((flow.present[row]! & bit) === 0) return out.raw(none);
        const halves = field.values(flow);
        out.raw(key);
        out.u64(halves[2 * row]!, halves[2 * row + 1]!);
      };
    case 'address':
      return (out, flow, _, row) => {
        if ((flow.present[row]! & bit) === 0) return out.raw(none);
        out.raw(key);
        writeAddress(out, flow, row, field);
      };
    case 'word': {
      const words = field.words.map((_, code) => fragment({ [name]: wordOf(field.words, code) }));
      return (out, flow, _, row) => {
        out.raw((flow.present[row]! & bit) === 0 ? none : words[field.values(flow)[row]!]!);
      };
    }
    case 'interface': {
      const ids: Uint8Array[] = [];
      return (out, flow, _, row) => {
        if ((flow.present[row]! & bit) === 0) return out.raw(none);
        const code = flow.interfaceId[row]!;
        ids[code] ??= fragment({ [name]: context.interfaceName(code) });
        out.raw(ids[code]);
      };
    }
  }
}
