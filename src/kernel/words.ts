import { clearBit, isDash } from './numbers';

/** Words as their bytes in one little-endian number. */
const ACCEPT: u64 = 0x5450_4543_4341;
const REJECT: u64 = 0x5443_454a_4552;
const OK: u64 = 0x4b4f;
const NODATA: u64 = 0x4154_4144_4f4e;
const SKIPDATA: u64 = 0x4154_4144_5049_4b53;
const INGRESS: u64 = 0x73_7365_7267_6e69;
const EGRESS: u64 = 0x7373_6572_6765;
const NONE: u64 = 0x656e_6f4e;
const BPA: u64 = 0x41_5042;
const EC: u64 = 0x4345;

/** The 1–8 bytes from `from` on as a number; 0 for longer and empty tokens. */
@inline
function wordAt(from: usize, end: usize): u64 {
  const length = <u64>(end - from);
  return length - 1 < 8 ? load<u64>(from) & (0xffff_ffff_ffff_ffff >> ((8 - length) << 3)) : 0;
}

/** `-` and pandas' `None`; empty tokens do not come here. */
@inline
export function isNull(from: usize, end: usize): bool {
  return isDash(from, end) || (end - from == 4 && wordAt(from, end) == NONE);
}

/** Index into LOG_STATUS of model/flow.ts: 0 null, 1 OK, 2 NODATA, 3 SKIPDATA; −1 = none of them. */
export function statusOf(from: usize, end: usize): i32 {
  const word = wordAt(from, end);
  if (word == OK) return 1;
  if (word == NODATA) return 2;
  if (word == SKIPDATA) return 3;
  return isDash(from, end) ? 0 : -1;
}

export function statusColumn(
  text: usize,
  d: usize,
  step: usize,
  rows: u32,
  column: usize,
  present: usize,
  bit: u32,
): u32 {
  for (let row: u32 = 0; row < rows; row++, d += step) {
    const status = statusOf(text + load<u32>(d - 4) + 1, text + load<u32>(d));
    if (status < 0) return row;
    if (status == 0) clearBit(present, row, bit);
    store<u8>(column + row, <u8>status);
  }
  return rows;
}

/** Action and flow direction: code 1 for `first`, 2 for `second` (model/verdict.ts). */
function twoWords(
  text: usize,
  d: usize,
  step: usize,
  rows: u32,
  column: usize,
  present: usize,
  bit: u32,
  first: u64,
  second: u64,
): u32 {
  for (let row: u32 = 0; row < rows; row++, d += step) {
    const from = text + load<u32>(d - 4) + 1;
    const end = text + load<u32>(d);
    const word = wordAt(from, end);
    const code = u32(word == first) + (u32(word == second) << 1);
    if (code == 0) {
      if (!isDash(from, end)) return row;
      clearBit(present, row, bit);
    } else {
      store<u8>(column + row, <u8>code);
    }
  }
  return rows;
}

export function actionColumn(
  text: usize,
  d: usize,
  step: usize,
  rows: u32,
  column: usize,
  present: usize,
  bit: u32,
): u32 {
  return twoWords(text, d, step, rows, column, present, bit, ACCEPT, REJECT);
}

export function directionColumn(
  text: usize,
  d: usize,
  step: usize,
  rows: u32,
  column: usize,
  present: usize,
  bit: u32,
): u32 {
  return twoWords(text, d, step, rows, column, present, bit, INGRESS, EGRESS);
}

export function serviceColumn(text: usize, d: usize, step: usize, rows: u32, present: usize, bit: u32): u32 {
  for (let row: u32 = 0; row < rows; row++, d += step) {
    if (isNull(text + load<u32>(d - 4) + 1, text + load<u32>(d))) clearBit(present, row, bit);
  }
  return rows;
}

/** Codes of RejectReason (model/flow.ts): 0 null, 1 BPA, 2 EC, 3 any other word. */
export function rejectReasonColumn(text: usize, d: usize, step: usize, rows: u32, column: usize): u32 {
  for (let row: u32 = 0; row < rows; row++, d += step) {
    const from = text + load<u32>(d - 4) + 1;
    const end = text + load<u32>(d);
    const word = wordAt(from, end);
    const code: u32 = word == BPA ? 1 : word == EC ? 2 : isNull(from, end) ? 0 : 3;
    store<u8>(column + row, <u8>code);
  }
  return rows;
}

/** Where the bytes of a field stand in the caller's text; null has length 0. */
export function carryColumn(
  text: usize,
  d: usize,
  step: usize,
  rows: u32,
  base: u32,
  offsets: usize,
  lengths: usize,
): void {
  for (let row: u32 = 0; row < rows; row++, d += step) {
    const from = load<u32>(d - 4) + 1;
    const end = load<u32>(d);
    store<u32>(offsets + (<usize>row << 2), base + from);
    store<u32>(lengths + (<usize>row << 2), isNull(text + from, text + end) ? 0 : end - from);
  }
}
