import { leave } from './later';
import { PATTERNS } from '../decode/kernel-layout';
import { clearBit, isDash } from './numbers';

/**
 * A pattern for each of the 81 ways to give four octets one to three digits: how to shuffle the text's digits so that
 * the hundreds (i16 lanes 0–3) and tens (lanes 4–7) of each octet come to stand in one vector, its ones in another,
 * the least value each octet may have (one written with more digits has a leading zero), and the places of dots and
 * end as bits. Octet 0, the first, is the highest byte of the address.
 */
const PATTERN_SHIFT: usize = 6;
const ONES: usize = 16;
const LEAST: usize = 32;
const PLACES: usize = 48;
/** A shuffle index that gives zero. */
const NOTHING: u8 = 0x80;
const PATTERNS_MAX: usize = 256;

/** Where the pattern with these places stands: the factor, found by trying, keeps all 81 apart. */
@inline
function patternAt(patterns: usize, places: u32): usize {
  return patterns + (<usize>(((places * 3359) >> 7) & <u32>(PATTERNS_MAX - 1)) << PATTERN_SHIFT);
}

export function writePatterns(at: usize): void {
  memory.fill(at, 0, PATTERNS_MAX << PATTERN_SHIFT);
  for (let pattern: usize = 0; pattern < 81; pattern++) {
    const places = placesOf(pattern);
    const p = patternAt(at, places);
    memory.fill(p, NOTHING, LEAST);
    store<u32>(p, places, PLACES);
    let start: usize = 0;
    let weight: usize = 27;
    for (let octet: usize = 0; octet < 4; octet++, weight /= 3) {
      const digits = ((pattern / weight) % 3) + 1;
      const end = start + digits;
      const lane: usize = (3 - octet) * 2;
      if (digits > 2) store<u8>(p + lane, <u8>(end - 3));
      if (digits > 1) store<u8>(p + 8 + lane, <u8>(end - 2));
      store<u8>(p + lane, <u8>(end - 1), ONES);
      store<u16>(p + lane, digits == 3 ? 100 : digits == 2 ? 10 : 0, LEAST);
      start = end + 1;
    }
  }
}

function placesOf(pattern: usize): u32 {
  let places: u32 = 0;
  let end: u32 = 0;
  for (let weight: usize = 27; weight > 0; weight /= 3) {
    end += <u32>((pattern / weight) % 3) + 1;
    places |= 1 << end++;
  }
  return places;
}

const NO_ADDRESS: u64 = 0xffff_ffff_ffff_ffff;

/** u32 of the dotted decimal text, as parseIpv4 of decode/address-text.ts, or NO_ADDRESS. */
@inline
function parseIpv4(from: usize, end: usize, patterns: usize): u64 {
  const length = <u32>(end - from);
  if (length > 15) return NO_ADDRESS;
  const text = v128.load(from);
  const stop: u32 = 1 << length;
  const places = (<u32>i8x16.bitmask(i8x16.eq(text, i8x16.splat(46))) & (stop - 1)) | stop;
  const pattern = patternAt(patterns, places);
  if (load<u32>(pattern, PLACES) != places) return NO_ADDRESS;
  const digits = i8x16.sub(text, i8x16.splat(48));
  const high = i8x16.swizzle(digits, v128.load(pattern));
  const ones = i8x16.swizzle(digits, v128.load(pattern, ONES));
  const scaled = i16x8.mul(high, i16x8(100, 100, 100, 100, 10, 10, 10, 10));
  const sums = i16x8.add(scaled, ones);
  const octets = i16x8.add(sums, v128.shuffle<i64>(sums, sums, 1, 0));
  const over = i8x16.sub_sat_u(i8x16.max_u(high, ones), i8x16.splat(9));
  const above = i16x8.sub_sat_u(octets, i16x8.splat(255));
  const below = i16x8.sub_sat_u(v128.load(pattern, LEAST), octets);
  if (v128.any_true(v128.or(over, v128.or(above, below)))) return NO_ADDRESS;
  return <u64>(<u32>i32x4.extract_lane(i8x16.narrow_i16x8_u(octets, octets), 0));
}

/** IPv4 addresses; others are left to the caller, or refused when `op` is 0 (a line that gives no row). */
export function addressColumn(
  params: usize,
  text: usize,
  d: usize,
  step: usize,
  rows: u32,
  row: u32,
  column: usize,
  present: usize,
  bit: u32,
  op: u32,
): u32 {
  const patterns = <usize>load<u32>(params, PATTERNS);
  for (let i: u32 = 0; i < rows; i++, d += step) {
    const start = load<u32>(d - 4) + 1;
    const stop = load<u32>(d);
    const value = parseIpv4(text + start, text + stop, patterns);
    if (value != NO_ADDRESS) store<u32>(column + (<usize>i << 2), <u32>value);
    else if (isDash(text + start, text + stop)) clearBit(present, i, bit);
    else if (op == 0 || !leave(params, row + i, op, start, stop)) return i;
  }
  return rows;
}
