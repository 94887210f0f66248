import { AddressLabels, classifyAddresses } from '../rules/address-class.ts';
import { buildTrie4 } from '../rules/address-trie.ts';
import { BlockPool } from '../rules/block-pool.ts';
import { leafIndex } from '../rules/lookup.ts';
import { invertSets, partition } from '../rules/partition.ts';
import type { FiveTupleRule, FiveTuples, Prefix4 } from './classbench.ts';
import { BudgetExceeded, type FieldTables, fieldTables, PortDecisions } from './port-decision.ts';
import { decidePorts, type PortTables, portTables } from './port-lookup.ts';

const PAGE = 64;

/** Classes of one side's addresses, and the trie that finds them. */
interface Side {
  readonly trie: ReturnType<typeof buildTrie4>;
  /** Label of each rule's prefix. */
  readonly labelOf: readonly number[];
  readonly labelCount: number;
  /** Labels of each class. */
  readonly labelSets: readonly Int32Array[];
}

function classifySide(prefixes: readonly Prefix4[]): Side {
  const labels = new AddressLabels();
  const labelOf = prefixes.map(({ base, length }) => labels.cidr({ family: 4, words: [base], length }));
  const { labelSets, intervals4 } = classifyAddresses(labels);
  return { trie: buildTrie4(intervals4, labelSets.length), labelOf, labelCount: labels.cidrs.length, labelSets };
}

/**
 * Which rules stand together in one table: those whose two prefixes fall between the same cuts. Rules for whole
 * networks and rules for hosts in one table would multiply.
 */
export type Cuts = readonly number[];

function groupOf({ src, dst }: FiveTupleRule, cuts: Cuts): number {
  const band = ({ length }: Prefix4): number => cuts.filter((cut) => length >= cut).length;
  return band(src) * (cuts.length + 1) + band(dst);
}

/** One table of pairs of classes, still with numbers of its own. */
interface PairTable {
  readonly firstRule: number;
  /** By class: start of the row in `pageTab`, column. */
  readonly rowOf: Int32Array;
  readonly columnOf: Int32Array;
  /** By row and page of columns: the page. */
  readonly pageTab: readonly number[];
}

/**
 * Five-tuple rules in the two-sided form: source class × destination class → what protocol and ports decide. Tables
 * stand in order of their first rule; `tableCount` words a class in `rowOf` and `columnOf`, one for each table.
 */
export interface TwoSided extends PortTables {
  readonly src: Side['trie'];
  readonly dst: Side['trie'];
  readonly tableCount: number;
  /** Smallest rule of each table. */
  readonly firstRules: Int32Array;
  /** Start of the row of a source class in `pageTab`. */
  readonly rowOf: Int32Array;
  /** Column of a destination class. */
  readonly columnOf: Int32Array;
  /** Start of a page in `pages`. */
  readonly pageTab: Int32Array;
  /** Entry of 64 columns; see NO_MATCH. */
  readonly pages: Int32Array;
  /** Nodes of PortDecisions. */
  readonly code: Int32Array;
  readonly bytes: number;
}

/** What does not depend on how the rules are spread over tables. */
export interface PreparedRules {
  readonly rules: readonly FiveTupleRule[];
  readonly src: Side;
  readonly dst: Side;
  readonly classes: FieldTables;
}

export function prepareRules(rules: readonly FiveTupleRule[]): PreparedRules {
  return {
    rules,
    src: classifySide(rules.map((rule) => rule.src)),
    dst: classifySide(rules.map((rule) => rule.dst)),
    classes: fieldTables(rules),
  };
}

/** Throws BudgetExceeded when what comes after the address tries would take more than `budgetBytes`. */
export function compileTwoSided(prepared: PreparedRules, cuts: Cuts, budgetBytes: number): TwoSided {
  const { rules, src, dst, classes } = prepared;
  const decisions = new PortDecisions(rules, classes, budgetBytes);
  const pages = new BlockPool(PAGE);
  const tables = groupRules(rules, cuts).map((members) => {
    const table = buildPairTable(members, src, dst, decisions, pages, budgetBytes);
    if (decisions.bytes + pages.count * PAGE * 4 > budgetBytes) throw new BudgetExceeded();
    return table;
  });
  tables.sort((a, b) => a.firstRule - b.firstRule);
  const parts = {
    ...portTables(classes),
    firstRules: Int32Array.from(tables, (table) => table.firstRule),
    ...joinTables(tables, src.labelSets.length, dst.labelSets.length),
    pages: pages.contents().slice(),
    code: decisions.finish(),
  };
  const tableBytes = Object.values(parts).reduce((sum, array) => sum + array.byteLength, 0);
  if (tableBytes > budgetBytes) throw new BudgetExceeded();
  const bytes = tableBytes + trieBytes(src.trie) + trieBytes(dst.trie);
  return { src: src.trie, dst: dst.trie, tableCount: tables.length, ...parts, bytes };
}

function groupRules(rules: readonly FiveTupleRule[], cuts: Cuts): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>();
  rules.forEach((rule, index) => {
    const group = groupOf(rule, cuts);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [index]);
    else members.push(index);
  });
  return [...groups.values()];
}

/** Interleaves the tables: all rows of a class stand in one line of the cache. */
function joinTables(
  tables: readonly PairTable[],
  srcClasses: number,
  dstClasses: number,
): Pick<TwoSided, 'rowOf' | 'columnOf' | 'pageTab'> {
  const rowOf = new Int32Array(srcClasses * tables.length);
  const columnOf = new Int32Array(dstClasses * tables.length);
  let base = 0;
  tables.forEach((table, t) => {
    for (let cls = 0; cls < srcClasses; cls++) rowOf[cls * tables.length + t] = base + table.rowOf[cls]!;
    for (let cls = 0; cls < dstClasses; cls++) columnOf[cls * tables.length + t] = table.columnOf[cls]!;
    base += table.pageTab.length;
  });
  return { rowOf, columnOf, pageTab: Int32Array.from(tables.flatMap((table) => table.pageTab)) };
}

function trieBytes({ root, inner, leaf }: Side['trie']): number {
  return root.byteLength + inner.byteLength + leaf.byteLength;
}

/** Sides seen by the rules of one table only: far fewer classes than the whole set has. */
function sideOfGroup(
  side: Side,
  members: readonly number[],
): { readonly partOf: Int32Array; readonly parts: readonly (readonly number[])[] } {
  const classesOf = invertSets(side.labelCount, side.labelSets);
  const labels = [...new Set(members.map((rule) => side.labelOf[rule]!))].sort((a, b) => a - b);
  return partition(side.labelSets.length, labels, (label) => classesOf[label]!);
}

function buildPairTable(
  members: readonly number[],
  src: Side,
  dst: Side,
  decisions: PortDecisions,
  pages: BlockPool,
  budgetBytes: number,
): PairTable {
  const rows = sideOfGroup(src, members);
  const columns = sideOfGroup(dst, members);
  const rulesOfSrc = new Map<number, number[]>();
  for (const rule of members) {
    const label = src.labelOf[rule]!;
    const same = rulesOfSrc.get(label);
    if (same === undefined) rulesOfSrc.set(label, [rule]);
    else same.push(rule);
  }
  const columnsOf = invertSets(
    dst.labelCount,
    columns.parts.map((part) => Int32Array.from(part)),
  );
  const pagesPerRow = Math.ceil(columns.parts.length / PAGE);
  const pageTab: number[] = [];
  const page = new Int32Array(PAGE);
  for (const labels of rows.parts) {
    const byDst = groupByDst(
      labels.flatMap((label) => rulesOfSrc.get(label) ?? []),
      dst,
    );
    const split = partition(columns.parts.length, [...byDst.keys()], (label) => columnsOf[label]!);
    const entries = split.parts.map((part) =>
      decisions.entryOf(part.flatMap((label) => byDst.get(label) ?? []).sort((a, b) => a - b)),
    );
    for (let p = 0; p < pagesPerRow; p++) {
      for (let i = 0; i < PAGE; i++) page[i] = entries[split.partOf[p * PAGE + i] ?? 0]!;
      pageTab.push(pages.put(page) * PAGE);
    }
    if (pageTab.length * 4 + pages.count * PAGE * 4 > budgetBytes) throw new BudgetExceeded();
  }
  return {
    firstRule: members[0]!,
    rowOf: rows.partOf.map((row) => row * pagesPerRow),
    columnOf: columns.partOf,
    pageTab,
  };
}

function groupByDst(rules: readonly number[], dst: Side): ReadonlyMap<number, number[]> {
  const byDst = new Map<number, number[]>();
  for (const rule of rules) {
    const label = dst.labelOf[rule]!;
    const same = byDst.get(label);
    if (same === undefined) byDst.set(label, [rule]);
    else same.push(rule);
  }
  return byDst;
}

/** First matching rule of each packet, −1 = none, into `out`. */
export function matchTwoSided(compiled: TwoSided, packets: FiveTuples, out: Int32Array): void {
  const { src, dst, srcPort, dstPort, protocol, count } = packets;
  const { root: srcRoot, inner: srcInner, leaf: srcLeaf, pointerBit: srcBit, fullLeaves: srcFull } = compiled.src;
  const { root: dstRoot, inner: dstInner, leaf: dstLeaf, pointerBit: dstBit, fullLeaves: dstFull } = compiled.dst;
  const { tableCount, firstRules, rowOf, columnOf, pageTab, pages, code } = compiled;
  for (let i = 0; i < count; i++) {
    const s = src[i]!;
    let row = srcRoot[s >>> 16]!;
    if ((row & srcBit) !== 0) {
      row = srcInner[((row & ~srcBit) << 8) | ((s >>> 8) & 255)]!;
      if ((row & srcBit) !== 0) row = srcLeaf[leafIndex(srcFull, row & ~srcBit, s)]!;
    }
    const d = dst[i]!;
    let column = dstRoot[d >>> 16]!;
    if ((column & dstBit) !== 0) {
      column = dstInner[((column & ~dstBit) << 8) | ((d >>> 8) & 255)]!;
      if ((column & dstBit) !== 0) column = dstLeaf[leafIndex(dstFull, column & ~dstBit, d)]!;
    }
    row *= tableCount;
    column *= tableCount;
    const sp = srcPort[i]!;
    const dp = dstPort[i]!;
    const pr = protocol[i]!;
    // −1 as u32 is larger than any rule
    let best = -1;
    for (let t = 0; t < tableCount; t++) {
      if (best >>> 0 < firstRules[t]!) break;
      const col = columnOf[column + t]!;
      let at = pages[pageTab[rowOf[row + t]! + (col >> 6)]! + (col & 63)]!;
      if (at >= 0) at = decidePorts(code, compiled, at, pr, sp, dp);
      const found = -2 - at;
      if (found >>> 0 < best >>> 0) best = found;
    }
    out[i] = best;
  }
}
