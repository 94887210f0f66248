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
  /** 1 = the record may be somebody's twin, or tell somebody a role. */
  evidence: 11,
  count: 12,
} as const;

/** Records or questions that are handed to the twin table at once. */
export const TWIN_STRETCH = 256;

export const NO_ENI = 0xffff_ffff;

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
