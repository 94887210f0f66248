import { strict as assert } from 'node:assert';
import { FRESH, type GroupRoom } from './group-room.ts';
import { nthWeight } from './nth-weight.ts';

/** Sums of a group: offsets in its three f64. */
export const Sum = { records: 0, bytes: 1, packets: 2, perGroup: 3 } as const;

/**
 * What a table held when it was drained: group g has its key at keys[g × words …], its sums at sums[g × Sum.perGroup
 * …].
 */
export interface Groups {
  readonly size: number;
  readonly keys: Uint32Array;
  readonly sums: Float64Array;
  /** Sums of the groups that were folded away; zeros while the table stayed within its capacity. */
  readonly others: { readonly records: number; readonly bytes: number; readonly packets: number };
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
    this.stride = Sum.perGroup + Math.ceil(words / 2);
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
    this.addSums(1, bytes, packets);
  }

  /** Adds what another table held. */
  merge(groups: Groups): void {
    const { words } = this;
    for (let g = 0; g < groups.size; g++) {
      const at = g * Sum.perGroup;
      for (let w = 0; w < words; w++) this.key[w] = groups.keys[g * words + w]!;
      this.addSums(groups.sums[at]!, groups.sums[at + Sum.bytes]!, groups.sums[at + Sum.packets]!);
    }
    this.others.records += groups.others.records;
    this.others.bytes += groups.others.bytes;
    this.others.packets += groups.others.packets;
  }

  private addSums(records: number, bytes: number, packets: number): void {
    const at = this.find() * this.stride;
    const { sums } = this;
    sums[at]! += records;
    sums[at + Sum.bytes]! += bytes;
    sums[at + Sum.packets]! += packets;
  }

  /** Empties the table into copies, in order of first appearance. */
  drain(room: GroupRoom = FRESH): Groups {
    const { size, others, words, stride } = this;
    const keys = room.u32(size * words);
    const sums = room.f64(size * Sum.perGroup);
    for (let g = 0; g < size; g++) {
      const key = this.keyAt(g);
      for (let w = 0; w < Sum.perGroup; w++) sums[g * Sum.perGroup + w] = this.sums[g * stride + w]!;
      for (let w = 0; w < words; w++) keys[g * words + w] = this.keys[key + w]!;
    }
    this.others = { records: 0, bytes: 0, packets: 0 };
    this.size = 0;
    this.slots.fill(-1);
    return { size, keys, sums, others };
  }

  /** Index in `keys` of a group's first key word. */
  private keyAt(group: number): number {
    return (group * this.stride + Sum.perGroup) * 2;
  }

  private find(): number {
    let slot = this.hash(this.key, 0) & this.mask;
    for (;;) {
      const group = this.slots[slot]!;
      if (group < 0) break;
      if (this.matches(group)) return group;
      slot = (slot + 1) & this.mask;
    }
    if (this.size === this.capacity) {
      this.fold();
      return this.find();
    }
    const group = this.size++;
    this.slots[slot] = group;
    const at = this.keyAt(group);
    for (let w = 0; w < this.words; w++) this.keys[at + w] = this.key[w]!;
    this.sums.fill(0, group * this.stride, group * this.stride + Sum.perGroup);
    return group;
  }

  private matches(group: number): boolean {
    const { keys, key, words } = this;
    const at = this.keyAt(group);
    for (let w = 0; w < words; w++) if (keys[at + w] !== key[w]) return false;
    return true;
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
