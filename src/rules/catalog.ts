import type {
  Inventory,
  NetworkAcl,
  NetworkAclEntry,
  Origin,
  Route,
  RouteTable,
  SecurityGroup,
  SecurityGroupRule,
  Selector,
} from '../inventory/inventory.ts';
import { type Cidr, formatCidr } from '../model/ip.ts';
import type { RouteKind } from '../model/verdict.ts';
import type { RulesView } from './view.ts';

/** The words behind rule indices; main thread only. Security group rules, then network ACL entries, then routes. */
export interface Catalog {
  readonly rules: readonly CatalogRule[];
}

export type CatalogRule = SecurityGroupCatalogRule | NetworkAclCatalogRule | RouteCatalogRule;

interface CatalogEntry {
  readonly id: string;
  /** One sentence: who, what, whom. */
  readonly text: string;
  readonly origin: Origin;
}

interface SecurityGroupCatalogRule extends CatalogEntry {
  readonly layer: 'sg';
  readonly rule: SecurityGroupRule;
}

interface NetworkAclCatalogRule extends CatalogEntry {
  readonly layer: 'nacl';
  readonly aclId: string;
  /** `*` entries of both families are one rule. */
  readonly entry: NetworkAclEntry;
}

export interface RouteCatalogRule extends CatalogEntry {
  readonly layer: 'route';
  readonly routeTableId: string;
  readonly kind: RouteKind;
  /** `local` for the local route, else the id of the target; null = the document names none. */
  readonly target: string | null;
  /** Destination CIDR, for a prefix-list route the entry; null when the list's entries are not known. */
  readonly prefix: string | null;
  readonly route: Route;
}

/** A route with one destination: a prefix-list route is as many of them as the list has entries. */
export interface ExpandedRoute {
  /** Place in `routeDrafts`. */
  readonly place: number;
  /** null = a prefix list without known entries. */
  readonly cidr: Cidr | null;
  /** Family of `cidr`, or of the unknown entries; null = both. */
  readonly family: 4 | 6 | null;
  readonly route: Route;
}

/** The last entry of each direction denies what no other matched; numbers of AWS's own: 32767 (IPv4), 32768 (IPv6). */
const LAST_ENTRY = 32767;

/** Every route of every table, one a destination CIDR, in the order of their rule indices. */
export function routeDrafts(inventory: Inventory): readonly RouteDraft[] {
  const lists = new Map(inventory.prefixLists.map((list) => [list.id, list]));
  const drafts = inventory.routeTables.flatMap((table, at) =>
    table.routes.flatMap((route) => expandRoute(table, route, lists).map((draft) => ({ ...draft, at }))),
  );
  return drafts.sort((a, b) => compareText(a.entry.id, b.entry.id) || compareRoutes(a.entry.route, b.entry.route));
}

/** The routes of each table, by index in Inventory.routeTables. */
export function expandedRoutes(drafts: readonly RouteDraft[], tables: number): readonly (readonly ExpandedRoute[])[] {
  const routes: ExpandedRoute[][] = Array.from({ length: tables }, () => []);
  drafts.forEach(({ entry, cidr, family, at }, place) => {
    routes[at]?.push({ place, cidr, family, route: entry.route });
  });
  return routes;
}

/** Order by UTF-16 code unit, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function securityGroupDrafts(group: SecurityGroup): SecurityGroupCatalogRule[] {
  return group.rules.map((rule) => {
    const way = rule.egress ? 'egress allows' : 'ingress allows';
    const peer = rule.peer.kind === 'cidr' ? formatCidr(rule.peer.cidr) : rule.peer.id;
    const text = `${rule.groupId} ${way} ${selectorText(rule.selector)} ${rule.egress ? 'to' : 'from'} ${peer}`;
    return { id: rule.id, layer: 'sg', text, origin: rule.origin, rule };
  });
}

export function networkAclDrafts(acl: NetworkAcl): NetworkAclCatalogRule[] {
  const entries = [...acl.entries, ...impliedEntries(acl)];
  return entries.map((entry) => ({
    id: entry.id,
    layer: 'nacl',
    text: entryText(acl, entry),
    origin: entry.origin,
    aclId: acl.id,
    entry,
  }));
}

/** The `*` entries that the document leaves out: one a direction and family. */
export function impliedEntries(acl: NetworkAcl): NetworkAclEntry[] {
  const implied: NetworkAclEntry[] = [];
  for (const egress of [false, true]) {
    for (const family of [4, 6] as const) {
      const has = (e: NetworkAclEntry): boolean =>
        e.egress === egress && e.cidr.family === family && e.number >= LAST_ENTRY;
      if (acl.entries.some(has)) continue;
      implied.push({
        id: `${acl.id}/${egress ? 'egress' : 'ingress'}/*`,
        number: family === 4 ? LAST_ENTRY : LAST_ENTRY + 1,
        egress,
        allow: false,
        selector: { protocol: -1, ports: null, icmpType: null, icmpCode: null, valid: true },
        cidr: family === 4 ? { family, words: [0], length: 0 } : { family, words: [0, 0, 0, 0], length: 0 },
        origin: acl.origin,
      });
    }
  }
  return implied;
}

function entryText(acl: NetworkAcl, entry: NetworkAclEntry): string {
  const way = entry.egress ? 'egress' : 'ingress';
  const verb = entry.allow ? 'allows' : 'denies';
  if (entry.number >= LAST_ENTRY) return `${acl.id} ${way} * ${verb} what no entry matched`;
  const peer = `${entry.egress ? 'to' : 'from'} ${formatCidr(entry.cidr)}`;
  return `${acl.id} ${way} ${entry.number} ${verb} ${selectorText(entry.selector)} ${peer}`;
}

export interface RouteDraft {
  readonly entry: RouteCatalogRule;
  /** Index in Inventory.routeTables. */
  readonly at: number;
  readonly cidr: Cidr | null;
  readonly family: 4 | 6 | null;
}

function expandRoute(
  table: RouteTable,
  route: Route,
  lists: ReadonlyMap<string, Inventory['prefixLists'][number]>,
): Omit<RouteDraft, 'at'>[] {
  const target = route.kind === 'local' ? 'local' : route.target;
  const draft = (cidr: Cidr | null, family: 4 | 6 | null, via: string): Omit<RouteDraft, 'at'> => {
    const prefix = cidr === null ? null : formatCidr(cidr);
    const to = route.kind === 'blackhole' ? `nowhere (blackhole, was ${target ?? 'unknown'})` : (target ?? route.kind);
    const destination = prefix === null ? via : via === '' ? prefix : `${prefix} (${via})`;
    const entry: RouteCatalogRule = {
      id: `${table.id}/${prefix ?? via}`,
      layer: 'route',
      text: `${table.id} sends ${destination} to ${to}`,
      origin: route.source,
      routeTableId: table.id,
      kind: route.kind,
      target,
      prefix,
      route,
    };
    return { entry, cidr, family };
  };
  if (route.destination.kind === 'cidr') {
    return [draft(route.destination.cidr, route.destination.cidr.family, '')];
  }
  const { id } = route.destination;
  const list = lists.get(id);
  if (list === undefined || list.cidrs === null) return [draft(null, list?.family ?? null, id)];
  const distinct = new Map(list.cidrs.map((cidr) => [formatCidr(cidr), cidr]));
  return [...distinct.values()].map((cidr) => draft(cidr, cidr.family, id));
}

/**
 * Rank among routes of equal prefix, smaller wins: local and static CIDR, then prefix list, then propagated (VPC User
 * Guide, "How route priority works").
 */
export function routePriority(route: Route): number {
  if (route.origin === 'propagated') return 3;
  return route.destination.kind === 'prefix-list' ? 2 : 1;
}

function compareRoutes(a: Route, b: Route): number {
  return (
    routePriority(a) - routePriority(b) ||
    compareText(a.target ?? '', b.target ?? '') ||
    compareText(a.kind, b.kind) ||
    compareText(destinationText(a), destinationText(b))
  );
}

function destinationText(route: Route): string {
  return route.destination.kind === 'cidr' ? formatCidr(route.destination.cidr) : route.destination.id;
}

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [-1, 'all traffic'],
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
]);

function selectorText(selector: Selector): string {
  const name = PROTOCOL_NAMES.get(selector.protocol) ?? `protocol ${selector.protocol}`;
  if (selector.protocol === 1 || selector.protocol === 58) {
    if (selector.icmpType === null) return selector.valid ? name : `${name} (invalid)`;
    return `${name} type ${selector.icmpType}${selector.icmpCode === null ? '' : ` code ${selector.icmpCode}`}`;
  }
  if ((selector.protocol !== 6 && selector.protocol !== 17) || selector.ports === null) return name;
  const { from, to } = selector.ports;
  return from === to ? `${name} ${from}` : `${name} ${from}-${to}`;
}

/** A rule that matches in a cell. */
export interface CellMatch {
  readonly rule: number;
  /** False = it may match: the selector names an ICMP type or ports from > to, or the peer is not fully known. */
  readonly certain: boolean;
  /** True when address and peer match for certain: with the ICMP type known, the selector alone decides. */
  readonly peerCertain: boolean;
}

/**
 * Flags in the low bits of an element of RulesSections.matchList, `maybe` = any of them; the rule index stands above.
 */
export const MatchFlag = { selectorMaybe: 1, peerMaybe: 2, maybe: 3, bits: 2 } as const;

/** Every rule that matches in `cell`, the deciding one first. */
export function matchesOf(view: RulesView, cell: number): CellMatch[] {
  const { matchOffset, matchList } = view.sections;
  const matches: CellMatch[] = [];
  for (let i = matchOffset[cell] ?? 0; i < (matchOffset[cell + 1] ?? 0); i++) {
    const word = matchList[i] ?? 0;
    const peerCertain = (word & MatchFlag.peerMaybe) === 0;
    const certain = peerCertain && (word & MatchFlag.selectorMaybe) === 0;
    matches.push({ rule: word >> MatchFlag.bits, certain, peerCertain });
  }
  return matches;
}
