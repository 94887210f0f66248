import { PROTOCOL_OFFSET, TCP, UDP, UDP_OFFSET } from '../rules/port-class.ts';
import { ENI_STRIDE, EniWord, type RulesView } from '../rules/view.ts';
import type { AccountFlows } from './account-trace.ts';

/** Answer of a layer that does not apply or cannot be judged. */
const NO_ANSWER = -9;

/** Deciding rule of each layer, or why there is none; columns. */
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

/**
 * The whole way of each flow: security groups and network ACL of the sender, its route, network ACL and security groups
 * of the receiver. Two address classes and one port class serve all five.
 */
export function judgeFiveLayers(view: RulesView, flows: AccountFlows, out: LayerAnswers): void {
  const { eni, cellRule } = view;
  const { root4, inner4, leaf4, pointerBit4, portTab, pagesPerSet, routePageTab, routePages } = view.sections;
  const { setInfo, pageTab, pages, rowIdx, sigTop, sigPages, cells } = view.sections;
  const cellAt = (set: number, cls: number, port: number): number => {
    const page = pageTab[setInfo[set << 1]! + (cls >> 6)]! << 6;
    const row = (setInfo[(set << 1) + 1]! + pages[page + (cls & 63)]!) << 1;
    const columns = sigTop[rowIdx[row]! + (port >> 6)]! << 6;
    return cells[rowIdx[row + 1]! + sigPages[columns + (port & 63)]!]!;
  };
  for (let i = 0; i < flows.count; i++) {
    const src = flows.src[i]!;
    let srcClass = root4[src >>> 16]!;
    if ((srcClass & pointerBit4) !== 0) {
      srcClass = inner4[((srcClass & ~pointerBit4) << 8) | ((src >>> 8) & 255)]!;
      if ((srcClass & pointerBit4) !== 0) srcClass = leaf4[((srcClass & ~pointerBit4) << 8) | (src & 255)]!;
    }
    const dst = flows.dst[i]!;
    let dstClass = root4[dst >>> 16]!;
    if ((dstClass & pointerBit4) !== 0) {
      dstClass = inner4[((dstClass & ~pointerBit4) << 8) | ((dst >>> 8) & 255)]!;
      if ((dstClass & pointerBit4) !== 0) dstClass = leaf4[((dstClass & ~pointerBit4) << 8) | (dst & 255)]!;
    }
    const protocol = flows.protocol[i]!;
    const port = flows.dstPort[i]!;
    const portClass =
      portTab[protocol === TCP ? port : protocol === UDP ? UDP_OFFSET + port : PROTOCOL_OFFSET + protocol]!;
    const sender = flows.srcEni[i]! * ENI_STRIDE;
    const receiver = flows.dstEni[i]! * ENI_STRIDE;
    let set = eni[sender + EniWord.sgEgress]!;
    out.sgEgress[i] = set < 0 ? NO_ANSWER : cellRule[cellAt(set, dstClass, portClass)]!;
    set = eni[sender + EniWord.naclEgress]!;
    out.naclEgress[i] = set < 0 ? NO_ANSWER : cellRule[cellAt(set, dstClass, portClass)]!;
    set = eni[sender + EniWord.routeTable]!;
    out.route[i] =
      set < 0 ? NO_ANSWER : routePages[(routePageTab[set * pagesPerSet + (dstClass >> 6)]! << 6) + (dstClass & 63)]!;
    set = eni[receiver + EniWord.naclIngress]!;
    out.naclIngress[i] = set < 0 ? NO_ANSWER : cellRule[cellAt(set, srcClass, portClass)]!;
    set = eni[receiver + EniWord.sgIngress]!;
    out.sgIngress[i] = set < 0 ? NO_ANSWER : cellRule[cellAt(set, srcClass, portClass)]!;
  }
}

/** One layer alone: security groups of the receiver. */
export function judgeOneLayer(view: RulesView, flows: AccountFlows, out: Int32Array): void {
  const { eni, cellRule } = view;
  const { root4, inner4, leaf4, pointerBit4, portTab } = view.sections;
  const { setInfo, pageTab, pages, rowIdx, sigTop, sigPages, cells } = view.sections;
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
      if ((cls & pointerBit4) !== 0) cls = leaf4[((cls & ~pointerBit4) << 8) | (src & 255)]!;
    }
    const protocol = flows.protocol[i]!;
    const port = flows.dstPort[i]!;
    const portCls =
      portTab[protocol === TCP ? port : protocol === UDP ? UDP_OFFSET + port : PROTOCOL_OFFSET + protocol]!;
    const page = pageTab[setInfo[set << 1]! + (cls >> 6)]! << 6;
    const row = (setInfo[(set << 1) + 1]! + pages[page + (cls & 63)]!) << 1;
    const columns = sigTop[rowIdx[row]! + (portCls >> 6)]! << 6;
    out[i] = cellRule[cells[rowIdx[row + 1]! + sigPages[columns + (portCls & 63)]!]!]!;
  }
}

/**
 * The bound that needs no theory: the longest-prefix match of both address columns, and a pass that only writes five
 * columns.
 */
export function matchAddressesOnly(view: RulesView, flows: AccountFlows, out: LayerAnswers): void {
  const { root4, inner4, leaf4, pointerBit4 } = view.sections;
  for (let i = 0; i < flows.count; i++) {
    const src = flows.src[i]!;
    let srcClass = root4[src >>> 16]!;
    if ((srcClass & pointerBit4) !== 0) {
      srcClass = inner4[((srcClass & ~pointerBit4) << 8) | ((src >>> 8) & 255)]!;
      if ((srcClass & pointerBit4) !== 0) srcClass = leaf4[((srcClass & ~pointerBit4) << 8) | (src & 255)]!;
    }
    out.sgEgress[i] = srcClass;
  }
  for (let i = 0; i < flows.count; i++) {
    const dst = flows.dst[i]!;
    let dstClass = root4[dst >>> 16]!;
    if ((dstClass & pointerBit4) !== 0) {
      dstClass = inner4[((dstClass & ~pointerBit4) << 8) | ((dst >>> 8) & 255)]!;
      if ((dstClass & pointerBit4) !== 0) dstClass = leaf4[((dstClass & ~pointerBit4) << 8) | (dst & 255)]!;
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
