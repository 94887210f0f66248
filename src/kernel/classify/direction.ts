import { i32At, put32, put8, u32At, u8At } from './cells';
import {
  DIRECTION_EGRESS,
  DIRECTION_INGRESS,
  DIRECTION_UNKNOWN,
  EFFECTIVE_NONE,
  EFFECTIVE_PACKET,
  EFFECTIVE_RECORD,
  ENI_HAS_SECONDARY,
  ENI_PRIMARY4,
  INTERFACE_POD_VPC,
  INTERFACE_PRIMARY_ENTRY,
  OWN_ADDRESS,
  PRESENT_FLOW_DIRECTION,
  V6_PER_ROW,
} from './codes';
import { Batch, Side } from './columns';
import { groupRows } from './order';
import { ownerEntry4, ownerEntry6 } from './owners';
import { addressClass4, eniWord } from './rules';
import { Tables } from './tables';

/**
 * Direction seen from the interface: `flow-direction`, else whether exactly one of srcaddr and dstaddr belongs to the
 * interface, else unknown. Then hides the local side that only shows the interface's primary address: the default
 * format does not tell which of its addresses was used (VPC User Guide, "Flow log limitations"). Last the order is made
 * in which the passes behind take the rows.
 */
export function decideDirection(batch: Batch, tables: Tables, from: u32, to: u32): void {
  const src = batch.src;
  const dst = batch.dst;
  const hidden = batch.hidden;
  const directions = batch.direction;
  for (let i = from; i < to; i++) {
    put8(hidden, i, 0);
    const eni = i32At(batch.eni, i);
    let direction = DIRECTION_UNKNOWN;
    if ((u32At(batch.present, i) & PRESENT_FLOW_DIRECTION) != 0) {
      direction = u8At(batch.flowDirection, i);
    } else if (eni >= 0) {
      const isSrc = isOwn(batch, src, tables, eni, i);
      const isDst = isOwn(batch, dst, tables, eni, i);
      if (isSrc != isDst) direction = isSrc ? DIRECTION_EGRESS : DIRECTION_INGRESS;
    }
    put8(directions, i, direction);
    if (eni < 0) continue;
    const peer = direction == DIRECTION_EGRESS ? dst : src;
    if (i32At(peer.addressClass, i) == OWN_ADDRESS) {
      // a packet of the interface to itself: its own address is the peer that the rules see
      put32(peer.addressClass, i, addressClass4(tables, eniWord(tables, eni, ENI_PRIMARY4)));
    }
    if (eniWord(tables, eni, ENI_HAS_SECONDARY) != 1) continue;
    const primary = eniWord(tables, eni, INTERFACE_PRIMARY_ENTRY);
    if (primary < 0) continue;
    // the far side's address is the packet's own, even where it is this interface's
    const bits =
      hide(src, primary, i, direction != DIRECTION_INGRESS) | hide(dst, primary, i, direction != DIRECTION_EGRESS);
    put8(hidden, i, bits);
  }
  groupRows(batch, tables, from, to);
}

/** True when srcaddr or dstaddr itself belongs to the interface. */
@inline
function isOwn(batch: Batch, side: Side, tables: Tables, eni: u32, i: u32): bool {
  const isPacket = u8At(side.effective, i) == EFFECTIVE_PACKET;
  const entry = isPacket ? recordEntry(batch, side, tables, eni, i) : i32At(side.entry, i);
  return entry >= 0 && i32At(tables.entryEni, entry) == <i32>eni;
}

/** Owner entry of srcaddr or dstaddr, where pkt-* is the effective address but no flow-direction is logged. */
function recordEntry(batch: Batch, side: Side, tables: Tables, eni: u32, i: u32): i32 {
  const bits = u32At(batch.present, i);
  const vpc = eniWord(tables, eni, INTERFACE_POD_VPC);
  if ((bits & side.recordBit) == 0) return -1;
  if ((bits & side.recordV6Bit) != 0) {
    return ownerEntry6(tables, vpc, batch.v6 + (<usize>(i * V6_PER_ROW + side.recordWord) << 2));
  }
  return ownerEntry4(tables, vpc, u32At(side.record4, i));
}

/**
 * The side's hidden bit when it only shows the interface's primary address, else 0. Without branches: whether a record
 * goes in or out cannot be predicted.
 */
@inline
function hide(side: Side, primary: i32, i: u32, mayBe: bool): u32 {
  const effective = u8At(side.effective, i);
  const isPrimary = u32(i32At(side.entry, i) == primary) & u32(i32At(side.address6, i) < 0);
  const hides = isPrimary & u32(effective == EFFECTIVE_RECORD) & u32(mayBe);
  put8(side.effective, i, select<u32>(EFFECTIVE_NONE, effective, hides));
  return select<u32>(side.hiddenBit, 0, hides);
}
