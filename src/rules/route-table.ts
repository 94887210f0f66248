import type { Inventory, InventoryWarning, Route, RouteTable, Subnet } from '../inventory/inventory.ts';
import { cidrContains, parseCidr } from '../model/ip.ts';
import type { AddressLabels } from './address-class.ts';
import { BlockPool } from './block-pool.ts';
import { type ExpandedRoute, routePriority } from './catalog.ts';
import { invertSets, partition } from './partition.ts';
import { rankOf } from './peer-label.ts';
import { CLASS_PAGE, putPages } from './rule-matrix.ts';
import { associationOf, type SubnetPlace, subnetAssociations } from './subnet-association.ts';
import { UNKNOWN_SET } from './view.ts';

/** Answers of routeOf that are no rule index. */
const NO_ROUTE = -1;
const UNKNOWN_ROUTE = -2;

/** Rank of a single address of either family: no prefix is longer. */
const HOST_RANK = 128;

/** Which routes may win for the addresses of one label; by label, for one table. */
export type RouteLabels = ReadonlyMap<number, readonly ExpandedRoute[]>;

/** Not routable by user routes, even when a larger route covers them (VPC User Guide, "Route tables"). */
const RESERVED = ['169.254.168.0/22', 'fd00:ec2::/32'] as const;

/** Registers the destinations of all tables; by index in Inventory.routeTables. */
export function routeLabels(
  tables: readonly (readonly ExpandedRoute[])[],
  labels: AddressLabels,
): readonly RouteLabels[] {
  const cidrs = RESERVED.flatMap((text) => parseCidr(text) ?? []);
  const reserved = labels.union('reserved', cidrs);
  return tables.map((routes) => {
    const byLabel = new Map<number, ExpandedRoute[]>([[reserved, []]]);
    const put = (label: number, route: ExpandedRoute): void => {
      const at = byLabel.get(label);
      if (at === undefined) byLabel.set(label, [route]);
      else at.push(route);
    };
    for (const route of routes) {
      if (route.cidr !== null) put(labels.cidr(route.cidr), route);
      else for (const family of familiesOf(route)) put(labels.any(family), route);
    }
    return byLabel;
  });
}

function familiesOf(route: ExpandedRoute): readonly (4 | 6)[] {
  return route.family === null ? [4, 6] : [route.family];
}

interface RoutePages {
  readonly pagesPerTable: number;
  readonly routePageTab: Int32Array;
  readonly routePages: Int32Array;
}

export function buildRoutePages(
  tables: readonly RouteLabels[],
  labelCount: number,
  labelSets: readonly Int32Array[],
  mayShadowLocal: (route: ExpandedRoute) => boolean,
): RoutePages {
  const classesOf = invertSets(labelCount, labelSets);
  const pagesPerTable = Math.ceil(labelSets.length / CLASS_PAGE);
  const routePageTab = new Int32Array(tables.length * pagesPerTable);
  const pages = new BlockPool(CLASS_PAGE);
  tables.forEach((byLabel, index) => {
    const split = partition(labelSets.length, [...byLabel.keys()], (label) => classesOf[label]!);
    const winners = split.parts.map((part) => {
      const routes = part.map((label) => byLabel.get(label) ?? []);
      return routes.some((list) => list.length === 0) ? NO_ROUTE : winnerOf(routes.flat(), mayShadowLocal);
    });
    putPages(
      pages,
      split.partOf.map((part) => winners[part]!),
      routePageTab,
      index * pagesPerTable,
    );
  });
  return { pagesPerTable, routePageTab, routePages: pages.contents() };
}

/**
 * The route that wins among all that contain a destination (VPC User Guide, "How route priority works"): inside a local
 * CIDR propagated routes are ignored, even if more specific; then the longest prefix; then static CIDR, prefix list,
 * propagated. Routes of equal prefix and priority with different targets are ambiguous: unknown.
 * A prefix list without known entries might hold a longer prefix than any winner, so all it could reach is unknown,
 * except where a static route to the single address decides, or a local one that the list's target may not shadow.
 */
function winnerOf(candidates: readonly ExpandedRoute[], mayShadowLocal: (route: ExpandedRoute) => boolean): number {
  const known = candidates.filter((candidate) => candidate.cidr !== null);
  const isLocal = known.some((candidate) => candidate.route.origin === 'local');
  let best: ExpandedRoute[] = [];
  for (const candidate of known) {
    if (isLocal && candidate.route.origin === 'propagated') continue;
    const order = best[0] === undefined ? -1 : compareSpecific(candidate, best[0]);
    if (order < 0) best = [candidate];
    else if (order === 0) best.push(candidate);
  }
  const winner = best[0];
  const open = candidates.filter((candidate) => candidate.cidr === null);
  if (open.length > 0 && !(winner !== undefined && isSettled(winner, open, mayShadowLocal))) return UNKNOWN_ROUTE;
  if (winner === undefined) return NO_ROUTE;
  const isAmbiguous = best.some(
    ({ route }) => route.target !== winner.route.target || route.kind !== winner.route.kind,
  );
  return isAmbiguous ? UNKNOWN_ROUTE : winner.place;
}

/** Negative when `a` wins over `b`. */
function compareSpecific(a: ExpandedRoute, b: ExpandedRoute): number {
  return rankOfRoute(b) - rankOfRoute(a) || routePriority(a.route) - routePriority(b.route);
}

function rankOfRoute(route: ExpandedRoute): number {
  return route.cidr === null ? -1 : rankOf(route.cidr);
}

function isSettled(
  winner: ExpandedRoute,
  open: readonly ExpandedRoute[],
  mayShadowLocal: (route: ExpandedRoute) => boolean,
): boolean {
  if (winner.route.origin === 'local') return !open.some(mayShadowLocal);
  return rankOfRoute(winner) === HOST_RANK && routePriority(winner.route) < 2;
}

/** True when traffic by this route passes an appliance: group references match nothing behind it. */
export function isMiddleboxRoute(route: Route, endpointTypes: ReadonlyMap<string, string | null>): boolean {
  if (route.kind === 'eni') return true;
  if (route.kind !== 'vpce' || route.target === null) return false;
  const type = endpointTypes.get(route.target) ?? null;
  // A gateway endpoint is reached by a prefix list, a Gateway Load Balancer endpoint by a CIDR.
  return type === null ? route.destination.kind === 'cidr' : type === 'GatewayLoadBalancer';
}

/** Targets of a route inside a local one: NAT gateway, interface, GWLB endpoint, or what can no longer be told. */
export function canShadowLocal({ kind, origin }: Route, isMiddlebox: boolean): boolean {
  if (origin === 'propagated') return false;
  return isMiddlebox || kind === 'nat' || kind === 'blackhole' || kind === 'unknown';
}

/** Route table of each interface as index in Inventory.routeTables, or UNKNOWN_SET. `places`: of the interfaces. */
export function assignRouteTables(
  inventory: Inventory,
  places: readonly SubnetPlace[],
  routesOf: readonly (readonly ExpandedRoute[])[],
): {
  readonly tables: Int32Array;
  /** Place of the local route of each interface's own subnet, by family, −1 = none. */
  readonly local4: Int32Array;
  readonly local6: Int32Array;
  readonly warnings: readonly InventoryWarning[];
} {
  const association = subnetAssociations(inventory.routeTables, 'route table', (table) => table.main);
  const indexOf = new Map<RouteTable, number>(inventory.routeTables.map((table, index) => [table, index]));
  const subnets = new Map(inventory.subnets.map((subnet) => [subnet.id, subnet]));
  const tables = new Int32Array(inventory.networkInterfaces.length).fill(UNKNOWN_SET);
  const local4 = new Int32Array(tables.length).fill(NO_ROUTE);
  const local6 = new Int32Array(tables.length).fill(NO_ROUTE);
  for (const { subnetId, vpcId, enis } of places) {
    const table = associationOf(association, subnetId, vpcId);
    if (table === undefined) continue;
    const at = indexOf.get(table) ?? UNKNOWN_SET;
    const routes = routesOf[at] ?? [];
    const subnet = subnets.get(subnetId);
    const local = [localRoute(routes, subnet, 4), localRoute(routes, subnet, 6)] as const;
    for (const eni of enis) {
      tables[eni] = at;
      local4[eni] = local[0];
      local6[eni] = local[1];
    }
  }
  return { tables, local4, local6, warnings: association.warnings };
}

/** The local route that holds the subnet's block: a block of the VPC. */
function localRoute(routes: readonly ExpandedRoute[], subnet: Subnet | undefined, family: 4 | 6): number {
  const block = subnet?.cidrs.find((cidr) => cidr.family === family);
  const local = routes.find(
    ({ route, cidr }) => route.kind === 'local' && cidr !== null && block !== undefined && cidrContains(cidr, block),
  );
  return local?.place ?? NO_ROUTE;
}
