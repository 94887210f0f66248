/**
 * Records as values by field name, for inputs that are no lines of text: JSON objects, quoted CSV. Values stand behind
 * each other in `bytes`; value f of row r ends before byte `ends[r × names + f]` and begins where the one before it
 * ends. An empty value is null.
 */
export interface RecordBlock {
  /** One a field, in any spelling. */
  readonly names: readonly string[];
  readonly rows: number;
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

const BLANK = Buffer.from(' ');
const NULL = Buffer.from('-');

/** A record as a line of the log would show it: its values in order, `-` for null. */
export function recordText({ names, bytes, ends }: RecordBlock, row: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let from = row === 0 ? 0 : (ends[row * names.length - 1] ?? 0);
  for (const end of ends.subarray(row * names.length, (row + 1) * names.length)) {
    parts.push(end > from ? bytes.subarray(from, end) : NULL, BLANK);
    from = end;
  }
  return Buffer.concat(parts.slice(0, -1));
}
