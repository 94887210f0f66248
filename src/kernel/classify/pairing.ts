import {
  FLOW_BYTES,
  FLOW_EGRESS,
  FLOW_END,
  FLOW_ENI,
  FLOW_EVIDENCE,
  FLOW_LOCAL,
  FLOW_LOCAL_PORT,
  FLOW_PROTOCOL,
  FLOW_REMOTE,
  FLOW_REMOTE_ENI,
  FLOW_REMOTE_PORT,
  FLOW_ROLE,
  FLOW_START,
  MATCH_REVERSE,
  MATCH_ROLE_SHIFT,
  NO_ENI,
  TWIN_STRETCH,
} from '../twins/layout';
import { i32At, put32, put8, u16At, u32At, u8At } from './cells';
import {
  ASKED_ALL,
  ASKED_EVIDENCE,
  ASKED_HIDDEN,
  ASKED_ROLELESS,
  ASKED_UNASKED,
  DIRECTION_EGRESS,
  DIRECTION_UNKNOWN,
  EFFECTIVE_RECORD,
  ENI_KIND,
  ENI_VPC,
  INTERFACE_NUMBER,
  KIND_NAT_GATEWAY,
  KIND_POD,
  NO_ADDRESS,
  PRESENT_DST_PORT,
  PRESENT_END,
  PRESENT_INTERFACE_ID,
  PRESENT_PROTOCOL,
  PRESENT_SRC_PORT,
  PRESENT_START,
  ROLE_BASIS_FLAGS,
  ROLE_BASIS_LISTENER,
  ROLE_BASIS_NONE,
  ROLE_UNKNOWN,
  TWIN_ADDRESSES_MAX,
  TWIN_WINDOW_SECONDS,
  UNASKED,
} from './codes';
import { Batch, Stretch } from './columns';
import { ownerEntry4 } from './owners';
import { eniWord } from './rules';
import { Tables } from './tables';

const NEEDED: u32 = PRESENT_INTERFACE_ID | PRESENT_START | PRESENT_SRC_PORT | PRESENT_DST_PORT | PRESENT_PROTOCOL;

/**
 * Describes rows from `from` on as the twin table wants them, until the stretch is full; returns the row it stopped
 * before. `asked` says which rows; of those that are asked about nothing is known afterwards.
 */
export function describeRows(batch: Batch, tables: Tables, stretch: Stretch, asked: u32, from: u32, to: u32): u32 {
  let count: u32 = 0;
  let i = from;
  for (; i < to && count < TWIN_STRETCH; i++) {
    if (!isAsked(batch, asked, i)) continue;
    if (asked != ASKED_EVIDENCE) put8(batch.pairRoles, i, 0);
    const flow = stretch.flows + <usize>count * FLOW_BYTES;
    if (!describe(batch, tables, flow, i)) continue;
    if (asked == ASKED_EVIDENCE || asked == ASKED_ALL) {
      const is = isEvidence(batch, flow, i);
      if (!is && asked == ASKED_EVIDENCE) continue;
      store<u32>(flow + FLOW_EVIDENCE, u32(is));
    }
    put32(stretch.rows, count++, i);
  }
  stretch.count = count;
  return i;
}

@inline
function isAsked(batch: Batch, asked: u32, i: u32): bool {
  if (asked == ASKED_HIDDEN) return u8At(batch.hidden, i) != 0;
  if (asked == ASKED_UNASKED) return u8At(batch.pairRoles, i) == UNASKED;
  if (asked != ASKED_ROLELESS) return true;
  return u8At(batch.roleBasis, i) == ROLE_BASIS_NONE && u8At(batch.pairRoles, i) == UNASKED;
}

/**
 * False when the row cannot be paired: interface or direction not known, no window or one too long, IPv6 (nothing is
 * hidden there), or both ends on one interface.
 */
@inline
function describe(batch: Batch, tables: Tables, flow: usize, i: u32): bool {
  const bits = u32At(batch.present, i);
  const eni = i32At(batch.eni, i);
  const direction = u8At(batch.direction, i);
  if ((bits & NEEDED) != NEEDED || eni < 0 || direction == DIRECTION_UNKNOWN) return false;
  const src = batch.src;
  const dst = batch.dst;
  if (i32At(src.address6, i) >= 0 || i32At(dst.address6, i) >= 0) return false;
  if (i32At(src.addressClass, i) == NO_ADDRESS || i32At(dst.addressClass, i) == NO_ADDRESS) return false;
  const first = u32At(batch.start, i);
  const last = (bits & PRESENT_END) != 0 ? u32At(batch.end, i) : first;
  const start = min<u32>(first, last);
  const end = max<u32>(first, last);
  if (end - start > TWIN_WINDOW_SECONDS) return false;
  const isEgress = direction == DIRECTION_EGRESS;
  const entry = i32At(select<usize>(dst.entry, src.entry, isEgress), i);
  const remoteEni = entry < 0 ? -1 : i32At(tables.entryEni, entry);
  if (remoteEni == eni) return false;
  store<u32>(flow + FLOW_ENI, eniWord(tables, eni, INTERFACE_NUMBER));
  store<u32>(flow + FLOW_REMOTE_ENI, remoteEni < 0 ? NO_ENI : eniWord(tables, remoteEni, INTERFACE_NUMBER));
  store<u32>(flow + FLOW_PROTOCOL, u8At(batch.protocol, i));
  store<u32>(flow + FLOW_LOCAL, localAddress(batch, tables, eni, isEgress, i));
  store<u32>(flow + FLOW_REMOTE, u32At(select<usize>(dst.address4, src.address4, isEgress), i));
  store<u32>(flow + FLOW_LOCAL_PORT, u16At(select<usize>(src.port, dst.port, isEgress), i));
  store<u32>(flow + FLOW_REMOTE_PORT, u16At(select<usize>(dst.port, src.port, isEgress), i));
  store<u32>(flow + FLOW_START, start);
  store<u32>(flow + FLOW_END, end);
  store<u32>(flow + FLOW_EGRESS, u32(isEgress));
  return true;
}

/** The side's own address, 0 where the record only shows the interface's: hidden pods, and the far end of a NAT. */
@inline
function localAddress(batch: Batch, tables: Tables, eni: u32, isEgress: bool, i: u32): u32 {
  const src = batch.src;
  const dst = batch.dst;
  if ((u8At(batch.hidden, i) & select<u32>(src.hiddenBit, dst.hiddenBit, isEgress)) != 0) return 0;
  const effective = u8At(select<usize>(src.effective, dst.effective, isEgress), i);
  if (effective == EFFECTIVE_RECORD && eniWord(tables, eni, ENI_KIND) == KIND_NAT_GATEWAY) return 0;
  return u32At(select<usize>(src.address4, dst.address4, isEgress), i);
}

/**
 * Sets the role of a described row; false when it can tell nobody anything. Toward an address that no interface owns
 * there is no twin, and a reverse record tells a role only by its flags or by a pod's own listener.
 */
@inline
function isEvidence(batch: Batch, flow: usize, i: u32): bool {
  const basis = u8At(batch.roleBasis, i);
  const isTold = basis == ROLE_BASIS_FLAGS || basis == ROLE_BASIS_LISTENER;
  store<u32>(flow + FLOW_ROLE, isTold ? u8At(batch.role, i) : ROLE_UNKNOWN);
  if (load<u32>(flow + FLOW_REMOTE_ENI) != NO_ENI || basis == ROLE_BASIS_FLAGS) return true;
  const kinds = select<usize>(batch.src.kind, batch.dst.kind, load<u32>(flow + FLOW_EGRESS) == 1);
  return isTold && u8At(kinds, i) == KIND_POD;
}

/**
 * Copies to `through` the questions that NAT gateway `nat` may answer. What is sent to an address that nobody owns may
 * have gone through a NAT gateway of the VPC: its record toward the client is a twin as well, since it shows the
 * client's address and ports.
 */
export function throughNat(batch: Batch, tables: Tables, stretch: Stretch, nat: u32, through: Stretch): u32 {
  const vpc = eniWord(tables, nat, ENI_VPC);
  let count: u32 = 0;
  for (let k: u32 = 0; k < stretch.count; k++) {
    const flow = stretch.flows + <usize>k * FLOW_BYTES;
    const i = u32At(stretch.rows, k);
    const eni = u32At(batch.eni, i);
    if (load<u32>(flow + FLOW_REMOTE_ENI) != NO_ENI || load<u32>(flow + FLOW_LOCAL) != 0) continue;
    if (<i32>vpc < 0 || eniWord(tables, eni, ENI_VPC) != vpc || eni == nat) continue;
    const copy = through.flows + <usize>count * FLOW_BYTES;
    memory.copy(copy, flow, FLOW_BYTES);
    store<u32>(copy + FLOW_REMOTE_ENI, eniWord(tables, nat, INTERFACE_NUMBER));
    put32(through.rows, count++, i);
  }
  through.count = count;
  return count;
}

/**
 * Adds to what is known of the rows of `stretch` the matches that its table found: roles that twins (the same) and
 * reverse records (the opposite) tell, and the addresses that twins show in place of the hidden side, in order and each
 * once, so that the order of finding them does not matter. A twin counts only when the address it shows is the
 * interface's own; `keeps`: addresses are wanted, not only roles.
 */
export function takeMatches(batch: Batch, tables: Tables, stretch: Stretch, count: u32, keeps: bool): void {
  for (let m: u32 = 0; m < count; m++) {
    const match = u32At(stretch.matches, 2 * m);
    const i = u32At(stretch.rows, match & 0xffff);
    const roles = (match >>> MATCH_ROLE_SHIFT) & 3;
    if ((match & MATCH_REVERSE) == 0) {
      const eni = i32At(batch.eni, i);
      const address = u32At(stretch.matches, 2 * m + 1);
      const entry = ownerEntry4(tables, eniWord(tables, eni, ENI_VPC), address);
      if (entry < 0 || i32At(tables.entryEni, entry) != eni) continue;
      if (keeps) addAddress(batch, i, address);
    }
    put8(batch.pairRoles, i, u8At(batch.pairRoles, i) | roles);
  }
}

function addAddress(batch: Batch, i: u32, address: u32): void {
  const count = u8At(batch.twinCount, i);
  if (count > TWIN_ADDRESSES_MAX) return;
  const first = batch.twinAddress + (<usize>(i * TWIN_ADDRESSES_MAX) << 2);
  let at: u32 = 0;
  while (at < count && u32At(first, at) < address) at++;
  if (at < count && u32At(first, at) == address) return;
  put8(batch.twinCount, i, count + 1);
  if (count == TWIN_ADDRESSES_MAX) return;
  for (let a = count; a > at; a--) put32(first, a, u32At(first, a - 1));
  put32(first, at, address);
}
