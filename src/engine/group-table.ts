import { strict as assert } from 'node:assert';
import { FRESH, type GroupRoom } from './group-room.ts';
import { nthWeight } from './nth-weight.ts';

/** Sums of a group in a GroupTable: offsets in its first three f64. */
export const Sum = { records: 0, bytes: 1, packets: 2, perGroup: 3 } as const;

/** Where the row of a group has what. */
export interface RowLayout {
  /** u32 words of a row. */
  readonly words: number;
  /** u32 word that the key begins with. */
  readonly key: number;
  /** u32 word of the records; null = they are the row's first f64. */
  readonly records: number | null;
  /** f64 words. */
  readonly bytes: number;
  readonly packets: number;
}

/** What a table held when it was drained: the rows of its groups as they were, read by a layout. */
export interface Groups {
  readonly size: number;
  readonly layout: RowLayout;
  /** The rows twice, as f64 and as u32. */
  readonly sums: Float64Array;
  readonly keys: Uint32Array;
  /** Sums of the groups that were folded away; zeros while the table stayed within its capacity. */
  readonly others: { readonly records: number; readonly bytes: number; readonly packets: number };
}

/** Rows of a GroupTable by keys of so many words: three f64 sums, then the key. */
export function layoutOf(words: number): RowLayout {
  const key = 2 * Sum.perGroup;
  return { words: key + 2 * Math.ceil(words / 2), key, records: null, bytes: Sum.bytes, packets: Sum.packets };
}

/** A copy of rows that begin at the first word, by a layout. */
export function drained(
  size: number,
  layout: RowLayout,
  rows: Float64Array,
  others: Groups['others'],
  room: GroupRoom,
): Groups {
  const count = (size * layout.words) / 2;
  const sums = room(count);
  sums.set(rows.subarray(0, count));
  return { size, layout, sums, keys: new Uint32Array(sums.buffer, sums.byteOffset, 2 * count), others };
}

const SEED = 0x9e37_79b9 | 0;
const MULTIPLIER = 0x85eb_ca6b | 0;

/** Slots of a table of `capacity` groups: a power of two, half of them free. */
export function slotsFor(capacity: number): number {
  let slots = 2;
  while (slots < capacity * 2) slots *= 2;
  return slots;
}

/**
 * Group-by over keys of a fixed number of u32 words: open addressing, no object per record. A group is one run of
 * bytes, three f64 sums and then its key, so that it is one trip to memory. Bounded: when `capacity` groups are live,
 * the half with the fewest bytes is folded into `others` (same input order ⇒ same result, for any number of threads,
 * since a table lives within one task).
 */
export class GroupTable {
  private readonly words: number;
  private readonly mask: number;
  private readonly slots: Int32Array;
  private readonly capacity: number;
  private readonly layout: RowLayout;
  /** f64 (and half the u32) a group. */
  private readonly stride: number;
  private readonly sums: Float64Array;
  private readonly keys: Uint32Array;
  /** Bytes of each group while the table is folded. */
  private readonly weights: Float64Array;
  private size = 0;
  private others = { records: 0, bytes: 0, packets: 0 };
  /** Key of the next `add`: the caller fills all words. */
  readonly key: Uint32Array;

  constructor(words: number, capacity: number) {
    assert(words > 0 && capacity > 1);
    this.words = words;
    this.slots = new Int32Array(slotsFor(capacity)).fill(-1);
    this.mask = this.slots.length - 1;
    this.capacity = capacity;
    this.layout = layoutOf(words);
    this.stride = this.layout.words / 2;
    this.sums = new Float64Array(capacity * this.stride);
    this.keys = new Uint32Array(this.sums.buffer);
    this.key = new Uint32Array(words);
    this.weights = new Float64Array(capacity);
  }

  /** Groups that fit before any is folded away. */
  get room(): number {
    return this.capacity - this.size;
  }

  /** Adds one record to the group of `key`. */
  add(bytes: number, packets: number): void {
    this.addSums(this.find(this.key, 0), 1, bytes, packets);
  }

  /** Adds what another table held, of either layout. */
  merge({ size, layout, sums, keys, others }: Groups): void {
    for (let g = 0; g < size; g++) {
      const row = g * layout.words;
      const at = row / 2;
      const records = layout.records === null ? sums[at]! : keys[row + layout.records]!;
      const group = this.find(keys, row + layout.key);
      this.addSums(group, records, sums[at + layout.bytes]!, sums[at + layout.packets]!);
    }
    this.others.records += others.records;
    this.others.bytes += others.bytes;
    this.others.packets += others.packets;
  }

  private addSums(group: number, records: number, bytes: number, packets: number): void {
    const at = group * this.stride;
    const { sums } = this;
    sums[at]! += records;
    sums[at + Sum.bytes]! += bytes;
    sums[at + Sum.packets]! += packets;
  }

  /** Empties the table into copies, in order of first appearance. */
  drain(room: GroupRoom = FRESH): Groups {
    const groups = drained(this.size, this.layout, this.sums, this.others, room);
    this.others = { records: 0, bytes: 0, packets: 0 };
    this.size = 0;
    this.slots.fill(-1);
    return groups;
  }

  /** Index in `keys` of a group's first key word. */
  private keyAt(group: number): number {
    return (group * this.stride + Sum.perGroup) * 2;
  }

  /** The group of the key at `source[from …]`, made when it is new. */
  private find(source: Uint32Array, from: number): number {
    const { slots, mask, keys, words } = this;
    let slot = this.hash(source, from) & mask;
    for (let group = slots[slot]!; group >= 0; group = slots[slot]!) {
      const at = this.keyAt(group);
      let w = 0;
      while (w < words && keys[at + w] === source[from + w]) w++;
      if (w === words) return group;
      slot = (slot + 1) & mask;
    }
    if (this.size === this.capacity) {
      this.fold();
      return this.find(source, from);
    }
    const group = this.size++;
    slots[slot] = group;
    const at = this.keyAt(group);
    for (let w = 0; w < words; w++) keys[at + w] = source[from + w]!;
    this.sums.fill(0, group * this.stride, group * this.stride + Sum.perGroup);
    return group;
  }

  private hash(source: Uint32Array, at: number): number {
    let h = SEED;
    for (let w = 0; w < this.words; w++) {
      h = Math.imul(h ^ source[at + w]!, MULTIPLIER);
      h ^= h >>> 15;
    }
    return h;
  }

  /**
   * Keeps the heavier half by bytes (ties: the earlier group), sums the rest into `others`, and re-hashes. For a full
   * table.
   */
  private fold(): void {
    const { sums, slots, stride, weights } = this;
    const keep = this.capacity >> 1;
    const size = this.size;
    for (let g = 0; g < size; g++) weights[g] = sums[g * stride + Sum.bytes]!;
    const least = nthWeight(weights.subarray(0, size), size - keep);
    let tiesKept = keep;
    for (let g = 0; g < size; g++) if (weights[g]! > least) tiesKept--;
    slots.fill(-1);
    let kept = 0;
    for (let g = 0; g < size; g++) {
      const from = g * stride;
      if (weights[g]! < least || (weights[g] === least && tiesKept-- <= 0)) {
        this.others.records += sums[from]!;
        this.others.bytes += sums[from + Sum.bytes]!;
        this.others.packets += sums[from + Sum.packets]!;
        continue;
      }
      this.moveRow(from, kept * stride);
      let slot = this.hash(this.keys, this.keyAt(kept)) & this.mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & this.mask;
      slots[slot] = kept++;
    }
    this.size = kept;
  }

  /** Copies a row; its key word by word, since two words of it need not be a number. */
  private moveRow(from: number, to: number): void {
    const { sums, keys, words } = this;
    if (from === to) return;
    for (let w = 0; w < Sum.perGroup; w++) sums[to + w] = sums[from + w]!;
    const source = (from + Sum.perGroup) * 2;
    const target = (to + Sum.perGroup) * 2;
    for (let w = 0; w < words; w++) keys[target + w] = keys[source + w]!;
  }
}
