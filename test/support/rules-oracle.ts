import type {
  Inventory,
  NetworkInterface,
  Peer,
  Route,
  SecurityGroup,
  SecurityGroupRule,
  Selector,
} from '../../src/inventory/inventory.ts';
import { type Address, type Cidr, formatCidr } from '../../src/model/ip.ts';

/*
 * What the contract says about one packet, as a linear scan over the inventory: product.md §3 (canonical rule) and §7
 * items 8–18. Slow, and shares nothing with the compiler but the inventory types.
 */

export type Answer = 'allow' | 'deny' | 'unknown' | 'none';
export interface Judgement {
  readonly verdict: Answer;
  readonly rule: string | null;
  /** `id` for a certain match, `id?` for a possible one; deciding rule first. */
  readonly matches: readonly string[];
}

type Three = 'yes' | 'maybe' | 'no';

function toBig(address: Address): bigint {
  return address.words.reduce<bigint>((value, word) => (value << 32n) | BigInt(word), 0n);
}

/** Matched prefix length, counted so that a host is 0 bits free: number of free bits, or −1 when outside. */
function freeBits(cidr: Cidr, address: Address): number {
  if (cidr.family !== address.family) return -1;
  const free = (cidr.family === 4 ? 32 : 128) - cidr.length;
  return toBig(cidr) >> BigInt(free) === toBig(address) >> BigInt(free) ? free : -1;
}

function selects(s: Selector, protocol: number, port: number): Three {
  if (!s.valid) return 'no';
  if (s.protocol === -1) return 'yes';
  if (s.protocol !== protocol) return 'no';
  if (protocol === 6 || protocol === 17) {
    if (s.ports === null || (port >= s.ports.from && port <= s.ports.to)) return 'yes';
    return port >= s.ports.to && port <= s.ports.from ? 'maybe' : 'no';
  }
  if (protocol === 1 || protocol === 58) return s.icmpType === null ? 'yes' : 'maybe';
  return 'yes';
}

function and(a: Three, b: Three): Three {
  if (a === 'no' || b === 'no') return 'no';
  return a === 'yes' && b === 'yes' ? 'yes' : 'maybe';
}

function ownAddresses(eni: NetworkInterface, address: Address): boolean {
  const singles = [eni.primary, ...eni.secondary];
  return (
    singles.some((own) => own !== null && own.family === address.family && toBig(own) === toBig(address)) ||
    eni.prefixes.some((prefix) => freeBits(prefix, address) >= 0)
  );
}

interface PeerMatch {
  readonly match: Three;
  /** Free bits of the remote: fewer is more specific. */
  readonly free: number;
}

function peerMatches(
  inventory: Inventory,
  group: SecurityGroup,
  peer: Peer,
  viewer: string | null,
  address: Address,
): PeerMatch {
  const all = address.family === 4 ? 32 : 128;
  if (peer.kind === 'cidr') {
    const free = freeBits(peer.cidr, address);
    return { match: free < 0 ? 'no' : 'yes', free };
  }
  if (peer.kind === 'prefix-list') {
    const list = inventory.prefixLists.find((l) => l.id === peer.id);
    if (list === undefined || list.cidrs === null) {
      const family = list?.family ?? null;
      return { match: family === null || family === address.family ? 'maybe' : 'no', free: all };
    }
    const hits = list.cidrs.map((entry) => freeBits(entry, address)).filter((free) => free >= 0);
    return hits.length === 0 ? { match: 'no', free: all } : { match: 'yes', free: Math.min(...hits) };
  }
  if (peer.peeringStatus !== null && peer.peeringStatus !== 'active') return { match: 'no', free: all };
  const holders = inventory.networkInterfaces.filter((eni) => ownAddresses(eni, address));
  const viewerCidrs = inventory.vpcs.find((vpc) => vpc.id === viewer)?.cidrs ?? [];
  const inViewer = viewerCidrs.some((block) => freeBits(block, address) >= 0);
  const meant = holders.filter((eni) => eni.vpcId === viewer || !inViewer);
  const member = meant.some((eni) => eni.groups?.includes(peer.id));
  const described = inventory.securityGroups.some((g) => g.id === peer.id);
  const attached = inventory.networkInterfaces.some((eni) => eni.groups?.includes(peer.id));
  const foreign = peer.ownerId !== null && peer.ownerId !== group.ownerId;
  if (!described && !attached && !foreign) return { match: 'no', free: all };
  if (member) return { match: 'yes', free: 0 };
  if (meant.some((eni) => eni.groups === null)) return { match: 'maybe', free: 0 };
  if (!described && foreign) return { match: 'maybe', free: all };
  return { match: 'no', free: all };
}

function width(s: Selector): number {
  if (s.protocol === 1 || s.protocol === 58) return s.icmpType === null ? 2 : s.icmpCode === null ? 1 : 0;
  return (s.protocol === 6 || s.protocol === 17) && s.ports !== null ? Math.abs(s.ports.to - s.ports.from) : 65535;
}

interface RuleMatch {
  readonly rule: SecurityGroupRule;
  readonly match: Three;
  readonly free: number;
}

function moreSpecific(a: RuleMatch, b: RuleMatch): number {
  if (a.match !== b.match) return a.match === 'yes' ? -1 : 1;
  if (a.free !== b.free) return a.free - b.free;
  const named = Number(a.rule.selector.protocol === -1) - Number(b.rule.selector.protocol === -1);
  if (named !== 0) return named;
  const narrow = width(a.rule.selector) - width(b.rule.selector);
  if (narrow !== 0) return narrow;
  return a.rule.id < b.rule.id ? -1 : 1;
}

export function judgeSecurityGroups(
  inventory: Inventory,
  eni: NetworkInterface,
  egress: boolean,
  address: Address,
  protocol: number,
  port: number,
  referencesVoid = false,
): Judgement {
  if (eni.groups === null) return { verdict: 'unknown', rule: null, matches: [] };
  if (eni.groups.length === 0) return { verdict: 'none', rule: null, matches: [] };
  const attached = [...new Set(eni.groups)].map((id) => inventory.securityGroups.find((group) => group.id === id));
  const found: RuleMatch[] = [];
  for (const group of attached) {
    for (const rule of group?.rules ?? []) {
      if (group === undefined || rule.egress !== egress) continue;
      if (referencesVoid && rule.peer.kind === 'group') continue;
      const peer = peerMatches(inventory, group, rule.peer, eni.vpcId, address);
      const match = and(selects(rule.selector, protocol, port), peer.match);
      if (match !== 'no') found.push({ rule, match, free: peer.free });
    }
  }
  found.sort(moreSpecific);
  const matches = found.map((f) => (f.match === 'yes' ? f.rule.id : `${f.rule.id}?`));
  const first = found[0];
  if (first?.match === 'yes') return { verdict: 'allow', rule: first.rule.id, matches };
  const open = first !== undefined || attached.includes(undefined);
  return { verdict: open ? 'unknown' : 'deny', rule: open ? null : 'implicit-deny', matches };
}

export function judgeNetworkAcl(
  inventory: Inventory,
  eni: NetworkInterface,
  egress: boolean,
  address: Address,
  protocol: number,
  port: number,
): Judgement {
  const acl =
    inventory.networkAcls.find((a) => a.subnetIds.includes(eni.subnetId ?? '')) ??
    inventory.networkAcls.find((a) => a.isDefault && a.vpcId === eni.vpcId);
  if (acl === undefined) return { verdict: 'unknown', rule: null, matches: [] };
  const star = `${acl.id}/${egress ? 'egress' : 'ingress'}/*`;
  const found: { id: string; allow: boolean; match: Three }[] = [];
  for (const entry of [...acl.entries].sort((a, b) => a.number - b.number)) {
    if (entry.egress !== egress || freeBits(entry.cidr, address) < 0) continue;
    const match = selects(entry.selector, protocol, port);
    if (match !== 'no') found.push({ id: entry.id, allow: entry.allow, match });
  }
  if (!found.some((f) => f.id === star)) found.push({ id: star, allow: false, match: 'yes' });
  const certain = found.findIndex((f) => f.match === 'yes');
  const decider = found[certain];
  const disputed = found.slice(0, certain).some((f) => f.allow !== decider?.allow);
  const ordered = disputed || decider === undefined ? found : [decider, ...found.filter((f) => f !== decider)];
  const matches = ordered.map((f) => (f.match === 'yes' ? f.id : `${f.id}?`));
  if (disputed || decider === undefined) return { verdict: 'unknown', rule: null, matches };
  return { verdict: decider.allow ? 'allow' : 'deny', rule: decider.id, matches };
}

const RESERVED: readonly Cidr[] = [
  { family: 4, words: [0xa9fe_a800], length: 22 },
  { family: 6, words: [0xfd00_0ec2, 0, 0, 0], length: 32 },
];

/** AWS takes a NAT gateway, an interface or a GWLB endpoint inside a local CIDR; what is lost may have been one. */
function mayShadowLocal(inventory: Inventory, { kind, target, origin }: Route): boolean {
  if (origin === 'propagated') return false;
  const endpoint = inventory.vpcEndpoints.find(({ id }) => id === target);
  if (kind === 'vpce') return endpoint?.type === 'GatewayLoadBalancer';
  return ['eni', 'nat', 'blackhole', 'unknown'].includes(kind);
}

/** `kind target prefix`, `none`, or `unknown`. */
export function judgeRoute(inventory: Inventory, eni: NetworkInterface, address: Address): string {
  const table =
    inventory.routeTables.find((t) => t.subnetIds.includes(eni.subnetId ?? '')) ??
    inventory.routeTables.find((t) => t.main && t.vpcId === eni.vpcId);
  if (table === undefined || eni.subnetId === null) return 'unknown';
  if (RESERVED.some((block) => freeBits(block, address) >= 0)) return 'none';
  const hits: { route: Route; cidr: Cidr; free: number }[] = [];
  const holes: Route[] = [];
  for (const route of table.routes) {
    const { destination } = route;
    if (destination.kind === 'cidr') {
      const free = freeBits(destination.cidr, address);
      if (free >= 0) hits.push({ route, cidr: destination.cidr, free });
      continue;
    }
    const list = inventory.prefixLists.find((l) => l.id === destination.id);
    if (list === undefined || list.cidrs === null) {
      if (list === undefined || list.family === null || list.family === address.family) holes.push(route);
      continue;
    }
    for (const entry of list.cidrs) {
      const free = freeBits(entry, address);
      if (free >= 0) hits.push({ route, cidr: entry, free });
    }
  }
  const isLocal = hits.some((hit) => hit.route.origin === 'local');
  const eligible = isLocal ? hits.filter((hit) => hit.route.origin !== 'propagated') : hits;
  const order = (hit: { route: Route }): number => {
    if (hit.route.origin === 'propagated') return 3;
    return hit.route.destination.kind === 'cidr' ? 1 : 2;
  };
  eligible.sort((a, b) => a.free - b.free || order(a) - order(b));
  const winner = eligible[0];
  if (holes.length > 0) {
    const beyondLists = winner !== undefined && winner.free === 0 && order(winner) < 2;
    const isLocalSure = winner?.route.origin === 'local' && !holes.some((hole) => mayShadowLocal(inventory, hole));
    if (winner?.route.origin === 'local' ? !isLocalSure : !beyondLists) return 'unknown';
  }
  if (winner === undefined) return 'none';
  const ties = eligible.filter((hit) => hit.free === winner.free && order(hit) === order(winner));
  const text = (hit: { route: Route; cidr: Cidr }): string =>
    `${hit.route.kind} ${hit.route.kind === 'local' ? 'local' : hit.route.target} ${formatCidr(hit.cidr)}`;
  return ties.every((hit) => text(hit) === text(winner)) ? text(winner) : 'unknown';
}
