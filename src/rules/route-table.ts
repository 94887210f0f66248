import type { Inventory, InventoryWarning, Route, RouteTable } from '../inventory/inventory.ts';
import type { AddressLabels } from './address-class.ts';
import { BlockPool } from './block-pool.ts';
import { type ExpandedRoute, type NumberedRules, routePriority } from './catalog.ts';
import { invertSets, partition } from './partition.ts';
import { rankOf } from './peer-label.ts';
import { PAGE, putPages } from './rule-matrix.ts';
import { associationOf, subnetAssociations } from './subnet-association.ts';
import { UNKNOWN_SET } from './view.ts';

/** Answers of routeOf that are no rule index. */
const NO_ROUTE = -1;
const UNKNOWN_ROUTE = -2;

/** Rank of a single address of either family: no prefix is longer. */
const HOST_RANK = 128;

/** Which routes may win for the addresses of one label; by label, for one table. */
export type RouteLabels = ReadonlyMap<number, readonly ExpandedRoute[]>;

/** Registers the destinations of all tables; by index in Inventory.routeTables. */
export function routeLabels(numbered: NumberedRules, labels: AddressLabels): readonly RouteLabels[] {
  return numbered.routes.map((routes) => {
    const byLabel = new Map<number, ExpandedRoute[]>();
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
  readonly routePageTab: Int32Array;
  readonly routePages: Int32Array;
}

export function buildRoutePages(
  tables: readonly RouteLabels[],
  labelCount: number,
  labelSets: readonly Int32Array[],
): RoutePages {
  const classesOf = invertSets(labelCount, labelSets);
  const pagesPerTable = Math.ceil(labelSets.length / PAGE);
  const routePageTab = new Int32Array(tables.length * pagesPerTable);
  const pages = new BlockPool(PAGE);
  tables.forEach((byLabel, index) => {
    const split = partition(labelSets.length, [...byLabel.keys()], (label) => classesOf[label]!);
    const winners = split.parts.map((part) => winnerOf(part.flatMap((label) => byLabel.get(label) ?? [])));
    putPages(
      pages,
      split.partOf.map((part) => winners[part]!),
      routePageTab,
      index * pagesPerTable,
    );
  });
  return { routePageTab, routePages: pages.contents() };
}

/**
 * The route that wins among all that contain a destination (VPC User Guide, "How route priority works"): inside a local
 * CIDR propagated routes are ignored, even if more specific; then the longest prefix; then static CIDR, prefix list,
 * propagated. Routes of equal prefix and priority with different targets are ambiguous: unknown.
 * A prefix list without known entries might hold a longer prefix than any winner, so all it could reach is unknown,
 * except where a local route decides, or a static route to the single address.
 */
function winnerOf(candidates: readonly ExpandedRoute[]): number {
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
  if (known.length < candidates.length) {
    const settled = winner !== undefined && isSettled(winner);
    if (!settled) return UNKNOWN_ROUTE;
  }
  if (winner === undefined) return NO_ROUTE;
  const isAmbiguous = best.some(
    ({ route }) => route.target !== winner.route.target || route.kind !== winner.route.kind,
  );
  return isAmbiguous ? UNKNOWN_ROUTE : winner.rule;
}

/** Negative when `a` wins over `b`. */
function compareSpecific(a: ExpandedRoute, b: ExpandedRoute): number {
  return rankOfRoute(b) - rankOfRoute(a) || routePriority(a.route) - routePriority(b.route);
}

function rankOfRoute(route: ExpandedRoute): number {
  return route.cidr === null ? -1 : rankOf(route.cidr);
}

function isSettled(winner: ExpandedRoute): boolean {
  if (winner.route.origin === 'local') return true;
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

/** Route table of each interface as index in Inventory.routeTables, or UNKNOWN_SET. */
export function assignRouteTables(inventory: Inventory): {
  readonly tables: Int32Array;
  readonly warnings: readonly InventoryWarning[];
} {
  const association = subnetAssociations(inventory.routeTables, 'route table', (table) => table.main);
  const indexOf = new Map<RouteTable, number>(inventory.routeTables.map((table, index) => [table, index]));
  const vpcOfSubnet = new Map(inventory.subnets.map((subnet) => [subnet.id, subnet.vpcId]));
  const tables = new Int32Array(inventory.networkInterfaces.length).fill(UNKNOWN_SET);
  inventory.networkInterfaces.forEach((eni, index) => {
    if (eni.subnetId === null) return;
    const table = associationOf(association, eni.subnetId, vpcOfSubnet.get(eni.subnetId) ?? eni.vpcId);
    if (table !== undefined) tables[index] = indexOf.get(table) ?? UNKNOWN_SET;
  });
  return { tables, warnings: association.warnings };
}
