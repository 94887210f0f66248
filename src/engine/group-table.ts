import { strict as assert } from 'node:assert';

/** What a table held when it was drained: row g has its key at keys[g × words …]. */
export interface Groups {
  readonly size: number;
  readonly keys: Uint32Array;
  readonly records: Float64Array;
  readonly bytes: Float64Array;
  readonly packets: Float64Array;
  /** Sums of the groups that were folded away; zeros while the table stayed within its capacity. */
  readonly others: { readonly records: number; readonly bytes: number; readonly packets: number };
}

/**
 * Group-by over keys of a fixed number of u32 words: open addressing, sums in typed arrays, no object per record.
 * Bounded: when `capacity` groups are live, the half with the fewest bytes is folded into `others` (same input order ⇒
 * same result, for any number of threads, since a table lives within one task).
 */
export class GroupTable {
  private readonly words: number;
  private readonly mask: number;
  private readonly slots: Int32Array;
  private readonly keys: Uint32Array;
  private readonly records: Float64Array;
  private readonly bytes: Float64Array;
  private readonly packets: Float64Array;
  private size = 0;
  private others = { records: 0, bytes: 0, packets: 0 };
  /** Key of the next `add`: the caller fills all words. */
  readonly key: Uint32Array;

  constructor(words: number, capacity: number) {
    assert(words > 0 && capacity > 1);
    this.words = words;
    let slots = 2;
    while (slots < capacity * 2) slots *= 2;
    this.mask = slots - 1;
    this.slots = new Int32Array(slots).fill(-1);
    this.keys = new Uint32Array(capacity * words);
    this.records = new Float64Array(capacity);
    this.bytes = new Float64Array(capacity);
    this.packets = new Float64Array(capacity);
    this.key = new Uint32Array(words);
  }

  /** Adds one record to the group of `key`. */
  add(bytes: number, packets: number): void {
    const group = this.find();
    this.records[group] = this.records[group]! + 1;
    this.bytes[group] = this.bytes[group]! + bytes;
    this.packets[group] = this.packets[group]! + packets;
  }

  /** Empties the table into copies, in order of first appearance. */
  drain(): Groups {
    const { size, others } = this;
    const groups: Groups = {
      size,
      keys: this.keys.slice(0, size * this.words),
      records: this.records.slice(0, size),
      bytes: this.bytes.slice(0, size),
      packets: this.packets.slice(0, size),
      others,
    };
    this.others = { records: 0, bytes: 0, packets: 0 };
    this.size = 0;
    this.slots.fill(-1);
    return groups;
  }

  private find(): number {
    let slot = this.hash(this.key, 0) & this.mask;
    for (;;) {
      const group = this.slots[slot]!;
      if (group < 0) break;
      if (this.matches(group)) return group;
      slot = (slot + 1) & this.mask;
    }
    if (this.size === this.records.length) {
      this.fold();
      return this.find();
    }
    const group = this.size++;
    this.slots[slot] = group;
    this.keys.set(this.key, group * this.words);
    this.records[group] = 0;
    this.bytes[group] = 0;
    this.packets[group] = 0;
    return group;
  }

  private matches(group: number): boolean {
    const at = group * this.words;
    for (let w = 0; w < this.words; w++) if (this.keys[at + w] !== this.key[w]) return false;
    return true;
  }

  private hash(source: Uint32Array, at: number): number {
    let h = 0x9e37_79b9;
    for (let w = 0; w < this.words; w++) {
      h = Math.imul(h ^ source[at + w]!, 0x85eb_ca6b);
      h ^= h >>> 15;
    }
    return h;
  }

  /** Keeps the heavier half by bytes (ties: the earlier group), sums the rest into `others`, and re-hashes. */
  private fold(): void {
    const keep = this.records.length >> 1;
    const order = Array.from({ length: this.size }, (_, g) => g);
    order.sort((a, b) => this.bytes[b]! - this.bytes[a]! || a - b);
    for (const g of order.slice(keep)) {
      this.others.records += this.records[g]!;
      this.others.bytes += this.bytes[g]!;
      this.others.packets += this.packets[g]!;
    }
    const kept = order.slice(0, keep).sort((a, b) => a - b);
    this.slots.fill(-1);
    for (const [to, from] of kept.entries()) {
      this.keys.copyWithin(to * this.words, from * this.words, (from + 1) * this.words);
      this.records[to] = this.records[from]!;
      this.bytes[to] = this.bytes[from]!;
      this.packets[to] = this.packets[from]!;
      let slot = this.hash(this.keys, to * this.words) & this.mask;
      while (this.slots[slot]! >= 0) slot = (slot + 1) & this.mask;
      this.slots[slot] = to;
    }
    this.size = keep;
  }
}
