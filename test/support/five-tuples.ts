import { createFiveTuples, type FiveTupleRule, type FiveTuples, type Prefix4 } from '../../src/bench/classbench.ts';
import type { Dice } from './dice.ts';

/** One packet: source, destination, source port, destination port, protocol. */
export type Packet = readonly [src: number, dst: number, srcPort: number, dstPort: number, protocol: number];

export function packetsOf(rows: readonly Packet[]): FiveTuples {
  const packets = createFiveTuples(rows.length);
  packets.count = rows.length;
  rows.forEach(([src, dst, srcPort, dstPort, protocol], i) => {
    packets.src[i] = src;
    packets.dst[i] = dst;
    packets.srcPort[i] = srcPort;
    packets.dstPort[i] = dstPort;
    packets.protocol[i] = protocol;
  });
  return packets;
}

function holds({ base, length }: Prefix4, address: number): boolean {
  const size = 2 ** (32 - length);
  return Math.floor(base / size) === Math.floor(address / size);
}

/** What the format says, rule by rule: index of the first rule that matches, or −1. */
export function firstMatch(rules: readonly FiveTupleRule[], packet: Packet): number {
  const [src, dst, srcPort, dstPort, protocol] = packet;
  return rules.findIndex(
    (rule) =>
      holds(rule.src, src) &&
      holds(rule.dst, dst) &&
      srcPort >= rule.srcPort.from &&
      srcPort <= rule.srcPort.to &&
      dstPort >= rule.dstPort.from &&
      dstPort <= rule.dstPort.to &&
      (protocol & rule.protocol.mask) === (rule.protocol.value & rule.protocol.mask),
  );
}

function edgesOfPrefix({ base, length }: Prefix4): number[] {
  const end = base + 2 ** (32 - length);
  return [base - 1, base, end - 1, end].filter((address) => address >= 0 && address < 2 ** 32);
}

function edgesOfPorts({ from, to }: FiveTupleRule['srcPort']): number[] {
  return [from - 1, from, to, to + 1].filter((port) => port >= 0 && port <= 65535);
}

/** First, last, one before and one after of one field of `rule`, the others inside it; and some far away. */
export function edgePackets(rule: FiveTupleRule, dice: Dice): Packet[] {
  const protocols = [rule.protocol.value, 6, 17, (rule.protocol.value + 1) & 255];
  const inside: Packet = [rule.src.base, rule.dst.base, rule.srcPort.from, rule.dstPort.to, rule.protocol.value];
  const packets: Packet[] = [inside];
  const put = (field: number, values: readonly number[]): void => {
    for (const value of values) {
      const packet: [number, number, number, number, number] = [...inside];
      packet[field] = value;
      packets.push(packet);
    }
  };
  put(0, edgesOfPrefix(rule.src));
  put(1, edgesOfPrefix(rule.dst));
  put(2, edgesOfPorts(rule.srcPort));
  put(3, edgesOfPorts(rule.dstPort));
  put(4, protocols);
  packets.push([
    dice.pick(edgesOfPrefix(rule.src)),
    dice.pick(edgesOfPrefix(rule.dst)),
    dice.pick(edgesOfPorts(rule.srcPort)),
    dice.pick(edgesOfPorts(rule.dstPort)),
    dice.pick(protocols),
  ]);
  return packets;
}
