import { PROTOCOL_OFFSET, TCP, UDP, UDP_OFFSET } from './port-class.ts';
import type { RulesSections, RulesView } from './view.ts';

/** Class of an IPv4 address (u32 or i32 bits): at most three loads. */
export function addressClass4(view: RulesView, address: number): number {
  const { root4, inner4, leaf4, pointerBit4, fullLeaves4 } = view.sections;
  let entry = root4[address >>> 16]!;
  if ((entry & pointerBit4) === 0) return entry;
  entry = inner4[((entry & ~pointerBit4) << 8) | ((address >>> 8) & 255)]!;
  if ((entry & pointerBit4) === 0) return entry;
  return leaf4[leafIndex(fullLeaves4, entry & ~pointerBit4, address)]!;
}

/** Where the last 8 bits of an address lead in leaf block `block`: blocks of 256 entries first, then those of 16. */
export function leafIndex(fullLeaves: number, block: number, address: number): number {
  return block < fullLeaves ? (block << 8) | (address & 255) : fullLeaves * 240 + (block << 4) + ((address >>> 4) & 15);
}

/** Class of an IPv6 address in four big-endian words (u32 or i32 bits). */
export function addressClass6(view: RulesView, w0: number, w1: number, w2: number, w3: number): number {
  const { root6, nodes6, chains6 } = view.sections;
  let entry = root6[w0 >>> 16]!;
  let nibble = 4;
  while (entry < 0) {
    const at = (~entry >> 1) << 4;
    if ((~entry & 1) === 0) {
      const word = nibble < 8 ? w0 : nibble < 16 ? w1 : nibble < 24 ? w2 : w3;
      entry = nodes6[at + ((word >>> (28 - ((nibble & 7) << 2))) & 15)]!;
      nibble++;
      continue;
    }
    // chain words: end, fallback, child, value × 4, mask × 4
    const differs =
      ((w0 ^ chains6[at + 3]!) & chains6[at + 7]!) |
      ((w1 ^ chains6[at + 4]!) & chains6[at + 8]!) |
      ((w2 ^ chains6[at + 5]!) & chains6[at + 9]!) |
      ((w3 ^ chains6[at + 6]!) & chains6[at + 10]!);
    if (differs !== 0) return chains6[at + 1]!;
    nibble = chains6[at]!;
    entry = chains6[at + 2]!;
  }
  return entry;
}

/** Class of the service port: TCP and UDP by destination port of the request, every other protocol by its number. */
export function portClass(view: RulesView, protocol: number, port: number): number {
  const { portTab } = view.sections;
  return portTab[protocol === TCP ? port : protocol === UDP ? UDP_OFFSET + port : PROTOCOL_OFFSET + protocol]!;
}

/** Cell of rule set `set` (≥ 0) for a peer's address class and a port class. */
export function cellOf(view: RulesView, set: number, cls: number, portCls: number): number {
  const { ruleClass, ruleClasses, portClasses, setCells, portColumns, rowTab, rowShift, cells } = view.sections;
  const peer = ruleClass[cls]!;
  const column = portColumns[set * portClasses + portCls]!;
  if (rowTab.length === 0) return setCells[set]! + pagedCell(view.sections, set, peer, column);
  return setCells[set]! + cells[(rowTab[set * ruleClasses + peer]! << rowShift) + column]!;
}

function pagedCell(sections: RulesSections, set: number, peer: number, column: number): number {
  const { setInfo, pageTab, pages, rowInfo, columnMaps, cells } = sections;
  const page = pageTab[setInfo[2 * set + 1]! + (peer >> 4)]!;
  const row = (setInfo[2 * set]! + pages[(page << 4) + (peer & 15)]!) << 1;
  return cells[rowInfo[row + 1]! + columnMaps[rowInfo[row]! + column]!]!;
}

/** Rule index of the route of table `routeTable` (≥ 0) toward a class; −1 = no route, −2 = not known. */
export function routeOf(view: RulesView, routeTable: number, cls: number): number {
  const { routeClass, routePageTab, routePages, pagesPerTable } = view.sections;
  const peer = routeClass[cls]!;
  return routePages[(routePageTab[routeTable * pagesPerTable + (peer >> 4)]! << 4) + (peer & 15)]!;
}
