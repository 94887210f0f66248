import { isTurned } from '../inventory/selector.ts';
import type { Address } from '../model/ip.ts';
import type { CatalogRule } from '../rules/catalog.ts';
import type { LayerAnswer } from './layer-answer.ts';
import type { Scene, Site } from './scene.ts';

const ICMP = 1;
const ICMPV6 = 58;

/** Why a layer could not be answered: one entry a cause, a code and what it is about. */
export function doubtsOf(
  scene: Scene,
  layer: 'sg' | 'nacl',
  site: Site,
  answer: LayerAnswer,
  remote: Address | null,
): string[] {
  if (remote === null) return ['address-unknown: the address of the other end on this stretch is not known'];
  const doubts = layer === 'sg' ? doubtsAboutGroups(scene, site) : doubtsAboutAcl(scene, site);
  const { rules } = scene.tables.catalog;
  const matched = new Set(answer.matched);
  for (const rule of rules)
    if (rule.layer === layer && matched.has(rule.id)) doubts.push(...doubtsAboutRule(scene, rule));
  // every rule is certain, yet what the packet may be is answered differently
  const what = scene.flow.protocol === null ? 'protocol' : 'port';
  if (doubts.length === 0) doubts.push(`${what}-unknown: the answer depends on the ${what}, which is not given`);
  return [...new Set(doubts)];
}

function doubtsAboutGroups({ tables: { inventory } }: Scene, site: Site): string[] {
  const eni = inventory.networkInterfaces[site.eni];
  if (eni === undefined || eni.groups === null)
    return [`interface-groups-unknown: the groups of ${site.at} are not said`];
  const groups = new Map(inventory.securityGroups.map((group) => [group.id, group]));
  return eni.groups.flatMap((id) => {
    const group = groups.get(id);
    if (group === undefined) return `group-not-described: ${id}`;
    return group.disputed === true ? `documents-disagree: about ${id}` : [];
  });
}

function doubtsAboutAcl({ tables: { inventory }, atlas }: Scene, site: Site): string[] {
  if (site.subnetId === null) return [`subnet-unknown: the subnet of ${site.at} is not said`];
  const vpcId = atlas.subnets.get(site.subnetId)?.vpcId ?? site.vpcId;
  const guards = inventory.networkAcls.filter(
    (acl) => acl.subnetIds.includes(site.subnetId ?? '') || (acl.isDefault && acl.vpcId === vpcId),
  );
  const disputed = guards.find((acl) => acl.disputed === true);
  if (disputed !== undefined) return [`documents-disagree: about ${disputed.id}`];
  const claims = guards.filter((acl) => acl.subnetIds.includes(site.subnetId ?? ''));
  const rivals = claims.length > 0 ? claims : guards;
  if (rivals.length > 1) return [`network-acl-ambiguous: ${rivals.map((acl) => acl.id).join(' and ')} both claim it`];
  if (guards.length === 0) return [`network-acl-not-described: of subnet ${site.subnetId}`];
  return site.eni < 0 ? [`interface-unknown: no interface of ${site.subnetId} is in the inventory`] : [];
}

function doubtsAboutRule(scene: Scene, entry: CatalogRule): string[] {
  const {
    tables: { inventory },
    flow,
  } = scene;
  if (entry.layer === 'route') return [];
  const { selector } = entry.layer === 'sg' ? entry.rule : entry.entry;
  const doubts: string[] = [];
  const isIcmp = flow.protocol === ICMP || flow.protocol === ICMPV6;
  if (isIcmp && selector.icmpType !== null) {
    if (flow.icmp.type === null) doubts.push(`icmp-type-unknown: ${entry.id} names type ${selector.icmpType}`);
    else if (flow.icmp.code === null && selector.icmpCode !== null)
      doubts.push(`icmp-code-unknown: ${entry.id} names code ${selector.icmpCode}`);
  }
  const { ports } = selector;
  if (ports !== null && isTurned(selector))
    doubts.push(`port-range-turned: ${entry.id} names ports ${ports.from} to ${ports.to}`);
  if (entry.layer === 'nacl') return doubts;
  const { peer } = entry.rule;
  if (peer.kind === 'prefix-list') {
    const list = inventory.prefixLists.find((l) => l.id === peer.id);
    if (list === undefined || list.cidrs === null) doubts.push(`prefix-list-unresolved: ${peer.id} of ${entry.id}`);
  } else if (peer.kind === 'group' && !isFullyKnown(scene, peer.id)) {
    doubts.push(`group-members-unknown: ${peer.id} of ${entry.id}`);
  }
  return doubts;
}

/** A group that is described, with no interface of which the documents do not say whether it is a member. */
function isFullyKnown({ tables: { inventory } }: Scene, groupId: string): boolean {
  if (inventory.networkInterfaces.some((eni) => eni.groups === null)) return false;
  return inventory.securityGroups.some((group) => group.id === groupId);
}

/** Why a route could not be told. */
export function doubtsAboutRoute({ tables: { inventory } }: Scene, table: number, to: Address | null): string[] {
  if (to === null) return ['address-unknown: the destination has no known address'];
  const found = inventory.routeTables[table];
  if (found === undefined) return ['route-table-not-described: of this subnet'];
  const open = found.routes.flatMap(({ destination }) => {
    if (destination.kind === 'cidr') return [];
    const list = inventory.prefixLists.find((l) => l.id === destination.id);
    return list === undefined || list.cidrs === null
      ? [`prefix-list-unresolved: ${destination.id} of ${found.id}`]
      : [];
  });
  return open.length > 0 ? open : [`ambiguous-routes: ${found.id} has equal routes to different targets`];
}
