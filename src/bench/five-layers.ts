import { leafIndex } from '../rules/lookup.ts';
import { PROTOCOL_OFFSET, TCP, UDP, UDP_OFFSET } from '../rules/port-class.ts';
import { ENI_STRIDE, EniWord, type RulesView } from '../rules/view.ts';
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
  const { srcClass, dstClass, port, ...sets } = scratch;
  for (let from = 0; from < flows.count; from += BATCH) {
    const to = Math.min(flows.count, from + BATCH);
    const n = to - from;
    classifyBatch(view, flows.src, from, to, srcClass);
    classifyBatch(view, flows.dst, from, to, dstClass);
    classifyPorts(view, flows, from, to, port);
    gatherSets(view, flows, from, to);
    judgeBatch(view, sets.sgEgress, dstClass, n, out.sgEgress, from);
    judgeBatch(view, sets.naclEgress, dstClass, n, out.naclEgress, from);
    routeBatch(view, sets.routeTable, dstClass, n, out.route, from);
    judgeBatch(view, sets.naclIngress, srcClass, n, out.naclIngress, from);
    judgeBatch(view, sets.sgIngress, srcClass, n, out.sgIngress, from);
  }
}

/** One layer alone: security groups of the receiver. */
export function judgeOneLayer(view: RulesView, flows: AccountFlows, out: Int32Array): void {
  const { srcClass, port, sgIngress } = scratch;
  const { eni } = view;
  for (let from = 0; from < flows.count; from += BATCH) {
    const to = Math.min(flows.count, from + BATCH);
    classifyBatch(view, flows.src, from, to, srcClass);
    classifyPorts(view, flows, from, to, port);
    for (let i = from; i < to; i++) sgIngress[i - from] = eni[flows.dstEni[i]! * ENI_STRIDE + EniWord.sgIngress]!;
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

function classifyPorts(view: RulesView, flows: AccountFlows, from: number, to: number, out: Int32Array): void {
  const { portTab } = view.sections;
  const { protocol, dstPort } = flows;
  for (let i = from; i < to; i++) {
    const pr = protocol[i]!;
    const at = pr === TCP ? dstPort[i]! : pr === UDP ? UDP_OFFSET + dstPort[i]! : PROTOCOL_OFFSET + pr;
    out[i - from] = portTab[at]!;
  }
}

/** Rule sets and route table of both interfaces: one visit to each interface's row. */
function gatherSets({ eni }: RulesView, { srcEni, dstEni }: AccountFlows, from: number, to: number): void {
  const { sgEgress, naclEgress, routeTable, naclIngress, sgIngress } = scratch;
  for (let i = from; i < to; i++) {
    const sender = srcEni[i]! * ENI_STRIDE;
    const receiver = dstEni[i]! * ENI_STRIDE;
    const k = i - from;
    sgEgress[k] = eni[sender + EniWord.sgEgress]!;
    naclEgress[k] = eni[sender + EniWord.naclEgress]!;
    routeTable[k] = eni[sender + EniWord.routeTable]!;
    naclIngress[k] = eni[receiver + EniWord.naclIngress]!;
    sgIngress[k] = eni[receiver + EniWord.sgIngress]!;
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
  const { row } = scratch;
  rowsOf(view, sets, classes, n, row);
  cellsOf(view, row, n, out, at);
}

function rowsOf(view: RulesView, sets: Int32Array, classes: Int32Array, n: number, out: Int32Array): void {
  const { pageTab, pages, pagesPerSet } = view.sections;
  for (let k = 0; k < n; k++) {
    const set = sets[k]!;
    const cls = classes[k]!;
    out[k] = set < 0 ? NO_ANSWER : pages[(pageTab[set * pagesPerSet + (cls >> 4)]! << 4) + (cls & 15)]!;
  }
}

function cellsOf(view: RulesView, rows: Int32Array, n: number, out: Int32Array, at: number): void {
  const { columnMaps, cells } = view.sections;
  const { port } = scratch;
  for (let k = 0; k < n; k++) {
    const row = rows[k]!;
    if (row < 0) {
      out[at + k] = NO_ANSWER;
      continue;
    }
    out[at + k] = cells[row + 1 + columnMaps[(cells[row]! << 4) + port[k]!]!]!;
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
  const { routePageTab, routePages, pagesPerSet } = view.sections;
  for (let k = 0; k < n; k++) {
    const table = tables[k]!;
    const cls = classes[k]!;
    const page = table < 0 ? 0 : routePageTab[table * pagesPerSet + (cls >> 4)]! << 4;
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
