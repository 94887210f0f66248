import { i32At, put32, put8, u16At, u32At, u8At } from './cells';
import {
  ATTRIBUTION_EXACT,
  ATTRIBUTION_INFERRED,
  KIND_NODE,
  KIND_POD,
  NO_SERVICE,
  PRESENT_DST_PORT,
  PRESENT_PROTOCOL,
  PRESENT_SRC_PORT,
  ROLE_BASIS_FLAGS,
  ROLE_BASIS_LISTENER,
  ROLE_BASIS_PAIR,
  ROLE_REPLY,
  ROLE_REQUEST,
  TCP,
  UDP,
} from './codes';
import { Batch, Side } from './columns';
import { isListenerPort, isOwnAddress, nodeKey, ownerSlot, podKey, windowEnd } from './owners';
import { Tables } from './tables';
import { endOfWindow, startOfWindow } from './window';

const PORT_BITS: u32 = PRESENT_SRC_PORT | PRESENT_DST_PORT | PRESENT_PROTOCOL;

/**
 * Names who answers at the port of the serving side: the Services of a pod's port or of a NodePort, and the pod behind
 * a port of its node. The serving side is the destination of a request and the source of a reply; while the role is not
 * known either may be. Unless `named`, only for the pod: Services are told in rows alone.
 */
export function nameServed(batch: Batch, tables: Tables, named: bool, from: u32, to: u32): void {
  const src = batch.src;
  const dst = batch.dst;
  const order = batch.order;
  for (let k = from; k < to; k++) {
    const i = u32At(order, k);
    if (named) {
      put32(src.service, i, NO_SERVICE);
      put32(dst.service, i, NO_SERVICE);
    } else if (u8At(src.kind, i) != KIND_NODE && u8At(dst.kind, i) != KIND_NODE) continue;
    if ((u32At(batch.present, i) & PORT_BITS) != PORT_BITS) continue;
    const protocol = u8At(batch.protocol, i);
    if (protocol != TCP && protocol != UDP) continue;
    const role = u8At(batch.role, i);
    const isUdp = protocol == UDP;
    const mayBeDst = role != ROLE_REPLY && isListenerPort(tables, isUdp, u16At(dst.port, i));
    const mayBeSrc = role != ROLE_REQUEST && isListenerPort(tables, isUdp, u16At(src.port, i));
    if (mayBeDst) nameSide(batch, dst, tables, named, i);
    if (mayBeSrc) nameSide(batch, src, tables, named, i);
  }
}

function nameSide(batch: Batch, side: Side, tables: Tables, named: bool, i: u32): void {
  const owner = i32At(side.owner, i);
  if (owner < 0 || (u8At(batch.hidden, i) & side.hiddenBit) != 0) return;
  const word = (u8At(batch.protocol, i) << 16) | u16At(side.port, i);
  const kind = u8At(side.kind, i);
  if (kind == KIND_POD) {
    if (named) put32(side.service, i, serviceAt(tables, podKey(owner), word));
    return;
  }
  const entry = i32At(side.entry, i);
  if (kind != KIND_NODE || entry < 0 || !isOwnAddress(tables, entry, owner)) return;
  if (named) put32(side.service, i, serviceAt(tables, nodeKey(owner), word));
  // a port drawn by source NAT may be any: that the node serves there must be told by flags or declared listeners
  const basis = u8At(batch.roleBasis, i);
  if (basis != ROLE_BASIS_FLAGS && basis != ROLE_BASIS_LISTENER && basis != ROLE_BASIS_PAIR) return;
  const pod = hostPodAt(batch, tables, i, owner, word);
  if (pod < 0) return;
  put32(side.owner, i, pod);
  put8(side.kind, i, KIND_POD);
  if (u8At(side.attribution, i) != ATTRIBUTION_EXACT || !wasThere) put8(side.attribution, i, ATTRIBUTION_INFERRED);
  if (named) put32(side.service, i, serviceAt(tables, podKey(pod), word));
}

/** Value of (owner key, protocol and port) in a table of pods/services.ts, −1 = none. */
function find(table: usize, mask: u32, owner: u32, word: u32): i32 {
  let slot = ownerSlot(owner, word) & mask;
  for (let key = u32At(table, slot * 3); key != 0; key = u32At(table, slot * 3)) {
    if (key == owner && u32At(table, slot * 3 + 1) == word) return i32At(table, slot * 3 + 2);
    slot = (slot + 1) & mask;
  }
  return -1;
}

/** Number of the Services that answer at a port of an owner, NO_SERVICE = none. */
@inline
function serviceAt(tables: Tables, owner: u32, word: u32): i32 {
  return find(tables.services, tables.serviceMask, owner, word);
}

/** Whether the pod of the last hostPodAt was there for the whole window: its second result. */
let wasThere = false;

/** The one pod that was behind a port of a node's interface in the row's window; −1 = none, or several. */
function hostPodAt(batch: Batch, tables: Tables, i: u32, eni: u32, word: u32): i32 {
  const at = find(tables.hosts, tables.hostMask, nodeKey(eni), word);
  if (at < 0) return -1;
  const bits = u32At(batch.present, i);
  const start = startOfWindow(batch, bits, i);
  const end = endOfWindow(batch, bits, i);
  const from = min(start, end);
  const to = windowEnd(start, end);
  let found: i32 = -1;
  wasThere = false;
  const last = <u32>at + 1 + 3 * u32At(tables.hostPods, at);
  for (let p = <u32>at + 1; p < last; p += 3) {
    const pod = i32At(tables.hostPods, p);
    const since = u32At(tables.hostPods, p + 1);
    const until = u32At(tables.hostPods, p + 2);
    if (<i64>since >= to || until <= from) continue;
    if (found >= 0 && found != pod) return -1;
    found = pod;
    wasThere = wasThere || (since <= from && <i64>until >= to);
  }
  return found;
}
