import { type FiveTupleRule, type FiveTuples, prefixMask } from './classbench.ts';

/** Words of a rule: base and mask of source and destination, protocol value | mask << 8, ports as from | to << 16. */
const RULE_WORDS = 7;

export function linearRules(rules: readonly FiveTupleRule[]): Int32Array {
  return Int32Array.from(
    rules.flatMap(({ src, dst, protocol, srcPort, dstPort }) => [
      src.base,
      prefixMask(src.length),
      dst.base,
      prefixMask(dst.length),
      protocol.value | (protocol.mask << 8),
      srcPort.from | (srcPort.to << 16),
      dstPort.from | (dstPort.to << 16),
    ]),
  );
}

/** The rival that needs no theory: one rule after the other in a typed array, for packets from … to − 1. */
export function matchLinear(rules: Int32Array, packets: FiveTuples, from: number, to: number, out: Int32Array): void {
  for (let i = from; i < to; i++) {
    const src = packets.src[i]!;
    const dst = packets.dst[i]!;
    const srcPort = packets.srcPort[i]!;
    const dstPort = packets.dstPort[i]!;
    const protocol = packets.protocol[i]!;
    let found = -1;
    for (let q = 0; q < rules.length; q += RULE_WORDS) {
      if (((src ^ rules[q]!) & rules[q + 1]!) !== 0 || ((dst ^ rules[q + 2]!) & rules[q + 3]!) !== 0) continue;
      if ((protocol & (rules[q + 4]! >> 8)) !== (rules[q + 4]! & 255)) continue;
      const sp = rules[q + 5]!;
      const dp = rules[q + 6]!;
      if (srcPort < (sp & 0xffff) || srcPort > sp >>> 16 || dstPort < (dp & 0xffff) || dstPort > dp >>> 16) continue;
      found = q / RULE_WORDS;
      break;
    }
    out[i] = found;
  }
}
