import { BlockPool } from './block-pool.ts';
import { MatchFlag } from './catalog.ts';
import { firstAtLeast } from './partition.ts';
import type { RuleSet } from './rule-set.ts';
import { addressClassesOf, type SetBlock } from './set-block.ts';
import { type IndexArray, SET_STRIDE } from './view.ts';

/** Sections of the arena as plain arrays; see RulesSections. One of the two layouts of rows is empty. */
interface RuleMatrix extends RowTable, CellTable {
  readonly setCells: Int32Array;
  readonly portColumns: Int32Array;
}

interface RowTable {
  readonly rowTab: IndexArray;
  readonly setInfo: Int32Array;
  readonly pageTab: Int32Array;
  readonly pages: Int32Array;
  readonly rowInfo: Int32Array;
  readonly columnMaps: Int32Array;
  readonly cells: IndexArray;
  /** Rows of the flat layout start at multiples of 2 to this power. */
  readonly rowShift: number;
}

interface CellTable {
  readonly cellVerdict: Uint8Array;
  readonly cellRule: Int32Array;
  readonly matchOffset: Int32Array;
  readonly matchList: Int32Array;
}

/** Classes of a page: few, so that many pages of all sets are equal. */
export const CLASS_PAGE = 16;

/** Up to this size the tables are flat: one load for the row, one for the cell. */
export const FLAT_BYTES_MAX: number = 5 * 2 ** 20;

const ROW_SHIFT_MIN = 2;
const ROW_SHIFT_MAX = 6;

function totalOf(blocks: readonly SetBlock[], count: (block: SetBlock) => number): number {
  return blocks.reduce((sum, block) => sum + count(block), 0);
}

/** By class to rule sets and by port class, the class that it was cut from after blocks were built; else −1. */
interface ClassOrigins {
  readonly addressOrigins: readonly number[];
  readonly portOrigins: readonly number[];
}

/**
 * Lays the blocks of all sets one after the other; sets with the same block share its cells. `blocks`: by set, those of
 * before a class was cut from another answer for it as for that one; `indexOf`: see NumberedRules.
 */
export function joinBlocks(
  sets: readonly RuleSet[],
  blocks: readonly SetBlock[],
  { addressOrigins, portOrigins }: ClassOrigins,
  indexOf: Int32Array,
  flatBytesMax: number,
): RuleMatrix {
  const setOf = new Map(blocks.map((block, set) => [block, sets[set]!]));
  const distinct = [...setOf.keys()];
  const portColumns = new Int32Array(blocks.length * portOrigins.length);
  const setCells = new Int32Array(blocks.length);
  const cellFrom = new Map<SetBlock, number>();
  let cell = 0;
  for (const block of distinct) {
    cellFrom.set(block, cell);
    cell += block.cellVerdict.length;
  }
  blocks.forEach((block, set) => {
    const columns = portColumns.subarray(set * portOrigins.length, (set + 1) * portOrigins.length);
    columns.set(block.columnOf);
    followOrigins(columns, block.columnOf.length, portOrigins);
    setCells[set] = cellFrom.get(block) ?? 0;
  });
  const rows = totalOf(distinct, (block) => block.rowMaps.length * block.columns);
  const flatBytes = 2 * (rows + blocks.length * addressOrigins.length);
  const layout = flatBytes <= flatBytesMax ? flatRows : pagedRows;
  return { portColumns, setCells, ...layout(blocks, distinct, addressOrigins), ...joinCells(setOf, cell, indexOf) };
}

/** Values of the classes from number `from` on are those of the classes that they were cut from. */
function followOrigins(values: IndexArray, from: number, origins: readonly number[]): void {
  for (let cls = from; cls < origins.length; cls++) values[cls] = values[origins[cls]!]!;
}

const EMPTY = new Int32Array(0);

/** Every (set, class) has its row, every row a cell for each column of its set. */
function flatRows(blocks: readonly SetBlock[], distinct: readonly SetBlock[], origins: readonly number[]): RowTable {
  let rowShift = ROW_SHIFT_MIN;
  const unitsOf = ({ columns }: SetBlock): number => ((columns - 1) >> rowShift) + 1;
  const lengthOf = (block: SetBlock): number => block.rowMaps.length * unitsOf(block);
  while (rowShift < ROW_SHIFT_MAX && totalOf(distinct, lengthOf) > 2 ** 16) rowShift++;
  const units = totalOf(distinct, lengthOf);
  const cellsMost = distinct.reduce((most, block) => Math.max(most, block.cellVerdict.length), 0);
  const cells = cellsMost <= 2 ** 16 ? new Uint16Array(units << rowShift) : new Int32Array(units << rowShift);
  const firstRow = new Map<SetBlock, number>();
  let at = 0;
  for (const block of distinct) {
    firstRow.set(block, at);
    putCells(block, cells, at << rowShift, unitsOf(block) << rowShift);
    at += lengthOf(block);
  }
  const classes = origins.length;
  const length = blocks.length * classes;
  const rowTab = units <= 2 ** 16 ? new Uint16Array(length) : new Int32Array(length);
  blocks.forEach((block, set) => {
    const rows = rowTab.subarray(set * classes, (set + 1) * classes);
    putRows(block, rows, firstRow.get(block) ?? 0, unitsOf(block));
    followOrigins(rows, addressClassesOf(block), origins);
  });
  const paged = { setInfo: EMPTY, pageTab: EMPTY, pages: EMPTY, rowInfo: EMPTY, columnMaps: EMPTY };
  return { ...paged, rowTab, cells, rowShift };
}

/** The cells of all rows of a block from `at` on, a row every `stride` elements. */
function putCells(block: SetBlock, to: IndexArray, at: number, stride: number): void {
  const { columns, rowMaps, rowCells, columnMaps, cells } = block;
  for (let row = 0; row < rowMaps.length; row++) {
    const map = rowMaps[row]!;
    const from = rowCells[row]!;
    for (let column = 0; column < columns; column++) {
      to[at + row * stride + column] = cells[from + columnMaps[map + column]!]!;
    }
  }
}

/** The row of every class that the block knows: rows are numbered from `firstRow` on, `stride` apart. */
function putRows({ runEnds, runRows }: SetBlock, to: IndexArray, firstRow: number, stride: number): void {
  for (let run = 0, cls = 0; run < runEnds.length; run++) {
    const end = runEnds[run]!;
    const row = firstRow + runRows[run]! * stride;
    // short runs are most of them: filling one by one is cheaper than the call
    if (end - cls > 16) to.fill(row, cls, end);
    else for (let i = cls; i < end; i++) to[i] = row;
    cls = end;
  }
}

/** Equal pages of classes are stored once over all sets; rows with the same columns share a map of columns. */
function pagedRows(blocks: readonly SetBlock[], distinct: readonly SetBlock[], origins: readonly number[]): RowTable {
  const pagesPerSet = Math.ceil(origins.length / CLASS_PAGE);
  const pages = new BlockPool(CLASS_PAGE);
  const pageTab = new Int32Array(distinct.length * pagesPerSet);
  const rowInfo = new Int32Array(2 * totalOf(distinct, (block) => block.rowMaps.length));
  const columnMaps = new Int32Array(totalOf(distinct, (block) => block.columnMaps.length));
  const cells = new Int32Array(totalOf(distinct, (block) => block.cells.length));
  const infoOf = new Map<SetBlock, readonly [row: number, page: number]>();
  let [row, map, cell] = [0, 0, 0];
  for (const block of distinct) {
    const page = infoOf.size * pagesPerSet;
    infoOf.set(block, [row, page]);
    putRunPages(pages, runsTo(block, origins), pageTab.subarray(page, page + pagesPerSet));
    block.rowMaps.forEach((start, i) => {
      rowInfo[2 * (row + i)] = map + start;
      rowInfo[2 * (row + i) + 1] = cell + block.rowCells[i]!;
    });
    columnMaps.set(block.columnMaps, map);
    cells.set(block.cells, cell);
    row += block.rowMaps.length;
    map += block.columnMaps.length;
    cell += block.cells.length;
  }
  const setInfo = new Int32Array(blocks.length * SET_STRIDE);
  blocks.forEach((block, set) => {
    setInfo.set(infoOf.get(block) ?? [], set * SET_STRIDE);
  });
  return { rowTab: EMPTY, rowShift: 0, setInfo, pageTab, pages: pages.contents(), rowInfo, columnMaps, cells };
}

const MATCH_FLAGS = (1 << MatchFlag.bits) - 1;

/** Cells of all blocks with the rules that the entries stand for today. */
function joinCells(setOf: ReadonlyMap<SetBlock, RuleSet>, count: number, indexOf: Int32Array): CellTable {
  const cellVerdict = new Uint8Array(count);
  const cellRule = new Int32Array(count);
  const matchOffset = new Int32Array(count + 1);
  const matchList = new Int32Array(totalOf([...setOf.keys()], (block) => block.matchList.length));
  let [cell, match] = [0, 0];
  for (const [block, { entries }] of setOf) {
    const rules = new Int32Array(entries.map(({ rule }) => indexOf[rule]!));
    cellVerdict.set(block.cellVerdict, cell);
    putMatches(block, rules, match, cellRule.subarray(cell), matchOffset.subarray(cell), matchList.subarray(match));
    cell += block.cellVerdict.length;
    match += block.matchList.length;
  }
  matchOffset[cell] = match;
  return { cellVerdict, cellRule, matchOffset, matchList };
}

/** Deciding rule and matches of each cell of a block; `rules`: of its entries, `match`: where its matches begin. */
function putMatches(
  block: SetBlock,
  rules: Int32Array,
  match: number,
  cellRule: Int32Array,
  matchOffset: Int32Array,
  matchList: Int32Array,
): void {
  for (let i = 0; i < block.cellEntry.length; i++) {
    const entry = block.cellEntry[i]!;
    cellRule[i] = entry < 0 ? entry : rules[entry]!;
    matchOffset[i] = match + block.matchOffset[i]!;
  }
  for (let i = 0; i < block.matchList.length; i++) {
    const word = block.matchList[i]!;
    matchList[i] = (rules[word >> MatchFlag.bits]! << MatchFlag.bits) | (word & MATCH_FLAGS);
  }
}

/** The runs of a block and those of classes that were cut since. */
function runsTo(block: SetBlock, origins: readonly number[]): Runs {
  const known = addressClassesOf(block);
  if (known === origins.length) return block;
  const runEnds = new Int32Array(block.runEnds.length + origins.length - known);
  const runRows = new Int32Array(runEnds.length);
  runEnds.set(block.runEnds);
  runRows.set(block.runRows);
  let count = block.runEnds.length;
  for (let cls = known; cls < origins.length; cls++) {
    const row = runRows[firstAtLeast(runEnds.subarray(0, count), origins[cls]! + 1)]!;
    if (runRows[count - 1] !== row) runRows[count++] = row;
    runEnds[count - 1] = cls + 1;
  }
  return { runEnds: runEnds.subarray(0, count), runRows: runRows.subarray(0, count) };
}

type Runs = Pick<SetBlock, 'runEnds' | 'runRows'>;

/** Cuts the rows of a block into pages of classes and writes the number of each into `tab`. */
function putRunPages(pages: BlockPool, { runEnds, runRows }: Runs, tab: Int32Array): void {
  const page = new Int32Array(pages.width);
  for (let i = 0, run = 0; i < tab.length; ) {
    const base = i * pages.width;
    while (runEnds[run]! <= base) run++;
    // a run to the end fills the last page, however much of it is used
    const whole = run === runEnds.length - 1 ? tab.length : Math.floor(runEnds[run]! / pages.width);
    if (whole > i) {
      tab.fill(pages.put(page.fill(runRows[run]!)), i, whole);
      i = whole;
      continue;
    }
    for (let at = 0; at < pages.width; at++) {
      if (runEnds[run]! <= base + at && run < runEnds.length - 1) run++;
      page[at] = runRows[run]!;
    }
    tab[i++] = pages.put(page);
  }
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
