import { formatAddress } from '../model/ip.ts';
import { joinAwsNodes } from './aws-node.ts';
import { endpointsOfServices } from './endpoint-slices.ts';
import type { Facts } from './facts.ts';
import { joinGateways } from './gateway-facts.ts';
import type {
  Inventory,
  NetworkAcl,
  NetworkInterface,
  Origin,
  PodInterval,
  RouteTable,
  SecurityGroup,
  Subnet,
} from './inventory.ts';
import { joinLoadBalancers } from './load-balancers.ts';
import { type DescribedInterface, joinInterfaces } from './network-interfaces.ts';
import { warnAboutPlaces } from './places.ts';
import { joinPods } from './pod-intervals.ts';
import type { DescribedPod } from './pods.ts';
import { joinSecurityGroups } from './security-groups.ts';
import type { VersionName } from './versions.ts';
import { joinPrefixLists } from './vpcs.ts';
import type { Warn } from './warnings.ts';

/** Joins what the documents of one version tell into its inventory; `pods` are those of all versions. */
export function assembleInventory(
  facts: Facts,
  pods: readonly DescribedPod[],
  version: VersionName,
  warn: Warn,
): Inventory {
  const described = new Set(facts.described);
  const vpcs = firstById(facts.vpcs, 'VPC', warn);
  const zones = new ZoneIds(facts);
  const describedSubnets = firstById(facts.subnets, 'subnet', warn);
  const subnets = describedSubnets.map(({ id, vpcId, cidrs, zoneName, zoneId, origin }): Subnet => {
    return { id, vpcId, zone: zones.of(zoneName, zoneId), cidrs, origin };
  });
  const nodes = firstById(
    facts.nodes.map((node) => ({ ...node, id: node.name })),
    'node',
    warn,
  );
  const joined = joinInterfaces(firstById(facts.networkInterfaces, 'network interface', warn, interfaceOfTwo), {
    instances: facts.instances,
    nodes,
    owners: facts.interfaceOwners,
    elastic: facts.elasticAddresses,
    classes: facts.interfaceClasses,
  });
  const subnetById = new Map(subnets.map((subnet) => [subnet.id, subnet]));
  const networkInterfaces = joined.map((eni) => inventoryInterface(eni, subnetById.get(eni.subnetId ?? ''), zones));
  const inventory: Inventory = {
    ...version,
    described,
    vpcs,
    subnets,
    networkInterfaces,
    securityGroups: byId(
      joinSecurityGroups(firstById(facts.securityGroups, 'security group', warn, groupOfTwo), facts.securityGroupRules),
    ),
    networkAcls: firstById(facts.networkAcls, 'network ACL', warn, aclOfTwo),
    routeTables: firstById(facts.routeTables, 'route table', warn, routeTableOfTwo),
    prefixLists: byId(joinPrefixLists(facts.prefixLists)),
    vpcEndpoints: firstById(facts.vpcEndpoints, 'VPC endpoint', warn),
    vpcPeeringConnections: firstById(facts.vpcPeeringConnections, 'VPC peering connection', warn),
    gateways: joinGateways(facts.gateways),
    loadBalancers: sortedBy(
      joinLoadBalancers(facts.loadBalancers, {
        frontends: facts.frontends,
        bindings: facts.targetBindings,
        targetGroupsOf: targetGroupsBy(facts),
      }),
      (balancer) => balancer.arn,
    ),
    nodes: nodes.map(({ name, instanceId, addresses, zoneName, zoneId, fargate }) => {
      return { name, instanceId, addresses, zone: zones.of(zoneName, zoneId), fargate };
    }),
    pods: sortedPods(joinPods(pods, facts, nodes, networkInterfaces, warn)),
    services: uniqueServices(facts, zones),
    serviceAccounts: sortedBy(facts.serviceAccounts, ({ namespace, name }) => `${namespace}/${name}`),
    networkPolicies: new Set(facts.networkPolicies).size,
    awsNode: joinAwsNodes(facts.awsNodes),
  };
  warnAboutPlaces(inventory, warn);
  return inventory;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sortedBy<T>(objects: readonly T[], keyOf: (object: T) => string): T[] {
  return [...objects].sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

function byId<T extends { readonly id: string }>(objects: readonly T[]): T[] {
  return sortedBy(objects, (object) => object.id);
}

/**
 * Each object once, sorted by id. One warning when two descriptions differ: `ofTwo` leaves out what they disagree
 * about; without it, or when they agree about all that it looks at, the first one counts.
 */
function firstById<T extends { readonly id: string; readonly origin?: Origin }>(
  objects: readonly T[],
  noun: string,
  warn: Warn,
  ofTwo?: (first: T, second: T) => T,
): T[] {
  const first = new Map<string, T>();
  for (const object of objects) {
    const before = first.get(object.id);
    if (before === undefined) first.set(object.id, object);
    else if (object.origin !== undefined && content(before) !== content(object)) {
      const joined = ofTwo?.(before, object) ?? before;
      first.set(object.id, joined);
      const what = joined === before ? 'the first description is used' : 'what they disagree about is unknown';
      warn(object.origin, `${noun} ${object.id} is described twice and differently: ${what}`);
    }
  }
  return byId([...first.values()]);
}

function groupOfTwo(a: SecurityGroup, b: SecurityGroup): SecurityGroup {
  return content(byId(a.rules)) === content(byId(b.rules)) ? a : { ...a, rules: [], disputed: true };
}

/** Every subnet that either description names is guarded by something unknown. */
function aclOfTwo(a: NetworkAcl, b: NetworkAcl): NetworkAcl {
  const subnetIds = [...new Set([...a.subnetIds, ...b.subnetIds])];
  return { ...a, subnetIds, isDefault: a.isDefault || b.isDefault, entries: [], disputed: true };
}

function routeTableOfTwo(a: RouteTable, b: RouteTable): RouteTable {
  const subnetIds = [...new Set([...a.subnetIds, ...b.subnetIds])];
  return { ...a, subnetIds, main: a.main || b.main, gatewayIds: [], routes: [], disputed: true };
}

/** Groups and places that differ are not known; of the addresses the first description counts. */
function interfaceOfTwo(a: DescribedInterface, b: DescribedInterface): DescribedInterface {
  const sameGroups = content([...(a.groups ?? [])].sort()) === content([...(b.groups ?? [])].sort());
  if (sameGroups && a.subnetId === b.subnetId && a.vpcId === b.vpcId) return a;
  return {
    ...a,
    groups: sameGroups ? a.groups : null,
    subnetId: a.subnetId === b.subnetId ? a.subnetId : null,
    vpcId: a.vpcId === b.vpcId ? a.vpcId : null,
  };
}

/** An object as text without where it stands. */
function content(object: unknown): string {
  return JSON.stringify(object, (key, value: unknown) => {
    if (key === 'source' || (key === 'origin' && typeof value === 'object')) return undefined;
    return value instanceof Map ? [...value] : value;
  });
}

/** Target groups of each balancer: those its listeners forward to, and those that name it. */
function targetGroupsBy({ gateways }: Facts): (arn: string) => readonly string[] {
  const found = new Map<string, string[]>();
  const put = (balancer: string, groups: readonly string[]): void => {
    found.set(balancer, [...(found.get(balancer) ?? []), ...groups]);
  };
  for (const { loadBalancerArn, targetGroupArns } of gateways.listeners) put(loadBalancerArn, targetGroupArns);
  for (const { arn, loadBalancerArns } of gateways.targetGroups) for (const of of loadBalancerArns) put(of, [arn]);
  return (arn) => found.get(arn) ?? [];
}

function uniqueServices(facts: Facts, zones: ZoneIds): Inventory['services'] {
  const first = new Map<string, Inventory['services'][number]>();
  // who answers at a ClusterIP is asked of pods alone
  const atNodes = facts.services.filter((s) => s.nodePorts.length > 0 || s.healthCheckNodePort !== null);
  const asked = new Set(atNodes.map(({ namespace, name }) => `${namespace}/${name}`));
  const endpoints = endpointsOfServices(
    facts.endpointSlices,
    (service) => asked.has(service),
    (zone) => zones.of(zone, null) ?? zone,
  );
  for (const { selector: _, targets: _ports, ...service } of facts.services) {
    const key = `${service.namespace}/${service.name}`;
    if (!first.has(key)) first.set(key, { ...service, endpoints: endpoints.get(key) ?? null });
  }
  return [...first].sort(([a], [b]) => compareText(a, b)).map(([, service]) => service);
}

function sortedPods(pods: readonly PodInterval[]): PodInterval[] {
  return [...pods].sort(
    (a, b) =>
      compareText(a.namespace, b.namespace) ||
      compareText(a.name, b.name) ||
      // −Infinity − −Infinity is no number
      (a.startSeconds === b.startSeconds ? 0 : a.startSeconds - b.startSeconds) ||
      compareText(formatAddress(a.address), formatAddress(b.address)),
  );
}

/** Zone ids of zone names, where any document prints both: objects that print only one of them can then be compared. */
class ZoneIds {
  private readonly idOf = new Map<string, string>();

  constructor(facts: Facts) {
    for (const { zoneName, zoneId } of [...facts.subnets, ...facts.networkInterfaces, ...facts.nodes]) {
      if (zoneName !== null && zoneId !== null) this.idOf.set(zoneName, zoneId);
    }
  }

  of(name: string | null, id: string | null): string | null {
    return id ?? (name === null ? null : (this.idOf.get(name) ?? name));
  }
}

function inventoryInterface(eni: DescribedInterface, subnet: Subnet | undefined, zones: ZoneIds): NetworkInterface {
  const { networkCardIndex: _card, zoneName, zoneId, ...told } = eni;
  return {
    ...told,
    vpcId: told.vpcId ?? subnet?.vpcId ?? null,
    zone: zones.of(zoneName, zoneId) ?? subnet?.zone ?? null,
  };
}
