import { i32At, put32, u32At } from './cells';
import { Groups } from './counters';

/** Bits that one pass of nthWeight tells weights apart by. */
const DIGIT_BITS: u64 = 11;
const DIGITS: u32 = 1 << 11;

/**
 * A row, half a cache line: sums of bytes and packets (f64), records (u32), and the three words of its key. It is what
 * engine/kernel-groups.ts reads.
 */
const ROW_SHIFT: usize = 5;
const BYTES: usize = 0;
const PACKETS: usize = 8;
const RECORDS: usize = 16;
const FIRST: usize = 20;
const SECOND: usize = 24;
const THIRD: usize = 28;

@inline
function rowAt(table: Groups, group: u32): usize {
  return table.rows + (<usize>group << ROW_SHIFT);
}

/** Row of the group with this key, made when it is new. */
@inline
export function groupRow(table: Groups, first: u32, second: u32, third: u32): usize {
  const mask = table.mask;
  const slots = table.slots;
  let slot = hash(first, second, third) & mask;
  for (let group = i32At(slots, slot); group >= 0; group = i32At(slots, slot)) {
    const row = rowAt(table, group);
    if (hasKey(row, first, second, third)) return row;
    slot = (slot + 1) & mask;
  }
  return newGroup(table, slot, first, second, third);
}

/** Without a branch for each word: they are one line of the cache. */
@inline
function hasKey(row: usize, first: u32, second: u32, third: u32): bool {
  return ((load<u32>(row, FIRST) ^ first) | (load<u32>(row, SECOND) ^ second) | (load<u32>(row, THIRD) ^ third)) == 0;
}

/** Adds one record; `sums`: its bytes and packets, f64 each. */
@inline
export function addRecord(row: usize, sums: v128): void {
  v128.store(row, f64x2.add(v128.load(row), sums));
  store<u32>(row, load<u32>(row, RECORDS) + 1, RECORDS);
}

@inline
function hash(first: u32, second: u32, third: u32): u32 {
  let h = (0x9e37_79b9 ^ first) * 0x85eb_ca6b;
  h = (h ^ (h >> 15) ^ second) * 0x85eb_ca6b;
  h = (h ^ (h >> 15) ^ third) * 0x85eb_ca6b;
  return h ^ (h >> 15);
}

/** `slot` is the free one that the look-up ended at. */
function newGroup(table: Groups, slot: u32, first: u32, second: u32, third: u32): usize {
  let free = slot;
  if (table.size == table.capacity) {
    fold(table);
    free = freeSlot(table, first, second, third);
  }
  const size = table.size;
  put32(table.slots, free, size);
  table.size = size + 1;
  const row = rowAt(table, size);
  store<f64>(row, 0, BYTES);
  store<f64>(row, 0, PACKETS);
  store<u32>(row, 0, RECORDS);
  store<u32>(row, first, FIRST);
  store<u32>(row, second, SECOND);
  store<u32>(row, third, THIRD);
  return row;
}

function freeSlot(table: Groups, first: u32, second: u32, third: u32): u32 {
  let slot = hash(first, second, third) & table.mask;
  while (i32At(table.slots, slot) >= 0) slot = (slot + 1) & table.mask;
  return slot;
}

/**
 * Keeps the heavier half by bytes (ties: the earlier group), sums the rest into `others`, and re-hashes. For a full
 * table; the same as in engine/group-table.ts.
 */
function fold(table: Groups): void {
  const size = table.size;
  const keep = table.capacity >> 1;
  const rowBytes: usize = 1 << ROW_SHIFT;
  const weights = table.weights;
  let from = table.rows;
  for (let g: u32 = 0; g < size; g++, from += rowBytes) store<u64>(weights + (<usize>g << 3), load<u64>(from, BYTES));
  const least = nthWeight(table, size - keep);
  let tiesKept = <i32>keep;
  for (let g: u32 = 0; g < size; g++) tiesKept -= i32(load<u64>(weights + (<usize>g << 3)) > least);
  memory.fill(table.slots, 0xff, (<usize>table.mask + 1) << 2);
  from = table.rows;
  let to = from;
  let kept: u32 = 0;
  for (let g: u32 = 0; g < size; g++, from += rowBytes) {
    const weight = load<u64>(weights + (<usize>g << 3));
    if (weight < least || (weight == least && tiesKept-- <= 0)) {
      addToOthers(table.others, from);
      continue;
    }
    for (let at: usize = 0; at < rowBytes; at += 16) v128.store(to + at, v128.load(from + at));
    put32(table.slots, freeSlot(table, load<u32>(to, FIRST), load<u32>(to, SECOND), load<u32>(to, THIRD)), kept++);
    to += rowBytes;
  }
  table.size = kept;
}

/** `others`: records, bytes and packets, f64 each. */
function addToOthers(others: usize, row: usize): void {
  store<f64>(others, load<f64>(others) + <f64>load<u32>(row, RECORDS));
  store<f64>(others, load<f64>(others, 8) + load<f64>(row, BYTES), 8);
  store<f64>(others, load<f64>(others, 16) + load<f64>(row, PACKETS), 16);
}

/**
 * Weight (bits of an f64 that is not negative: they sort as it does) that would stand at index `nth` if those of all
 * groups were sorted. Some bits a pass, from the highest on: linear, whatever the weights are.
 */
function nthWeight(table: Groups, nth: u32): u64 {
  const weights = table.weights;
  const bins = table.bins;
  const size = table.size;
  let before: u32 = 0;
  let prefix: u64 = 0;
  let mask: u64 = 0;
  for (let shift: u64 = 64; shift > 0; ) {
    shift -= min(shift, DIGIT_BITS);
    memory.fill(bins, 0, DIGITS << 2);
    for (let g: u32 = 0; g < size; g++) {
      const weight = load<u64>(weights + (<usize>g << 3));
      if ((weight & mask) != prefix) continue;
      const bin = bins + (<usize>((weight >> shift) & (DIGITS - 1)) << 2);
      store<u32>(bin, load<u32>(bin) + 1);
    }
    let digit: u32 = 0;
    while (before + u32At(bins, digit) <= nth) before += u32At(bins, digit++);
    // the last digit has bits of the one before: they are the same
    prefix |= <u64>digit << shift;
    mask = ~(<u64>0) << shift;
  }
  return prefix;
}
