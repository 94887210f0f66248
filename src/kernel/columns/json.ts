import { i32At, u8At, u16At, u32At } from '../classify/cells';
import { EFFECTIVE_PACKET, EFFECTIVE_PAIRED, EFFECTIVE_RECORD, V6_PER_ROW } from '../classify/codes';

/** What a column holds: `JSON_KINDS` of `sink/json-place.ts`, in its order. */
const NOTHING: u32 = 0;
const WORDS: u32 = 1;
const IDS: u32 = 2;
const NUMBER_8: u32 = 3;
const NUMBER_16: u32 = 4;
const NUMBER_32: u32 = 5;
const NUMBER_64: u32 = 6;
const ADDRESS: u32 = 7;
const EFFECTIVE: u32 = 8;

/** One column of a row, or several that depend on the same id, as `sink/json-place.ts` lays it out. */
@unmanaged
class JsonColumn {
  kind: u32;
  /** By row: codes of words u8, ids u32, numbers, addresses u32, or where the effective address is u8. */
  values: usize;
  /** Words there are. */
  size: u32;
  /** Bit of `present` without which there is nothing; 0 = there always is something. */
  bit: u32;
  v6Bit: u32;
  /** First of the four words of IPv6 in the row's sixteen. */
  v6Word: u32;
  /** i32 by id: the number of its text, 0 = null, −1 = not known yet; 0 instead of it: ids are numbers of texts. */
  valueOf: usize;
  /** Texts of words and ids: members of the object, their names in front. */
  offsets: usize;
  bytes: usize;
  /** `,"name":` of numbers; of addresses with a quote behind. */
  key: usize;
  keyLength: u32;
  /** `,"name":null` */
  none: usize;
  noneLength: u32;
  /** Of the effective address: JsonColumn of both fields, and addresses u32 that pairing found. */
  record: usize;
  packet: usize;
  paired: usize;
}

/** Objects under construction, one a line, as `sink/ndjson.ts` lays them out. */
@unmanaged
class JsonRows {
  columns: usize;
  count: u32;
  present: usize;
  v6: usize;
  /** u32 by octet: its digits, and how many in the highest byte. */
  octets: usize;
  /** u16 by number below 100: two digits. */
  pairs: usize;
  out: usize;
  /** Bytes that there is room for. Up to 63 more are written behind: a number or an address, and vectors. */
  room: u32;
  /** Bytes of whole rows. */
  length: u32;
  /** Why it stopped: 0 = no room, else 1 + index of the column whose id or word is not known. */
  stop: u32;
}

const COLUMN_BYTES: usize = offsetof<JsonColumn>();

const QUOTE: u32 = 0x22;
const ZERO: u32 = 0x30;
const COLON: u32 = 0x3a;
const DOT: u32 = 0x2e;
const ROW_START: u32 = 0x7b;
/** `}` and a newline. */
const ROW_END: u32 = 0x0a7d;

/** Copies up to 15 bytes more than asked for. Returns where the next ones go. */
@inline
function put(at: usize, from: usize, length: u32): usize {
  v128.store(at, v128.load(from));
  for (let i: u32 = 16; i < length; i += 16) v128.store(at + i, v128.load(from + i));
  return at + length;
}

function digitsOf(value: u32): u32 {
  if (value < 100_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : value < 10_000 ? 4 : 5;
  if (value < 10_000_000) return value < 1_000_000 ? 6 : 7;
  return value < 100_000_000 ? 8 : value < 1_000_000_000 ? 9 : 10;
}

/** Exactly `count` digits, zeros in front. */
@inline
function putDigits(at: usize, value: u32, count: u32, pairs: usize): usize {
  const end = at + count;
  let to = end;
  let rest = value;
  while (to >= at + 2) {
    const hundreds = rest / 100;
    to -= 2;
    store<u16>(to, u16At(pairs, rest - hundreds * 100));
    rest = hundreds;
  }
  if (to > at) store<u8>(at, <u8>(ZERO + rest));
  return end;
}

@inline
function putU32(at: usize, value: u32, pairs: usize): usize {
  return putDigits(at, value, digitsOf(value), pairs);
}

const BILLION: u64 = 1_000_000_000;

function putU64(at: usize, value: u64, pairs: usize): usize {
  if (value <= <u64>u32.MAX_VALUE) return putU32(at, <u32>value, pairs);
  const above = value / BILLION;
  const low = <u32>(value - above * BILLION);
  if (above <= <u64>u32.MAX_VALUE) return putDigits(putU32(at, <u32>above, pairs), low, 9, pairs);
  const top = above / BILLION;
  const middle = putDigits(putU32(at, <u32>top, pairs), <u32>(above - top * BILLION), 9, pairs);
  return putDigits(middle, low, 9, pairs);
}

@inline
function putOctet(at: usize, octet: u32, octets: usize): usize {
  const digits = u32At(octets, octet);
  store<u32>(at, digits);
  return at + (digits >> 24);
}

function putIpv4(at: usize, address: u32, octets: usize): usize {
  at = putOctet(at, address >> 24, octets);
  store<u8>(at, <u8>DOT);
  at = putOctet(at + 1, (address >> 16) & 255, octets);
  store<u8>(at, <u8>DOT);
  at = putOctet(at + 1, (address >> 8) & 255, octets);
  store<u8>(at, <u8>DOT);
  return putOctet(at + 1, address & 255, octets);
}

@inline
function groupAt(words: usize, group: u32): u32 {
  return (u32At(words, group >> 1) >> ((group & 1) == 0 ? 16 : 0)) & 0xffff;
}

function putHex(at: usize, group: u32): usize {
  let shift: i32 = group > 0xfff ? 12 : group > 0xff ? 8 : group > 0xf ? 4 : 0;
  for (; shift >= 0; shift -= 4) {
    const digit = (group >> shift) & 15;
    store<u8>(at++, <u8>(digit < 10 ? ZERO + digit : 87 + digit));
  }
  return at;
}

/** Canonical text (RFC 5952): the longest run of zero groups, of two or more, the first of several, is `::`. */
function putIpv6(at: usize, words: usize): usize {
  let gap: u32 = 8;
  let gapLength: u32 = 1;
  for (let i: u32 = 0; i < 8; i++) {
    let length: u32 = 0;
    while (i + length < 8 && groupAt(words, i + length) == 0) length++;
    if (length > gapLength) {
      gap = i;
      gapLength = length;
    }
  }
  for (let i: u32 = 0; i < 8; i++) {
    if (i == gap) {
      store<u16>(at, <u16>(COLON | (COLON << 8)));
      at += 2;
      i += gapLength - 1;
      continue;
    }
    if (i > 0 && i != gap + gapLength) store<u8>(at++, <u8>COLON);
    at = putHex(at, groupAt(words, i));
  }
  return at;
}

@inline
function putNone(column: JsonColumn, at: usize): usize {
  return put(at, column.none, column.noneLength);
}

/** An address of a field, null when the row has none; `key` is the one to write in front. */
function putField(table: JsonRows, field: JsonColumn, key: JsonColumn, at: usize, i: u32): usize {
  const bits = u32At(table.present, i);
  if ((bits & field.bit) == 0) return putNone(key, at);
  at = put(at, key.key, key.keyLength);
  at =
    (bits & field.v6Bit) == 0
      ? putIpv4(at, u32At(field.values, i), table.octets)
      : putIpv6(at, table.v6 + (<usize>(i * V6_PER_ROW + field.v6Word) << 2));
  store<u8>(at, <u8>QUOTE);
  return at + 1;
}

function putEffective(table: JsonRows, column: JsonColumn, at: usize, i: u32): usize {
  const where = u8At(column.values, i);
  if (where == EFFECTIVE_RECORD) return putField(table, changetype<JsonColumn>(column.record), column, at, i);
  if (where == EFFECTIVE_PACKET) return putField(table, changetype<JsonColumn>(column.packet), column, at, i);
  if (where != EFFECTIVE_PAIRED) return putNone(column, at);
  at = putIpv4(put(at, column.key, column.keyLength), u32At(column.paired, i), table.octets);
  store<u8>(at, <u8>QUOTE);
  return at + 1;
}

@inline
function putNumber(table: JsonRows, column: JsonColumn, at: usize, i: u32): usize {
  at = put(at, column.key, column.keyLength);
  const kind = column.kind;
  const values = column.values;
  if (kind == NUMBER_64) return putU64(at, load<u64>(values + (<usize>i << 3)), table.pairs);
  const value = kind == NUMBER_8 ? u8At(values, i) : kind == NUMBER_16 ? u16At(values, i) : u32At(values, i);
  return putU32(at, value, table.pairs);
}

/** The number of the text of a row, 0 = null; −1 = not known. */
@inline
function textOf(column: JsonColumn, i: u32): i32 {
  if (column.kind == WORDS) {
    const word = u8At(column.values, i);
    return word < column.size ? <i32>word + 1 : -1;
  }
  const id = u32At(column.values, i);
  return column.valueOf == 0 ? <i32>id : i32At(column.valueOf, id);
}

/**
 * Writes rows from `from` on, `{"name":value,…}` and a newline each, into `out`. Returns the row that it stopped
 * before; `stop` says why.
 */
export function jsonRows(table: JsonRows, from: u32, rows: u32): u32 {
  const count = table.count;
  const present = table.present;
  const end = table.out + table.room;
  let start = table.out + table.length;
  let i = from;
  for (; i < rows; i++) {
    let at = start;
    let column = changetype<JsonColumn>(table.columns);
    for (let c: u32 = 0; c < count; c++, column = changetype<JsonColumn>(changetype<usize>(column) + COLUMN_BYTES)) {
      const kind = column.kind;
      if (at + max(column.keyLength, column.noneLength) > end) return stopped(table, start, 0, i);
      if (kind == NOTHING || (column.bit != 0 && (u32At(present, i) & column.bit) == 0)) at = putNone(column, at);
      else if (kind <= IDS) {
        const text = textOf(column, i);
        if (text < 0) return stopped(table, start, c + 1, i);
        const first = u32At(column.offsets, text);
        const length = u32At(column.offsets, text + 1) - first;
        if (at + length > end) return stopped(table, start, 0, i);
        at = text == 0 ? putNone(column, at) : put(at, column.bytes + first, length);
      } else if (kind == ADDRESS) at = putField(table, column, column, at, i);
      else if (kind == EFFECTIVE) at = putEffective(table, column, at, i);
      else at = putNumber(table, column, at, i);
    }
    if (at > end) return stopped(table, start, 0, i);
    // the comma of the first column opens the object
    store<u8>(start, <u8>ROW_START);
    store<u16>(at, <u16>ROW_END);
    start = at + 2;
  }
  table.length = <u32>(start - table.out);
  return i;
}

function stopped(table: JsonRows, start: usize, stop: u32, row: u32): u32 {
  table.length = <u32>(start - table.out);
  table.stop = stop;
  return row;
}
