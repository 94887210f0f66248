import type { FiveTupleRule, PortRange, Prefix4 } from './classbench.ts';
import { peerCidr, portsOf } from './eks-inventory.ts';
import { Random } from './random.ts';

/** More rules than one set of AWS may hold (1,000 a direction and interface) are asked of the five-tuple matcher. */
export const AWS_RULES_MAX = 1000;

interface Draft {
  readonly src: Prefix4;
  readonly dstPort: PortRange;
  readonly protocol: FiveTupleRule['protocol'];
}

/** One security group of AWS's shape, ordered: most specific remote first, then named protocol, narrow ports. */
export function generateSet(count: number, seed: number): FiveTupleRule[] {
  const random = new Random(seed);
  const drafts = Array.from({ length: count }, (): Draft => {
    const { words, length } = peerCidr(random);
    const roll = random.next();
    const protocol = roll > 0.97 ? { value: 0, mask: 0 } : { value: roll > 0.93 ? 1 : roll > 0.8 ? 17 : 6, mask: 255 };
    const hasPorts = protocol.value === 6 || protocol.value === 17;
    const dstPort = hasPorts ? somePorts(random) : { from: 0, to: 65535 };
    return { src: { base: words[0] ?? 0, length }, dstPort, protocol };
  });
  const width = ({ dstPort, protocol }: Draft): number => (protocol.mask === 0 ? 2 ** 17 : dstPort.to - dstPort.from);
  drafts.sort((a, b) => b.src.length - a.src.length || width(a) - width(b));
  const any = { base: 0, length: 0 };
  return drafts.map((draft) => ({ ...draft, dst: any, srcPort: { from: 0, to: 65535 } }));
}

/** Ports of services mostly; one in ten a range of its own, as only very large sets have them. */
function somePorts(random: Random): PortRange {
  if (random.next() > 0.1) return portsOf(random);
  const from = random.below(60_000);
  return { from, to: from + random.below(random.pick([10, 1000, 65_535 - from])) };
}
