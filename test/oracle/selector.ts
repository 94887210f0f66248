/** What packets a rule is about, and the three answers to "does it match". */

/** A packet as far as it is known, seen from the judged interface. null = not known. */
export interface Packet {
  readonly protocol: number | null;
  /** Destination port of the packet. */
  readonly port: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
}

export type Answer = 'yes' | 'no' | 'maybe';

export interface OracleSelector {
  /** −1 = all protocols. */
  readonly protocol: number;
  /** TCP and UDP only, as printed; null = all ports. */
  readonly ports: readonly [number, number] | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
  /** False: matches nothing (ICMP code without type). */
  readonly valid: boolean;
}

const NAMES: Record<string, number> = { all: -1, icmp: 1, tcp: 6, udp: 17, icmpv6: 58 };

/** `from`/`to` as printed: a port range, or ICMP type and code; absent and −1 are the open end. */
export function selector(protocolText: string | number, fromRaw: unknown, toRaw: unknown): OracleSelector {
  const protocol = NAMES[String(protocolText).toLowerCase()] ?? Number(protocolText);
  const bound = (raw: unknown): number | null =>
    raw === undefined || raw === null || raw === '' || raw === 'null' || Number(raw) === -1 ? null : Number(raw);
  const [from, to] = [bound(fromRaw), bound(toRaw)];
  const all = { protocol, ports: null, icmpType: null, icmpCode: null, valid: true };
  if (protocol === 6 || protocol === 17) {
    const [low, high] = [from ?? 0, to ?? 65535];
    return low === 0 && high === 65535 ? all : { ...all, ports: [low, high] };
  }
  if (protocol === 1 || protocol === 58) {
    // C68: a code without a type is invalid and matches nothing.
    return { ...all, icmpType: from, icmpCode: to, valid: from !== null || to === null };
  }
  return all;
}

export function selects(rule: OracleSelector, packet: Packet): Answer {
  if (!rule.valid) return 'no';
  if (rule.protocol === -1) return 'yes';
  // CHOICE: a field the record's format lacks is a "maybe" for the rules that ask for it, never a mismatch.
  if (packet.protocol === null) return 'maybe';
  if (rule.protocol !== packet.protocol) return 'no';
  if (rule.ports !== null) {
    if (packet.port === null) return 'maybe';
    const [low, high] = [Math.min(...rule.ports), Math.max(...rule.ports)];
    if (packet.port < low || packet.port > high) return 'no';
    // product.md §7.5: from > to is odd but readable, what depends on it is unknown.
    // CHOICE: on such a rule depends what goes to the ports between the two numbers.
    return rule.ports[0] <= rule.ports[1] ? 'yes' : 'maybe';
  }
  if (rule.icmpType === null) return 'yes';
  if (packet.icmpType === null) return 'maybe';
  if (rule.icmpType !== packet.icmpType) return 'no';
  if (rule.icmpCode === null) return 'yes';
  if (packet.icmpCode === null) return 'maybe';
  return rule.icmpCode === packet.icmpCode ? 'yes' : 'no';
}

/** PROTO of a rule id. */
export function protocolText(rule: OracleSelector): string {
  return Object.keys(NAMES).find((name) => NAMES[name] === rule.protocol) ?? String(rule.protocol);
}

/** PORTS of a rule id. */
export function portsText(rule: OracleSelector): string {
  if (rule.ports !== null)
    return rule.ports[0] === rule.ports[1] ? `${rule.ports[0]}` : `${rule.ports[0]}-${rule.ports[1]}`;
  if (rule.icmpType === null) return rule.icmpCode === null ? 'all' : `all-${rule.icmpCode}`;
  return `${rule.icmpType}-${rule.icmpCode ?? 'all'}`;
}

/** Width that orders selectors of one protocol: ports, or ICMP type+code 0, type 1, all 2. */
export function width(rule: OracleSelector): number {
  if (rule.protocol === 1 || rule.protocol === 58) return rule.icmpType === null ? 2 : rule.icmpCode === null ? 1 : 0;
  return rule.ports === null ? 65535 : Math.abs(rule.ports[1] - rule.ports[0]);
}

export function both(a: Answer, b: Answer): Answer {
  if (a === 'no' || b === 'no') return 'no';
  return a === 'yes' && b === 'yes' ? 'yes' : 'maybe';
}
