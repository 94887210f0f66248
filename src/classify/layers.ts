import { type FlowBatch, Present } from '../model/flow.ts';
import { Direction, NO_RULE, Role, RoleBasis, Verdict, type VerdictBatch } from '../model/verdict.ts';
import { InterfaceFact } from '../rules/interface-facts.ts';
import { cellOf, openPortClass, portClass } from '../rules/lookup.ts';
import { ClassFlag, ENI_STRIDE, EniWord, NO_SET, UNKNOWN_SET } from '../rules/view.ts';
import { comesByOwnTransit, crossesMiddlebox, isOutsideVpc, isOwnSubnet } from './peer.ts';
import type { Scratch, VersionTables } from './tables.ts';

const DNS_PORT = 53;

/** The layer does not apply, or cannot be judged: no cell. */
const NO_CELL = -1;

/**
 * Security group and network ACL of each row, the last step of the role ladder, and `predicted` with the rule that
 * decided. A reply is judged at the SG by the request's direction (connection tracking: EC2 User Guide, "Security group
 * connection tracking"), at the network ACL by its own (network ACLs are stateless).
 */
export function judgeLayers(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  from: number,
  to: number,
): void {
  clearLayers(verdicts, scratch, tables, from, to);
  const { classFlags } = tables.rules;
  const { eni, srcClass, dstClass } = scratch;
  const { direction } = verdicts;
  for (let i = from; i < to; i++) {
    if (direction[i] === Direction.unknown) continue;
    const egress = direction[i] === Direction.egress;
    const peerClass = egress ? dstClass[i]! : srcClass[i]!;
    if (peerClass >= 0 && isExempt(flow, classFlags[peerClass]!, tables, scratch, i, egress)) {
      verdicts.sgVerdict[i] = Verdict.exempt;
      verdicts.naclVerdict[i] = Verdict.exempt;
      verdicts.predicted[i] = Verdict.exempt;
      continue;
    }
    if (eni[i]! < 0) continue;
    judgeNetworkAcl(flow, verdicts, scratch, tables, i, eni[i]!, egress, peerClass);
    judgeSecurityGroups(flow, verdicts, scratch, tables, i, eni[i]!, egress, peerClass);
  }
}

/** What is said of a row that no layer judges. */
function clearLayers(verdicts: VerdictBatch, scratch: Scratch, tables: VersionTables, from: number, to: number): void {
  scratch.sgCell.fill(NO_CELL, from, to);
  scratch.naclCell.fill(NO_CELL, from, to);
  scratch.roleSplit.fill(0, from, to);
  verdicts.predicted.fill(Verdict.unknown, from, to);
  verdicts.sgRule.fill(NO_RULE, from, to);
  verdicts.naclRule.fill(NO_RULE, from, to);
  verdicts.sgVerdict.fill(Verdict.unknown, from, to);
  verdicts.naclVerdict.fill(Verdict.unknown, from, to);
  verdicts.policyVerdict.fill(tables.hasNetworkPolicies ? Verdict.unknown : Verdict.none, from, to);
}

/** Link-local services of AWS on every port, whatever interface asks; the VPC's resolver (base + 2) on port 53. */
function isExempt(
  flow: FlowBatch,
  flags: number,
  tables: VersionTables,
  scratch: Scratch,
  i: number,
  egress: boolean,
): boolean {
  if ((flags & (ClassFlag.exempt | ClassFlag.resolver)) === 0) return false;
  if ((flags & ClassFlag.exempt) !== 0) return true;
  const peerPort = egress ? flow.dstPort[i]! : flow.srcPort[i]!;
  const portBit = egress ? Present.dstPort : Present.srcPort;
  if ((flow.present[i]! & portBit) === 0 || peerPort !== DNS_PORT || scratch.eni[i]! < 0) return false;
  const { resolvers, eni } = tables.rules;
  const vpc = eni[scratch.eni[i]! * ENI_STRIDE + EniWord.vpc]!;
  const address = egress ? scratch.dst4[i]! : scratch.src4[i]!;
  for (let r = 0; r < resolvers.length; r += 2) if (resolvers[r] === vpc && resolvers[r + 1] === address) return true;
  return false;
}

/** Port class of the destination port, or of the source port: the service of a reply. What is not logged is open. */
function classOfPort(flow: FlowBatch, tables: VersionTables, i: number, source: boolean): number {
  const bits = flow.present[i]!;
  if ((bits & Present.protocol) === 0) return openPortClass(tables.rules, -1);
  const protocol = flow.protocol[i]!;
  if ((bits & (source ? Present.srcPort : Present.dstPort)) === 0) return openPortClass(tables.rules, protocol);
  return portClass(tables.rules, protocol, source ? flow.srcPort[i]! : flow.dstPort[i]!);
}

function judgeNetworkAcl(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  i: number,
  eni: number,
  egress: boolean,
  peerClass: number,
): void {
  const { rules } = tables;
  const fromTransit = !egress && (tables.facts.anyFlag & InterfaceFact.transitInSubnet) !== 0;
  if (isOwnSubnet(flow, scratch, rules, i, egress) || (fromTransit && comesByOwnTransit(tables, eni, peerClass))) {
    verdicts.naclVerdict[i] = Verdict.none;
    return;
  }
  const set = rules.eni[eni * ENI_STRIDE + (egress ? EniWord.naclEgress : EniWord.naclIngress)]!;
  const port = classOfPort(flow, tables, i, false);
  if (set === UNKNOWN_SET || peerClass < 0) return;
  if (rules.eni[eni * ENI_STRIDE + EniWord.subnet]! < 0 && !isOutsideVpc(flow, scratch, tables, i, egress)) return;
  const cell = cellOf(rules, set, peerClass, port);
  scratch.naclCell[i] = cell;
  verdicts.naclVerdict[i] = rules.cellVerdict[cell]!;
  verdicts.naclRule[i] = rules.cellRule[cell]!;
}

/** Cell of the SG layer when the record is taken as `role`; −1 = unknown, −2 = the interface has no groups. */
function securityGroupCell(
  flow: FlowBatch,
  scratch: Scratch,
  tables: VersionTables,
  i: number,
  eni: number,
  egress: boolean,
  peerClass: number,
  role: number,
): number {
  const { rules } = tables;
  // the request went out of this interface when this record is its egress half, or the reply to it coming in
  const requestEgress = egress === (role === Role.request);
  const set = rules.eni[eni * ENI_STRIDE + (requestEgress ? EniWord.sgEgress : EniWord.sgIngress)]!;
  if (set === NO_SET) return -2;
  const port = classOfPort(flow, tables, i, role !== Role.request);
  if (set === UNKNOWN_SET || peerClass < 0) return NO_CELL;
  const referencesVoid = rules.hasMiddleboxRoutes && crossesMiddlebox(flow, scratch, tables, i, egress, requestEgress);
  return cellOf(rules, referencesVoid ? set + 1 : set, peerClass, port);
}

function judgeSecurityGroups(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  i: number,
  eni: number,
  egress: boolean,
  peerClass: number,
): void {
  const { cellVerdict, cellRule } = tables.rules;
  let role = verdicts.role[i]!;
  const assumed = role === Role.unknown ? Role.request : role;
  let cell = securityGroupCell(flow, scratch, tables, i, eni, egress, peerClass, assumed);
  if (cell === -2) {
    verdicts.sgVerdict[i] = Verdict.none;
    return;
  }
  if (role === Role.unknown && peerClass >= 0) {
    const replyCell = securityGroupCell(flow, scratch, tables, i, eni, egress, peerClass, Role.reply);
    const asRequest = cell >= 0 ? cellVerdict[cell]! : Verdict.unknown;
    const asReply = replyCell >= 0 ? cellVerdict[replyCell]! : Verdict.unknown;
    if (asRequest === Verdict.unknown || asReply === Verdict.unknown) {
      cell = NO_CELL;
      scratch.roleSplit[i] = asRequest === asReply ? 0 : 1;
    } else if (asRequest !== asReply) {
      role = asRequest === Verdict.allow ? Role.request : Role.reply;
      verdicts.role[i] = role;
      verdicts.roleBasis[i] = RoleBasis.policy;
      if (role === Role.reply) cell = replyCell;
    }
  }
  if (cell < 0) return;
  scratch.sgCell[i] = cell;
  verdicts.sgVerdict[i] = cellVerdict[cell]!;
  verdicts.sgRule[i] = cellRule[cell]!;
}
