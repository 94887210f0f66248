import type {
  Inventory,
  NetworkInterface,
  PodInterval,
  RouteTable,
  Subnet,
  Vpc,
  VpcPeeringConnection,
} from '../inventory/inventory.ts';
import { type Address, type Cidr, cidrContains, formatAddress } from '../model/ip.ts';
import { associationOf, subnetAssociations } from '../rules/subnet-association.ts';

/** Look-ups by id and address over one inventory; built once, many flows are asked of it. */
export interface Atlas {
  readonly inventory: Inventory;
  readonly subnets: ReadonlyMap<string, Subnet>;
  readonly vpcs: ReadonlyMap<string, Vpc>;
  readonly peerings: ReadonlyMap<string, VpcPeeringConnection>;
  /** Index in Inventory.networkInterfaces. */
  readonly eniIndex: ReadonlyMap<string, number>;
  /** Indices of the interfaces that hold a private address. */
  holders(address: Address): readonly number[];
  /** Index of the interface with a public address, −1 = none. */
  publicHolder(address: Address): number;
  enisOfSubnet(subnetId: string): readonly number[];
  /** Index in Inventory.routeTables of the table in force, −1 = not known. */
  routeTableOf(subnetId: string | null): number;
  /** Table that steers what enters by a gateway, −1 = none. */
  edgeTableOf(gatewayId: string): number;
  podsAt(address: Address): readonly PodInterval[];
  /** Time of the newest sample of kube-state-metrics; −Infinity = there is none. */
  readonly lastSampleSeconds: number;
}

const built = new WeakMap<Inventory, Atlas>();

export function atlasOf(inventory: Inventory): Atlas {
  let atlas = built.get(inventory);
  if (atlas === undefined) {
    atlas = buildAtlas(inventory);
    built.set(inventory, atlas);
  }
  return atlas;
}

function buildAtlas(inventory: Inventory): Atlas {
  const enis = inventory.networkInterfaces;
  const byAddress = new Map<string, number[]>();
  const byPublic = new Map<string, number>();
  const bySubnet = new Map<string, number[]>();
  const prefixes: { readonly cidr: Cidr; readonly eni: number }[] = [];
  enis.forEach((eni, index) => {
    for (const address of addressesOf(eni)) put(byAddress, formatAddress(address), index);
    for (const address of eni.publicAddresses) {
      if (!byPublic.has(formatAddress(address))) byPublic.set(formatAddress(address), index);
    }
    for (const cidr of eni.prefixes) prefixes.push({ cidr, eni: index });
    if (eni.subnetId !== null) put(bySubnet, eni.subnetId, index);
  });
  const subnets = new Map(inventory.subnets.map((subnet) => [subnet.id, subnet]));
  const pods = new Map<string, PodInterval[]>();
  for (const pod of inventory.pods) put(pods, formatAddress(pod.address), pod);
  const tables = subnetAssociations(inventory.routeTables, 'route table', (table) => table.main);
  const tableIndex = new Map<RouteTable, number>(inventory.routeTables.map((table, index) => [table, index]));
  return {
    inventory,
    subnets,
    vpcs: new Map(inventory.vpcs.map((vpc) => [vpc.id, vpc])),
    peerings: new Map(inventory.vpcPeeringConnections.map((peering) => [peering.id, peering])),
    eniIndex: new Map(enis.map((eni, index) => [eni.id, index])),
    holders: (address) => {
      const single = byAddress.get(formatAddress(address));
      if (single !== undefined) return single;
      return prefixes.flatMap(({ cidr, eni }) => (cidrContains(cidr, address) ? [eni] : []));
    },
    publicHolder: (address) => byPublic.get(formatAddress(address)) ?? -1,
    enisOfSubnet: (subnetId) => bySubnet.get(subnetId) ?? [],
    routeTableOf: (subnetId) => {
      if (subnetId === null) return -1;
      const vpcId = subnets.get(subnetId)?.vpcId ?? enis[bySubnet.get(subnetId)?.[0] ?? -1]?.vpcId ?? null;
      const table = associationOf(tables, subnetId, vpcId);
      return table === undefined ? -1 : (tableIndex.get(table) ?? -1);
    },
    edgeTableOf: (gatewayId) => inventory.routeTables.findIndex((table) => table.gatewayIds.includes(gatewayId)),
    podsAt: (address) => pods.get(formatAddress(address)) ?? [],
    lastSampleSeconds: inventory.pods.reduce(
      (last, pod) => (isSampled(pod) ? Math.max(last, pod.endSeconds) : last),
      Number.NEGATIVE_INFINITY,
    ),
  };
}

/** The end is that of what was sampled, not one that was seen. */
export function isSampled({ sources, endSeconds, softEndSeconds }: PodInterval): boolean {
  return sources.includes('metrics') && softEndSeconds > endSeconds;
}

function put<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function addressesOf(eni: NetworkInterface): Address[] {
  return eni.primary === null ? [...eni.secondary] : [eni.primary, ...eni.secondary];
}

export function isWithin(cidrs: readonly Cidr[] | undefined, address: Address): boolean {
  return cidrs?.some((cidr) => cidrContains(cidr, address)) ?? false;
}

/** Blocks that no internet gateway carries: private, shared, link-local, loopback; IPv6 outside 2000::/3. */
const PRIVATE: readonly Cidr[] = [
  { family: 4, words: [0x0a00_0000], length: 8 },
  { family: 4, words: [0xac10_0000], length: 12 },
  { family: 4, words: [0xc0a8_0000], length: 16 },
  { family: 4, words: [0x6440_0000], length: 10 },
  { family: 4, words: [0xa9fe_0000], length: 16 },
  { family: 4, words: [0x7f00_0000], length: 8 },
];
const GLOBAL6: Cidr = { family: 6, words: [0x2000_0000, 0, 0, 0], length: 3 };

/** True for an address that the internet can route. */
export function isGlobal(address: Address): boolean {
  return address.family === 4 ? !isWithin(PRIVATE, address) : cidrContains(GLOBAL6, address);
}
