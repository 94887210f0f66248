import { type FlowBatch, Present, V6_WORDS } from '../model/flow.ts';
import { Effective, type VerdictBatch } from '../model/verdict.ts';
import { ownerEntry4, ownerEntry6 } from '../pods/lookup.ts';
import { addressClass4, addressClass6 } from '../rules/lookup.ts';
import { ClassFlag, ENI_STRIDE, EniWord } from '../rules/view.ts';
import { NO_ADDRESS, OWN_ADDRESS, type Scratch, type VersionTables } from './tables.ts';

/** The columns of one side of a record: the same code places sources and destinations. */
interface Side {
  readonly record4: Uint32Array;
  readonly packet4: Uint32Array;
  readonly recordBit: number;
  readonly packetBit: number;
  readonly recordV6Bit: number;
  readonly packetV6Bit: number;
  readonly recordWord: number;
  readonly packetWord: number;
  readonly address4: Uint32Array;
  readonly address6: Int32Array;
  readonly addressClass: Int32Array;
  readonly entry: Int32Array;
  readonly effective: Uint8Array;
}

/** ENI index of each row. */
export function placeInterfaces(
  flow: FlowBatch,
  scratch: Scratch,
  eniOfCode: Int32Array,
  from: number,
  to: number,
): void {
  const { present, interfaceId } = flow;
  const { eni } = scratch;
  for (let i = from; i < to; i++) {
    eni[i] = (present[i]! & Present.interfaceId) !== 0 ? eniOfCode[interfaceId[i]!]! : -1;
  }
}

/**
 * Effective address, address class and owner entry of both sides. pkt-* is preferred: srcaddr and dstaddr show the
 * interface's primary IPv4 on its own side (VPC User Guide, "Flow log record fields").
 */
export function placeAddresses(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  from: number,
  to: number,
): void {
  placeSide(flow, tables, scratch.eni, sourceSide(flow, verdicts, scratch), from, to);
  placeSide(flow, tables, scratch.eni, destinationSide(flow, verdicts, scratch), from, to);
}

function sourceSide(flow: FlowBatch, verdicts: VerdictBatch, scratch: Scratch): Side {
  return {
    record4: flow.srcAddr,
    packet4: flow.pktSrcAddr,
    recordBit: Present.srcAddr,
    packetBit: Present.pktSrcAddr,
    recordV6Bit: Present.srcAddrV6,
    packetV6Bit: Present.pktSrcAddrV6,
    recordWord: V6_WORDS.srcAddr,
    packetWord: V6_WORDS.pktSrcAddr,
    address4: scratch.src4,
    address6: scratch.src6,
    addressClass: scratch.srcClass,
    entry: scratch.srcEntry,
    effective: verdicts.srcEffective,
  };
}

function destinationSide(flow: FlowBatch, verdicts: VerdictBatch, scratch: Scratch): Side {
  return {
    record4: flow.dstAddr,
    packet4: flow.pktDstAddr,
    recordBit: Present.dstAddr,
    packetBit: Present.pktDstAddr,
    recordV6Bit: Present.dstAddrV6,
    packetV6Bit: Present.pktDstAddrV6,
    recordWord: V6_WORDS.dstAddr,
    packetWord: V6_WORDS.pktDstAddr,
    address4: scratch.dst4,
    address6: scratch.dst6,
    addressClass: scratch.dstClass,
    entry: scratch.dstEntry,
    effective: verdicts.dstEffective,
  };
}

function placeSide(
  flow: FlowBatch,
  tables: VersionTables,
  eniColumn: Int32Array,
  side: Side,
  from: number,
  to: number,
): void {
  const { rules, pods } = tables;
  const eniWords = rules.eni;
  const classFlags = rules.classFlags;
  const primaryEntry = pods.eniPrimaryEntry;
  const { eniVpc } = pods;
  const { present, v6 } = flow;
  const { address4, address6, addressClass, entry, effective, record4, packet4 } = side;
  for (let i = from; i < to; i++) {
    const bits = present[i]!;
    const packet = (bits & side.packetBit) !== 0;
    if (!packet && (bits & side.recordBit) === 0) {
      effective[i] = Effective.none;
      address6[i] = -1;
      addressClass[i] = NO_ADDRESS;
      entry[i] = -1;
      continue;
    }
    effective[i] = packet ? Effective.packet : Effective.record;
    const eni = eniColumn[i]!;
    const vpc = eni < 0 ? -1 : eniVpc[eni]!;
    if ((bits & (packet ? side.packetV6Bit : side.recordV6Bit)) !== 0) {
      const at = i * V6_WORDS.perRow + (packet ? side.packetWord : side.recordWord);
      address6[i] = at;
      const cls = addressClass6(rules, v6[at]!, v6[at + 1]!, v6[at + 2]!, v6[at + 3]!);
      addressClass[i] = cls;
      const inside = (classFlags[cls]! & ClassFlag.inside) !== 0;
      entry[i] = inside ? ownerEntry6(pods, vpc, v6[at]!, v6[at + 1]!, v6[at + 2]!, v6[at + 3]!) : -1;
      continue;
    }
    const address = packet ? packet4[i]! : record4[i]!;
    address4[i] = address;
    address6[i] = -1;
    if (eni >= 0 && address !== 0 && eniWords[eni * ENI_STRIDE + EniWord.primary4]! >>> 0 === address) {
      addressClass[i] = OWN_ADDRESS;
      entry[i] = primaryEntry[eni]!;
      continue;
    }
    const cls = addressClass4(rules, address);
    addressClass[i] = cls;
    entry[i] = (classFlags[cls]! & ClassFlag.inside) !== 0 ? ownerEntry4(pods, vpc, address) : -1;
  }
}
