import { type Cidr, cidrContains, formatAddress, formatCidr } from '../model/ip.ts';
import type { RouteKind } from '../model/verdict.ts';
import type { Described, Inventory, NetworkInterface, Route, Subnet } from './inventory.ts';
import type { Warn } from './warnings.ts';

/** Objects that name others which no document describes, and addresses that cannot be where they are said to be. */
export function warnAboutPlaces(inventory: Inventory, warn: Warn): void {
  const { described } = inventory;
  const vpcs = new Set(inventory.vpcs.map((vpc) => vpc.id));
  const subnets = new Map(inventory.subnets.map((subnet) => [subnet.id, subnet]));
  for (const subnet of inventory.subnets) {
    if (described.has('Vpcs') && !vpcs.has(subnet.vpcId)) {
      warn(subnet.origin, `subnet ${subnet.id} is in VPC ${subnet.vpcId}, which is not described`);
    }
  }
  for (const eni of inventory.networkInterfaces) {
    const subnet = subnets.get(eni.subnetId ?? '');
    if (subnet !== undefined) warnAboutAddresses(eni, subnet, warn);
    else if (eni.subnetId !== null && described.has('Subnets')) {
      warn(eni.origin, `network interface ${eni.id} is in subnet ${eni.subnetId}, which is not described`);
    }
    if (eni.vpcId !== null && described.has('Vpcs') && !vpcs.has(eni.vpcId)) {
      warn(eni.origin, `network interface ${eni.id} is in VPC ${eni.vpcId}, which is not described`);
    }
  }
  warnAboutRoutes(inventory, warn);
  if (!described.has('Subnets')) return;
  for (const { id, subnetIds, origin } of [...inventory.networkAcls, ...inventory.routeTables]) {
    const missing = subnetIds.filter((subnetId) => !subnets.has(subnetId));
    if (missing.length > 0) warn(origin, `${id} is associated with ${missing.join(', ')}, which is not described`);
  }
}

function warnAboutAddresses(eni: NetworkInterface, subnet: Subnet, warn: Warn): void {
  const isInside = (address: Cidr | NonNullable<NetworkInterface['primary']>): boolean => {
    const blocks = subnet.cidrs.filter((cidr) => cidr.family === address.family);
    return blocks.length === 0 ? subnet.cidrs.length === 0 : blocks.some((cidr) => cidrContains(cidr, address));
  };
  const held = [...(eni.primary === null ? [] : [eni.primary]), ...eni.secondary, ...eni.prefixes];
  const outside = held.filter((address) => !isInside(address)).map(formatAddress);
  if (outside.length === 0) return;
  warn(eni.origin, `network interface ${eni.id} holds ${outside.join(', ')}, outside its subnet ${subnet.id}`);
}

/** Documents that would describe the target of a route, by kind; targets of other kinds are not read. */
const DESCRIBED_BY: Partial<Record<RouteKind, Described>> = {
  igw: 'InternetGateways',
  nat: 'NatGateways',
  vpce: 'VpcEndpoints',
  pcx: 'VpcPeeringConnections',
  eni: 'NetworkInterfaces',
};

/** Routes to what no document describes, or by a prefix list without entries. A blackhole says so itself. */
function warnAboutRoutes(inventory: Inventory, warn: Warn): void {
  const { described, gateways } = inventory;
  const known = new Set(
    [
      ...gateways.internetGateways,
      ...gateways.natGateways,
      ...inventory.vpcEndpoints,
      ...inventory.vpcPeeringConnections,
      ...inventory.networkInterfaces,
    ].map(({ id }) => id),
  );
  for (const { instanceId } of inventory.networkInterfaces) if (instanceId !== null) known.add(instanceId);
  const lists = new Map(inventory.prefixLists.map((list) => [list.id, list.cidrs]));
  for (const table of inventory.routeTables) {
    for (const { destination, kind, target, source } of table.routes) {
      const by = DESCRIBED_BY[kind];
      if (by !== undefined && described.has(by) && target !== null && !known.has(target)) {
        warn(source, `${table.id} sends ${textOf(destination)} to ${target}, which is not described`);
      }
      if (destination.kind === 'prefix-list' && (lists.get(destination.id) ?? null) === null) {
        warn(source, `${table.id}: the entries of prefix list ${destination.id} are not in the inventory`);
      }
    }
  }
}

function textOf(destination: Route['destination']): string {
  return destination.kind === 'cidr' ? formatCidr(destination.cidr) : destination.id;
}
