import type { FiveTupleRule, PortRange } from './classbench.ts';
import { classifyPortRanges, classifyProtocols, type FieldClasses } from './field-class.ts';

/** Entry of a node: ≥ 0 its offset in the code, −1 no rule, −2 − rule the answer. */
export const NO_MATCH = -1;

/**
 * First word of a node. `list` compares rule by rule: length, then LIST_STRIDE words a rule. `protocol`, `dstPort`,
 * `srcPort` look the field's class up: an entry a class. The searches find the last of n ports that is not above the
 * packet's: n, n ports, an entry for each.
 */
export const NodeKind = {
  list: 0,
  protocol: 1,
  dstPort: 2,
  srcPort: 3,
  dstPortSearch: 4,
  srcPortSearch: 5,
} as const;
type Field = 1 | 2 | 3;

/** Words of a rule in a list: protocol value | mask << 8, both port ranges as from | to << 16, the rule. */
export const LIST_STRIDE = 4;

/** Lists up to this length are compared; longer ones look a field up first, where that shortens them. */
const LIST_MAX = 4;

const FIELDS: readonly Field[] = [NodeKind.protocol, NodeKind.dstPort, NodeKind.srcPort];
const ALL_FIELDS = 0b111;

/** Rules in all lists that are asked for, at most, a word of the budget: bounds the time of a failing attempt. */
const LISTED_PER_WORD = 1;

/** Classes of each field; null = searched by port. */
export type FieldTables = Readonly<Record<Field, FieldClasses | null>>;

/** Thrown when a table would take more bytes than it may. */
export class BudgetExceeded extends Error {}

/**
 * What decides among the rules that apply to one pair of addresses: protocol and ports. Nodes for equal lists are one.
 */
export class PortDecisions {
  private readonly rules: readonly FiveTupleRule[];
  private readonly classes: FieldTables;
  /** Classes of a field that each rule covers, null = all; no table for a field that is searched. */
  private readonly coverage: Readonly<Record<Field, readonly (Int32Array | null)[] | null>>;
  private readonly budgetWords: number;
  private readonly branches: boolean;
  private listed = 0;
  private readonly code: number[] = [];
  private readonly memo = new Map<string, number>();

  /** `branches` false: every list is compared rule by rule, which takes the fewest bytes. */
  constructor(rules: readonly FiveTupleRule[], classes: FieldTables, budgetBytes: number, branches = true) {
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
    this.branches = branches;
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
    const field = pruned.length <= LIST_MAX || !this.branches ? undefined : this.bestField(pruned, open);
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
      const length = this.longestPiece(list, field);
      if (length < bestLength) {
        best = field;
        bestLength = length;
      }
    }
    return best;
  }

  /** Rules of `list` that meet in one class of `field`, at most. */
  private longestPiece(list: readonly number[], field: Field): number {
    const covered = this.coverage[field];
    if (covered === null) return this.longestOverlap(list, field);
    const counts = new Int32Array(this.classes[field]?.representative.length ?? 0);
    let everywhere = 0;
    for (const rule of list) {
      const classes = covered[rule] ?? null;
      if (classes === null) everywhere++;
      else for (const cls of classes) counts[cls] = (counts[cls] ?? 0) + 1;
    }
    return everywhere + counts.reduce((a, b) => Math.max(a, b), 0);
  }

  private longestOverlap(list: readonly number[], field: Field): number {
    const steps = new Map<number, number>();
    for (const rule of list) {
      const { from, to } = this.portsOf(rule, field);
      steps.set(from, (steps.get(from) ?? 0) + 1);
      steps.set(to + 1, (steps.get(to + 1) ?? 0) - 1);
    }
    let [depth, most] = [0, 0];
    for (const [, step] of [...steps].sort((a, b) => a[0] - b[0])) {
      depth += step;
      most = Math.max(most, depth);
    }
    return most;
  }

  private portsOf(rule: number, field: Field): PortRange {
    return field === NodeKind.dstPort ? this.ruleOf(rule).dstPort : this.ruleOf(rule).srcPort;
  }

  private putBranch(list: readonly number[], open: number, field: Field): number {
    const rest = open & ~(1 << (field - 1));
    const covered = this.coverage[field];
    if (covered === null) return this.putSearch(list, rest, field);
    const lists: number[][] = Array.from(this.classes[field]?.representative ?? [], () => []);
    for (const rule of list) {
      const classes = covered[rule] ?? null;
      if (classes === null) for (const matching of lists) matching.push(rule);
      else for (const cls of classes) lists[cls]?.push(rule);
    }
    return this.put([field, ...lists.map((matching) => this.build(matching, rest))]);
  }

  private putSearch(list: readonly number[], rest: number, field: Field): number {
    const edges = new Set([0]);
    for (const rule of list) {
      const { from, to } = this.portsOf(rule, field);
      edges.add(from);
      if (to < 65535) edges.add(to + 1);
    }
    const ports = [...edges].sort((a, b) => a - b);
    const entries = ports.map((port) =>
      this.build(
        list.filter((rule) => inRange(this.portsOf(rule, field), port)),
        rest,
      ),
    );
    const kind = field === NodeKind.dstPort ? NodeKind.dstPortSearch : NodeKind.srcPortSearch;
    return this.put([kind, ports.length, ...ports, ...entries]);
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
  classes: FieldClasses | null,
  covers: (rule: FiveTupleRule, value: number) => boolean,
): (Int32Array | null)[] | null {
  if (classes === null) return null;
  const { representative } = classes;
  const all = Array.from(representative, (_, cls) => cls);
  return rules.map((rule) => {
    const classes = all.filter((cls) => covers(rule, representative[cls] ?? 0));
    return classes.length === all.length ? null : Int32Array.from(classes);
  });
}

/** Classes of the ports and protocols of a rule set. */
export function fieldTables(rules: readonly FiveTupleRule[]): FieldTables & { readonly 1: FieldClasses } {
  return {
    [NodeKind.protocol]: classifyProtocols(rules),
    [NodeKind.dstPort]: classifyPortRanges(rules.map((rule) => rule.dstPort)),
    [NodeKind.srcPort]: classifyPortRanges(rules.map((rule) => rule.srcPort)),
  };
}
