/**
 * Decode tables of canonical Huffman codes (RFC 1951, 3.2.2): a root of some bits, sub-tables for longer codes. Bits
 * come least significant first, so tables are indexed by reversed codes.
 *
 * An entry, u32: bits 0–7 how many bits to drop (code and extra bits), 8–11 length of the code, 16–30 base value or
 * start of a sub-table (entries from the table's beginning), and the flags below. Of a literal: bit 8 set when a second
 * one follows, 9–12 length of the first one's code (in a sub-table at most 4, so that INVALID stays clear), 16–23 the
 * first, 24–30 the second, which is ASCII.
 */
import { COUNTS, OFFSETS, SORTED } from './layout';

/** A literal: the sign bit. */
export const LITERAL: u32 = 0x8000_0000;
/** LITERAL, and the bit that an ASCII one has clear. */
const NOT_ASCII: u32 = 0x8080_0000;
/** Beside LITERAL: two of them. */
export const TWO: u32 = 0x100;
/** Where a literal has the length of its code. */
export const LITERAL_BITS_AT: u32 = 9;
/** Not a plain length or distance: one of the three below. */
export const SPECIAL: u32 = 0x8000;
export const SUB_TABLE: u32 = 0x4000;
export const END: u32 = 0x2000;
export const INVALID: u32 = 0x1000;

const CODE_BITS_MAX: u32 = 15;
/** An index that no code has comes to this: drops one bit, as the shortest code would. */
const NO_CODE: u32 = SPECIAL | INVALID | 1;

/**
 * Builds a table from `count` code lengths at `lengths`. `values` holds each symbol's entry with only its extra bits in
 * bits 0–7. False when the lengths are no code: over-subscribed, or incomplete other than a single code of one bit,
 * which only `mayBeSingle` allows (zlib accepts the same).
 */
export function buildTable(
  table: usize,
  lengths: usize,
  count: u32,
  values: usize,
  rootBits: u32,
  mayBeSingle: bool,
): bool {
  const longest = countLengths(lengths, count);
  const left = codesLeft();
  if (left < 0) return false;
  if (left > 0 && longest > 0 && (!mayBeSingle || longest != 1)) return false;
  if (left > 0) for (let i: u32 = 0; i < <u32>1 << rootBits; i++) store<u32>(table + (<usize>i << 2), NO_CODE);
  const used = sortSymbols(lengths, count);
  fillTable(table, lengths, values, rootBits, longest, used);
  return true;
}

function countLengths(lengths: usize, count: u32): u32 {
  memory.fill(COUNTS, 0, (CODE_BITS_MAX + 1) * 2);
  let longest: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const bits: u32 = load<u8>(lengths + i);
    const at = COUNTS + (<usize>bits << 1);
    store<u16>(at, load<u16>(at) + 1);
    if (bits > longest) longest = bits;
  }
  return longest;
}

/** Codes of the greatest length that are not taken; negative when there are too many codes. */
function codesLeft(): i32 {
  let left: i32 = 1;
  for (let bits: u32 = 1; bits <= CODE_BITS_MAX; bits++) {
    left = (left << 1) - <i32>load<u16>(COUNTS + (<usize>bits << 1));
    if (left < 0) return left;
  }
  return left;
}

/** Symbols by code length, then by number, into SORTED; returns how many have a code. */
function sortSymbols(lengths: usize, count: u32): u32 {
  let offset: u32 = 0;
  for (let bits: u32 = 1; bits <= CODE_BITS_MAX; bits++) {
    store<u16>(OFFSETS + (<usize>bits << 1), <u16>offset);
    offset += load<u16>(COUNTS + (<usize>bits << 1));
  }
  for (let i: u32 = 0; i < count; i++) {
    const bits: u32 = load<u8>(lengths + i);
    if (bits == 0) continue;
    const at = OFFSETS + (<usize>bits << 1);
    const place = load<u16>(at);
    store<u16>(SORTED + (<usize>place << 1), <u16>i);
    store<u16>(at, place + 1);
  }
  return offset;
}

function fillTable(table: usize, lengths: usize, values: usize, rootBits: u32, longest: u32, used: u32): void {
  const rootMask = (<u32>1 << rootBits) - 1;
  let code: u32 = 0;
  let next: u32 = rootMask + 1;
  let prefix: u32 = 0xffff_ffff;
  let sub: u32 = 0;
  let subBits: u32 = 0;
  for (let s: u32 = 0; s < used; s++) {
    const symbol = <usize>load<u16>(SORTED + (<usize>s << 1));
    const bits: u32 = load<u8>(lengths + symbol);
    const value = load<u32>(values + (symbol << 2));
    if (bits <= rootBits) {
      fillEvery(table, code, <u32>1 << bits, rootMask + 1, entryOf(value, bits));
    } else {
      if ((code & rootMask) != prefix) {
        prefix = code & rootMask;
        subBits = subTableBits(bits, rootBits, longest);
        sub = next;
        next += <u32>1 << subBits;
        store<u32>(table + (<usize>prefix << 2), (sub << 16) | SPECIAL | SUB_TABLE | (subBits << 8) | rootBits);
      }
      const rest = bits - rootBits;
      fillEvery(
        table + (<usize>sub << 2),
        code >> rootBits,
        <u32>1 << rest,
        <u32>1 << subBits,
        entryOf(value, rest),
      );
    }
    const at = COUNTS + (<usize>bits << 1);
    store<u16>(at, load<u16>(at) - 1);
    code = nextCode(code, bits);
  }
}

@inline
function entryOf(value: u32, bits: u32): u32 {
  return value + (bits << select<u32>(LITERAL_BITS_AT, 8, (value & LITERAL) != 0)) + bits;
}

/**
 * Joins two literals to one entry where the codes of both fit into the root: text is mostly literals of few bits, one
 * after the other. Downwards, because an entry is joined with one below it that has to be single still.
 */
export function joinLiterals(table: usize, rootBits: u32): void {
  for (let i = <i32>((<u32>1 << rootBits) - 1); i >= 0; i--) {
    const at = table + (<usize>i << 2);
    const first = load<u32>(at);
    if (<i32>first >= 0) continue;
    const firstBits = first & 0xff;
    const second = load<u32>(table + (<usize>(<u32>i >> firstBits) << 2));
    const bits = firstBits + (second & 0xff);
    if ((second & NOT_ASCII) != LITERAL || bits > rootBits) continue;
    store<u32>(at, (first - firstBits) | bits | TWO | ((second & 0x7f_0000) << 8));
  }
}

@inline
function fillEvery(table: usize, first: u32, step: u32, end: u32, entry: u32): void {
  for (let i = first; i < end; i += step) store<u32>(table + (<usize>i << 2), entry);
}

/** Adds one to a reversed code. */
@inline
function nextCode(code: u32, bits: u32): u32 {
  let bit = <u32>1 << (bits - 1);
  while ((code & bit) != 0) bit >>= 1;
  return bit == 0 ? 0 : (code & (bit - 1)) + bit;
}

/** Index bits of the sub-table whose first code has `bits`: what its codes need. COUNTS has those still to place. */
function subTableBits(bits: u32, rootBits: u32, longest: u32): u32 {
  let width = bits - rootBits;
  let left: i32 = <i32>1 << width;
  while (width + rootBits < longest) {
    left -= <i32>load<u16>(COUNTS + (<usize>(width + rootBits) << 1));
    if (left <= 0) break;
    width++;
    left <<= 1;
  }
  return width;
}
