import { createFiveTuples, type FiveTupleRule, type FiveTuples, type Prefix4 } from './classbench.ts';
import { Random, zipfSampler } from './random.ts';

/** Distinct flows of a Zipf trace: a day's heavy hitters. */
const ZIPF_FLOWS = 131_072;

/** One packet in ten goes to an address drawn from all of IPv4. */
const STRAY = 0.1;

const ANY_PROTOCOL = [6, 17, 1];

/**
 * Packets drawn from inside random rules, so that most of them match; `zipf` draws the same flows again and again, with
 * exponent 1.
 */
export function drawPackets(rules: readonly FiveTupleRule[], count: number, zipf: boolean, seed: number): FiveTuples {
  const random = new Random(seed);
  const flows = createFiveTuples(zipf ? Math.min(count, ZIPF_FLOWS) : count);
  flows.count = flows.src.length;
  for (let i = 0; i < flows.count; i++) drawPacket(random.pick(rules), random, flows, i);
  if (!zipf) return flows;
  const packets = createFiveTuples(count);
  packets.count = count;
  const next = zipfSampler(flows.count, 1, random);
  for (let i = 0; i < count; i++) copyRow(flows, next(), packets, i);
  return packets;
}

function drawPacket(rule: FiveTupleRule, random: Random, packets: FiveTuples, i: number): void {
  const inside = ({ base, length }: Prefix4): number => base + random.below(2 ** (32 - length));
  const { protocol, srcPort, dstPort } = rule;
  packets.src[i] = inside(rule.src);
  packets.dst[i] = random.next() < STRAY ? random.below(2 ** 32) : inside(rule.dst);
  packets.srcPort[i] = srcPort.from + random.below(srcPort.to - srcPort.from + 1);
  packets.dstPort[i] = dstPort.from + random.below(dstPort.to - dstPort.from + 1);
  packets.protocol[i] = protocol.mask === 255 ? protocol.value : random.pick(ANY_PROTOCOL);
}

function copyRow(from: FiveTuples, row: number, to: FiveTuples, i: number): void {
  to.src[i] = from.src[row] ?? 0;
  to.dst[i] = from.dst[row] ?? 0;
  to.srcPort[i] = from.srcPort[row] ?? 0;
  to.dstPort[i] = from.dstPort[row] ?? 0;
  to.protocol[i] = from.protocol[row] ?? 0;
}
