import { IMPLICIT_DENY, NO_RULE, Verdict } from '../model/verdict.ts';
import { BlockPool } from './block-pool.ts';
import { MatchFlag } from './catalog.ts';
import { invertSets, partition } from './partition.ts';

/** A rule at one stretch of addresses, within a rule set. */
export interface SetEntry {
  readonly rule: number;
  /** Number in PortSelectors. */
  readonly selector: number;
  readonly selectorMaybe: boolean;
  /** Number in AddressLabels. */
  readonly label: number;
  readonly peerMaybe: boolean;
  /** Entries with a larger rank come first, then those with a smaller order, then those with a smaller rule. */
  readonly rank: number;
  readonly order: number;
  readonly allow: boolean;
}

/** The rules that one interface direction or one network ACL direction consults. */
export interface RuleSet {
  /** `sg`: any match allows. `nacl`: the first match decides. */
  readonly layer: 'sg' | 'nacl';
  /** True when an attached group is not described: what no certain rule allows is unknown. */
  readonly undescribed: boolean;
  readonly entries: readonly SetEntry[];
}

/** Sections of the arena as plain arrays; see RulesSections. */
interface RuleMatrix {
  readonly pageTab: Int32Array;
  readonly pages: Int32Array;
  readonly columnMaps: Int32Array;
  readonly cells: Int32Array;
  readonly cellVerdict: Uint8Array;
  readonly cellRule: Int32Array;
  readonly matchOffset: Int32Array;
  readonly matchList: Int32Array;
}

/** Classes of a page: few, so that many pages of all sets are equal. */
export const CLASS_PAGE = 16;

/** Column maps start at multiples of this many port classes: 16-bit rows then reach 2^20 of them. */
const COLUMN_UNIT = 16;

/**
 * Answers every (set, address class, port class) in advance. Rows, column maps, pages and cells that are equal are
 * stored once, over all sets. `labelSets` and `selectorSets`: labels of each address class, selectors of each port
 * class.
 */
export function buildRuleMatrix(
  sets: readonly RuleSet[],
  labelCount: number,
  labelSets: readonly Int32Array[],
  selectorCount: number,
  selectorSets: readonly Int32Array[],
): RuleMatrix {
  const classesOf = invertSets(labelCount, labelSets);
  const rows = new RowTable(selectorCount, selectorSets);
  const pages = new BlockPool(CLASS_PAGE);
  const pagesPerSet = Math.ceil(labelSets.length / CLASS_PAGE);
  const pageTab = new Int32Array(sets.length * pagesPerSet);
  const pageOf = new Map<RuleSet, number>();
  sets.forEach((set, index) => {
    const base = index * pagesPerSet;
    const same = pageOf.get(set);
    if (same !== undefined) {
      pageTab.copyWithin(base, same, same + pagesPerSet);
      return;
    }
    pageOf.set(set, base);
    const ordered = new OrderedEntries(set.entries);
    const split = partition(labelSets.length, ordered.labels(), (label) => classesOf[label]!);
    const rowOf = split.parts.map((labels) => rows.add(set, ordered.at(labels)));
    putPages(
      pages,
      split.partOf.map((part) => rowOf[part]!),
      pageTab,
      base,
    );
  });
  return { pageTab, pages: pages.contents(), ...rows.finish() };
}

/** Cuts `values` into pages of the pool's width and writes the number of each into `tab` from `base` on. */
export function putPages(pages: BlockPool, values: Int32Array, tab: Int32Array, base: number): void {
  const page = new Int32Array(pages.width);
  for (let from = 0, i = base; from < values.length; from += pages.width, i++) {
    const part = values.subarray(from, from + pages.width);
    page.fill(part[part.length - 1]!);
    page.set(part);
    tab[i] = pages.put(page);
  }
}

interface Columns {
  /** Start in the column maps, in units of COLUMN_UNIT. */
  readonly base: number;
  /** Selectors that cover each column. */
  readonly parts: readonly (readonly number[])[];
}

/**
 * A row answers every port class for addresses to which the same entries apply: the start of its column map, then a
 * cell a column, in one run of `cells`.
 */
class RowTable {
  /** By selector; those that only may be covered follow. */
  private readonly portClassesOf: readonly Int32Array[];
  private readonly selectorCount: number;
  private readonly portClassCount: number;
  private readonly rows = new Map<string, number>();
  private readonly columnMaps = new Map<string, Columns>();
  /** One block a map: the column of each port class. */
  private readonly maps: BlockPool;
  private readonly cells: number[] = [];
  private readonly cellTable = new CellTable();

  constructor(selectorCount: number, selectorSets: readonly Int32Array[]) {
    this.portClassesOf = invertSets(2 * selectorCount, selectorSets);
    this.selectorCount = selectorCount;
    this.portClassCount = selectorSets.length;
    this.maps = new BlockPool(Math.ceil(selectorSets.length / COLUMN_UNIT) * COLUMN_UNIT);
  }

  /** Start in `cells` of the row for addresses to which exactly `ordered` of `set` apply, in canonical order. */
  add(set: RuleSet, ordered: readonly SetEntry[]): number {
    let key = `${set.layer} ${set.undescribed}`;
    for (const entry of ordered) key += ` ${entry.rule}.${entry.selector}.${flagsOf(entry)}`;
    let row = this.rows.get(key);
    if (row === undefined) {
      const map = this.columnsOf([...new Set(ordered.map((entry) => entry.selector))].sort((a, b) => a - b));
      row = this.cells.length;
      this.rows.set(key, row);
      this.cells.push(map.base);
      for (const selectors of map.parts) {
        this.cells.push(this.cellTable.add(set, this.covered(ordered, new Set(selectors))));
      }
    }
    return row;
  }

  finish(): Pick<RuleMatrix, 'columnMaps' | 'cells' | 'cellVerdict' | 'cellRule' | 'matchOffset' | 'matchList'> {
    return {
      columnMaps: this.maps.contents(),
      cells: Int32Array.from(this.cells),
      ...this.cellTable.finish(),
    };
  }

  /** The entries whose selectors cover a column, those that only may do so as such. */
  private covered(entries: readonly SetEntry[], covering: ReadonlySet<number>): SetEntry[] {
    return entries.flatMap((entry) => {
      if (covering.has(entry.selector)) return entry;
      return covering.has(entry.selector + this.selectorCount) ? { ...entry, selectorMaybe: true } : [];
    });
  }

  private columnsOf(selectors: readonly number[]): Columns {
    const key = selectors.join();
    let columns = this.columnMaps.get(key);
    if (columns === undefined) {
      const labels = [...selectors, ...selectors.map((selector) => selector + this.selectorCount)];
      const split = partition(this.portClassCount, labels, (label) => this.portClassesOf[label]!);
      const map = new Int32Array(this.maps.width);
      map.set(split.partOf);
      columns = { base: this.maps.put(map) * (map.length / COLUMN_UNIT), parts: split.parts };
      this.columnMaps.set(key, columns);
    }
    return columns;
  }
}

/** Cells: verdict, deciding rule and all matching rules; equal ones of one layer are one cell and share a counter. */
class CellTable {
  private readonly byKey = new Map<string, number>();
  private readonly verdicts: number[] = [];
  private readonly rules: number[] = [];
  private readonly offsets: number[] = [0];
  private readonly matches: number[] = [];

  /** `entries` in canonical order. */
  add(set: RuleSet, entries: readonly SetEntry[]): number {
    const decider = set.layer === 'sg' ? entries.find(isCertain) : decidingEntry(entries);
    const open = set.layer === 'nacl' || set.undescribed || entries.length > 0;
    const verdict = decider === undefined ? (open ? Verdict.unknown : Verdict.deny) : verdictOf(decider);
    const rule = decider?.rule ?? (verdict === Verdict.deny ? IMPLICIT_DENY : NO_RULE);
    const list = matchOrder(set, entries, decider).map((entry) => (entry.rule << MatchFlag.bits) | flagsOf(entry));
    const key = `${set.layer} ${verdict} ${list.join()}`;
    let cell = this.byKey.get(key);
    if (cell === undefined) {
      cell = this.verdicts.length;
      this.byKey.set(key, cell);
      this.verdicts.push(verdict);
      this.rules.push(rule);
      for (const match of list) this.matches.push(match);
      this.offsets.push(this.matches.length);
    }
    return cell;
  }

  finish(): Pick<RuleMatrix, 'cellVerdict' | 'cellRule' | 'matchOffset' | 'matchList'> {
    return {
      cellVerdict: Uint8Array.from(this.verdicts),
      cellRule: Int32Array.from(this.rules),
      matchOffset: Int32Array.from(this.offsets),
      matchList: Int32Array.from(this.matches),
    };
  }
}

function isCertain(entry: SetEntry): boolean {
  return !entry.selectorMaybe && !entry.peerMaybe;
}

function flagsOf(entry: SetEntry): number {
  return (entry.selectorMaybe ? MatchFlag.selectorMaybe : 0) | (entry.peerMaybe ? MatchFlag.peerMaybe : 0);
}

function verdictOf(entry: SetEntry): number {
  return entry.allow ? Verdict.allow : Verdict.deny;
}

/** Network ACL: the first certain entry decides, unless one before it may match and would decide otherwise. */
function decidingEntry(entries: readonly SetEntry[]): SetEntry | undefined {
  const decider = entries.find(isCertain);
  if (decider === undefined) return undefined;
  const before = entries.slice(0, entries.indexOf(decider));
  return before.some((entry) => entry.allow !== decider.allow) ? undefined : decider;
}

/** The deciding rule first. SG: certain matches, then possible ones; network ACL: by rule number. */
function matchOrder(set: RuleSet, entries: readonly SetEntry[], decider: SetEntry | undefined): readonly SetEntry[] {
  if (set.layer === 'sg') return [...entries.filter(isCertain), ...entries.filter((entry) => !isCertain(entry))];
  return decider === undefined ? entries : [decider, ...entries.filter((entry) => entry !== decider)];
}

/** The entries of one set in canonical order, found by label. */
class OrderedEntries {
  private readonly entries: readonly SetEntry[];
  private readonly byLabel = new Map<number, number[]>();
  /** Number of the (rule, selector) of each entry. */
  private readonly pairOf: Int32Array;
  /** By pair: the last query that met it, and where in its answer. */
  private readonly seenIn: Int32Array;
  private readonly heldAt: Int32Array;
  private queries = 0;

  constructor(entries: readonly SetEntry[]) {
    this.entries = [...entries].sort((a, b) => b.rank - a.rank || a.order - b.order || a.rule - b.rule);
    const pairs = new Map<string, number>();
    this.pairOf = Int32Array.from(this.entries, ({ rule, selector }) => {
      const key = `${rule} ${selector}`;
      const pair = pairs.get(key) ?? pairs.size;
      pairs.set(key, pair);
      return pair;
    });
    this.seenIn = new Int32Array(pairs.size);
    this.heldAt = new Int32Array(pairs.size);
    this.entries.forEach(({ label }, index) => {
      const same = this.byLabel.get(label);
      if (same === undefined) this.byLabel.set(label, [index]);
      else same.push(index);
    });
  }

  labels(): readonly number[] {
    return [...this.byLabel.keys()];
  }

  /**
   * Entries that apply where exactly `labels` do: one a rule and selector, its certain and most specific one, in
   * canonical order.
   */
  at(labels: readonly number[]): readonly SetEntry[] {
    const found: number[] = [];
    for (const label of labels) for (const index of this.byLabel.get(label) ?? []) found.push(index);
    if (labels.length > 1) found.sort((a, b) => a - b);
    this.queries++;
    const best: (SetEntry | undefined)[] = [];
    for (const index of found) {
      const entry = this.entries[index]!;
      const pair = this.pairOf[index]!;
      if (this.seenIn[pair] === this.queries) {
        const held = best[this.heldAt[pair]!];
        if (held === undefined || !held.peerMaybe || entry.peerMaybe) continue;
        best[this.heldAt[pair]!] = undefined;
      }
      this.seenIn[pair] = this.queries;
      this.heldAt[pair] = best.length;
      best.push(entry);
    }
    return best.filter((entry) => entry !== undefined);
  }
}
