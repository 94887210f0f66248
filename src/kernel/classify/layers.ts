import { i32At, put32, put8, u16At, u32At, u8At } from './cells';
import {
  CLASS_FLAG_EXEMPT,
  CLASS_FLAG_RESOLVER,
  DIRECTION_EGRESS,
  DIRECTION_UNKNOWN,
  ENI_SET_NACL_EGRESS,
  ENI_SET_NACL_INGRESS,
  ENI_SET_SG_EGRESS,
  ENI_SET_SG_INGRESS,
  ENI_SUBNET,
  ENI_VPC,
  INTERFACE_FACT_TRANSIT_IN_SUBNET,
  NO_RULE,
  NO_SET,
  PRESENT_PROTOCOL,
  ROLE_BASIS_POLICY,
  ROLE_REPLY,
  ROLE_REQUEST,
  ROLE_UNKNOWN,
  UNKNOWN_SET,
  VERDICT_ALLOW,
  VERDICT_EXEMPT,
  VERDICT_NONE,
  VERDICT_UNKNOWN,
} from './codes';
import { Batch, Side } from './columns';
import { comesByOwnTransit, crossesMiddlebox, isOutsideVpc, isOwnSubnet } from './peer';
import { cellOf, classFlags, eniSet, eniWord, isResolver, openPortClass, portClass } from './rules';
import { Tables } from './tables';

const DNS_PORT: u32 = 53;

/** The layer does not apply, or cannot be judged: no cell; the interface has no groups. */
const NO_CELL: i32 = -1;
const NO_GROUPS: i32 = -2;

/**
 * Security group and network ACL of each row, the last step of the role ladder, and `predicted` with the rule that
 * decided. A reply is judged at the SG by the request's direction (connection tracking: EC2 User Guide, "Security group
 * connection tracking"), at the network ACL by its own (network ACLs are stateless).
 */
export function judgeLayers(batch: Batch, tables: Tables, from: u32, to: u32): void {
  clearLayers(batch, tables, from, to - from);
  const src = batch.src;
  const dst = batch.dst;
  const order = batch.order;
  for (let k = from; k < to; k++) {
    const i = u32At(order, k);
    const direction = u8At(batch.direction, i);
    if (direction == DIRECTION_UNKNOWN) continue;
    const egress = direction == DIRECTION_EGRESS;
    const peer = egress ? dst : src;
    const eni = i32At(batch.eni, i);
    const peerClass = i32At(peer.addressClass, i);
    if (peerClass >= 0 && isExempt(batch, peer, tables, i, eni, peerClass)) {
      put8(batch.sgVerdict, i, VERDICT_EXEMPT);
      put8(batch.naclVerdict, i, VERDICT_EXEMPT);
      put8(batch.predicted, i, VERDICT_EXEMPT);
      continue;
    }
    if (eni < 0) continue;
    judgeNetworkAcl(batch, peer, tables, i, eni, egress, peerClass);
    judgeSecurityGroups(batch, tables, i, eni, egress, peerClass);
  }
}

/** What is said of rows that no layer judges. */
function clearLayers(batch: Batch, tables: Tables, from: u32, count: u32): void {
  const words = <usize>from << 2;
  const bytes = <usize>count << 2;
  memory.fill(batch.sgCell + words, <u8>NO_CELL, bytes);
  memory.fill(batch.naclCell + words, <u8>NO_CELL, bytes);
  memory.fill(batch.sgRule + words, <u8>NO_RULE, bytes);
  memory.fill(batch.naclRule + words, <u8>NO_RULE, bytes);
  memory.fill(batch.roleSplit + from, 0, count);
  memory.fill(batch.predicted + from, <u8>VERDICT_UNKNOWN, count);
  memory.fill(batch.sgVerdict + from, <u8>VERDICT_UNKNOWN, count);
  memory.fill(batch.naclVerdict + from, <u8>VERDICT_UNKNOWN, count);
  memory.fill(batch.policyVerdict + from, <u8>(tables.hasNetworkPolicies != 0 ? VERDICT_UNKNOWN : VERDICT_NONE), count);
}

/** Link-local services of AWS on every port, whatever interface asks; the VPC's resolver (base + 2) on port 53. */
@inline
function isExempt(batch: Batch, peer: Side, tables: Tables, i: u32, eni: i32, cls: u32): bool {
  const flags = classFlags(tables, cls) & (CLASS_FLAG_EXEMPT | CLASS_FLAG_RESOLVER);
  if (flags == 0) return false;
  if ((flags & CLASS_FLAG_EXEMPT) != 0) return true;
  if ((u32At(batch.present, i) & peer.portBit) == 0 || u16At(peer.port, i) != DNS_PORT || eni < 0) return false;
  return isResolver(tables, eniWord(tables, eni, ENI_VPC), u32At(peer.address4, i));
}

/** Port class of the destination port, or of the source port: the service of a reply. What is not logged is open. */
@inline
function classOfPort(batch: Batch, tables: Tables, i: u32, side: Side): u32 {
  const bits = u32At(batch.present, i);
  if ((bits & PRESENT_PROTOCOL) == 0) return openPortClass(tables, -1);
  const protocol = u8At(batch.protocol, i);
  if ((bits & side.portBit) == 0) return openPortClass(tables, protocol);
  return portClass(tables, protocol, u16At(side.port, i));
}

@inline
function judgeNetworkAcl(batch: Batch, peer: Side, tables: Tables, i: u32, eni: u32, egress: bool, cls: i32): void {
  const fromTransit = !egress && (tables.anyFlag & INTERFACE_FACT_TRANSIT_IN_SUBNET) != 0;
  if (isOwnSubnet(batch, peer, tables, i, eni) || (fromTransit && comesByOwnTransit(tables, eni, cls))) {
    put8(batch.naclVerdict, i, VERDICT_NONE);
    return;
  }
  const set = eniSet(tables, eni, egress ? ENI_SET_NACL_EGRESS : ENI_SET_NACL_INGRESS);
  if (set == UNKNOWN_SET || cls < 0) return;
  if (eniWord(tables, eni, ENI_SUBNET) < 0 && !isOutsideVpc(batch, peer, tables, i, eni)) return;
  const cell = cellOf(tables, set, cls, classOfPort(batch, tables, i, batch.dst));
  put32(batch.naclCell, i, cell);
  put8(batch.naclVerdict, i, u8At(tables.cellVerdict, cell));
  put32(batch.naclRule, i, i32At(tables.cellRule, cell));
}

/** Cell of the SG layer when the record is taken as `role`; NO_CELL = unknown. */
function securityGroupCell(batch: Batch, tables: Tables, i: u32, eni: u32, egress: bool, cls: i32, role: u32): i32 {
  // the request went out of this interface when this record is its egress half, or the reply to it coming in
  const requestEgress = egress == (role == ROLE_REQUEST);
  const set = eniSet(tables, eni, requestEgress ? ENI_SET_SG_EGRESS : ENI_SET_SG_INGRESS);
  if (set == NO_SET) return NO_GROUPS;
  if (set == UNKNOWN_SET || cls < 0) return NO_CELL;
  const port = classOfPort(batch, tables, i, role != ROLE_REQUEST ? batch.src : batch.dst);
  const isVoid = tables.hasMiddleboxRoutes != 0 && crossesMiddlebox(batch, tables, i, egress, requestEgress);
  return cellOf(tables, isVoid ? set + 1 : set, cls, port);
}

@inline
function judgeSecurityGroups(batch: Batch, tables: Tables, i: u32, eni: u32, egress: bool, peerClass: i32): void {
  const role = u8At(batch.role, i);
  let cell = securityGroupCell(batch, tables, i, eni, egress, peerClass, role == ROLE_UNKNOWN ? ROLE_REQUEST : role);
  if (cell == NO_GROUPS) {
    put8(batch.sgVerdict, i, VERDICT_NONE);
    return;
  }
  if (role == ROLE_UNKNOWN && peerClass >= 0) {
    const replyCell = securityGroupCell(batch, tables, i, eni, egress, peerClass, ROLE_REPLY);
    const asRequest = cell >= 0 ? u8At(tables.cellVerdict, cell) : VERDICT_UNKNOWN;
    const asReply = replyCell >= 0 ? u8At(tables.cellVerdict, replyCell) : VERDICT_UNKNOWN;
    if (asRequest == VERDICT_UNKNOWN || asReply == VERDICT_UNKNOWN) {
      cell = NO_CELL;
      put8(batch.roleSplit, i, asRequest == asReply ? 0 : 1);
    } else if (asRequest != asReply) {
      const isRequest = asRequest == VERDICT_ALLOW;
      put8(batch.role, i, isRequest ? ROLE_REQUEST : ROLE_REPLY);
      put8(batch.roleBasis, i, ROLE_BASIS_POLICY);
      if (!isRequest) cell = replyCell;
    }
  }
  if (cell < 0) return;
  put32(batch.sgCell, i, cell);
  put8(batch.sgVerdict, i, u8At(tables.cellVerdict, cell));
  put32(batch.sgRule, i, i32At(tables.cellRule, cell));
}
