import type { FiveTupleRule, PortRange } from './classbench.ts';
import type { FieldClasses } from './field-class.ts';

/** Entry of a node: ≥ 0 its offset in the code, −1 no rule, −2 − rule the answer. */
export const NO_MATCH = -1;

/** First word of a node. A list compares rule by rule, the others look one field's class up. */
export const NodeKind = { list: 0, protocol: 1, dstPort: 2, srcPort: 3 } as const;
type Field = 1 | 2 | 3;

/** Words of a rule in a list: protocol value | mask << 8, both port ranges as from | to << 16, the rule. */
export const LIST_STRIDE = 4;

/** Lists up to this length are compared; longer ones look a field up first, where that shortens them. */
const LIST_MAX = 4;

const FIELDS: readonly Field[] = [NodeKind.protocol, NodeKind.dstPort, NodeKind.srcPort];
const ALL_FIELDS = 0b111;

/** Rules in all lists that are asked for, at most, for each word of the budget: bounds the time of a failing attempt. */
const LISTED_PER_WORD = 1;

/** Thrown when a table would take more bytes than it may. */
export class BudgetExceeded extends Error {}

/**
 * What decides among the rules that apply to one pair of addresses: protocol and ports. Nodes for equal lists are one.
 */
export class PortDecisions {
  private readonly rules: readonly FiveTupleRule[];
  private readonly classes: Readonly<Record<Field, FieldClasses>>;
  /** Classes of a field that each rule covers; null = all. */
  private readonly coverage: Readonly<Record<Field, readonly (Int32Array | null)[]>>;
  private readonly budgetWords: number;
  private listed = 0;
  private readonly code: number[] = [];
  private readonly memo = new Map<string, number>();

  constructor(rules: readonly FiveTupleRule[], classes: Readonly<Record<Field, FieldClasses>>, budgetBytes: number) {
    this.rules = rules;
    this.classes = classes;
    this.coverage = {
      [NodeKind.protocol]: coverageOf(rules, classes[NodeKind.protocol], (rule, value) => {
        return (value & rule.protocol.mask) === rule.protocol.value;
      }),
      [NodeKind.dstPort]: coverageOf(rules, classes[NodeKind.dstPort], (rule, port) => inRange(rule.dstPort, port)),
      [NodeKind.srcPort]: coverageOf(rules, classes[NodeKind.srcPort], (rule, port) => inRange(rule.srcPort, port)),
    };
    this.budgetWords = budgetBytes / 4;
  }

  /** Entry for the rules of `list`, ascending. */
  entryOf(list: readonly number[]): number {
    this.listed += list.length;
    if (this.listed > this.budgetWords * LISTED_PER_WORD) throw new BudgetExceeded();
    return this.build(list, ALL_FIELDS);
  }

  get bytes(): number {
    return this.code.length * 4;
  }

  finish(): Int32Array {
    return Int32Array.from(this.code);
  }

  /** `open`: bit (field − 1) of each field that is not looked up yet. */
  private build(list: readonly number[], open: number): number {
    const pruned = this.prune(list, open);
    const [first] = pruned;
    if (first === undefined) return NO_MATCH;
    if (pruned.length === 1 && this.isCertain(first, open)) return -2 - first;
    const key = `${open} ${pruned.join()}`;
    const known = this.memo.get(key);
    if (known !== undefined) return known;
    const field = pruned.length <= LIST_MAX ? undefined : this.bestField(pruned, open);
    const at = field === undefined ? this.putList(pruned) : this.putBranch(pruned, open, field);
    this.memo.set(key, at);
    return at;
  }

  /** What stands behind a rule that matches every packet never decides. */
  private prune(list: readonly number[], open: number): readonly number[] {
    const end = list.findIndex((rule) => this.isCertain(rule, open));
    return end < 0 ? list : list.slice(0, end + 1);
  }

  private isCertain(index: number, open: number): boolean {
    const { protocol, srcPort, dstPort } = this.ruleOf(index);
    if ((open & 1) !== 0 && protocol.mask !== 0) return false;
    if ((open & 2) !== 0 && (dstPort.from > 0 || dstPort.to < 65535)) return false;
    return (open & 4) === 0 || (srcPort.from === 0 && srcPort.to === 65535);
  }

  /** The open field whose classes leave the shortest longest list; undefined when none shortens it. */
  private bestField(list: readonly number[], open: number): Field | undefined {
    let best: Field | undefined;
    let bestLength = list.length;
    for (const field of FIELDS) {
      if ((open & (1 << (field - 1))) === 0) continue;
      const covered = this.coverage[field];
      const counts = new Int32Array(this.classes[field].representative.length);
      let everywhere = 0;
      for (const rule of list) {
        const classes = covered[rule];
        if (classes === null || classes === undefined) everywhere++;
        else for (const cls of classes) counts[cls] = (counts[cls] ?? 0) + 1;
      }
      const longest = everywhere + counts.reduce((a, b) => Math.max(a, b), 0);
      if (longest < bestLength) {
        best = field;
        bestLength = longest;
      }
    }
    return best;
  }

  private putBranch(list: readonly number[], open: number, field: Field): number {
    const rest = open & ~(1 << (field - 1));
    const lists: number[][] = Array.from(this.classes[field].representative, () => []);
    for (const rule of list) {
      const classes = this.coverage[field][rule];
      if (classes === null || classes === undefined) for (const matching of lists) matching.push(rule);
      else for (const cls of classes) lists[cls]?.push(rule);
    }
    return this.put([field, ...lists.map((matching) => this.build(matching, rest))]);
  }

  private putList(list: readonly number[]): number {
    const words: number[] = [NodeKind.list, list.length];
    for (const index of list) {
      const { protocol, srcPort, dstPort } = this.ruleOf(index);
      words.push(
        protocol.value | (protocol.mask << 8),
        srcPort.from | (srcPort.to << 16),
        dstPort.from | (dstPort.to << 16),
        index,
      );
    }
    return this.put(words);
  }

  private put(words: readonly number[]): number {
    const at = this.code.length;
    if (at + words.length > this.budgetWords) throw new BudgetExceeded();
    for (const word of words) this.code.push(word);
    return at;
  }

  private ruleOf(index: number): FiveTupleRule {
    const rule = this.rules[index];
    if (rule === undefined) throw new RangeError(`rule ${index} of ${this.rules.length}`);
    return rule;
  }
}

function inRange({ from, to }: PortRange, port: number): boolean {
  return port >= from && port <= to;
}

function coverageOf(
  rules: readonly FiveTupleRule[],
  { representative }: FieldClasses,
  covers: (rule: FiveTupleRule, value: number) => boolean,
): (Int32Array | null)[] {
  const all = Array.from(representative, (_, cls) => cls);
  return rules.map((rule) => {
    const classes = all.filter((cls) => covers(rule, representative[cls] ?? 0));
    return classes.length === all.length ? null : Int32Array.from(classes);
  });
}
