import { type FiveTupleRule, type FiveTuples, prefixMask } from './classbench.ts';
import { BudgetExceeded, type FieldTables, fieldTables, PortDecisions } from './port-decision.ts';
import { decidePorts, type PortTables, portTables } from './port-lookup.ts';

/** Words of a hash slot: both addresses, the entry of what ports decide, 1 = used. */
const SLOT_WORDS = 4;

/** What the nodes that search ports may take; beyond it the rules of a slot are compared one by one. */
const SEARCH_BYTES = 64 * 2 ** 20;

/** Rules whose prefixes have the same two lengths: one hash table over both masked addresses. */
interface Tuple {
  readonly firstRule: number;
  readonly srcMask: number;
  readonly dstMask: number;
  readonly slotMask: number;
  readonly slots: Int32Array;
}

/**
 * Tuple space search (Srinivasan, Suri, Varghese, SIGCOMM 1999): as many look-ups as there are pairs of prefix lengths,
 * whatever the rules. Tuples stand in order of their first rule.
 */
export interface TupleSpace extends PortTables {
  readonly tuples: readonly Tuple[];
  /** Nodes of PortDecisions. */
  readonly code: Int32Array;
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
  const classes = fieldTables(rules);
  const { tuples, code } = buildTuples(rules, [...groups.values()], classes);
  const tables = portTables(classes);
  const arrays = [code, ...Object.values(tables), ...tuples.map((tuple) => tuple.slots)];
  return { tuples, code, ...tables, bytes: arrays.reduce((sum, array) => sum + array.byteLength, 0) };
}

function buildTuples(
  rules: readonly FiveTupleRule[],
  groups: readonly (readonly number[])[],
  classes: FieldTables,
): Pick<TupleSpace, 'tuples' | 'code'> {
  const build = (decisions: PortDecisions): Pick<TupleSpace, 'tuples' | 'code'> => {
    const tuples = groups.map((members) => buildTuple(rules, members, decisions));
    return { tuples, code: decisions.finish() };
  };
  try {
    return build(new PortDecisions(rules, classes, SEARCH_BYTES));
  } catch (error) {
    if (!(error instanceof BudgetExceeded)) throw error;
    return build(new PortDecisions(rules, classes, Number.POSITIVE_INFINITY, false));
  }
}

/** `members`: rules of one tuple, ascending. */
function buildTuple(rules: readonly FiveTupleRule[], members: readonly number[], decisions: PortDecisions): Tuple {
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
  const slots = new Int32Array(capacity * SLOT_WORDS);
  for (const bucket of buckets.values()) {
    const { src, dst } = rules[bucket[0]!]!;
    let slot = hash(src.base | 0, dst.base | 0) & (capacity - 1);
    while (slots[slot * SLOT_WORDS + 3] === 1) slot = (slot + 1) & (capacity - 1);
    slots.set([src.base | 0, dst.base | 0, decisions.entryOf(bucket), 1], slot * SLOT_WORDS);
  }
  const first = rules[members[0]!]!;
  return {
    firstRule: members[0]!,
    srcMask: prefixMask(first.src.length),
    dstMask: prefixMask(first.dst.length),
    slotMask: capacity - 1,
    slots,
  };
}

function hash(src: number, dst: number): number {
  let h = Math.imul(src, 0x9e37_79b1) ^ Math.imul(dst, 0x85eb_ca6b);
  h ^= h >>> 15;
  return Math.imul(h, 0xc2b2_ae35) >>> 8;
}

/** First matching rule of each packet, −1 = none, into `out`. */
export function matchTupleSpace(compiled: TupleSpace, packets: FiveTuples, out: Int32Array): void {
  const { tuples, code } = compiled;
  for (let i = 0; i < packets.count; i++) {
    // −1 as u32 is larger than any rule
    let best = -1;
    for (let t = 0; t < tuples.length; t++) {
      const tuple = tuples[t]!;
      if (best >>> 0 < tuple.firstRule) break;
      const entry = entryAt(tuple, packets.src[i]!, packets.dst[i]!);
      if (entry === -1) continue;
      const { protocol, srcPort, dstPort } = packets;
      const answer = entry < 0 ? entry : decidePorts(code, compiled, entry, protocol[i]!, srcPort[i]!, dstPort[i]!);
      const found = -2 - answer;
      if (found >>> 0 < best >>> 0) best = found;
    }
    out[i] = best;
  }
}

/** What the slot of the masked addresses holds, −1 = there is none. */
function entryAt(tuple: Tuple, source: number, destination: number): number {
  const src = source & tuple.srcMask;
  const dst = destination & tuple.dstMask;
  const { slots, slotMask } = tuple;
  for (let slot = hash(src, dst) & slotMask; ; slot = (slot + 1) & slotMask) {
    const at = slot * SLOT_WORDS;
    if (slots[at + 3] !== 1) return -1;
    if (slots[at] === src && slots[at + 1] === dst) return slots[at + 2]!;
  }
}
