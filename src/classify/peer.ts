import type { FlowBatch } from '../model/flow.ts';
import { addressClass4, routeOf } from '../rules/lookup.ts';
import { ENI_STRIDE, EniWord, type RulesView, SUBNET6_STRIDE } from '../rules/view.ts';
import { OWN_ADDRESS, type Scratch, type VersionTables } from './tables.ts';

/**
 * True when the peer's address lies in the interface's own subnet: network ACLs judge only what crosses the subnet's
 * border (VPC User Guide, "Control subnet traffic with network access control lists").
 */
export function isOwnSubnet(flow: FlowBatch, scratch: Scratch, rules: RulesView, i: number, egress: boolean): boolean {
  const at = scratch.eni[i]! * ENI_STRIDE;
  const offset = egress ? scratch.dst6[i]! : scratch.src6[i]!;
  if ((egress ? scratch.dstClass[i]! : scratch.srcClass[i]!) < 0) return false;
  if (offset < 0) {
    const address = egress ? scratch.dst4[i]! : scratch.src4[i]!;
    return (address & rules.eni[at + EniWord.subnetMask4]!) === rules.eni[at + EniWord.subnetBase4]!;
  }
  const subnet = rules.eni[at + EniWord.subnet]!;
  if (subnet < 0) return false;
  const { v6 } = flow;
  const { subnet6 } = rules;
  const base = subnet * SUBNET6_STRIDE;
  for (let w = 0; w < 4; w++) if (((v6[offset + w]! ^ subnet6[base + w]!) & subnet6[base + 4 + w]!) !== 0) return false;
  return true;
}

/**
 * True when the request's route, seen from its sender's subnet, crosses an interface or GWLB endpoint: group references
 * match nothing then (VPC User Guide, "Security group rules": middlebox). An unknown sender has no known route.
 */
export function crossesMiddlebox(
  scratch: Scratch,
  tables: VersionTables,
  i: number,
  egress: boolean,
  requestEgress: boolean,
): boolean {
  const { rules, pods } = tables;
  const eni = scratch.eni[i]!;
  const peerEntry = egress ? scratch.dstEntry[i]! : scratch.srcEntry[i]!;
  const sender = requestEgress ? eni : peerEntry < 0 ? -1 : pods.entryEni[peerEntry]!;
  if (sender < 0) return false;
  const table = rules.eni[sender * ENI_STRIDE + EniWord.routeTable]!;
  if (table < 0) return false;
  const peerClass = egress ? scratch.dstClass[i]! : scratch.srcClass[i]!;
  const target = requestEgress ? peerClass : localClass(scratch, rules, i, egress);
  if (target < 0) return false;
  const route = routeOf(rules, table, target);
  return route >= 0 && rules.routeIsMiddlebox[route] === 1;
}

/** Class of the local side's address: the one on the wire, else the interface's primary. */
function localClass(scratch: Scratch, rules: RulesView, i: number, egress: boolean): number {
  const cls = egress ? scratch.srcClass[i]! : scratch.dstClass[i]!;
  if (cls !== OWN_ADDRESS) return cls;
  return addressClass4(rules, rules.eni[scratch.eni[i]! * ENI_STRIDE + EniWord.primary4]! >>> 0);
}
