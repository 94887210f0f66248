import { i32At, put32, put8, u32At } from './cells';
import {
  CLASS_FLAG_INSIDE,
  EFFECTIVE_NONE,
  EFFECTIVE_PACKET,
  EFFECTIVE_RECORD,
  ENI_PRIMARY4,
  INTERFACE_POD_VPC,
  INTERFACE_PRIMARY_ENTRY,
  NO_ADDRESS,
  OWN_ADDRESS,
  V6_PER_ROW,
  VPC_FIRST,
} from './codes';
import { Batch, Side } from './columns';
import { entryRecord, ownerEntry4, ownerEntry6, touchSlot4 } from './owners';
import { addressClass4, addressClass6, classFlags, eniWord } from './rules';
import { Tables } from './tables';

/**
 * Effective address, address class and owner entry of both sides. pkt-* is preferred: srcaddr and dstaddr show the
 * interface's primary IPv4 on its own side (VPC User Guide, "Flow log record fields").
 */
export function placeAddresses(batch: Batch, tables: Tables, from: u32, to: u32): void {
  const rows = tables.slotMask >= FAR_SLOTS ? STRETCH_ROWS : to - from;
  for (let at = from; at < to; at += rows) {
    placeSide(batch, batch.src, tables, at, min(at + rows, to));
    placeSide(batch, batch.dst, tables, at, min(at + rows, to));
  }
}

/** More slots than the processor's near caches hold, with the entries behind them; see attribution.ts. */
const FAR_SLOTS: u32 = 32_767;
const STRETCH_ROWS: u32 = 512;

/**
 * Three loops, so that no branch has to guess: whether an address is the interface's own, and whether it lies inside a
 * VPC, changes from row to row. Rows that are not done yet are listed where the order will stand.
 */
function placeSide(batch: Batch, side: Side, tables: Tables, from: u32, to: u32): void {
  const foreign = placeOwn(batch, side, tables, from, to);
  const inside = placeForeign(batch, side, tables, foreign);
  const list = batch.order;
  if (tables.slotMask >= FAR_SLOTS) touchEntries(batch, side, tables, inside);
  for (let k: u32 = 0; k < inside; k++) {
    const i = u32At(list, k);
    const vpc = vpcOf(tables, i32At(batch.eni, i));
    put32(side.entry, i, ownerEntry4(tables, vpc, u32At(side.address4, i)));
  }
}

/** Loads what the look-ups of the listed rows read, for many rows at the same time; see attribution.ts. */
function touchEntries(batch: Batch, side: Side, tables: Tables, listed: u32): void {
  const list = batch.order;
  for (let k: u32 = 0; k < listed; k++) {
    const i = u32At(list, k);
    put32(side.entry, i, touchSlot4(tables, vpcOf(tables, i32At(batch.eni, i)), u32At(side.address4, i)));
  }
  let touched: u32 = 0;
  for (let k: u32 = 0; k < listed; k++) {
    touched ^= load<u32>(entryRecord(tables, max(i32At(side.entry, u32At(list, k)), 0)));
  }
  // were it not used, it would not be loaded
  store<u32>(batch.bins, touched);
}

/** Rows without an address, with an IPv6 one, and the interface's own primary IPv4; lists the others. */
function placeOwn(batch: Batch, side: Side, tables: Tables, from: u32, to: u32): u32 {
  const list = batch.order;
  const packetBit = side.packetBit;
  const anyBit = side.recordBit | packetBit;
  const v6Bits = side.recordV6Bit | side.packetV6Bit;
  let listed: u32 = 0;
  for (let i = from; i < to; i++) {
    const bits = u32At(batch.present, i);
    if ((bits & anyBit) == 0) {
      put8(side.effective, i, EFFECTIVE_NONE);
      put32(side.address6, i, -1);
      put32(side.addressClass, i, NO_ADDRESS);
      put32(side.entry, i, -1);
      continue;
    }
    const packet = (bits & packetBit) != 0;
    put8(side.effective, i, packet ? EFFECTIVE_PACKET : EFFECTIVE_RECORD);
    const eni = i32At(batch.eni, i);
    if ((bits & v6Bits) != 0 && (bits & (packet ? side.packetV6Bit : side.recordV6Bit)) != 0) {
      placeV6(batch, side, tables, i, eni, packet ? side.packetWord : side.recordWord);
      continue;
    }
    const address = u32At(packet ? side.packet4 : side.record4, i);
    put32(side.address4, i, address);
    put32(side.address6, i, -1);
    put32(side.addressClass, i, OWN_ADDRESS);
    const known = max(eni, 0);
    put32(side.entry, i, eniWord(tables, known, INTERFACE_PRIMARY_ENTRY));
    put32(list, listed, i);
    const isOwn = u32(<u32>eniWord(tables, known, ENI_PRIMARY4) == address) & u32(address != 0) & u32(eni >= 0);
    listed += isOwn ^ 1;
  }
  return listed;
}

/** Classes of the listed rows; lists those inside a VPC. */
function placeForeign(batch: Batch, side: Side, tables: Tables, listed: u32): u32 {
  const list = batch.order;
  let inside: u32 = 0;
  for (let k: u32 = 0; k < listed; k++) {
    const i = u32At(list, k);
    const cls = addressClass4(tables, u32At(side.address4, i));
    put32(side.addressClass, i, cls);
    put32(side.entry, i, -1);
    put32(list, inside, i);
    inside += u32((classFlags(tables, cls) & CLASS_FLAG_INSIDE) != 0);
  }
  return inside;
}

function placeV6(batch: Batch, side: Side, tables: Tables, i: u32, eni: i32, word: u32): void {
  const offset = i * V6_PER_ROW + word;
  const at = batch.v6 + (<usize>offset << 2);
  put32(side.address6, i, offset);
  const cls = addressClass6(tables, at);
  put32(side.addressClass, i, cls);
  const inside = (classFlags(tables, cls) & CLASS_FLAG_INSIDE) != 0;
  put32(side.entry, i, inside ? ownerEntry6(tables, vpcOf(tables, eni), at) : -1);
}

@inline
function vpcOf(tables: Tables, eni: i32): i32 {
  return eni < 0 ? VPC_FIRST - eni : eniWord(tables, eni, INTERFACE_POD_VPC);
}
