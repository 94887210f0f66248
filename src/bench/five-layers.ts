import { leafIndex } from '../rules/lookup.ts';
import { PROTOCOL_OFFSET, TCP, UDP, UDP_OFFSET } from '../rules/port-class.ts';
import { EniSet, type IndexArray, type RulesView, SETS_STRIDE } from '../rules/view.ts';
import type { AccountFlows } from './account-trace.ts';

/** Answer of a layer that does not apply or cannot be judged. */
const NO_ANSWER = -9;

/** Cell of each layer (its rule and all matches follow from it), rule of the route; columns. */
export interface LayerAnswers {
  readonly sgEgress: Int32Array;
  readonly naclEgress: Int32Array;
  readonly route: Int32Array;
  readonly naclIngress: Int32Array;
  readonly sgIngress: Int32Array;
}

export function createAnswers(count: number): LayerAnswers {
  return {
    sgEgress: new Int32Array(count),
    naclEgress: new Int32Array(count),
    route: new Int32Array(count),
    naclIngress: new Int32Array(count),
    sgIngress: new Int32Array(count),
  };
}

/** Flows of one batch: its columns stay in the first-level caches. */
const BATCH = 1024;

/** Columns of one batch, used again and again. */
const scratch = {
  srcClass: new Int32Array(BATCH),
  dstClass: new Int32Array(BATCH),
  dstRouteClass: new Int32Array(BATCH),
  port: new Int32Array(BATCH),
  row: new Int32Array(BATCH),
  sgEgress: new Int32Array(BATCH),
  naclEgress: new Int32Array(BATCH),
  routeTable: new Int32Array(BATCH),
  naclIngress: new Int32Array(BATCH),
  sgIngress: new Int32Array(BATCH),
};

/**
 * The whole way of each flow: security groups and network ACL of the sender, its route, network ACL and security groups
 * of the receiver. Two address classes and one port class serve all five. One short loop a step over a batch: few
 * arrays a loop stay in registers, and the processor overlaps the loads of many flows.
 */
export function judgeFiveLayers(view: RulesView, flows: AccountFlows, out: LayerAnswers): void {
  const { srcClass, dstClass, dstRouteClass, port, ...sets } = scratch;
  const { ruleClass, routeClass } = view.sections;
  for (let from = 0; from < flows.count; from += BATCH) {
    const to = Math.min(flows.count, from + BATCH);
    const n = to - from;
    classifyBatch(view, flows.src, from, to, srcClass);
    translate(ruleClass, srcClass, n, srcClass);
    classifyBatch(view, flows.dst, from, to, dstRouteClass);
    translate(ruleClass, dstRouteClass, n, dstClass);
    translate(routeClass, dstRouteClass, n, dstRouteClass);
    classifyPorts(view, flows, from, to, port);
    gatherSets(view, flows, from, to);
    judgeBatch(view, sets.sgEgress, dstClass, n, out.sgEgress, from);
    judgeBatch(view, sets.naclEgress, dstClass, n, out.naclEgress, from);
    routeBatch(view, sets.routeTable, dstRouteClass, n, out.route, from);
    judgeBatch(view, sets.naclIngress, srcClass, n, out.naclIngress, from);
    judgeBatch(view, sets.sgIngress, srcClass, n, out.sgIngress, from);
  }
}

/** One layer alone: security groups of the receiver. */
export function judgeOneLayer(view: RulesView, flows: AccountFlows, out: Int32Array): void {
  const { srcClass, sgIngress, port } = scratch;
  const { eniSets } = view;
  for (let from = 0; from < flows.count; from += BATCH) {
    const to = Math.min(flows.count, from + BATCH);
    classifyBatch(view, flows.src, from, to, srcClass);
    translate(view.sections.ruleClass, srcClass, to - from, srcClass);
    classifyPorts(view, flows, from, to, port);
    for (let i = from; i < to; i++) sgIngress[i - from] = eniSets[flows.dstEni[i]! * SETS_STRIDE + EniSet.sgIngress]!;
    judgeBatch(view, sgIngress, srcClass, to - from, out, from);
  }
}

function classifyBatch(view: RulesView, addresses: Uint32Array, from: number, to: number, out: Int32Array): void {
  const { root4, inner4, leaf4, pointerBit4, fullLeaves4 } = view.sections;
  for (let i = from; i < to; i++) {
    const address = addresses[i]!;
    let cls = root4[address >>> 16]!;
    if ((cls & pointerBit4) !== 0) {
      cls = inner4[((cls & ~pointerBit4) << 8) | ((address >>> 8) & 255)]!;
      if ((cls & pointerBit4) !== 0) cls = leaf4[leafIndex(fullLeaves4, cls & ~pointerBit4, address)]!;
    }
    out[i - from] = cls;
  }
}

function translate(table: IndexArray, classes: Int32Array, n: number, out: Int32Array): void {
  for (let k = 0; k < n; k++) out[k] = table[classes[k]!]!;
}

/** By protocol: where its ports stand in the port table, and which bits of a port count. */
const portBase = new Int32Array(256).map((_, pr) => (pr === TCP ? 0 : pr === UDP ? UDP_OFFSET : PROTOCOL_OFFSET + pr));
const portMask = new Int32Array(256).map((_, pr) => (pr === TCP || pr === UDP ? 0xffff : 0));

function classifyPorts(view: RulesView, flows: AccountFlows, from: number, to: number, out: Int32Array): void {
  const { portTab } = view.sections;
  const { protocol, dstPort } = flows;
  for (let i = from; i < to; i++) {
    const pr = protocol[i]!;
    out[i - from] = portTab[portBase[pr]! + (dstPort[i]! & portMask[pr]!)]!;
  }
}

/** Rule sets and route table of both interfaces: one visit to each interface's row. */
function gatherSets({ eniSets }: RulesView, { srcEni, dstEni }: AccountFlows, from: number, to: number): void {
  const { sgEgress, naclEgress, routeTable, naclIngress, sgIngress } = scratch;
  for (let i = from; i < to; i++) {
    const sender = srcEni[i]! * SETS_STRIDE;
    const receiver = dstEni[i]! * SETS_STRIDE;
    const k = i - from;
    sgEgress[k] = eniSets[sender + EniSet.sgEgress]!;
    naclEgress[k] = eniSets[sender + EniSet.naclEgress]!;
    routeTable[k] = eniSets[sender + EniSet.routeTable]!;
    naclIngress[k] = eniSets[receiver + EniSet.naclIngress]!;
    sgIngress[k] = eniSets[receiver + EniSet.sgIngress]!;
  }
}

/** `n` answers of one layer, from `out[at]` on. */
function judgeBatch(
  view: RulesView,
  sets: Int32Array,
  classes: Int32Array,
  n: number,
  out: Int32Array,
  at: number,
): void {
  if (view.sections.rowTab.length > 0) {
    judgeFlat(view, sets, classes, n, out, at);
    return;
  }
  const { row } = scratch;
  rowsOf(view, sets, classes, n, row);
  cellsOf(view, sets, row, n, out, at);
}

function judgeFlat(
  view: RulesView,
  sets: Int32Array,
  classes: Int32Array,
  n: number,
  out: Int32Array,
  at: number,
): void {
  const { ruleClasses, portClasses, setCells, portColumns, rowTab, rowShift, cells } = view.sections;
  const { port } = scratch;
  for (let k = 0; k < n; k++) {
    const set = sets[k]!;
    if (set < 0) {
      out[at + k] = NO_ANSWER;
      continue;
    }
    const row = rowTab[set * ruleClasses + classes[k]!]! << rowShift;
    out[at + k] = setCells[set]! + cells[row + portColumns[set * portClasses + port[k]!]!]!;
  }
}

/** Rows; of a layer without an answer some row: what follows it is not used. */
function rowsOf(view: RulesView, sets: Int32Array, classes: Int32Array, n: number, out: Int32Array): void {
  const { setInfo, pageTab, pages } = view.sections;
  for (let k = 0; k < n; k++) {
    const info = sets[k]! << 1;
    const cls = classes[k]!;
    out[k] = info < 0 ? 0 : setInfo[info]! + pages[(pageTab[setInfo[info + 1]! + (cls >> 4)]! << 4) + (cls & 15)]!;
  }
}

function cellsOf(view: RulesView, sets: Int32Array, rows: Int32Array, n: number, out: Int32Array, at: number): void {
  const { setCells, portColumns, portClasses, rowInfo, columnMaps, cells } = view.sections;
  const { port } = scratch;
  for (let k = 0; k < n; k++) {
    const set = sets[k]!;
    if (set < 0) {
      out[at + k] = NO_ANSWER;
      continue;
    }
    const row = rows[k]! << 1;
    const column = columnMaps[rowInfo[row]! + portColumns[set * portClasses + port[k]!]!]!;
    out[at + k] = setCells[set]! + cells[rowInfo[row + 1]! + column]!;
  }
}

function routeBatch(
  view: RulesView,
  tables: Int32Array,
  classes: Int32Array,
  n: number,
  out: Int32Array,
  at: number,
): void {
  const { routePageTab, routePages, pagesPerTable } = view.sections;
  for (let k = 0; k < n; k++) {
    const table = tables[k]!;
    const cls = classes[k]!;
    const page = table < 0 ? 0 : routePageTab[table * pagesPerTable + (cls >> 4)]! << 4;
    out[at + k] = table < 0 ? NO_ANSWER : routePages[page + (cls & 15)]!;
  }
}

/**
 * The bound that needs no theory: the longest-prefix match of both address columns, and a pass that only writes five
 * columns.
 */
export function matchAddressesOnly(view: RulesView, flows: AccountFlows, out: LayerAnswers): void {
  const { root4, inner4, leaf4, pointerBit4, fullLeaves4 } = view.sections;
  for (let i = 0; i < flows.count; i++) {
    const src = flows.src[i]!;
    let srcClass = root4[src >>> 16]!;
    if ((srcClass & pointerBit4) !== 0) {
      srcClass = inner4[((srcClass & ~pointerBit4) << 8) | ((src >>> 8) & 255)]!;
      if ((srcClass & pointerBit4) !== 0) srcClass = leaf4[leafIndex(fullLeaves4, srcClass & ~pointerBit4, src)]!;
    }
    out.sgEgress[i] = srcClass;
  }
  for (let i = 0; i < flows.count; i++) {
    const dst = flows.dst[i]!;
    let dstClass = root4[dst >>> 16]!;
    if ((dstClass & pointerBit4) !== 0) {
      dstClass = inner4[((dstClass & ~pointerBit4) << 8) | ((dst >>> 8) & 255)]!;
      if ((dstClass & pointerBit4) !== 0) dstClass = leaf4[leafIndex(fullLeaves4, dstClass & ~pointerBit4, dst)]!;
    }
    out.naclEgress[i] = dstClass;
  }
  for (let i = 0; i < flows.count; i++) {
    out.sgEgress[i] = i;
    out.naclEgress[i] = i;
    out.route[i] = i;
    out.naclIngress[i] = i;
    out.sgIngress[i] = i;
  }
}
