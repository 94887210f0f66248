import type { Inventory } from '../inventory/inventory.ts';
import { type Address, cidrContains, formatCidr } from '../model/ip.ts';
import { ROUTE_KIND, type RouteKind } from '../model/verdict.ts';
import { routeOf } from '../rules/lookup.ts';
import { EniSet, SETS_STRIDE } from '../rules/view.ts';
import type { Endpoint } from './endpoint.ts';
import type { ExplainStep } from './explanation.ts';
import { addressClass, askSet, type LayerAnswer } from './layer-answer.ts';
import type { Asked, Scene, Site } from './scene.ts';
import { doubtsAboutRoute, doubtsOf } from './unknown.ts';

/** A layer the packet does not cross: network ACLs stand at the subnet's border. */
const NOT_CROSSED: LayerAnswer = { verdict: 'none', rule: null, matched: [] };
export const EXEMPT: LayerAnswer = { verdict: 'exempt', rule: null, matched: [] };

type Direction = 'ingress' | 'egress';

/** Security groups of the interface at a site, for a request toward (egress) or from (ingress) `remote`. */
export function groupStep(scene: Scene, site: Site, direction: Direction, remote: Address | null): ExplainStep {
  const { view } = scene.tables;
  const word = direction === 'egress' ? EniSet.sgEgress : EniSet.sgIngress;
  const set = view.eniSets[site.eni * SETS_STRIDE + word] ?? -1;
  const isVoid = set >= 0 && scene.viaMiddlebox && view.hasMiddleboxRoutes;
  return layerStep(scene, 'sg', site, direction, ask(scene, isVoid ? set + 1 : set, remote, scene.request), remote);
}

/** Network ACL of a site's subnet; `crossed` false = both ends of this stretch are in the subnet. */
export function aclStep(
  scene: Scene,
  site: Site,
  direction: Direction,
  remote: Address | null,
  asked: Asked,
  crossed: boolean,
): ExplainStep {
  if (!crossed) return layerStep(scene, 'nacl', site, direction, NOT_CROSSED, remote);
  const word = direction === 'egress' ? EniSet.naclEgress : EniSet.naclIngress;
  const set = site.eni < 0 ? -2 : (scene.tables.view.eniSets[site.eni * SETS_STRIDE + word] ?? -2);
  return layerStep(scene, 'nacl', site, direction, ask(scene, set, remote, asked), remote);
}

function ask({ tables, flow }: Scene, set: number, remote: Address | null, asked: Asked): LayerAnswer {
  return askSet(tables, set, { remote, protocol: flow.protocol, ...asked });
}

export function layerStep(
  scene: Scene,
  layer: 'sg' | 'nacl',
  site: Site,
  direction: Direction,
  answer: LayerAnswer,
  remote: Address | null,
): ExplainStep {
  const step: ExplainStep = { layer, at: site.at, direction, ...answer };
  return answer.verdict === 'unknown' ? { ...step, unknown: doubtsOf(scene, layer, site, answer, remote) } : step;
}

/** NetworkPolicies are not evaluated yet: where any exist, what they say of a pod is not known. */
export function policySteps(
  { networkPolicies }: Inventory,
  end: Endpoint,
  at: string,
  direction: Direction,
): ExplainStep[] {
  if (end.pod === null || networkPolicies === 0) return [];
  const unknown = [`network-policy-not-evaluated: the cluster has ${networkPolicies}`];
  return [{ layer: 'policy', at, direction, verdict: 'unknown', rule: null, matched: [], unknown }];
}

/** Step of a route table (by index; −1 = not known) toward an address. */
export function routeStep(scene: Scene, table: number, at: string, to: Address | null): ExplainStep {
  const { view, catalog } = scene.tables;
  const route = table < 0 || to === null ? -2 : routeOf(view, table, addressClass(view, to));
  const base = { layer: 'route', at, direction: 'egress', verdict: null } as const;
  const entry = catalog.rules[route];
  if (entry?.layer !== 'route') {
    const none = { ...base, rule: null, matched: [], target: null, prefix: null } as const;
    if (route === -1) return { ...none, kind: 'none' };
    return { ...none, kind: 'unknown', unknown: doubtsAboutRoute(scene, table, to) };
  }
  const kind: RouteKind = ROUTE_KIND[view.routeKind[route] ?? 0] ?? 'unknown';
  return { ...base, rule: entry.id, matched: [entry.id], kind, target: entry.target, prefix: entry.prefix };
}

/** Inside a subnet packets never meet its router: of the table only the local route holds, where it has one. */
export function localRouteStep(scene: Scene, table: number, at: string, to: Address | null): ExplainStep {
  const found = scene.tables.inventory.routeTables[table];
  const local = found?.routes.find(
    ({ kind, destination }) =>
      kind === 'local' && destination.kind === 'cidr' && to !== null && cidrContains(destination.cidr, to),
  );
  const base = { layer: 'route', at, direction: 'egress', verdict: null, kind: 'local', target: 'local' } as const;
  if (found === undefined || local?.destination.kind !== 'cidr')
    return { ...base, rule: null, matched: [], prefix: null };
  const prefix = formatCidr(local.destination.cidr);
  const rule = `${found.id}/${prefix}`;
  return { ...base, rule, matched: [rule], prefix };
}
