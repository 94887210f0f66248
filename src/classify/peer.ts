import type { FlowBatch } from '../model/flow.ts';
import { routeKindCode } from '../model/verdict.ts';
import { isOutsideVpc4, isOutsideVpc6 } from '../pods/lookup.ts';
import { InterfaceFact } from '../rules/interface-facts.ts';
import { addressClass4, routeOf } from '../rules/lookup.ts';
import { ENI_STRIDE, EniWord, type RulesView, SUBNET6_STRIDE } from '../rules/view.ts';
import { OWN_ADDRESS, type Scratch, type VersionTables } from './tables.ts';

/**
 * True when the peer's address lies in the interface's own subnet: network ACLs judge only what crosses the subnet's
 * border (VPC User Guide, "Control subnet traffic with network access control lists").
 */
export function isOwnSubnet(flow: FlowBatch, scratch: Scratch, rules: RulesView, i: number, egress: boolean): boolean {
  if ((egress ? scratch.dstClass[i]! : scratch.srcClass[i]!) < 0) return false;
  return isInSubnet(flow, scratch, rules, i, egress, scratch.eni[i]!);
}

/** True when the address of a side (`destination`, else source) lies in the subnet of interface `eni`. */
function isInSubnet(
  flow: FlowBatch,
  scratch: Scratch,
  rules: RulesView,
  i: number,
  destination: boolean,
  eni: number,
): boolean {
  const at = eni * ENI_STRIDE;
  const offset = destination ? scratch.dst6[i]! : scratch.src6[i]!;
  if (offset < 0) {
    const address = destination ? scratch.dst4[i]! : scratch.src4[i]!;
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
 * True when the peer is outside the CIDRs of the interface's VPC for certain: then it is outside its subnet too, even
 * of one that is not described.
 */
export function isOutsideVpc(
  flow: FlowBatch,
  scratch: Scratch,
  tables: VersionTables,
  i: number,
  egress: boolean,
): boolean {
  const { pods } = tables;
  const vpc = pods.eniVpc[scratch.eni[i]!]!;
  const at = egress ? scratch.dst6[i]! : scratch.src6[i]!;
  if (at < 0) return isOutsideVpc4(pods, vpc, egress ? scratch.dst4[i]! : scratch.src4[i]!);
  return isOutsideVpc6(pods, vpc, flow.v6[at]!, flow.v6[at + 1]!, flow.v6[at + 2]!, flow.v6[at + 3]!);
}

/**
 * True when the request's route, seen from its sender's subnet, crosses an interface or GWLB endpoint: group references
 * match nothing then (VPC User Guide, "Security group rules": middlebox). An unknown sender has no known route; inside
 * one subnet none is asked.
 */
export function crossesMiddlebox(
  flow: FlowBatch,
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
  if (route < 0 || rules.routeIsMiddlebox[route] !== 1) return false;
  return !isInSubnet(flow, scratch, rules, i, egress === requestEgress, sender);
}

const TRANSIT = routeKindCode('tgw');

/**
 * True when an ingress packet comes out of a transit gateway attachment in the interface's own subnet: no network ACL
 * is evaluated then (Transit Gateway guide, "Network ACLs for transit gateways"). The record does not name the
 * attachment; the way back toward the peer does.
 */
export function comesByOwnTransit(tables: VersionTables, eni: number, peerClass: number): boolean {
  const { rules, facts } = tables;
  if ((facts.flags[eni]! & InterfaceFact.transitInSubnet) === 0 || peerClass < 0) return false;
  const table = rules.eni[eni * ENI_STRIDE + EniWord.routeTable]!;
  const route = table < 0 ? -1 : routeOf(rules, table, peerClass);
  return route >= 0 && rules.routeKind[route] === TRANSIT;
}

/** Class of the local side's address: the one on the wire, else the interface's primary. */
function localClass(scratch: Scratch, rules: RulesView, i: number, egress: boolean): number {
  const cls = egress ? scratch.srcClass[i]! : scratch.dstClass[i]!;
  if (cls !== OWN_ADDRESS) return cls;
  return addressClass4(rules, rules.eni[scratch.eni[i]! * ENI_STRIDE + EniWord.primary4]! >>> 0);
}
