import { i32At, put8, u16At, u32At, u8At } from './cells';
import {
  ATTRIBUTION_CANDIDATES,
  BEHIND_ALL_PODS,
  BEHIND_HOST_PODS,
  BEHIND_NOBODY,
  DIRECTION_EGRESS,
  DIRECTION_UNKNOWN,
  EFFECTIVE_PACKET,
  ENI_KIND,
  ENI_VPC,
  HIDDEN_SRC,
  INTERFACE_PRIMARY_ENTRY,
  KIND_NAT_GATEWAY,
  KIND_NODE,
  NO_ADDRESS,
  PRESENT_PROTOCOL,
  TCP,
  UDP,
} from './codes';
import { Batch, Side } from './columns';
import { hasListener, hasPodsOnInterface, isInVpc4, nodeKey, windowEnd } from './owners';
import { isTunnel } from './peer';
import { eniWord } from './rules';
import { Tables } from './tables';
import { endOfWindow, startOfWindow } from './window';

/** Ports that source NAT draws from; below them a node answers itself. */
const SNAT_PORT_FIRST: u32 = 1024;
/** Bits of `behind` before those of the destination. */
const BEHIND_DST: u32 = 2;
/** Address at the other end that the record shows in no way: outside the VPC for certain. */
const UNSEEN: i64 = -1;
/** IPv6, or not there: nothing is translated then. */
const NOT_TRANSLATED: i64 = -2;

/**
 * Sides that are a node's own address toward the world outside its VPC: pods may stand behind it, by source NAT or
 * because they share it. They become candidates, never one of them. Seen at the node's primary interface, and at a NAT
 * gateway, which shows the node as its client.
 */
export function unmaskNodes(batch: Batch, tables: Tables, from: u32, to: u32): void {
  const src = batch.src;
  const dst = batch.dst;
  const order = batch.order;
  memory.fill(batch.behind + from, <u8>BEHIND_NOBODY, to - from);
  for (let k = from; k < to; k++) {
    const i = u32At(order, k);
    const eni = i32At(batch.eni, i);
    const direction = u8At(batch.direction, i);
    if (eni < 0 || direction == DIRECTION_UNKNOWN) continue;
    const atNat = eniWord(tables, eni, ENI_KIND) == KIND_NAT_GATEWAY;
    // at the node's interface it is the local side, at the gateway's the remote one
    const isSrc = (direction == DIRECTION_EGRESS) != atNat;
    const side = select<Side>(src, dst, isSrc);
    if (u8At(side.kind, i) != KIND_NODE) continue;
    unmaskSide(batch, side, select<Side>(dst, src, isSrc), tables, i, atNat);
  }
}

function unmaskSide(batch: Batch, side: Side, other: Side, tables: Tables, i: u32, atNat: bool): void {
  const node = i32At(side.owner, i);
  if (node < 0 || (!atNat && node != i32At(batch.eni, i))) return;
  const far = otherAddress(other, i, atNat);
  if (far == NOT_TRANSLATED) return;
  const vpc = eniWord(tables, node, ENI_VPC);
  // most of what a node logs stays in its VPC
  if (!leavesVpc(tables, vpc, far) && u8At(tables.snatAlways, node) == 0) return;
  if (i32At(tables.snatFirst, node) == i32At(tables.snatFirst, node + 1)) return;
  const hidden = (u8At(batch.hidden, i) & side.hiddenBit) != 0;
  // several twins name fewer candidates already
  if (hidden && u8At(batch.twinCount, i) > 1) return;
  const entry = i32At(side.entry, i);
  if (entry < 0 || entry != eniWord(tables, node, INTERFACE_PRIMARY_ENTRY)) return;
  const bits = u32At(batch.present, i);
  if (isTunnel(batch, i) || isOwnListener(batch, side, tables, bits, i, node)) return;
  const start = startOfWindow(batch, bits, i);
  const end = endOfWindow(batch, bits, i);
  const behind = podsBehind(tables, node, vpc, far, start, end);
  // a hidden side keeps the pods of its own interface, unless those of the whole node are possible
  if (behind == BEHIND_NOBODY || (hidden && behind == BEHIND_HOST_PODS)) return;
  put8(batch.behind, i, side.hiddenBit == HIDDEN_SRC ? behind : behind << BEHIND_DST);
  put8(side.attribution, i, ATTRIBUTION_CANDIDATES);
}

/** What the VPC's CIDRs are must be known. */
@inline
function leavesVpc(tables: Tables, vpc: i32, far: i64): bool {
  return vpc >= 0 && <u32>vpc < tables.keptVpcs && (far < 0 || !isInVpc4(tables, vpc, <u32>far));
}

/** IPv4 address at the other end, UNSEEN where a NAT gateway shows itself in its place, else NOT_TRANSLATED. */
function otherAddress(other: Side, i: u32, atNat: bool): i64 {
  if (i32At(other.addressClass, i) == NO_ADDRESS || i32At(other.address6, i) >= 0) return NOT_TRANSLATED;
  if (atNat && u8At(other.effective, i) != EFFECTIVE_PACKET) return UNSEEN;
  return <i64>u32At(other.address4, i);
}

/** True when the node itself serves at the port of its side: that is no connection that a pod began. */
function isOwnListener(batch: Batch, side: Side, tables: Tables, bits: u32, i: u32, node: u32): bool {
  if ((bits & side.portBit) == 0 || (bits & PRESENT_PROTOCOL) == 0) return false;
  const protocol = u8At(batch.protocol, i);
  if (protocol != TCP && protocol != UDP) return false;
  const port = u16At(side.port, i);
  return port < SNAT_PORT_FIRST || hasListener(tables, nodeKey(node), protocol, port);
}

/** Who may have sent what left under the node's address; see pods/snat.ts. */
function podsBehind(tables: Tables, node: u32, vpc: u32, far: i64, start: u32, end: u32): u32 {
  const always = u8At(tables.snatAlways, node) == 1;
  if (always || (tables.externalSnat == 0 && !isKept(tables, vpc, far))) {
    const last = u32At(tables.snatFirst, node + 1);
    for (let i = u32At(tables.snatFirst, node); i < last; i++) {
      if (hasPodsOnInterface(tables, u32At(tables.snatEnis, i), start, end)) return BEHIND_ALL_PODS;
    }
    return BEHIND_NOBODY;
  }
  return hasHostPods(tables, node, start, end) ? BEHIND_HOST_PODS : BEHIND_NOBODY;
}

/** Destinations that are not translated. */
function isKept(tables: Tables, vpc: u32, far: i64): bool {
  if (far < 0) return false;
  const last = u32At(tables.keptFirst, vpc + 1);
  for (let i = u32At(tables.keptFirst, vpc); i < last; i++) {
    if (((<u32>far ^ u32At(tables.kept, 2 * i)) & u32At(tables.kept, 2 * i + 1)) == 0) return true;
  }
  return false;
}

function hasHostPods(tables: Tables, eni: u32, start: u32, end: u32): bool {
  const from = min(start, end);
  const to = windowEnd(start, end);
  const last = u32At(tables.hostFirst, eni + 1);
  for (let i = u32At(tables.hostFirst, eni); i < last; i++) {
    if (<i64>u32At(tables.hostStart, i) < to && u32At(tables.hostEnd, i) > from) return true;
  }
  return false;
}
