import { i32At, put32, put8, u32At } from './cells';
import {
  CLASS_FLAG_INSIDE,
  EFFECTIVE_NONE,
  EFFECTIVE_PACKET,
  EFFECTIVE_RECORD,
  ENI_PRIMARY4,
  NO_ADDRESS,
  OWN_ADDRESS,
  V6_PER_ROW,
} from './codes';
import { Batch, Side } from './columns';
import { ownerEntry4, ownerEntry6 } from './owners';
import { addressClass4, addressClass6, classFlags, eniWord } from './rules';
import { Tables } from './tables';

/**
 * Effective address, address class and owner entry of both sides. pkt-* is preferred: srcaddr and dstaddr show the
 * interface's primary IPv4 on its own side (VPC User Guide, "Flow log record fields").
 */
export function placeAddresses(batch: Batch, tables: Tables, from: u32, to: u32): void {
  placeSide(batch, batch.src, tables, from, to);
  placeSide(batch, batch.dst, tables, from, to);
}

function placeSide(batch: Batch, side: Side, tables: Tables, from: u32, to: u32): void {
  const present = batch.present;
  const enis = batch.eni;
  const packetBit = side.packetBit;
  const anyBit = side.recordBit | packetBit;
  const v6Bits = side.recordV6Bit | side.packetV6Bit;
  for (let i = from; i < to; i++) {
    const bits = u32At(present, i);
    if ((bits & anyBit) == 0) {
      put8(side.effective, i, EFFECTIVE_NONE);
      put32(side.address6, i, -1);
      put32(side.addressClass, i, NO_ADDRESS);
      put32(side.entry, i, -1);
      continue;
    }
    const packet = (bits & packetBit) != 0;
    put8(side.effective, i, packet ? EFFECTIVE_PACKET : EFFECTIVE_RECORD);
    const eni = i32At(enis, i);
    if ((bits & v6Bits) != 0 && (bits & (packet ? side.packetV6Bit : side.recordV6Bit)) != 0) {
      placeV6(batch, side, tables, i, eni, packet ? side.packetWord : side.recordWord);
      continue;
    }
    const address = u32At(packet ? side.packet4 : side.record4, i);
    put32(side.address4, i, address);
    put32(side.address6, i, -1);
    if (eni >= 0 && address != 0 && <u32>eniWord(tables, eni, ENI_PRIMARY4) == address) {
      put32(side.addressClass, i, OWN_ADDRESS);
      put32(side.entry, i, i32At(tables.eniPrimaryEntry, eni));
      continue;
    }
    const cls = addressClass4(tables, address);
    put32(side.addressClass, i, cls);
    const inside = (classFlags(tables, cls) & CLASS_FLAG_INSIDE) != 0;
    put32(side.entry, i, inside ? ownerEntry4(tables, vpcOf(tables, eni), address) : -1);
  }
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
  return eni < 0 ? -1 : i32At(tables.eniVpc, eni);
}
