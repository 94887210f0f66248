import type { Selector } from '../inventory/inventory.ts';
import { isTurned } from '../inventory/selector.ts';

export const TCP = 6;
export const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const PORTS = 65536;

/**
 * Offsets into the port table: 65536 TCP ports, 65536 UDP ports, 256 protocol numbers; then what a record's format
 * leaves out: a TCP port, a UDP port, the protocol.
 */
export const UDP_OFFSET: number = PORTS;
export const PROTOCOL_OFFSET: number = 2 * PORTS;
export const SOME_TCP_PORT: number = PROTOCOL_OFFSET + 256;
export const SOME_UDP_PORT: number = SOME_TCP_PORT + 1;
export const SOME_PROTOCOL: number = SOME_TCP_PORT + 2;
const TABLE_LENGTH = SOME_TCP_PORT + 3;

/** True when nothing tells whether the selector matches: a flow log has no ICMP type or code; or from > to. */
export function isMaybe(selector: Selector): boolean {
  if (selector.protocol === TCP || selector.protocol === UDP) return isTurned(selector);
  return (selector.protocol === ICMP || selector.protocol === ICMPV6) && selector.icmpType !== null;
}

/**
 * Order of selectors in the canonical deciding rule, smaller first: a named protocol before all, then the narrowest
 * port range; for ICMP type and code < type < all.
 */
export function selectorOrder(selector: Selector): number {
  if (selector.protocol < 0) return PORTS * 2;
  if (selector.protocol === ICMP || selector.protocol === ICMPV6) {
    return selector.icmpType === null ? 2 : selector.icmpCode === null ? 1 : 0;
  }
  const hasPorts = selector.protocol === TCP || selector.protocol === UDP;
  return hasPorts && selector.ports !== null ? Math.abs(selector.ports.to - selector.ports.from) : PORTS - 1;
}

/** `from` ≤ `to`. */
interface PortSelector {
  readonly protocol: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Distinct sets of packets that rules select or may select, whatever the address: ICMP types count as their protocol,
 * ranges from > to as the ports between.
 */
export class PortSelectors {
  readonly selectors: PortSelector[] = [];
  private readonly byKey = new Map<string, number>();

  /** Number of the selector; equal coverage gives the same number. */
  add(selector: Selector): number {
    const { protocol, ports } = selector;
    const ranged = (protocol === TCP || protocol === UDP) && ports !== null;
    const from = ranged ? Math.min(ports.from, ports.to) : 0;
    const to = ranged ? Math.max(ports.from, ports.to) : PORTS - 1;
    const key = `${protocol}/${from}-${to}`;
    let index = this.byKey.get(key);
    if (index === undefined) {
      index = this.selectors.length;
      this.byKey.set(key, index);
      this.selectors.push({ protocol, from, to });
    }
    return index;
  }
}

export interface PortClasses {
  /** Class of each entry of the port table. */
  readonly table: Int32Array;
  /** Selectors that cover each class, ascending. */
  readonly sure: readonly Int32Array[];
  /** Selectors that only may cover each class, because the record does not tell, ascending. */
  readonly possible: readonly Int32Array[];
}

const NONE = new Int32Array(0);

type Places = (readonly [first: number, end: number])[];

/** Entries of the port table that a selector covers for certain, and those that it only may, as in PortClasses. */
export function placesOf({ protocol, from, to }: PortSelector): { readonly sure: Places; readonly possible: Places } {
  const isWhole = from === 0 && to === PORTS - 1;
  const sure: Places = [];
  const possible: Places = [];
  for (const [own, offset, some] of [
    [TCP, 0, SOME_TCP_PORT],
    [UDP, UDP_OFFSET, SOME_UDP_PORT],
  ] as const) {
    if (protocol >= 0 && protocol !== own) continue;
    sure.push([offset + from, offset + to + 1]);
    (isWhole ? sure : possible).push([some, some + 1]);
  }
  if (protocol < 0) sure.push([PROTOCOL_OFFSET, PROTOCOL_OFFSET + 256]);
  else if (protocol !== TCP && protocol !== UDP)
    sure.push([PROTOCOL_OFFSET + protocol, PROTOCOL_OFFSET + protocol + 1]);
  (protocol < 0 ? sure : possible).push([SOME_PROTOCOL, SOME_PROTOCOL + 1]);
  return { sure, possible };
}

/** Ports and protocols covered by exactly the same selectors are one class. */
export function classifyPorts(ports: PortSelectors): PortClasses {
  const { selectors } = ports;
  const table = new Int32Array(TABLE_LENGTH);
  const classOf = new Map<string, number>();
  const sure: Int32Array[] = [];
  const possible: Int32Array[] = [];
  const intern = (covering: readonly number[], perhaps: readonly number[] = []): number => {
    const key = `${covering.join()} ${perhaps.join()}`;
    let cls = classOf.get(key);
    if (cls === undefined) {
      cls = sure.length;
      classOf.set(key, cls);
      sure.push(Int32Array.from(covering));
      possible.push(perhaps.length === 0 ? NONE : Int32Array.from(perhaps));
    }
    return cls;
  };
  const all = selectors.map((_, i) => i);
  const covers = (index: number, protocol: number): boolean => {
    const own = selectors[index]?.protocol ?? 0;
    return own === protocol || own < 0;
  };
  for (const [protocol, offset] of [
    [TCP, 0],
    [UDP, UDP_OFFSET],
  ] as const) {
    const relevant = all.filter((i) => covers(i, protocol));
    sweepPorts(relevant, ports, (covering, from, to) => table.fill(intern(covering), offset + from, offset + to));
  }
  for (let protocol = 0; protocol < 256; protocol++) {
    if (protocol === TCP || protocol === UDP) continue;
    table[PROTOCOL_OFFSET + protocol] = intern(all.filter((i) => covers(i, protocol)));
  }
  const open = (mayCover: (index: number) => boolean, isSure: (index: number) => boolean): number => {
    const covering = all.filter(mayCover);
    return intern(
      covering.filter(isSure),
      covering.filter((i) => !isSure(i)),
    );
  };
  const isWhole = (index: number): boolean => selectors[index]?.from === 0 && selectors[index]?.to === PORTS - 1;
  table[SOME_TCP_PORT] = open((i) => covers(i, TCP), isWhole);
  table[SOME_UDP_PORT] = open((i) => covers(i, UDP), isWhole);
  table[SOME_PROTOCOL] = open(
    () => true,
    (i) => (selectors[i]?.protocol ?? 0) < 0,
  );
  return { table, sure, possible };
}

/** Cuts 0 … 65535 at every edge of `relevant` and calls back for each piece [from, to). */
function sweepPorts(
  relevant: readonly number[],
  ports: PortSelectors,
  piece: (covering: readonly number[], from: number, to: number) => void,
): void {
  const edges = new Map<number, number[]>([[0, []]]);
  const toggle = (port: number, index: number): void => {
    const at = edges.get(port);
    if (at === undefined) edges.set(port, [index]);
    else at.push(index);
  };
  for (const index of relevant) {
    const selector = ports.selectors[index];
    if (selector === undefined) continue;
    toggle(selector.from, index);
    if (selector.to < PORTS - 1) toggle(selector.to + 1, index);
  }
  const order = [...edges].sort((a, b) => a[0] - b[0]);
  const active = new Set<number>();
  order.forEach(([from, toggled], i) => {
    for (const index of toggled) if (!active.delete(index)) active.add(index);
    piece(
      [...active].sort((a, b) => a - b),
      from,
      order[i + 1]?.[0] ?? PORTS,
    );
  });
}
