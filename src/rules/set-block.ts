import { IMPLICIT_DENY, NO_RULE, Verdict } from '../model/verdict.ts';
import { MatchFlag } from './catalog.ts';
import { ListPool } from './list-pool.ts';
import { invertSets, partition, type RunPartitioner } from './partition.ts';
import { OrderedEntries, type RuleSet } from './rule-set.ts';

/** What a set's entries speak about: which address classes a label covers, which port classes a selector. */
export interface ClassMembers {
  readonly addressClasses: RunPartitioner;
  /** By label, the address classes that it covers as runs; see runsOfLabels. */
  readonly labelRuns: readonly (readonly number[])[];
  readonly portClasses: number;
  /** Port classes that a selector covers for certain, and those that it only may cover, each once. */
  selectorClasses(selector: number, maybe: boolean): readonly number[];
}

/**
 * Answers of one rule set, in numbers of its own: no other set and no numbering of rules changes them. The answer for
 * an address class and a port class is `cells[rowCells[row] + columnMaps[rowMaps[row] + columnOf[port class]]]` where
 * `row` is that of the run of the address class: a set tells few classes apart, however many others do. Rows, columns
 * and cells are numbered by their first use.
 */
export interface SetBlock {
  /** First address class after each run, ascending; the last is the number of classes. */
  readonly runEnds: Int32Array;
  /** Row of each run, other than that of the run before. */
  readonly runRows: Int32Array;
  readonly columnOf: Int32Array;
  /** Columns of the set, the width of every column map. */
  readonly columns: number;
  readonly rowMaps: Int32Array;
  readonly rowCells: Int32Array;
  readonly columnMaps: Int32Array;
  readonly cells: Int32Array;
  readonly cellVerdict: Uint8Array;
  /** Index of the deciding entry in RuleSet.entries, IMPLICIT_DENY or NO_RULE. */
  readonly cellEntry: Int32Array;
  readonly matchOffset: Int32Array;
  /** Index of each matching entry and its MatchFlag bits, the deciding one first. */
  readonly matchList: Int32Array;
}

/** Columns of a row: which of them each column of the set is, and the selectors that cover each. */
interface RowColumns {
  readonly map: number;
  readonly parts: readonly (readonly number[])[];
}

const NONE: readonly number[] = [];

/** A selector that only may cover: while labels of columns, its complement. */
const maybeOf = (selector: number): number => ~selector;

/** Answers every (address class, port class) for one set in advance. `indexOf`: see NumberedRules. */
export function buildSetBlock(set: RuleSet, members: ClassMembers, indexOf: Int32Array): SetBlock {
  const ordered = new OrderedEntries(set.entries, indexOf);
  const split = members.addressClasses.split(ordered.labels(), (label) => members.labelRuns[label]!);
  const columns = new SetColumns(set, members);
  const cells = new SetCells(set);
  const rowLists = new ListPool();
  const rowMaps: number[] = [];
  const rowCells: number[] = [];
  const values: number[] = [];
  const rowOfPart = split.parts.map((labels) => {
    const entries = ordered.at(labels);
    const before = rowLists.count;
    const row = rowLists.put(entries, entries.length);
    if (row < before) return row;
    const { map, parts } = columns.of(entries);
    rowMaps.push(map);
    rowCells.push(values.length);
    for (const selectors of parts) values.push(cells.of(entries, selectors));
    return row;
  });
  return {
    ...joinRuns(split.ends, split.partOf, rowOfPart),
    columnOf: columns.columnOf,
    columns: columns.count,
    rowMaps: Int32Array.from(rowMaps),
    rowCells: Int32Array.from(rowCells),
    columnMaps: columns.maps(),
    cells: Int32Array.from(values),
    ...cells.finish(),
  };
}

/** Neighbours with the same row as one run. */
function joinRuns(
  ends: Int32Array,
  partOf: Int32Array,
  rowOfPart: readonly number[],
): Pick<SetBlock, 'runEnds' | 'runRows'> {
  const runEnds = new Int32Array(ends.length);
  const runRows = new Int32Array(ends.length);
  let count = 0;
  for (let run = 0; run < ends.length; run++) {
    const row = rowOfPart[partOf[run]!]!;
    if (count === 0 || runRows[count - 1] !== row) runRows[count++] = row;
    runEnds[count - 1] = ends[run]!;
  }
  return { runEnds: runEnds.slice(0, count), runRows: runRows.slice(0, count) };
}

/** Classes of addresses that a block answers for. */
export function addressClassesOf({ runEnds }: SetBlock): number {
  return runEnds[runEnds.length - 1] ?? 0;
}

/** Port classes that no entry of the set tells apart are one column of it; a row merges them further. */
class SetColumns {
  readonly columnOf: Int32Array;
  readonly count: number;
  /** Of the set, ascending. */
  private readonly selectors: Int32Array;
  /** By entry: place of its selector among those. */
  private readonly placeOf: Int32Array;
  /** Columns that each selector covers; those that it only may, by `maybeOf` of it. */
  private readonly covered: ReadonlyMap<number, readonly number[]>;
  /** Lists of selectors that rows asked for, and what they were told. */
  private readonly lists = new ListPool();
  private readonly known: RowColumns[] = [];
  /** By place of a selector: the last query that asked for it. */
  private readonly askedIn: Int32Array;
  private readonly asked: Int32Array;
  private queries = 0;
  private readonly words: number[] = [];

  constructor(set: RuleSet, members: ClassMembers) {
    const selectors = Int32Array.from(new Set(set.entries.map((entry) => entry.selector))).sort();
    const labels = [...selectors, ...Array.from(selectors, maybeOf)];
    const split = partition(members.portClasses, labels, (label) => {
      return label >= 0 ? members.selectorClasses(label, false) : members.selectorClasses(~label, true);
    });
    this.selectors = selectors;
    this.columnOf = split.partOf;
    this.count = split.parts.length;
    const indexOf = new Map(labels.map((label, i) => [label, i]));
    const sets = split.parts.map((part) => Int32Array.from(part, (label) => indexOf.get(label) ?? 0));
    const covered = invertSets(labels.length, sets);
    this.covered = new Map(labels.map((label, i) => [label, covered[i]!]));
    this.placeOf = Int32Array.from(set.entries, ({ selector }) => indexOf.get(selector) ?? 0);
    this.askedIn = new Int32Array(selectors.length);
    this.asked = new Int32Array(selectors.length);
  }

  /** Columns of a row in which `entries` apply. */
  of(entries: readonly number[]): RowColumns {
    this.queries++;
    for (const entry of entries) this.askedIn[this.placeOf[entry]!] = this.queries;
    let count = 0;
    for (let place = 0; place < this.askedIn.length; place++) {
      if (this.askedIn[place] === this.queries) this.asked[count++] = this.selectors[place]!;
    }
    let columns = this.known[this.lists.put(this.asked, count)];
    if (columns === undefined) {
      const selectors = Array.from(this.asked.subarray(0, count));
      const labels = [...selectors, ...selectors.map(maybeOf)];
      const split = partition(this.count, labels, (label) => this.covered.get(label) ?? NONE);
      columns = { map: this.words.length, parts: split.parts };
      for (const column of split.partOf) this.words.push(column);
      this.known.push(columns);
    }
    return columns;
  }

  maps(): Int32Array {
    return Int32Array.from(this.words);
  }
}

/** Cells: verdict, deciding rule and all matching rules; equal ones of a set are one cell and share a counter. */
class SetCells {
  private readonly set: RuleSet;
  private readonly pool = new ListPool();
  private readonly verdicts: number[] = [];
  private readonly deciders: number[] = [];
  /** By selector: the last query that asked for it; the same, as one that only may cover. */
  private readonly askedSure: Int32Array;
  private readonly askedMaybe: Int32Array;
  private queries = 0;
  private certain: number[] = [];
  private possible: number[] = [];

  constructor(set: RuleSet) {
    this.set = set;
    const selectors = set.entries.reduce((most, entry) => Math.max(most, entry.selector + 1), 0);
    this.askedSure = new Int32Array(selectors);
    this.askedMaybe = new Int32Array(selectors);
  }

  /** Cell where those of `entries` (in canonical order) apply whose selectors cover the column. */
  of(entries: readonly number[], selectors: readonly number[]): number {
    this.queries++;
    for (const label of selectors)
      (label >= 0 ? this.askedSure : this.askedMaybe)[label >= 0 ? label : ~label] = this.queries;
    return this.set.layer === 'sg' ? this.groupCell(entries) : this.listCell(entries);
  }

  finish(): Pick<SetBlock, 'cellVerdict' | 'cellEntry' | 'matchOffset' | 'matchList'> {
    return {
      cellVerdict: Uint8Array.from(this.verdicts),
      cellEntry: Int32Array.from(this.deciders),
      matchOffset: this.pool.offsets(),
      matchList: this.pool.items(),
    };
  }

  /** Match of an entry in the column asked for; −1 = none. */
  private matchOf(index: number): number {
    const entry = this.set.entries[index]!;
    const sure = this.askedSure[entry.selector] === this.queries;
    if (!sure && this.askedMaybe[entry.selector] !== this.queries) return -1;
    const selectorMaybe = entry.selectorMaybe || !sure ? MatchFlag.selectorMaybe : 0;
    return (index << MatchFlag.bits) | selectorMaybe | (entry.peerMaybe ? MatchFlag.peerMaybe : 0);
  }

  /** Security groups: the first certain entry decides; certain matches come first, then possible ones. */
  private groupCell(entries: readonly number[]): number {
    const { certain, possible } = this;
    certain.length = 0;
    possible.length = 0;
    for (const index of entries) {
      const match = this.matchOf(index);
      if (match >= 0) ((match & MatchFlag.maybe) === 0 ? certain : possible).push(match);
    }
    const open = this.set.undescribed || possible.length > 0;
    const [decider] = certain;
    for (const match of possible) certain.push(match);
    return this.put(certain, decider, open ? Verdict.unknown : Verdict.deny);
  }

  /** Network ACL: the first certain entry decides, unless one before it may match and would decide otherwise. */
  private listCell(entries: readonly number[]): number {
    const matches = this.certain;
    matches.length = 0;
    let decider: number | undefined;
    let split = false;
    for (const index of entries) {
      const match = this.matchOf(index);
      if (match < 0) continue;
      matches.push(match);
      if (decider !== undefined || (match & MatchFlag.maybe) !== 0) continue;
      decider = match;
      const { allow } = this.set.entries[index]!;
      split = matches.some((before) => this.set.entries[before >> MatchFlag.bits]!.allow !== allow);
    }
    if (decider !== undefined && !split) {
      matches.splice(matches.indexOf(decider), 1);
      matches.unshift(decider);
    }
    return this.put(matches, split ? undefined : decider, Verdict.unknown);
  }

  private put(matches: readonly number[], decider: number | undefined, otherwise: number): number {
    const before = this.pool.count;
    const cell = this.pool.put(matches, matches.length);
    if (cell < before) return cell;
    const entry = decider === undefined ? undefined : decider >> MatchFlag.bits;
    const verdict = entry === undefined ? otherwise : this.set.entries[entry]!.allow ? Verdict.allow : Verdict.deny;
    this.verdicts.push(verdict);
    this.deciders.push(entry ?? (verdict === Verdict.deny ? IMPLICIT_DENY : NO_RULE));
    return cell;
  }
}
