import type {
  Gateways,
  Inventory,
  NetworkAcl,
  NetworkAclEntry,
  NetworkInterface,
  Origin,
  Peer,
  PrefixList,
  Route,
  RouteTable,
  SecurityGroup,
  SecurityGroupRule,
  Selector,
  Subnet,
  Vpc,
} from '../../src/inventory/inventory.ts';
import { type Address, type Cidr, parseAddress, parseCidr } from '../../src/model/ip.ts';
import type { RouteKind } from '../../src/model/verdict.ts';

/** Hand-made inventories: the shortest way to write one object, everything else absent. */
export const ORIGIN: Origin = { file: 'hand.json', path: '$' };

export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

export function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`not a CIDR: ${text}`);
  return parsed;
}

const NO_GATEWAYS: Gateways = {
  internetGateways: [],
  natGateways: [],
  transitGateways: [],
  transitGatewayAttachments: [],
  transitGatewayRouteTables: [],
  publicAccess: null,
  publicAccessExclusions: [],
  listeners: [],
  targetGroups: [],
};

export function inventory(parts: Partial<Inventory>): Inventory {
  return {
    validFrom: null,
    label: 'all',
    described: new Set(['Vpcs', 'Subnets', 'NetworkInterfaces', 'SecurityGroups', 'NetworkAcls', 'RouteTables']),
    vpcs: [],
    subnets: [],
    networkInterfaces: [],
    securityGroups: [],
    networkAcls: [],
    routeTables: [],
    prefixLists: [],
    vpcEndpoints: [],
    vpcPeeringConnections: [],
    gateways: NO_GATEWAYS,
    loadBalancers: [],
    nodes: [],
    pods: [],
    services: [],
    serviceAccounts: [],
    networkPolicies: 0,
    awsNode: {
      ...{ uid: null, isTold: false, externalSnat: false, excludedCidrs: [], strictBranches: true },
      ...{ v4Egress: true, v6Egress: false },
    },
    ...parts,
  };
}

export function vpc(id: string, cidrs: readonly string[]): Vpc {
  return { id, ownerId: '111111111111', cidrs: cidrs.map(cidr), origin: ORIGIN };
}

export function subnet(id: string, vpcId: string, zone: string, cidrs: readonly string[]): Subnet {
  return { id, vpcId, zone, cidrs: cidrs.map(cidr), origin: ORIGIN };
}

/** `addresses`: the first is the primary one; those with a slash are delegated prefixes. */
export function eni(
  id: string,
  addresses: readonly string[],
  groups: readonly string[] | null,
  more: Partial<NetworkInterface> = {},
): NetworkInterface {
  const singles = addresses.filter((text) => !text.includes('/')).map(address);
  return {
    id,
    vpcId: 'vpc-a',
    subnetId: null,
    ownerId: '111111111111',
    zone: null,
    interfaceType: null,
    description: '',
    requesterManaged: false,
    groups,
    primary: singles[0] ?? null,
    secondary: singles.slice(1),
    prefixes: addresses.filter((text) => text.includes('/')).map(cidr),
    publicAddresses: [],
    associations: [],
    sourceDestCheck: null,
    instanceId: null,
    deviceIndex: null,
    kind: 'other',
    kindName: null,
    tags: new Map(),
    origin: ORIGIN,
    ...more,
  };
}

/** `tcp 443`, `udp 53-60`, `icmp 8`, `icmp 3/4`, `all`, `47`. */
function selector(text: string): Selector {
  const [name = '', range] = text.split(' ');
  const none = { ports: null, icmpType: null, icmpCode: null, valid: true };
  if (name === 'all') return { ...none, protocol: -1 };
  const protocol = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 }[name] ?? Number(name);
  if (range === undefined) return { ...none, protocol };
  if (protocol === 1 || protocol === 58) {
    const [type, code] = range.split('/').map(Number);
    return { ...none, protocol, icmpType: type ?? null, icmpCode: code ?? null };
  }
  const [from = 0, to = from] = range.split('-').map(Number);
  return { ...none, protocol, ports: { from, to } };
}

/** CIDR, `pl-…`, or a group id. */
function peer(text: string): Peer {
  if (text.includes('/')) return { kind: 'cidr', cidr: cidr(text) };
  if (text.startsWith('pl-')) return { kind: 'prefix-list', id: text };
  return { kind: 'group', id: text, ownerId: null, peeringStatus: null, peeringId: null };
}

/** Rules as `[id, 'in' | 'out', selector, peer]`. */
export type RuleRow = readonly [string, 'in' | 'out', string, string];

export function securityGroup(id: string, rows: readonly RuleRow[], more: Partial<SecurityGroup> = {}): SecurityGroup {
  const rules: SecurityGroupRule[] = rows.map(([ruleId, way, what, whom]) => ({
    id: ruleId,
    groupId: id,
    egress: way === 'out',
    selector: selector(what),
    peer: peer(whom),
    origin: ORIGIN,
  }));
  return { id, vpcId: 'vpc-a', ownerId: '111111111111', rules, origin: ORIGIN, ...more };
}

/** Entries as `[number, 'in' | 'out', 'allow' | 'deny', selector, CIDR]`. */
export type EntryRow = readonly [number, 'in' | 'out', 'allow' | 'deny', string, string];

export function networkAcl(
  id: string,
  subnetIds: readonly string[],
  rows: readonly EntryRow[],
  more: Partial<NetworkAcl> = {},
): NetworkAcl {
  const entries: NetworkAclEntry[] = rows.map(([number, way, action, what, whom]) => ({
    id: `${id}/${way === 'out' ? 'egress' : 'ingress'}/${number >= 32767 ? '*' : number}`,
    number,
    egress: way === 'out',
    allow: action === 'allow',
    selector: selector(what),
    cidr: cidr(whom),
    origin: ORIGIN,
  }));
  return { id, vpcId: 'vpc-a', isDefault: false, subnetIds, entries, origin: ORIGIN, ...more };
}

/** Routes as `[destination, kind, target, origin]`. */
export type RouteRow = readonly [string, RouteKind, string | null, ('local' | 'static' | 'propagated')?];

export function routeTable(
  id: string,
  subnetIds: readonly string[],
  rows: readonly RouteRow[],
  more: Partial<RouteTable> = {},
): RouteTable {
  const routes: Route[] = rows.map(([to, kind, target, origin]) => ({
    destination: to.startsWith('pl-') ? { kind: 'prefix-list', id: to } : { kind: 'cidr', cidr: cidr(to) },
    kind,
    target,
    origin: origin ?? (kind === 'local' ? 'local' : 'static'),
    source: ORIGIN,
  }));
  return { id, vpcId: 'vpc-a', main: false, subnetIds, gatewayIds: [], routes, origin: ORIGIN, ...more };
}

export function prefixList(id: string, cidrs: readonly string[] | null, family: 4 | 6 | null = 4): PrefixList {
  return { id, name: null, family, cidrs: cidrs === null ? null : cidrs.map(cidr) };
}
