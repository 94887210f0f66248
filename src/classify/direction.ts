import { type FlowBatch, Present, V6_WORDS } from '../model/flow.ts';
import { Direction, Effective, type VerdictBatch } from '../model/verdict.ts';
import { ownerEntry4, ownerEntry6 } from '../pods/lookup.ts';
import { addressClass4 } from '../rules/lookup.ts';
import { ENI_STRIDE, EniWord } from '../rules/view.ts';
import { Hidden, OWN_ADDRESS, type Scratch, type VersionTables } from './tables.ts';

/**
 * Direction seen from the interface: `flow-direction`, else whether exactly one of srcaddr and dstaddr belongs to the
 * interface, else unknown. Then hides the local side that only shows the interface's primary address: the default
 * format does not tell which of its addresses was used (VPC User Guide, "Flow log limitations").
 */
export function decideDirection(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  from: number,
  to: number,
): void {
  const { present, flowDirection } = flow;
  const { direction, srcEffective, dstEffective } = verdicts;
  const { eni, hidden, srcEntry, dstEntry, srcClass, dstClass } = scratch;
  const { rules } = tables;
  const { entryEni } = tables.pods;
  for (let i = from; i < to; i++) {
    hidden[i] = 0;
    const e = eni[i]!;
    if ((present[i]! & Present.flowDirection) !== 0) {
      direction[i] = flowDirection[i]!;
    } else if (e < 0) {
      direction[i] = Direction.unknown;
      continue;
    } else {
      const src = srcEffective[i] === Effective.packet ? recordEntry(flow, tables, e, i, true) : srcEntry[i]!;
      const dst = dstEffective[i] === Effective.packet ? recordEntry(flow, tables, e, i, false) : dstEntry[i]!;
      const srcOwn = src >= 0 && entryEni[src] === e;
      const dstOwn = dst >= 0 && entryEni[dst] === e;
      direction[i] = srcOwn === dstOwn ? Direction.unknown : srcOwn ? Direction.egress : Direction.ingress;
    }
    if (e < 0) continue;
    const peerClass = direction[i] === Direction.egress ? dstClass : srcClass;
    if (peerClass[i] === OWN_ADDRESS) {
      // a packet of the interface to itself: its own address is the peer that the rules see
      peerClass[i] = addressClass4(rules, rules.eni[e * ENI_STRIDE + EniWord.primary4]!);
    }
    if (rules.eni[e * ENI_STRIDE + EniWord.hasSecondary] === 1) hide(verdicts, scratch, tables, e, i);
  }
}

/** Owner entry of srcaddr or dstaddr itself, where pkt-* is the effective address but no flow-direction is logged. */
function recordEntry(flow: FlowBatch, tables: VersionTables, eni: number, row: number, source: boolean): number {
  const bits = flow.present[row]!;
  const vpc = tables.pods.eniVpc[eni]!;
  if ((bits & (source ? Present.srcAddr : Present.dstAddr)) === 0) return -1;
  if ((bits & (source ? Present.srcAddrV6 : Present.dstAddrV6)) !== 0) {
    const at = row * V6_WORDS.perRow + (source ? V6_WORDS.srcAddr : V6_WORDS.dstAddr);
    const { v6 } = flow;
    return ownerEntry6(tables.pods, vpc, v6[at]!, v6[at + 1]!, v6[at + 2]!, v6[at + 3]!);
  }
  return ownerEntry4(tables.pods, vpc, source ? flow.srcAddr[row]! : flow.dstAddr[row]!);
}

function hide(verdicts: VerdictBatch, scratch: Scratch, tables: VersionTables, eni: number, row: number): void {
  const primary = tables.pods.eniPrimaryEntry[eni]!;
  const { src6, dst6, srcEntry, dstEntry, hidden } = scratch;
  const direction = verdicts.direction[row]!;
  if (primary < 0) return;
  // the far side's address is the packet's own, even where it is this interface's
  const mayBeSrc = direction !== Direction.ingress && verdicts.srcEffective[row] === Effective.record;
  if (mayBeSrc && src6[row]! < 0 && srcEntry[row] === primary) {
    verdicts.srcEffective[row] = Effective.none;
    hidden[row] = Hidden.src;
  }
  const mayBeDst = direction !== Direction.egress && verdicts.dstEffective[row] === Effective.record;
  if (mayBeDst && dst6[row]! < 0 && dstEntry[row] === primary) {
    verdicts.dstEffective[row] = Effective.none;
    hidden[row] = hidden[row]! | Hidden.dst;
  }
}
