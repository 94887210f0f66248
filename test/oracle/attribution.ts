import type { OracleAddress } from './address.ts';
import { address } from './address.ts';
import type { Cluster, OraclePod } from './cluster.ts';
import { podId, podsOfHost } from './cluster.ts';
import type { EniClass, OracleEni } from './eni.ts';
import { given, holds } from './eni.ts';
import type { Network } from './network.ts';
import { ownerOf, placeOf, sorted } from './network.ts';

/** A flow log record by AWS's field names; `-`, empty and absent are null. */
export type OracleRecord = Readonly<Record<string, string | null | undefined>>;

export interface OracleSide {
  /** Effective packet address; null when only the interface is known. */
  readonly addr: string | null;
  readonly kind: string;
  readonly namespace: string | null;
  readonly pod: string | null;
  readonly attribution: 'exact' | 'inferred' | 'candidates' | 'none';
  /** `namespace/name`, code unit order. */
  readonly candidates: readonly string[];
  /** The interface that owns the address (or hides it). */
  readonly eni: string | null;
}

/** What a side is to the role ladder: who listens behind it. */
export interface SideFacts {
  readonly side: OracleSide;
  /** Pods it is or may be: the one that is named, all candidates, or all pods behind a hidden address. */
  readonly pods: readonly OraclePod[];
  readonly owner: OracleEni | null;
  /** Only the interface is known. */
  readonly hidden: boolean;
  /** The address is its interface's own, not one that it carries for pods. */
  readonly isOwn: boolean;
}

export interface Window {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

const EVER: Window = { start: 0, end: 2 ** 32 - 1 };

const KIND: Record<EniClass, string> = {
  node: 'node',
  branch: 'pod',
  'control-plane': 'eks-control-plane',
  'load-balancer': 'load-balancer',
  nat: 'nat-gateway',
  endpoint: 'vpc-endpoint',
  transit: 'transit-gateway',
  other: 'eni',
};

export function field(record: OracleRecord, name: string): string | null {
  const value = given(record[name]);
  return value === '-' ? null : value;
}

export function recordAddress(record: OracleRecord, name: string): OracleAddress | null {
  const text = field(record, name);
  return text === null ? null : address(text);
}

/** [start, end) in seconds; reversed times are swapped, an empty window lasts 1 s, milliseconds are divided. */
export function windowOf(record: OracleRecord): Window {
  const time = (name: string): number | null => {
    const value = field(record, name);
    return value === null ? null : Number(value) > 2 ** 31 - 1 ? Math.floor(Number(value) / 1000) : Number(value);
  };
  // CHOICE: a record with one time only has a window of 1 s there; with none, it may have been any second.
  const from = time('start') ?? time('end');
  if (from === null) return EVER;
  const to = time('end') ?? from;
  const [start, end] = [Math.min(from, to), Math.max(from, to)];
  return { start, end: Math.max(end, start + 1) };
}

function overlap(pod: OraclePod, window: Window): number {
  return Math.max(0, Math.min(pod.end, window.end) - Math.max(pod.start, window.start));
}

/** Seconds of the window each pod owned the address, the intervals of one pod (list and CSV) taken as a union. */
function ownedSeconds(pods: readonly OraclePod[], window: Window): Map<string, number> {
  const owned = new Map<string, number>();
  for (const id of new Set(pods.map(podId))) {
    const spans = pods.filter((pod) => podId(pod) === id).sort((a, b) => a.start - b.start);
    let total = 0;
    let reached = window.start;
    for (const span of spans) {
      const [from, to] = [Math.max(span.start, reached), Math.min(span.end, window.end)];
      total += Math.max(0, to - from);
      reached = Math.max(reached, to);
    }
    owned.set(id, total);
  }
  return owned;
}

const NOTHING = { namespace: null, pod: null, attribution: 'none', candidates: [], eni: null } as const;

const NOBODY = { pods: [], owner: null, hidden: false, isOwn: false } as const;

function podSide(addr: string, pods: readonly OraclePod[], window: Window, eni: string | null): OracleSide {
  const owned = [...ownedSeconds(pods, window)].sort((a, b) => b[1] - a[1]);
  const total = owned.reduce((sum, [, length]) => sum + length, 0);
  const [id, length] = owned[0] ?? ['', 0];
  const covers = length >= window.end - window.start;
  const named = { namespace: id.slice(0, id.indexOf('/')), pod: id.slice(id.indexOf('/') + 1) };
  const base = { addr, kind: 'pod', ...named, candidates: [], eni };
  if (owned.length === 1 && covers) return { ...base, attribution: 'exact' };
  // CHOICE: of a record without times the share of all history says nothing: only a sole owner is inferred.
  const isTimed = window !== EVER;
  if (owned.length === 1 || (isTimed && length >= 0.9 * total)) return { ...base, attribution: 'inferred' };
  // CHOICE: below 0.9 no single pod is named; all owners are listed.
  return {
    ...base,
    namespace: null,
    pod: null,
    attribution: 'candidates',
    candidates: sorted(owned.map(([key]) => key)),
  };
}

/** CHOICE: a node's listed IPv6 address is its own (pods of IPv6 clusters live in the prefix). */
function isOwn(eni: OracleEni, at: OracleAddress): boolean {
  return eni.primary?.text === at.text || eni.ipv6.some((other) => other.text === at.text);
}

function eniSide(addr: string, at: OracleAddress, eni: OracleEni): OracleSide {
  const own = { ...NOTHING, addr, kind: KIND[eni.class], eni: eni.id };
  // CHOICE: a branch interface is a pod's even when no pod list names it: kind pod, attribution none.
  if (eni.class === 'branch') return own;
  // A secondary address or delegated prefix of a node belongs to some pod; without one it is the node's, none.
  if (eni.class === 'node' && !isOwn(eni, at)) return own;
  return { ...own, attribution: 'exact' };
}

function lookUp(network: Network, cluster: Cluster, home: string | null, at: OracleAddress, ask: Ask): SideFacts {
  const here = cluster.podsAt.get(at.text) ?? [];
  const place = placeOf(
    network,
    home,
    at,
    (vpcId) => ownerOf(network, vpcId, at) !== null || here.some((pod) => pod.vpcId === vpcId),
  );
  const named = (kind: string): SideFacts => ({ side: { ...NOTHING, addr: at.text, kind }, ...NOBODY });
  // CHOICE: an address that some pod has is in a VPC, even when nothing tells in which.
  if (place === 'outside' && cluster.pods.some((pod) => pod.address.text === at.text)) return named('unknown');
  if (place === 'outside') return named(ask.awsService ? 'aws-service' : 'external');
  if (place === 'unknown') return named('unknown');
  const there = here.filter((pod) => pod.vpcId === place.vpcId);
  const possible = there.filter((pod) => !isElsewhere(pod, ask.own));
  const pods = possible.filter((pod) => overlap(pod, ask.window) > 0);
  const owner = ownerOf(network, place.vpcId, at);
  if (pods.length > 0) {
    const side = podSide(at.text, pods, ask.window, owner?.id ?? null);
    const meant = pods.filter((pod) => side.pod === null || podId(pod) === `${side.namespace}/${side.pod}`);
    return { side, pods: meant, owner, hidden: false, isOwn: false };
  }
  // eks.md §4.6: a record's times may be up to 60 s late, or a little early: the neighbours in time may be meant
  const slack = { start: ask.window.start - 60, end: ask.window.end + 5 };
  const near = there.filter((pod) => overlap(pod, slack) > 0);
  const known = near.every((pod) => possible.includes(pod)) ? owner : ask.own;
  const bare: SideFacts =
    known === null
      ? named('unknown')
      : { side: eniSide(at.text, at, known), pods, owner: known, hidden: false, isOwn: isOwn(known, at) };
  if (bare.side.attribution === 'exact' || known?.class === 'branch') return bare;
  const candidates = sorted(near.filter((pod) => possible.includes(pod)).map(podId));
  return candidates.length === 0 ? bare : { ...bare, side: { ...bare.side, attribution: 'candidates', candidates } };
}

/**
 * eks.md §4.6, step 2: a pod whose node a source names is the own side of what that node's interfaces log, and of no
 * other node's. CHOICE: when that leaves nobody, the logging interface had the address, whoever is said to hold it.
 */
export function isElsewhere(pod: OraclePod, own: OracleEni | null): boolean {
  if (own === null || own.instanceId === null || !['node', 'branch'].includes(own.class)) return false;
  return pod.namedHosts.length > 0 && !pod.namedHosts.includes(own.instanceId);
}

interface Ask {
  readonly window: Window;
  readonly awsService: boolean;
  /** The interface that logged the record, when the side is certainly its own. */
  readonly own: OracleEni | null;
}

/** Local side of a default-format record on an interface with more addresses: any of them, or the node itself. */
function hiddenSide(cluster: Cluster, eni: OracleEni, window: Window): SideFacts {
  const alive = (pod: OraclePod): boolean => overlap(pod, window) > 0;
  const here = cluster.pods.filter(
    (pod) => !pod.hostNetwork && pod.vpcId === eni.vpcId && holds(eni, pod.address) >= 0 && !isElsewhere(pod, eni),
  );
  const host = eni.isHost ? podsOfHost(cluster, eni).filter((pod) => pod.hostNetwork) : [];
  const candidates = sorted([...here, ...host].filter(alive).map(podId));
  // CHOICE: an interface that carries no pods (NAT, load balancer, …) is known all the same: exact, address null.
  const attribution = candidates.length > 0 ? 'candidates' : eni.class === 'node' ? 'none' : 'exact';
  return {
    side: { ...NOTHING, addr: null, kind: KIND[eni.class], attribution, candidates, eni: eni.id },
    pods: here,
    owner: eni,
    hidden: true,
    isOwn: false,
  };
}

const TUNNEL_PORTS = ['4789', '8472', '6081', '51820', '51821', '6783', '6784'];

/** §7.21: VXLAN, Geneve, WireGuard by their destination port, IP-in-IP by its protocol. */
export function isTunnel(record: OracleRecord): boolean {
  const protocol = field(record, 'protocol');
  return protocol === '4' || (protocol === '17' && TUNNEL_PORTS.includes(field(record, 'dstport') ?? ''));
}

/** Both sides; a tunnel between nodes ends at the nodes themselves, so nothing is hidden there. */
export function attributeSides(
  network: Network,
  cluster: Cluster,
  record: OracleRecord,
  direction: string,
): { src: SideFacts; dst: SideFacts } {
  const src = attributeSide(network, cluster, record, 'src', direction);
  const dst = attributeSide(network, cluster, record, 'dst', direction);
  const between = src.side.kind === 'node' && dst.side.kind === 'node' && direction !== 'unknown';
  if (!between || !isTunnel(record)) return { src, dst };
  const shown = (facts: SideFacts): SideFacts => {
    const { side, owner } = facts;
    if (!facts.hidden) return facts;
    const addr = owner?.primary?.text ?? null;
    return { ...facts, side: { ...side, addr, attribution: 'exact', candidates: [] } };
  };
  return { src: shown(src), dst: shown(dst) };
}

function attributeSide(
  network: Network,
  cluster: Cluster,
  record: OracleRecord,
  name: 'src' | 'dst',
  direction: string,
): SideFacts {
  const isOwn = direction === (name === 'src' ? 'egress' : 'ingress');
  const local = isOwn || direction === 'unknown';
  const eni = network.enis.get(field(record, 'interface-id') ?? '') ?? null;
  const window = windowOf(record);
  const packet = recordAddress(record, `pkt-${name}addr`);
  const at = packet ?? recordAddress(record, `${name}addr`);
  if (at === null) return { side: { ...NOTHING, addr: null, kind: 'unknown' }, ...NOBODY };
  // CHOICE: a local address that is not the primary one cannot be a substitute: it is the packet's.
  if (packet === null && local && eni?.hides === true && eni.class !== 'branch' && eni.primary?.text === at.text) {
    return hiddenSide(cluster, eni, window);
  }
  // CHOICE: without the interface in the inventory, the record's own vpc-id says where to look.
  const home = eni === null ? field(record, 'vpc-id') : eni.vpcId;
  const awsService = field(record, `pkt-${name}-aws-service`) !== null;
  return lookUp(network, cluster, home, at, { window, awsService, own: isOwn ? eni : null });
}

/** §7.14: the record's word, else whether exactly one address is the interface's. */
export function directionOf(network: Network, record: OracleRecord): 'ingress' | 'egress' | 'unknown' {
  const told = field(record, 'flow-direction');
  if (told === 'ingress' || told === 'egress') return told;
  const eni = network.enis.get(field(record, 'interface-id') ?? '');
  if (eni === undefined) return 'unknown';
  const own = (at: OracleAddress | null): boolean => at !== null && holds(eni, at) >= 0;
  const [src, dst] = [own(recordAddress(record, 'srcaddr')), own(recordAddress(record, 'dstaddr'))];
  return src === dst ? 'unknown' : src ? 'egress' : 'ingress';
}
