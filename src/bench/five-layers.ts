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
};

/**
 * The whole way of each flow: security groups and network ACL of the sender, its route, network ACL and security groups
 * of the receiver. Two address classes and one port class serve all five. One pass a layer over a batch: in short loops
 * the processor overlaps the loads of many flows.
 */
export function judgeFiveLayers(view: RulesView, flows: AccountFlows, out: LayerAnswers): void {
  const { srcClass, dstClass, port } = scratch;
  for (let from = 0; from < flows.count; from += BATCH) {
    const to = Math.min(flows.count, from + BATCH);
    classifyBatch(view, flows.src, from, to, srcClass);
    classifyBatch(view, flows.dst, from, to, dstClass);
    classifyPorts(view, flows, from, to, port);
    judgeBatch(view, flows.srcEni, EniWord.sgEgress, dstClass, from, to, out.sgEgress);
    judgeBatch(view, flows.srcEni, EniWord.naclEgress, dstClass, from, to, out.naclEgress);
    routeBatch(view, flows.srcEni, dstClass, from, to, out.route);
    judgeBatch(view, flows.dstEni, EniWord.naclIngress, srcClass, from, to, out.naclIngress);
    judgeBatch(view, flows.dstEni, EniWord.sgIngress, srcClass, from, to, out.sgIngress);
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

function judgeBatch(
  view: RulesView,
  enis: Int32Array,
  word: number,
  classes: Int32Array,
  from: number,
  to: number,
  out: Int32Array,
): void {
  const { eni } = view;
  const { pageTab, pages, sigTop, sigPages, cells, pagesPerSet } = view.sections;
  const { port } = scratch;
  for (let i = from; i < to; i++) {
    const set = eni[enis[i]! * ENI_STRIDE + word]!;
    if (set < 0) {
      out[i] = NO_ANSWER;
      continue;
    }
    const cls = classes[i - from]!;
    const portCls = port[i - from]!;
    const row = pages[(pageTab[set * pagesPerSet + (cls >> 4)]! << 4) + (cls & 15)]!;
    const columns = sigTop[cells[row]! + (portCls >> 6)]! << 6;
    out[i] = cells[row + 1 + sigPages[columns + (portCls & 63)]!]!;
  }
}

function routeBatch(
  view: RulesView,
  enis: Int32Array,
  classes: Int32Array,
  from: number,
  to: number,
  out: Int32Array,
): void {
  const { eni } = view;
  const { routePageTab, routePages, pagesPerSet } = view.sections;
  for (let i = from; i < to; i++) {
    const table = eni[enis[i]! * ENI_STRIDE + EniWord.routeTable]!;
    const cls = classes[i - from]!;
    out[i] = table < 0 ? NO_ANSWER : routePages[(routePageTab[table * pagesPerSet + (cls >> 4)]! << 4) + (cls & 15)]!;
  }
}

/** One layer alone: security groups of the receiver. */
export function judgeOneLayer(view: RulesView, flows: AccountFlows, out: Int32Array): void {
  const { eni } = view;
  const { root4, inner4, leaf4, pointerBit4, fullLeaves4, portTab } = view.sections;
  const { pageTab, pages, sigTop, sigPages, cells, pagesPerSet } = view.sections;
  for (let i = 0; i < flows.count; i++) {
    const set = eni[flows.dstEni[i]! * ENI_STRIDE + EniWord.sgIngress]!;
    if (set < 0) {
      out[i] = NO_ANSWER;
      continue;
    }
    const src = flows.src[i]!;
    let cls = root4[src >>> 16]!;
    if ((cls & pointerBit4) !== 0) {
      cls = inner4[((cls & ~pointerBit4) << 8) | ((src >>> 8) & 255)]!;
      if ((cls & pointerBit4) !== 0) cls = leaf4[leafIndex(fullLeaves4, cls & ~pointerBit4, src)]!;
    }
    const protocol = flows.protocol[i]!;
    const port = flows.dstPort[i]!;
    const portCls =
      portTab[protocol === TCP ? port : protocol === UDP ? UDP_OFFSET + port : PROTOCOL_OFFSET + protocol]!;
    const row = pages[(pageTab[set * pagesPerSet + (cls >> 4)]! << 4) + (cls & 15)]!;
    const columns = sigTop[cells[row]! + (portCls >> 6)]! << 6;
    out[i] = cells[row + 1 + sigPages[columns + (portCls & 63)]!]!;
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
