import { type FlowBatch, Present } from '../model/flow.ts';
import { Attribution, Direction, Effective, Kind, type VerdictBatch } from '../model/verdict.ts';
import { hasListener, nodeKey } from '../pods/listeners.ts';
import { Behind, podsBehind } from '../pods/snat.ts';
import { ENI_STRIDE, EniWord } from '../rules/view.ts';
import { isTunnel } from './route.ts';
import { Hidden, NO_ADDRESS, type Scratch, type VersionTables } from './tables.ts';
import { windowEnd, windowStart } from './window.ts';

/** Ports that source NAT draws from; below them a node answers itself. */
const SNAT_PORT_FIRST = 1024;
/** Bits of Scratch.behind before those of the destination. */
const BEHIND_DST = 2;
/** Destination of a record that shows it in no way. */
const UNSEEN = -1;

/**
 * Sides that are a node's own address toward the world outside its VPC: pods may stand behind it, by source NAT or
 * because they share it. They become candidates, never one of them. Seen at the node's primary interface, and at a NAT
 * gateway, which shows the node as its client.
 */
export function unmaskNodes(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  from: number,
  to: number,
): void {
  const { srcKind, dstKind, direction } = verdicts;
  scratch.behind.fill(Behind.nobody, from, to);
  for (let i = from; i < to; i++) {
    if (srcKind[i] !== Kind.node && dstKind[i] !== Kind.node) continue;
    const eni = scratch.eni[i]!;
    if (eni < 0 || direction[i] === Direction.unknown) continue;
    const egress = direction[i] === Direction.egress;
    const atNat = tables.rules.eni[eni * ENI_STRIDE + EniWord.kind] === Kind.natGateway;
    // at the node's interface it is the local side, at the gateway's the remote one
    unmaskSide(flow, verdicts, scratch, tables, i, egress !== atNat, atNat);
  }
}

/** Code of pods/snat Behind that a row has for one side. */
export function behindSide(behind: number, side: 'src' | 'dst'): number {
  return side === 'src' ? behind & 3 : behind >> BEHIND_DST;
}

function unmaskSide(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  i: number,
  isSrc: boolean,
  atNat: boolean,
): void {
  const node = isSrc ? verdicts.srcOwner[i]! : verdicts.dstOwner[i]!;
  if (node < 0 || (isSrc ? verdicts.srcKind[i] : verdicts.dstKind[i]) !== Kind.node) return;
  const { pods, rules, snat } = tables;
  if (snat.first[node] === snat.first[node + 1]) return;
  if (!atNat && node !== scratch.eni[i]) return;
  const hidden = (scratch.hidden[i]! & (isSrc ? Hidden.src : Hidden.dst)) !== 0;
  // several twins name fewer candidates already
  if (hidden && scratch.twinCount[i]! > 1) return;
  const entry = isSrc ? scratch.srcEntry[i]! : scratch.dstEntry[i]!;
  if (entry < 0 || entry !== pods.eniPrimaryEntry[node]) return;
  const other = otherAddress(verdicts, scratch, i, isSrc, atNat);
  if (other === null || isTunnel(flow, i) || isOwnListener(flow, tables, i, node, isSrc)) return;
  const start = windowStart(flow, i);
  const end = windowEnd(flow, i);
  const vpc = rules.eni[node * ENI_STRIDE + EniWord.vpc]!;
  const behind = podsBehind(snat, pods, node, vpc, other, start, end);
  // a hidden side keeps the pods of its own interface, unless those of the whole node are possible
  if (behind === Behind.nobody || (hidden && behind === Behind.hostPods)) return;
  scratch.behind[i] = isSrc ? behind : behind << BEHIND_DST;
  if (isSrc) verdicts.srcAttribution[i] = Attribution.candidates;
  else verdicts.dstAttribution[i] = Attribution.candidates;
}

/**
 * Address at the other end, UNSEEN where a NAT gateway shows itself in its place, null when it is IPv6 or not there:
 * nothing is translated then.
 */
function otherAddress(
  verdicts: VerdictBatch,
  scratch: Scratch,
  i: number,
  isSrc: boolean,
  atNat: boolean,
): number | null {
  const addressClass = isSrc ? scratch.dstClass[i]! : scratch.srcClass[i]!;
  const six = isSrc ? scratch.dst6[i]! : scratch.src6[i]!;
  if (addressClass === NO_ADDRESS || six >= 0) return null;
  const effective = isSrc ? verdicts.dstEffective[i]! : verdicts.srcEffective[i]!;
  if (atNat && effective !== Effective.packet) return UNSEEN;
  return isSrc ? scratch.dst4[i]! : scratch.src4[i]!;
}

/** True when the node itself serves at the port of its side: that is no connection that a pod began. */
function isOwnListener(flow: FlowBatch, tables: VersionTables, i: number, node: number, isSrc: boolean): boolean {
  const bit = isSrc ? Present.srcPort : Present.dstPort;
  if ((flow.present[i]! & bit) === 0 || (flow.present[i]! & Present.protocol) === 0) return false;
  const protocol = flow.protocol[i]!;
  if (protocol !== 6 && protocol !== 17) return false;
  const port = isSrc ? flow.srcPort[i]! : flow.dstPort[i]!;
  return port < SNAT_PORT_FIRST || hasListener(tables.pods, nodeKey(node), protocol, port);
}
