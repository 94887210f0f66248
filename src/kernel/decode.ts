/**
 * The straight way for nearly all lines, columnar: delimiters first, then one loop a field. It accepts only what
 * decode/row.ts accepts and stores the same; a line that it refuses is left to that general way, which knows every
 * reason.
 * Compiled to WebAssembly; one instance and one memory a decoder.
 */
import { addressColumn, writePatterns } from './address';
import { interfaceColumn, remember } from './interfaces';
import { DASH, ZERO } from './bytes';
export { copyAll } from './copies';
import {
  DELIMITERS,
  FIELD_BIT,
  FIELD_BYTES,
  FIELD_COLUMN,
  FIELD_COUNT,
  FIELD_KIND,
  FIELD_LENGTHS,
  FIELD_OFFSETS,
  FIELD_OP,
  FIELD_TABLE,
  FIRST_IS_TEXT,
  KIND_ACTION,
  KIND_ADDRESS,
  KIND_CHECKED_U64,
  KIND_CHECKED_U8,
  KIND_DIRECTION,
  KIND_INTERFACE,
  KIND_REJECT_REASON,
  KIND_SECONDS,
  KIND_SERVICE,
  KIND_STATUS,
  KIND_U16,
  KIND_U64,
  KIND_U8,
  LATER_COUNT,
  MASKS,
  NODATA,
  NO_FIELD,
  PATTERNS,
  PRESENT,
  PRESENT_ALL,
  REJECT_REASON,
  SKIPDATA,
  STATUS_FIELD,
  TAKEN,
  TEXT,
  TEXT_BASE,
} from '../decode/kernel-layout';
import { regularLines } from './lines';
import { NO_NUMBER } from './numbers';
import { quadColumn, quadSecondsColumn } from './quads';
import {
  actionColumn,
  carryColumn,
  directionColumn,
  rejectReasonColumn,
  serviceColumn,
  statusColumn,
  statusOf,
} from './words';

export { remember };

/** Fills what the parameter block points to; once a memory. */
export function prepare(params: usize): void {
  writePatterns(<usize>load<u32>(params, PATTERNS));
  // the delimiter before the first one stands in front of the text
  store<u32>(<usize>load<u32>(params, DELIMITERS) - 4, 0xffff_ffff);
}

/**
 * Decodes lines of text[0, length), which ends with a newline, into rows from `row` on, for at most `most` lines.
 * Returns the number of rows; TAKEN, NODATA, SKIPDATA and the `later` list of the parameter block say the rest.
 */
export function decode(params: usize, length: u32, row: u32, most: u32): u32 {
  const text = <usize>load<u32>(params, TEXT);
  const table = <usize>load<u32>(params, DELIMITERS);
  const fields = load<u32>(params, FIELD_COUNT);
  store<u32>(params, 0, LATER_COUNT);
  store<u32>(params, 0, NODATA);
  store<u32>(params, 0, SKIPDATA);
  store<u32>(params, 0, TAKEN);
  const lead = u32(isIsoTime(text));
  const tokens = fields + lead;
  const lines = checkedLines(params, text, table, tokens, lead, regularLines(params, length, tokens, most));
  const statusField = load<u32>(params, STATUS_FIELD);
  let line: u32 = 0;
  let out = row;
  while (line < lines) {
    let end = lines;
    let status: i32 = 1;
    let nulls: i32 = 0;
    if (statusField != NO_FIELD) {
      let d = table + (<usize>(line * tokens + lead + statusField) << 2);
      for (end = line; end < lines; end++, d += <usize>tokens << 2) {
        status = statusOf(text + load<u32>(d - 4) + 1, text + load<u32>(d));
        if (status > 1 || status < 0) break;
        nulls |= status ^ 1;
      }
    }
    if (end > line) {
      const first = table + (<usize>(line * tokens + lead) << 2);
      const taken = decodeRun(params, text, first, tokens, end - line, out, nulls == 0, false);
      out += taken;
      line += taken;
      if (line < end) break;
    }
    if (line == lines) break;
    // a line without traffic: its fields are checked, its row is overwritten by the next line's
    if (status < 0) break;
    if (decodeRun(params, text, table + (<usize>(line * tokens + lead) << 2), tokens, 1, out, false, true) == 0) break;
    const counter = status == 2 ? NODATA : SKIPDATA;
    store<u32>(params + counter, load<u32>(params + counter) + 1);
    line++;
  }
  if (line > 0) store<u32>(params, load<u32>(table + (<usize>(line * tokens - 1) << 2)) + 1, TAKEN);
  return out - row;
}

/** A leading ISO time is stepped over: a token that looks like one must stand where it is expected, and only there. */
function checkedLines(params: usize, text: usize, table: usize, tokens: u32, lead: u32, lines: u32): u32 {
  if (lead == 0 && load<u32>(params, FIRST_IS_TEXT) == 0) return lines;
  let start: usize = 0;
  for (let line: u32 = 0; line < lines; line++) {
    const at = text + start;
    if (u32(isIsoTime(at)) != lead || load<u8>(at) == 0xef) return line;
    start = load<u32>(table + (<usize>(line * tokens + tokens - 1) << 2)) + 1;
  }
  return lines;
}

/** As isIsoTime of decode/line-tokens.ts. */
function isIsoTime(at: usize): bool {
  if (load<u8>(at, 10) != 84 || load<u8>(at, 13) != 58) return false;
  if (load<u8>(at, 4) != DASH || load<u8>(at, 7) != DASH) return false;
  for (let i: usize = 0; i < 13; i++) {
    if (i == 4 || i == 7 || i == 10) continue;
    if (load<u8>(at + i) - ZERO > 9) return false;
  }
  return true;
}

/**
 * `count` lines of one status into rows from `row` on; returns how many leading ones are fine. `areOk`: that status is
 * known to be OK.
 */
function decodeRun(
  params: usize,
  text: usize,
  d: usize,
  tokens: u32,
  count: u32,
  row: u32,
  areOk: bool,
  isDropped: bool,
): u32 {
  const at = <usize>row;
  const present = <usize>load<u32>(params, PRESENT) + (at << 2);
  const reasons = <usize>load<u32>(params, REJECT_REASON) + at;
  const all = load<u32>(params, PRESENT_ALL);
  const step = <usize>tokens << 2;
  for (let i: usize = 0; i < <usize>count; i++) store<u32>(present + (i << 2), all);
  memory.fill(reasons, 0, count);
  let field = <usize>load<u32>(params, FIELD_TABLE);
  const fields = load<u32>(params, FIELD_COUNT);
  const okField = areOk ? load<u32>(params, STATUS_FIELD) : NO_FIELD;
  let rows = count;
  for (let f: u32 = 0; f < fields; f++, d += 4, field += FIELD_BYTES) {
    if (f == okField) memory.fill(<usize>load<u32>(field, FIELD_COLUMN) + at, 1, rows);
    else rows = decodeField(params, field, text, d, step, rows, row, present, isDropped);
    if (rows == 0) return 0;
    const offsets = <usize>load<u32>(field, FIELD_OFFSETS);
    if (offsets == 0) continue;
    const lengths = <usize>load<u32>(field, FIELD_LENGTHS) + (at << 2);
    carryColumn(text, d, step, rows, load<u32>(params, TEXT_BASE), offsets + (at << 2), lengths);
  }
  return rows;
}

function decodeField(
  params: usize,
  field: usize,
  text: usize,
  d: usize,
  step: usize,
  rows: u32,
  row: u32,
  present: usize,
  isDropped: bool,
): u32 {
  const column = <usize>load<u32>(field, FIELD_COLUMN);
  const bit = load<u32>(field, FIELD_BIT);
  const op = isDropped ? 0 : load<u32>(field, FIELD_OP);
  const at = <usize>row;
  const masks = <usize>load<u32>(params, MASKS);
  switch (load<u32>(field, FIELD_KIND)) {
    case KIND_U8:
      return quadColumn<u8>(text, d, step, rows, column + at, present, bit, 255, masks);
    case KIND_U16:
      return quadColumn<u16>(text, d, step, rows, column + (at << 1), present, bit, 65535, masks);
    case KIND_U64:
      return quadColumn<u64>(text, d, step, rows, column + (at << 3), present, bit, NO_NUMBER - 1, masks);
    case KIND_SECONDS:
      return quadSecondsColumn(text, d, step, rows, column + (at << 2), present, bit);
    case KIND_ADDRESS:
      return addressColumn(params, text, d, step, rows, row, column + (at << 2), present, bit, op);
    case KIND_INTERFACE:
      return interfaceColumn(params, text, d, step, rows, row, column + (at << 2), present, bit, op);
    case KIND_ACTION:
      return actionColumn(text, d, step, rows, column + at, present, bit);
    case KIND_STATUS:
      return statusColumn(text, d, step, rows, column + at, present, bit);
    case KIND_DIRECTION:
      return directionColumn(text, d, step, rows, column + at, present, bit);
    case KIND_SERVICE:
      return serviceColumn(text, d, step, rows, present, bit);
    case KIND_REJECT_REASON:
      return rejectReasonColumn(text, d, step, rows, column + at);
    case KIND_CHECKED_U8:
      return quadColumn<u8>(text, d, step, rows, 0, present, 0, 255, masks);
    case KIND_CHECKED_U64:
      return quadColumn<u64>(text, d, step, rows, 0, present, 0, NO_NUMBER - 1, masks);
    default:
      return rows;
  }
}
