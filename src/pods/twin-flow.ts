/** Words of one question or one record to add. */
export const FlowWord = {
  /** Number of the interface that logged it; the same in every inventory version. */
  eni: 0,
  /** Number of the interface that owns the remote address, NO_ENI = none known. */
  remoteEni: 1,
  protocol: 2,
  /** Local IPv4 where the record shows it, 0 = hidden behind the interface's own address. */
  local: 3,
  remote: 4,
  localPort: 5,
  remotePort: 6,
  /** Unix seconds, start ≤ end. */
  start: 7,
  end: 8,
  /** 1 = the packets left the interface. */
  egress: 9,
  /** Code of model/verdict's Role as flags or listeners tell it, else 0. */
  role: 10,
  /** The bucket's hash before the time slot, or with it; set by the table. */
  hash: 11,
  count: 12,
} as const;

/**
 * Records or questions that the table takes at a stretch: their cache misses overlap, since no look-up waits for the
 * one before it, and what they touched is still in the first-level cache when it is used.
 */
export const TWIN_STRETCH = 64;

export const NO_ENI = 0xffff_ffff;

/**
 * What of a bucket's hash does not depend on time and direction: both ends in one order for both ends' records, ports
 * and protocol. The flow stands at `at`.
 */
export function pairHash(flows: Uint32Array, at: number): number {
  const eni = flows[at + FlowWord.eni]!;
  const other = flows[at + FlowWord.remoteEni]!;
  const isFirst = other === NO_ENI || eni <= other;
  const ports = isFirst
    ? (flows[at + FlowWord.localPort]! << 16) | flows[at + FlowWord.remotePort]!
    : (flows[at + FlowWord.remotePort]! << 16) | flows[at + FlowWord.localPort]!;
  const low = isFirst ? eni : other;
  // an address that no interface owns stands for itself
  const high = other === NO_ENI ? flows[at + FlowWord.remote]! ^ 0x5bd1_e995 : isFirst ? other : eni;
  let h = Math.imul(low ^ (flows[at + FlowWord.protocol]! << 24), 0x9e37_79b1);
  h = Math.imul(h ^ (h >>> 15) ^ high, 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13) ^ ports, 0xc2b2_ae35);
  return h ^ (h >>> 15);
}

/** Hash of a bucket: time slot, and whether the packets left the interface, as what answers a question did not. */
export function bucketHash(pair: number, slot: number, egress: number): number {
  const h = Math.imul(pair ^ ((slot << 1) | egress), 0x85eb_ca6b);
  return h ^ (h >>> 16);
}

/**
 * Hash by protocol and the two ports alone, whatever their order: whatever may answer a question has the same, so files
 * are split by it.
 */
export function portsHash(protocol: number, port: number, otherPort: number): number {
  const low = Math.min(port, otherPort);
  const high = Math.max(port, otherPort);
  const h = Math.imul(((low << 16) | high) ^ Math.imul(protocol, 0x9e37_79b1), 0x85eb_ca6b);
  return (h ^ (h >>> 15)) >>> 0;
}
