import { i32At, put32, put8, u32At, u8At } from './cells';
import {
  ATTRIBUTION_EXACT,
  DIRECTION_EGRESS,
  DIRECTION_UNKNOWN,
  EFFECTIVE_RECORD,
  ENI_SET_LOCAL_ROUTE4,
  ENI_SET_LOCAL_ROUTE6,
  ENI_NODE,
  ENI_SET_ROUTE_TABLE,
  ENI_ZONE,
  KIND_NODE,
  NO_ROUTER,
  NO_RULE,
  PATH_CROSS_AZ,
  PATH_INTERNET,
  PATH_NAT,
  PATH_OVERLAY,
  PATH_PEERING,
  PATH_SAME_AZ,
  PATH_SAME_NODE,
  PATH_TGW,
  PATH_UNKNOWN,
  PATH_VPC_ENDPOINT,
  PATH_VPN,
  ROUTE_KIND_CAGW,
  ROUTE_KIND_EIGW,
  ROUTE_KIND_ENI,
  ROUTE_KIND_IGW,
  ROUTE_KIND_LOCAL,
  ROUTE_KIND_NAT,
  ROUTE_KIND_NONE,
  ROUTE_KIND_NULL,
  ROUTE_KIND_PCX,
  ROUTE_KIND_TGW,
  ROUTE_KIND_UNKNOWN,
  ROUTE_KIND_VGW,
  ROUTE_KIND_VPCE,
  VERDICT_EXEMPT,
} from './codes';
import { Batch, Side } from './columns';
import { isOwnSubnet, isTunnel } from './peer';
import { eniSet, eniWord, routeOf } from './rules';
import { Tables } from './tables';

/** Answers that are no rule, besides −1 (no route): routeOf's, and that of a subnet without a local route. */
const NOT_KNOWN: i32 = -2;
const INSIDE: i32 = -3;

/**
 * Route columns (egress records only) and the path. The path of an ingress record is that of the way back: the route
 * of the interface's own subnet toward the peer.
 */
export function decideRoute(batch: Batch, tables: Tables, from: u32, to: u32): void {
  const count = to - from;
  memory.fill(batch.routeKind + from, <u8>ROUTE_KIND_NULL, count);
  memory.fill(batch.route + (<usize>from << 2), <u8>NO_RULE, <usize>count << 2);
  memory.fill(batch.path + from, <u8>PATH_UNKNOWN, count);
  const src = batch.src;
  const dst = batch.dst;
  const order = batch.order;
  for (let k = from; k < to; k++) {
    const i = u32At(order, k);
    const direction = u8At(batch.direction, i);
    if (direction == DIRECTION_UNKNOWN || u8At(batch.predicted, i) == VERDICT_EXEMPT) continue;
    const egress = direction == DIRECTION_EGRESS;
    const peer = egress ? dst : src;
    const eni = i32At(batch.eni, i);
    if (eni < 0) {
      if (egress) put8(batch.routeKind, i, ROUTE_KIND_UNKNOWN);
      continue;
    }
    const found = routeToward(batch, peer, tables, i, eni);
    let kind = found == NOT_KNOWN ? ROUTE_KIND_UNKNOWN : ROUTE_KIND_NONE;
    if (found >= 0) kind = u8At(tables.routeKind, found);
    else if (found == INSIDE) kind = ROUTE_KIND_LOCAL;
    if (egress) {
      put8(batch.routeKind, i, kind);
      if (found >= 0) put32(batch.route, i, found);
      else if (found == INSIDE) put32(batch.route, i, NO_ROUTER);
    }
    put8(batch.path, i, pathOf(batch, peer, tables, i, eni, kind));
  }
}

/** Rule index of the route from interface `eni` toward the peer; −1 = none, NOT_KNOWN, INSIDE. */
@inline
function routeToward(batch: Batch, peer: Side, tables: Tables, i: u32, eni: u32): i32 {
  const peerClass = i32At(peer.addressClass, i);
  if (peerClass < 0) return NOT_KNOWN;
  // inside its subnet a packet never meets its router: of the table only the local route holds there
  if (isOwnSubnet(batch, peer, tables, i, eni)) {
    const is4 = i32At(peer.address6, i) < 0;
    const local = eniSet(tables, eni, is4 ? ENI_SET_LOCAL_ROUTE4 : ENI_SET_LOCAL_ROUTE6);
    return local < 0 ? INSIDE : local;
  }
  const table = eniSet(tables, eni, ENI_SET_ROUTE_TABLE);
  return table < 0 ? NOT_KNOWN : routeOf(tables, table, peerClass);
}

@inline
function pathOf(batch: Batch, peer: Side, tables: Tables, i: u32, eni: u32, kind: u32): u32 {
  if (u8At(batch.src.kind, i) == KIND_NODE && u8At(batch.dst.kind, i) == KIND_NODE && isTunnel(batch, i)) {
    nameTunnelEnds(batch, i);
    return PATH_OVERLAY;
  }
  if (kind != ROUTE_KIND_LOCAL && kind != ROUTE_KIND_ENI) return pathOfKind(kind);
  const entry = i32At(peer.entry, i);
  if (entry < 0) return PATH_UNKNOWN;
  const peerEni = i32At(tables.entryEni, entry);
  if (peerEni < 0) return PATH_UNKNOWN;
  const node = eniWord(tables, eni, ENI_NODE);
  if (node >= 0 && node == eniWord(tables, peerEni, ENI_NODE)) return PATH_SAME_NODE;
  const zone = eniWord(tables, eni, ENI_ZONE);
  const peerZone = eniWord(tables, peerEni, ENI_ZONE);
  if (zone < 0 || peerZone < 0) return PATH_UNKNOWN;
  return zone == peerZone ? PATH_SAME_AZ : PATH_CROSS_AZ;
}

/** Path of traffic that leaves by a route kind; `local` is decided by the zones of both ends. */
function pathOfKind(kind: u32): u32 {
  switch (kind) {
    case ROUTE_KIND_IGW:
    case ROUTE_KIND_EIGW:
    case ROUTE_KIND_CAGW:
      return PATH_INTERNET;
    case ROUTE_KIND_NAT:
      return PATH_NAT;
    case ROUTE_KIND_TGW:
      return PATH_TGW;
    case ROUTE_KIND_PCX:
      return PATH_PEERING;
    case ROUTE_KIND_VPCE:
      return PATH_VPC_ENDPOINT;
    case ROUTE_KIND_VGW:
      return PATH_VPN;
    default:
      return PATH_UNKNOWN;
  }
}

/** The ends of a tunnel are the nodes themselves: no pod of the interface is a candidate. */
function nameTunnelEnds(batch: Batch, i: u32): void {
  const hidden = u8At(batch.hidden, i);
  nameTunnelEnd(batch.src, hidden, i);
  nameTunnelEnd(batch.dst, hidden, i);
  put8(batch.hidden, i, 0);
}

function nameTunnelEnd(side: Side, hidden: u32, i: u32): void {
  if ((hidden & side.hiddenBit) == 0) return;
  put8(side.attribution, i, ATTRIBUTION_EXACT);
  put8(side.effective, i, EFFECTIVE_RECORD);
}
