import { i32At, u16At, u32At, u8At } from './cells';
import {
  ENI_PRIMARY4,
  ENI_SET_ROUTE_TABLE,
  ENI_SUBNET,
  ENI_SUBNET_BASE4,
  ENI_SUBNET_MASK4,
  INTERFACE_FACTS,
  INTERFACE_FACT_TRANSIT_IN_SUBNET,
  INTERFACE_POD_VPC,
  OWN_ADDRESS,
  PRESENT_DST_PORT,
  PRESENT_PROTOCOL,
  ROUTE_KIND_TGW,
  SUBNET6_STRIDE,
  UDP,
} from './codes';
import { Batch, Side } from './columns';
import { isInBlock6, isInVpc4, isInVpc6, isVpcDescribed } from './owners';
import { addressClass4, eniSet, eniWord, routeOf } from './rules';
import { Tables } from './tables';

/**
 * True when the peer's address lies in the interface's own subnet: network ACLs judge only what crosses the subnet's
 * border (VPC User Guide, "Control subnet traffic with network access control lists").
 */
@inline
export function isOwnSubnet(batch: Batch, peer: Side, tables: Tables, i: u32, eni: u32): bool {
  return i32At(peer.addressClass, i) >= 0 && isInSubnet(batch, peer, tables, i, eni);
}

/** True when the address of a side lies in the subnet of interface `eni`. */
@inline
function isInSubnet(batch: Batch, side: Side, tables: Tables, i: u32, eni: u32): bool {
  const offset = i32At(side.address6, i);
  if (offset < 0) {
    const address = i32At(side.address4, i);
    return (address & eniWord(tables, eni, ENI_SUBNET_MASK4)) == eniWord(tables, eni, ENI_SUBNET_BASE4);
  }
  const subnet = eniWord(tables, eni, ENI_SUBNET);
  if (subnet < 0) return false;
  return isInBlock6(batch.v6 + (<usize>offset << 2), tables.subnet6 + (<usize>(<u32>subnet * SUBNET6_STRIDE) << 2));
}

/**
 * True when the peer is outside the CIDRs of the interface's VPC for certain: then it is outside its subnet too, even
 * of one that is not described.
 */
export function isOutsideVpc(batch: Batch, peer: Side, tables: Tables, i: u32, eni: u32): bool {
  const vpc = eniWord(tables, eni, INTERFACE_POD_VPC);
  if (!isVpcDescribed(tables, vpc)) return false;
  const offset = i32At(peer.address6, i);
  if (offset < 0) return !isInVpc4(tables, vpc, u32At(peer.address4, i));
  return !isInVpc6(tables, vpc, batch.v6 + (<usize>offset << 2));
}

/**
 * True when the request's route, seen from its sender's subnet, crosses an interface or GWLB endpoint: group references
 * match nothing then (VPC User Guide, "Security group rules": middlebox). An unknown sender has no known route; inside
 * one subnet none is asked.
 */
export function crossesMiddlebox(batch: Batch, tables: Tables, i: u32, egress: bool, requestEgress: bool): bool {
  const eni = i32At(batch.eni, i);
  const peer = egress ? batch.dst : batch.src;
  const peerEntry = i32At(peer.entry, i);
  const sender = requestEgress ? eni : peerEntry < 0 ? -1 : i32At(tables.entryEni, peerEntry);
  if (sender < 0) return false;
  const table = eniSet(tables, sender, ENI_SET_ROUTE_TABLE);
  if (table < 0) return false;
  const local = egress ? batch.src : batch.dst;
  const target = requestEgress ? i32At(peer.addressClass, i) : localClass(local, tables, i, eni);
  if (target < 0) return false;
  const route = routeOf(tables, table, target);
  if (route < 0 || u8At(tables.routeIsMiddlebox, route) != 1) return false;
  return !isInSubnet(batch, egress == requestEgress ? batch.dst : batch.src, tables, i, sender);
}

/** Class of the local side's address: the one on the wire, else the interface's primary. */
function localClass(local: Side, tables: Tables, i: u32, eni: u32): i32 {
  const cls = i32At(local.addressClass, i);
  return cls != OWN_ADDRESS ? cls : addressClass4(tables, eniWord(tables, eni, ENI_PRIMARY4));
}

/**
 * True when an ingress packet comes out of a transit gateway attachment in the interface's own subnet: no network ACL
 * is evaluated then (Transit Gateway guide, "Network ACLs for transit gateways"). The record does not name the
 * attachment; the way back toward the peer does.
 */
export function comesByOwnTransit(tables: Tables, eni: u32, peerClass: i32): bool {
  if ((eniWord(tables, eni, INTERFACE_FACTS) & INTERFACE_FACT_TRANSIT_IN_SUBNET) == 0 || peerClass < 0) return false;
  const table = eniSet(tables, eni, ENI_SET_ROUTE_TABLE);
  const route = table < 0 ? -1 : routeOf(tables, table, peerClass);
  return route >= 0 && u8At(tables.routeKind, route) == ROUTE_KIND_TGW;
}

const IP_IN_IP: u32 = 4;

/** Overlay CNIs (Calico, Flannel, Weave) tunnel between nodes: the pod inside cannot be seen. */
export function isTunnel(batch: Batch, i: u32): bool {
  const bits = u32At(batch.present, i);
  if ((bits & PRESENT_PROTOCOL) == 0) return false;
  const protocol = u8At(batch.protocol, i);
  if (protocol == IP_IN_IP) return true;
  if (protocol != UDP || (bits & PRESENT_DST_PORT) == 0) return false;
  const port = u16At(batch.dst.port, i);
  // VXLAN (Calico, Flannel), Linux VXLAN, Geneve, WireGuard
  if (port == 4789 || port == 8472 || port == 6081) return true;
  return port == 51820 || port == 51821 || port == 6783 || port == 6784;
}
