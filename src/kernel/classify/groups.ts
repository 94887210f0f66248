import { i32At, put32, u32At } from './cells';
import { Groups } from './counters';

/** Bits that one pass of nthWeight tells weights apart by. */
const DIGIT_BITS: u64 = 11;
const DIGITS: u32 = 1 << 11;

/** Row of the group with this key, made when it is new. */
@inline
export function groupRow(table: Groups, first: u32, second: u32, third: u32): usize {
  const mask = table.mask;
  const slots = table.slots;
  let slot = hash(first, second, third) & mask;
  for (let group = i32At(slots, slot); group >= 0; group = i32At(slots, slot)) {
    const row = table.rows + <usize>(<u32>group * table.rowBytes);
    if (load<u32>(row, 32) == third && load<u32>(row, 28) == second && load<u32>(row, 24) == first) return row;
    slot = (slot + 1) & mask;
  }
  return newGroup(table, slot, first, second, third);
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
  const row = table.rows + <usize>(size * table.rowBytes);
  store<f64>(row, 0);
  store<f64>(row, 0, 8);
  store<f64>(row, 0, 16);
  store<u32>(row, first, 24);
  store<u32>(row, second, 28);
  store<u32>(row, third, 32);
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
  const rowBytes = <usize>table.rowBytes;
  const weights = table.weights;
  let from = table.rows;
  for (let g: u32 = 0; g < size; g++, from += rowBytes) store<u64>(weights + (<usize>g << 3), load<u64>(from, 8));
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
      addSums(table.others, from);
      continue;
    }
    for (let at: usize = 0; at < rowBytes; at += 8) store<u64>(to + at, load<u64>(from + at));
    put32(table.slots, freeSlot(table, load<u32>(to, 24), load<u32>(to, 28), load<u32>(to, 32)), kept++);
    to += rowBytes;
  }
  table.size = kept;
}

function addSums(sums: usize, row: usize): void {
  for (let at: usize = 0; at < 24; at += 8) store<f64>(sums + at, load<f64>(sums + at) + load<f64>(row + at));
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
