/** The look-ups of rules/lookup.ts over the kernel's memory: addresses and ports to classes, classes to cells. */
import { i32At, u32At } from './cells';
import {
  INTERFACE_STRIDE,
  PROTOCOL_OFFSET,
  SETS_STRIDE,
  SOME_PROTOCOL,
  SOME_TCP_PORT,
  SOME_UDP_PORT,
  TCP,
  UDP,
  UDP_OFFSET,
} from './codes';
import { Tables } from './tables';

/** Element of a section of indices. The branches go one way for a whole run. */
@inline
function indexAt(section: usize, width: u32, i: u32): u32 {
  const at = section + (<usize>i << width);
  return width == 1 ? load<u16>(at) : width == 0 ? load<u8>(at) : load<u32>(at);
}

/** Element of a section that has negative numbers. */
@inline
function signedAt(section: usize, width: u32, i: u32): i32 {
  const at = section + (<usize>i << width);
  return width == 1 ? load<i16>(at) : load<i32>(at);
}

/** Word of an interface's record: ENI_… or INTERFACE_…. */
@inline
export function eniWord(tables: Tables, eni: u32, word: u32): i32 {
  return i32At(tables.interfaces, eni * INTERFACE_STRIDE + word);
}

/** Word of what judges an interface's traffic. */
@inline
export function eniSet(tables: Tables, eni: u32, word: u32): i32 {
  return signedAt(tables.eniSets, tables.eniSetsWidth, eni * SETS_STRIDE + word);
}

/** Class of an IPv4 address: at most three loads. */
export function addressClass4(tables: Tables, address: u32): u32 {
  const pointer = tables.pointerBit4;
  let entry = indexAt(tables.root4, tables.root4Width, address >> 16);
  if ((entry & pointer) == 0) return entry;
  entry = indexAt(tables.inner4, tables.inner4Width, ((entry & ~pointer) << 8) | ((address >> 8) & 255));
  if ((entry & pointer) == 0) return entry;
  const block = entry & ~pointer;
  const full = tables.fullLeaves4;
  const at = block < full ? (block << 8) | (address & 255) : full * 240 + (block << 4) + ((address >> 4) & 15);
  return indexAt(tables.leaf4, tables.leaf4Width, at);
}

/** Class of an IPv6 address whose four big-endian words stand at `at`. */
export function addressClass6(tables: Tables, at: usize): u32 {
  const w0 = load<u32>(at);
  let entry = signedAt(tables.root6, tables.root6Width, w0 >> 16);
  let nibble: u32 = 4;
  while (entry < 0) {
    const node = (<u32>~entry >> 1) << 4;
    if ((~entry & 1) == 0) {
      const word = load<u32>(at + <usize>((nibble >> 3) << 2));
      entry = i32At(tables.nodes6, node + ((word >> (28 - ((nibble & 7) << 2))) & 15));
      nibble++;
      continue;
    }
    // chain words: end, fallback, child, value × 4, mask × 4
    const chain = tables.chains6 + (<usize>node << 2);
    let differs: u32 = 0;
    for (let w: usize = 0; w < 16; w += 4) {
      differs |= (load<u32>(at + w) ^ load<u32>(chain + w, 12)) & load<u32>(chain + w, 28);
    }
    if (differs != 0) return load<u32>(chain, 4);
    nibble = load<u32>(chain);
    entry = load<i32>(chain, 8);
  }
  return entry;
}

/** Class of the service port: TCP and UDP by port, every other protocol by its number. */
@inline
export function portClass(tables: Tables, protocol: u32, port: u32): u32 {
  const i = protocol == TCP ? port : protocol == UDP ? UDP_OFFSET + port : PROTOCOL_OFFSET + protocol;
  return indexAt(tables.portTab, tables.portTabWidth, i);
}

/** The same where the record's format leaves out the port, or the protocol (−1). */
export function openPortClass(tables: Tables, protocol: i32): u32 {
  let i = SOME_PROTOCOL;
  if (protocol == TCP) i = SOME_TCP_PORT;
  else if (protocol == UDP) i = SOME_UDP_PORT;
  else if (protocol >= 0) i = PROTOCOL_OFFSET + protocol;
  return indexAt(tables.portTab, tables.portTabWidth, i);
}

/** Cell of rule set `set` for a peer's address class and a port class. */
@inline
export function cellOf(tables: Tables, set: u32, cls: u32, portCls: u32): u32 {
  const peer = indexAt(tables.ruleClass, tables.ruleClassWidth, cls);
  const column = indexAt(tables.portColumns, tables.portColumnsWidth, set * tables.portClasses + portCls);
  let at: u32 = 0;
  if (tables.ruleClasses == 0) at = pagedCell(tables, set, peer, column);
  else at = (indexAt(tables.rowTab, tables.rowTabWidth, set * tables.ruleClasses + peer) << tables.rowShift) + column;
  return u32At(tables.setCells, set) + indexAt(tables.cells, tables.cellsWidth, at);
}

/** Where the cell stands when the tables of rule sets are paged. */
function pagedCell(tables: Tables, set: u32, peer: u32, column: u32): u32 {
  const pageAt = u32At(tables.setInfo, (set << 1) + 1) + (peer >> 4);
  const page = indexAt(tables.pageTab, tables.pageTabWidth, pageAt);
  const row = u32At(tables.setInfo, set << 1) + indexAt(tables.pages, tables.pagesWidth, (page << 4) + (peer & 15));
  const map = u32At(tables.rowInfo, row << 1);
  const cells = u32At(tables.rowInfo, (row << 1) + 1);
  return cells + indexAt(tables.columnMaps, tables.columnMapsWidth, map + column);
}

/** Rule index of the route of table `routeTable` toward a class; −1 = no route, −2 = not known. */
@inline
export function routeOf(tables: Tables, routeTable: u32, cls: u32): i32 {
  const peer = indexAt(tables.routeClass, tables.routeClassWidth, cls);
  const page = indexAt(tables.routePageTab, tables.routePageTabWidth, routeTable * tables.pagesPerTable + (peer >> 4));
  return signedAt(tables.routePages, tables.routePagesWidth, (page << 4) + (peer & 15));
}

/** Flags of an address class. */
@inline
export function classFlags(tables: Tables, cls: u32): u32 {
  return load<u8>(tables.classFlags + <usize>cls);
}

/** True when pairs of VPC and address hold this one. */
export function isResolver(tables: Tables, vpc: i32, address: u32): bool {
  const words = tables.resolverWords;
  for (let r: u32 = 0; r < words; r += 2) {
    if (i32At(tables.resolvers, r) == vpc && u32At(tables.resolvers, r + 1) == address) return true;
  }
  return false;
}
