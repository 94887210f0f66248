import { type FiveTupleRule, type FiveTuples, prefixMask } from './classbench.ts';

/** Words of a rule in a bucket: protocol value | mask << 8, both port ranges as from | to << 16, the rule. */
const RULE_WORDS = 4;

/** Words of a hash slot: both addresses, start of its rules in `rules` (−1 = free), their number. */
const SLOT_WORDS = 4;

/** Rules whose prefixes have the same two lengths: one hash table over both masked addresses. */
interface Tuple {
  readonly firstRule: number;
  readonly srcMask: number;
  readonly dstMask: number;
  readonly slotMask: number;
  readonly slots: Int32Array;
  readonly rules: Int32Array;
}

/**
 * Tuple space search (Srinivasan, Suri, Varghese, SIGCOMM 1999): as many look-ups as there are pairs of prefix lengths,
 * but never more memory than a few words a rule. Tuples stand in order of their first rule.
 */
export interface TupleSpace {
  readonly tuples: readonly Tuple[];
  readonly bytes: number;
}

export function compileTupleSpace(rules: readonly FiveTupleRule[]): TupleSpace {
  const groups = new Map<string, number[]>();
  rules.forEach(({ src, dst }, index) => {
    const key = `${src.length} ${dst.length}`;
    const same = groups.get(key);
    if (same === undefined) groups.set(key, [index]);
    else same.push(index);
  });
  const tuples = [...groups.values()].map((members) => buildTuple(rules, members));
  const bytes = tuples.reduce((sum, tuple) => sum + tuple.slots.byteLength + tuple.rules.byteLength, 0);
  return { tuples, bytes };
}

/** `members`: rules of one tuple, ascending. */
function buildTuple(rules: readonly FiveTupleRule[], members: readonly number[]): Tuple {
  const buckets = new Map<string, number[]>();
  for (const index of members) {
    const { src, dst } = rules[index]!;
    const key = `${src.base} ${dst.base}`;
    const same = buckets.get(key);
    if (same === undefined) buckets.set(key, [index]);
    else same.push(index);
  }
  let capacity = 4;
  while (capacity < buckets.size * 2) capacity *= 2;
  const slots = new Int32Array(capacity * SLOT_WORDS).fill(-1);
  const words: number[] = [];
  for (const bucket of buckets.values()) {
    const { src, dst } = rules[bucket[0]!]!;
    let slot = hash(src.base | 0, dst.base | 0) & (capacity - 1);
    while (slots[slot * SLOT_WORDS + 2]! >= 0) slot = (slot + 1) & (capacity - 1);
    slots.set([src.base | 0, dst.base | 0, words.length, bucket.length], slot * SLOT_WORDS);
    for (const index of bucket) {
      const { protocol, srcPort, dstPort } = rules[index]!;
      words.push(protocol.value | (protocol.mask << 8), srcPort.from | (srcPort.to << 16));
      words.push(dstPort.from | (dstPort.to << 16), index);
    }
  }
  const first = rules[members[0]!]!;
  return {
    firstRule: members[0]!,
    srcMask: prefixMask(first.src.length),
    dstMask: prefixMask(first.dst.length),
    slotMask: capacity - 1,
    slots,
    rules: Int32Array.from(words),
  };
}

function hash(src: number, dst: number): number {
  let h = Math.imul(src, 0x9e37_79b1) ^ Math.imul(dst, 0x85eb_ca6b);
  h ^= h >>> 15;
  return Math.imul(h, 0xc2b2_ae35) >>> 8;
}

/** First matching rule of each packet, −1 = none, into `out`. */
export function matchTupleSpace({ tuples }: TupleSpace, packets: FiveTuples, out: Int32Array): void {
  for (let i = 0; i < packets.count; i++) {
    // −1 as u32 is larger than any rule
    let best = -1;
    for (const tuple of tuples) {
      if (best >>> 0 < tuple.firstRule) break;
      const found = matchTuple(tuple, packets, i);
      if (found >>> 0 < best >>> 0) best = found;
    }
    out[i] = best;
  }
}

function matchTuple(tuple: Tuple, packets: FiveTuples, i: number): number {
  const src = packets.src[i]! & tuple.srcMask;
  const dst = packets.dst[i]! & tuple.dstMask;
  const { slots, slotMask, rules } = tuple;
  for (let slot = hash(src, dst) & slotMask; ; slot = (slot + 1) & slotMask) {
    const at = slot * SLOT_WORDS;
    const start = slots[at + 2]!;
    if (start < 0) return -1;
    if (slots[at] !== src || slots[at + 1] !== dst) continue;
    const end = start + slots[at + 3]! * RULE_WORDS;
    for (let q = start; q < end; q += RULE_WORDS) {
      if (matchesRule(rules, q, packets.protocol[i]!, packets.srcPort[i]!, packets.dstPort[i]!)) return rules[q + 3]!;
    }
    return -1;
  }
}

function matchesRule(rules: Int32Array, q: number, protocol: number, srcPort: number, dstPort: number): boolean {
  const wanted = rules[q]!;
  const src = rules[q + 1]!;
  const dst = rules[q + 2]!;
  return (
    (protocol & (wanted >> 8)) === (wanted & 255) &&
    srcPort >= (src & 0xffff) &&
    srcPort <= src >>> 16 &&
    dstPort >= (dst & 0xffff) &&
    dstPort <= dst >>> 16
  );
}
