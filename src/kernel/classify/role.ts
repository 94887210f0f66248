import { i32At, put8, u16At, u32At, u8At } from './cells';
import {
  ACTION_REJECT,
  KIND_LOAD_BALANCER,
  KIND_POD,
  PRESENT_ACTION,
  PRESENT_DST_PORT,
  PRESENT_PROTOCOL,
  PRESENT_SRC_PORT,
  PRESENT_TCP_FLAGS,
  ROLE_BASIS_FLAGS,
  ROLE_BASIS_LISTENER,
  ROLE_BASIS_NONE,
  ROLE_BASIS_PORT,
  ROLE_BASIS_REJECT,
  ROLE_REPLY,
  ROLE_REQUEST,
  ROLE_UNKNOWN,
  TCP,
  UDP,
} from './codes';
import { Batch, Side } from './columns';
import { anyPodListens } from './holders';
import { hasListener, hiddenKey, isListenerPort, isOwnAddress, nodeKey, podKey } from './owners';
import { hostOfSide } from './strays';
import { Tables } from './tables';
import { endOfWindow, startOfWindow } from './window';

/** tcp-flags of a SYN-ACK, and of a SYN (VPC User Guide, "Flow log record fields"). */
const SYN_ACK: u32 = 18;
const SYN: u32 = 2;
const FIRST_UNPRIVILEGED_PORT: u32 = 1024;
/** Linux's ephemeral range starts here; a client port. */
const FIRST_EPHEMERAL_PORT: u32 = 32768;

const PORT_BITS: u32 = PRESENT_SRC_PORT | PRESENT_DST_PORT | PRESENT_PROTOCOL;

/** Steps 1 and 2 of the role ladder: tcp-flags, declared listeners. Other rows become `unknown`/`none`. */
export function rolesByEvidence(batch: Batch, tables: Tables, from: u32, to: u32): void {
  const order = batch.order;
  for (let k = from; k < to; k++) {
    const i = u32At(order, k);
    const bits = u32At(batch.present, i);
    const protocol = u8At(batch.protocol, i);
    let role = ROLE_UNKNOWN;
    let basis = ROLE_BASIS_NONE;
    const flags = (bits & PRESENT_TCP_FLAGS) != 0 ? u8At(batch.tcpFlags, i) : 0;
    if ((flags & SYN) != 0 && ((bits & PRESENT_PROTOCOL) == 0 || protocol == TCP)) {
      role = (flags & SYN_ACK) == SYN_ACK ? ROLE_REPLY : ROLE_REQUEST;
      basis = ROLE_BASIS_FLAGS;
    } else if (hasPorts(bits, protocol)) {
      role = roleByListener(batch, tables, bits, protocol, i);
      if (role != ROLE_UNKNOWN) basis = ROLE_BASIS_LISTENER;
    }
    put8(batch.role, i, role);
    put8(batch.roleBasis, i, basis);
  }
}

/** Steps 3 and 4, of the rows that are still without a role: what is rejected is a request; ports. */
export function rolesByGuess(batch: Batch, from: u32, to: u32): void {
  const order = batch.order;
  for (let k = from; k < to; k++) {
    const i = u32At(order, k);
    if (u8At(batch.roleBasis, i) != ROLE_BASIS_NONE) continue;
    const bits = u32At(batch.present, i);
    if ((bits & PRESENT_ACTION) != 0 && u8At(batch.action, i) == ACTION_REJECT) {
      put8(batch.role, i, ROLE_REQUEST);
      put8(batch.roleBasis, i, ROLE_BASIS_REJECT);
    } else if (hasPorts(bits, u8At(batch.protocol, i))) {
      const role = roleByPort(u16At(batch.src.port, i), u16At(batch.dst.port, i));
      put8(batch.role, i, role);
      if (role != ROLE_UNKNOWN) put8(batch.roleBasis, i, ROLE_BASIS_PORT);
    }
  }
}

@inline
function hasPorts(bits: u32, protocol: u32): bool {
  return (bits & PORT_BITS) == PORT_BITS && (protocol == TCP || protocol == UDP);
}

/** Exactly one side's port is a declared listener of that side. */
@inline
function roleByListener(batch: Batch, tables: Tables, bits: u32, protocol: u32, i: u32): u32 {
  const srcListens = listens(batch, batch.src, tables, bits, protocol, i);
  const dstListens = listens(batch, batch.dst, tables, bits, protocol, i);
  if (srcListens == dstListens) return ROLE_UNKNOWN;
  return dstListens ? ROLE_REQUEST : ROLE_REPLY;
}

/**
 * Whose listeners count for a side: the pod's, or any candidate's; those of all pods behind a hidden address; a load
 * balancer's at each of its addresses; a host's at its own (EKS: node ports are reached at the node's address).
 */
function listens(batch: Batch, side: Side, tables: Tables, bits: u32, protocol: u32, i: u32): bool {
  const port = u16At(side.port, i);
  if (!isListenerPort(tables, protocol == UDP, port)) return false;
  const kind = u8At(side.kind, i);
  const entry = i32At(side.entry, i);
  const owner = i32At(side.owner, i);
  if (owner < 0) {
    if (kind != KIND_POD || entry < 0) return false;
    const start = startOfWindow(batch, bits, i);
    const host = hostOfSide(batch, side, tables, i);
    return anyPodListens(tables, entry, host, start, endOfWindow(batch, bits, i), protocol, port);
  }
  let key = nodeKey(owner);
  if ((u8At(batch.hidden, i) & side.hiddenBit) != 0) key = hiddenKey(owner);
  else if (kind == KIND_POD) key = podKey(owner);
  else if (kind != KIND_LOAD_BALANCER && !isOwnAddress(tables, entry, owner)) return false;
  return hasListener(tables, key, protocol, port);
}

/**
 * Exactly one port below 1024, else exactly one at or above 32768. "The lower port serves" is wrong for NodePorts.
 */
@inline
function roleByPort(srcPort: u32, dstPort: u32): u32 {
  const srcLow = srcPort < FIRST_UNPRIVILEGED_PORT;
  const dstLow = dstPort < FIRST_UNPRIVILEGED_PORT;
  if (srcLow != dstLow) return dstLow ? ROLE_REQUEST : ROLE_REPLY;
  const srcHigh = srcPort >= FIRST_EPHEMERAL_PORT;
  const dstHigh = dstPort >= FIRST_EPHEMERAL_PORT;
  if (srcHigh != dstHigh) return srcHigh ? ROLE_REQUEST : ROLE_REPLY;
  return ROLE_UNKNOWN;
}
