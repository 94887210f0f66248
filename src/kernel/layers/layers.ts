/**
 * The look-ups of classify/rules over columns of flows and nothing else: what `bench rules` measures. A pass for each
 * step, with the places of its tables in locals. Compiled to WebAssembly; arguments are byte addresses, then a number
 * of rows.
 */
import { put32, u16At, u32At, u8At } from '../classify/cells';
import { PROTOCOL_OFFSET, SETS_STRIDE, TCP, UDP, UDP_OFFSET } from '../classify/codes';
import { Tables } from '../classify/tables';

/** Answer of a layer that does not apply or cannot be judged. */
const NO_ANSWER: i32 = -9;

/** Element of a section of u16 or u32. */
@inline
function indexAt(section: usize, isWide: bool, i: u32): u32 {
  return isWide ? load<u32>(section + (<usize>i << 2)) : load<u16>(section + (<usize>i << 1));
}

/** Element of a section of i16 or i32. */
@inline
function signedAt(section: usize, isWide: bool, i: u32): i32 {
  return isWide ? load<i32>(section + (<usize>i << 2)) : load<i16>(section + (<usize>i << 1));
}

/** Classes of IPv4 addresses. */
export function classes(tables: Tables, addresses: usize, out: usize, rows: u32): void {
  const root = tables.root4;
  const rootWide = tables.root4Width == 2;
  const inner = tables.inner4;
  const innerWide = tables.inner4Width == 2;
  const leaf = tables.leaf4;
  const leafWide = tables.leaf4Width == 2;
  const pointer = tables.pointerBit4;
  const block = ~pointer;
  const full = tables.fullLeaves4;
  for (let i: u32 = 0; i < rows; i++) {
    const address = u32At(addresses, i);
    let entry = indexAt(root, rootWide, address >> 16);
    if ((entry & pointer) != 0) {
      entry = indexAt(inner, innerWide, ((entry & block) << 8) | ((address >> 8) & 255));
      if ((entry & pointer) != 0) {
        const at = entry & block;
        const inFull = (at << 8) | (address & 255);
        const inCoarse = full * 240 + (at << 4) + ((address >> 4) & 15);
        entry = indexAt(leaf, leafWide, at < full ? inFull : inCoarse);
      }
    }
    put32(out, i, entry);
  }
}

/** Classes to rule sets, by address classes. */
export function peers(tables: Tables, addressClasses: usize, out: usize, rows: u32): void {
  const table = tables.ruleClass;
  const isWide = tables.ruleClassWidth == 2;
  for (let i: u32 = 0; i < rows; i++) put32(out, i, indexAt(table, isWide, u32At(addressClasses, i)));
}

/** Port classes. */
export function ports(tables: Tables, protocols: usize, numbers: usize, out: usize, rows: u32): void {
  const table = tables.portTab;
  const isWide = tables.portTabWidth == 2;
  for (let i: u32 = 0; i < rows; i++) {
    const protocol = u8At(protocols, i);
    const port = u16At(numbers, i);
    const at = protocol == TCP ? port : protocol == UDP ? UDP_OFFSET + port : PROTOCOL_OFFSET + protocol;
    put32(out, i, indexAt(table, isWide, at));
  }
}

/**
 * Cells of the rule sets that word `word` of the interfaces names. One loop for both layouts of rows takes 1.2 times as
 * long: it needs more locals than there are registers.
 */
export function cells(tables: Tables, word: u32, enis: usize, peers: usize, ports: usize, out: usize, rows: u32): void {
  if (tables.ruleClasses == 0) pagedCells(tables, word, enis, peers, ports, out, rows);
  else flatCells(tables, word, enis, peers, ports, out, rows);
}

function flatCells(tables: Tables, word: u32, enis: usize, peers: usize, ports: usize, out: usize, rows: u32): void {
  const sets = tables.eniSets;
  const setsWide = tables.eniSetsWidth == 2;
  const rowTab = tables.rowTab;
  const rowsWide = tables.rowTabWidth == 2;
  const ruleClasses = tables.ruleClasses;
  const shift = tables.rowShift;
  const columns = tables.portColumns;
  const columnsWide = tables.portColumnsWidth == 1;
  const portClasses = tables.portClasses;
  const table = tables.cells;
  const cellsWide = tables.cellsWidth == 2;
  const first = tables.setCells;
  for (let i: u32 = 0; i < rows; i++) {
    const set = signedAt(sets, setsWide, u32At(enis, i) * SETS_STRIDE + word);
    let cell = NO_ANSWER;
    if (set >= 0) {
      const row = indexAt(rowTab, rowsWide, set * ruleClasses + u32At(peers, i)) << shift;
      const port = set * portClasses + u32At(ports, i);
      const column = columnsWide ? u16At(columns, port) : u8At(columns, port);
      cell = u32At(first, set) + indexAt(table, cellsWide, row + column);
    }
    put32(out, i, cell);
  }
}

function pagedCells(tables: Tables, word: u32, enis: usize, peers: usize, ports: usize, out: usize, rows: u32): void {
  const sets = tables.eniSets;
  const setsWide = tables.eniSetsWidth == 2;
  const setInfo = tables.setInfo;
  const pageTab = tables.pageTab;
  const pageTabWide = tables.pageTabWidth == 2;
  const pages = tables.pages;
  const pagesWide = tables.pagesWidth == 2;
  const rowInfo = tables.rowInfo;
  const maps = tables.columnMaps;
  const mapsWide = tables.columnMapsWidth == 1;
  const columns = tables.portColumns;
  const columnsWide = tables.portColumnsWidth == 1;
  const portClasses = tables.portClasses;
  const table = tables.cells;
  const cellsWide = tables.cellsWidth == 2;
  const first = tables.setCells;
  for (let i: u32 = 0; i < rows; i++) {
    const set = signedAt(sets, setsWide, u32At(enis, i) * SETS_STRIDE + word);
    let cell = NO_ANSWER;
    if (set >= 0) {
      const peer = u32At(peers, i);
      const info = setInfo + (<usize>set << 3);
      const page = indexAt(pageTab, pageTabWide, load<u32>(info, 4) + (peer >> 4));
      const row = rowInfo + (<usize>(load<u32>(info) + indexAt(pages, pagesWide, (page << 4) + (peer & 15))) << 3);
      const port = set * portClasses + u32At(ports, i);
      const at = load<u32>(row) + (columnsWide ? u16At(columns, port) : u8At(columns, port));
      const column = mapsWide ? u16At(maps, at) : u8At(maps, at);
      cell = u32At(first, set) + indexAt(table, cellsWide, load<u32>(row, 4) + column);
    }
    put32(out, i, cell);
  }
}

/** Rules of the routes of the tables that word `word` of the interfaces names, by address classes. */
export function routes(tables: Tables, word: u32, enis: usize, addressClasses: usize, out: usize, rows: u32): void {
  const sets = tables.eniSets;
  const setsWide = tables.eniSetsWidth == 2;
  const routeClass = tables.routeClass;
  const classWide = tables.routeClassWidth == 2;
  const pageTab = tables.routePageTab;
  const pageTabWide = tables.routePageTabWidth == 2;
  const pagesPerTable = tables.pagesPerTable;
  const pages = tables.routePages;
  const pagesWide = tables.routePagesWidth == 2;
  for (let i: u32 = 0; i < rows; i++) {
    const table = signedAt(sets, setsWide, u32At(enis, i) * SETS_STRIDE + word);
    let rule = NO_ANSWER;
    if (table >= 0) {
      const peer = indexAt(routeClass, classWide, u32At(addressClasses, i));
      const page = indexAt(pageTab, pageTabWide, table * pagesPerTable + (peer >> 4));
      rule = signedAt(pages, pagesWide, (page << 4) + (peer & 15));
    }
    put32(out, i, rule);
  }
}

/** Writes the number of each row. */
export function write(out: usize, rows: u32): void {
  for (let i: u32 = 0; i < rows; i++) put32(out, i, i);
}
