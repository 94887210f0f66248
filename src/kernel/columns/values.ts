import { i32At, put32, u8At, u32At } from '../classify/cells';

/** Byte values, as `sink/byte-ids.ts` lays them out: numbered from 1 in order of appearance; 0 = none. */
@unmanaged
class ByteIds {
  /** Open addressing: u32 ids, 0 = free. */
  slots: usize;
  mask: u32;
  /** u32 by id. */
  hashes: usize;
  /** u32 by id: where its bytes end; they begin where those of the id before end. */
  ends: usize;
  bytes: usize;
  count: u32;
  /** Greatest id, and bytes, that there is room for. */
  limit: u32;
  room: u32;
}

/** Looks up to 15 bytes behind both values. */
@inline
function isValue(table: ByteIds, id: u32, from: usize, length: u32): bool {
  if (id == 0) return false;
  const start = u32At(table.ends, id - 1);
  if (u32At(table.ends, id) - start != length) return false;
  const bytes = table.bytes + start;
  let i: u32 = 0;
  for (; i + 16 <= length; i += 16) {
    if (!i8x16.all_true(i8x16.eq(v128.load(bytes + i), v128.load(from + i)))) return false;
  }
  const equal = i8x16.bitmask(i8x16.eq(v128.load(bytes + i), v128.load(from + i)));
  return ctz(~equal) >= <i32>(length - i);
}

const HASH_FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/** Looks up to 7 bytes behind the value. */
@inline
function hashOf(from: usize, length: u32): u32 {
  let h = <u64>length;
  let i: u32 = 0;
  for (; i + 8 <= length; i += 8) {
    h = (h ^ load<u64>(from + i)) * HASH_FACTOR;
    h ^= h >> 32;
  }
  const rest = load<u64>(from + i) & ((<u64>1 << (<u64>(length - i) << 3)) - 1);
  h = (h ^ rest) * HASH_FACTOR;
  return <u32>(h >> 32);
}

@inline
function isFull(table: ByteIds, length: u32): bool {
  return table.count == table.limit || u32At(table.ends, table.count) + length > table.room;
}

/** The id of a value, a new one if it is new; 0 = there is no room for it. */
function idOf(table: ByteIds, from: usize, length: u32): u32 {
  const h = hashOf(from, length);
  const mask = table.mask;
  let slot = h & mask;
  for (;;) {
    const id = u32At(table.slots, slot);
    if (id == 0) break;
    if (u32At(table.hashes, id) == h && isValue(table, id, from, length)) return id;
    slot = (slot + 1) & mask;
  }
  if (isFull(table, length)) return 0;
  const start = u32At(table.ends, table.count);
  const id = ++table.count;
  memory.copy(table.bytes + start, from, length);
  put32(table.ends, id, start + length);
  put32(table.hashes, id, h);
  put32(table.slots, slot, id);
  return id;
}

/**
 * Ids of carried values from the row `from` on; no bytes = 0. Most values are the same for all records of an interface:
 * `guesses` holds the id last met, by the low bits of the interface. Returns the row that it stopped before, without
 * room.
 */
export function carriedIds(
  table: ByteIds,
  text: usize,
  offsets: usize,
  lengths: usize,
  interfaces: usize,
  guesses: usize,
  guessMask: u32,
  ids: usize,
  from: u32,
  rows: u32,
): u32 {
  let i = from;
  for (; i < rows; i++) {
    const length = u32At(lengths, i);
    let id: u32 = 0;
    if (length != 0) {
      const value = text + u32At(offsets, i);
      const guess = u32At(interfaces, i) & guessMask;
      id = u32At(guesses, guess);
      if (!isValue(table, id, value, length)) {
        id = idOf(table, value, length);
        if (id == 0) break;
        put32(guesses, guess, id);
      }
    }
    put32(ids, i, id);
  }
  return i;
}

/** Ids of `count` texts, from that numbered `from` on. Returns the one that it stopped before, without room. */
export function textIds(table: ByteIds, offsets: usize, bytes: usize, ids: usize, from: u32, count: u32): u32 {
  let i = from;
  for (; i < count; i++) {
    const start = u32At(offsets, i);
    const id = idOf(table, bytes + start, u32At(offsets, i + 1) - start);
    if (id == 0) break;
    put32(ids, i, id);
  }
  return i;
}

/** Ids → codes: one less, −1 where there is none; returns how many rows have none. */
export function codesOfIds(ids: usize, rows: u32, codes: usize): u32 {
  const whole = rows & ~3;
  const one = i32x4.splat(1);
  let nulls = i32x4.splat(0);
  for (let i: u32 = 0; i < whole; i += 4) {
    const code = i32x4.sub(v128.load(ids + (<usize>i << 2)), one);
    nulls = i32x4.add(nulls, i32x4.shr_u(code, 31));
    v128.store(codes + (<usize>i << 2), code);
  }
  let count =
    i32x4.extract_lane(nulls, 0) +
    i32x4.extract_lane(nulls, 1) +
    i32x4.extract_lane(nulls, 2) +
    i32x4.extract_lane(nulls, 3);
  for (let i = whole; i < rows; i++) {
    const code = i32At(ids, i) - 1;
    count += code < 0 ? 1 : 0;
    put32(codes, i, code);
  }
  return count;
}

/** 1 when no byte has its highest bit. */
export function isAscii(bytes: usize, count: u32): u32 {
  const whole = count & ~15;
  let high: u32 = 0;
  for (let i: u32 = 0; i < whole; i += 16) high |= i8x16.bitmask(v128.load(bytes + i));
  for (let i = whole; i < count; i++) high |= u8At(bytes, i) >> 7;
  return high == 0 ? 1 : 0;
}

/** Puts all ids into slots that are clear. */
export function placeValues(table: ByteIds): void {
  const mask = table.mask;
  for (let id: u32 = 1; id <= table.count; id++) {
    let slot = u32At(table.hashes, id) & mask;
    while (u32At(table.slots, slot) != 0) slot = (slot + 1) & mask;
    put32(table.slots, slot, id);
  }
}

/** Widens `span`, two u32, to the least offset of the values of some rows and their greatest end. */
export function valuesSpan(offsets: usize, lengths: usize, rows: u32, span: usize): void {
  const whole = rows & ~3;
  let least = i32x4.splat(-1);
  let most = i32x4.splat(0);
  for (let i: u32 = 0; i < whole; i += 4) {
    const offset = v128.load(offsets + (<usize>i << 2));
    least = i32x4.min_u(least, offset);
    most = i32x4.max_u(most, i32x4.add(offset, v128.load(lengths + (<usize>i << 2))));
  }
  let from = min(
    min(<u32>i32x4.extract_lane(least, 0), <u32>i32x4.extract_lane(least, 1)),
    min(<u32>i32x4.extract_lane(least, 2), <u32>i32x4.extract_lane(least, 3)),
  );
  let to = max(
    max(<u32>i32x4.extract_lane(most, 0), <u32>i32x4.extract_lane(most, 1)),
    max(<u32>i32x4.extract_lane(most, 2), <u32>i32x4.extract_lane(most, 3)),
  );
  for (let i = whole; i < rows; i++) {
    const offset = u32At(offsets, i);
    from = min(from, offset);
    to = max(to, offset + u32At(lengths, i));
  }
  put32(span, 0, min(from, u32At(span, 0)));
  put32(span, 1, max(to, u32At(span, 1)));
}
