import { joinAwsNodes } from '../inventory/aws-node.ts';
import type {
  Inventory,
  NetworkAcl,
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
} from '../inventory/inventory.ts';
import type { Address, Cidr } from '../model/ip.ts';
import { prefixMask } from './classbench.ts';
import { Random, zipfSampler } from './random.ts';

/** Sizes of a generated account. */
export interface EksSize {
  readonly enis: number;
  readonly groups: number;
  /** Distinct choices of groups on interfaces; each gives a rule set a direction. Equal to `groups`: one each. */
  readonly groupChoices: number;
  readonly rulesPerGroup: number;
  readonly prefixLists: number;
  readonly prefixesPerList: number;
  /** Distinct CIDRs that rules name: offices, networks, subnets; few in any account, named again and again. */
  readonly cidrs: number;
}

/** A large EKS account: 10,000 interfaces with 12,000 addresses, 106 distinct rule sets of about 30 rules. */
export const EKS_LIKE: EksSize = {
  enis: 10_000,
  groups: 40,
  groupChoices: 53,
  rulesPerGroup: 24,
  prefixLists: 4,
  prefixesPerList: 2000,
  cidrs: 100,
};

const ORIGIN: Origin = { file: 'generated', path: '$' };
const ACCOUNT = '111111111111';
const VPC = 'vpc-0a';
/** Interfaces live in the first block of the VPC, the second one stands for pods of other clusters. */
const VPC_BLOCKS = ['10.0.0.0/16', '100.64.0.0/16'].map(cidr4);
const SUBNETS = 16;
/** One in five interfaces has a second address. */
const SECOND_ADDRESS = 0.2;

const SERVICE_PORTS = [
  443, 80, 53, 22, 5432, 3306, 6379, 8080, 8443, 9090, 10250, 9092, 2379, 27017, 5671, 123, 4789, 15012, 15017, 9443,
  9100, 3000, 5000, 8000, 8081, 9200, 9300, 11211, 2049, 111, 389, 636, 3389, 5985, 1433, 1521,
];
/** First octets and lengths of published ranges of AWS, with about the frequencies of the lengths. */
const AWS_OCTETS = [3, 13, 18, 34, 35, 52, 54, 99];
const AWS_LENGTHS = [24, 24, 24, 22, 21, 20, 19, 18, 17, 16, 16, 15, 25, 26, 27, 28, 32];

function cidr4(text: string): Cidr {
  const [address = '', length = ''] = text.split('/');
  const word = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return block(word, Number(length));
}

function block(address: number, length: number): Cidr {
  return { family: 4, words: [(address & prefixMask(length)) >>> 0], length };
}

/** An account of the given size; equal size and seed give equal objects. */
export function eksInventory(size: EksSize, seed: number): Inventory {
  const random = new Random(seed);
  const prefixLists = Array.from({ length: size.prefixLists }, (_, i) => prefixListOf(random, i, size));
  const listIds = prefixLists.map((list) => list.id);
  const groupIds = Array.from({ length: size.groups }, (_, i) => `sg-${String(i).padStart(4, '0')}`);
  const subnets = Array.from({ length: SUBNETS }, (_, i) => subnetOf(i));
  const cidrs = Array.from({ length: size.cidrs }, () => peerCidr(random));
  return {
    validFrom: null,
    label: 'generated',
    described: new Set(['Vpcs', 'Subnets', 'NetworkInterfaces', 'SecurityGroups', 'NetworkAcls', 'RouteTables']),
    vpcs: [{ id: VPC, ownerId: ACCOUNT, cidrs: VPC_BLOCKS, origin: ORIGIN }],
    subnets,
    networkInterfaces: interfacesOf(random, size, groupIds, subnets),
    securityGroups: groupIds.map((id) => groupOf(random, id, { groupIds, listIds, cidrs }, size)),
    networkAcls: [0, 1, 2].map((i) => networkAclOf(random, i, subnets, cidrs)),
    routeTables: [0, 1, 2].map((i) => routeTableOf(random, i, subnets, listIds)),
    prefixLists,
    vpcEndpoints: [],
    vpcPeeringConnections: [],
    gateways: {
      internetGateways: [],
      natGateways: [],
      transitGateways: [],
      transitGatewayAttachments: [],
      transitGatewayRouteTables: [],
      publicAccess: null,
      publicAccessExclusions: [],
      listeners: [],
      targetGroups: [],
    },
    loadBalancers: [],
    nodes: [],
    pods: [],
    services: [],
    networkPolicies: 0,
    serviceAccounts: [],
    awsNode: joinAwsNodes([]),
  };
}

function prefixListOf(random: Random, index: number, size: EksSize): PrefixList {
  const cidrs = Array.from({ length: size.prefixesPerList }, () =>
    block(random.pick(AWS_OCTETS) * 2 ** 24 + random.below(2 ** 24), random.pick(AWS_LENGTHS)),
  );
  return { id: `pl-${index}`, name: null, family: 4, cidrs };
}

function subnetOf(index: number): Subnet {
  const base = (VPC_BLOCKS[0]?.words[0] ?? 0) + index * 4096;
  return {
    id: `subnet-${String(index).padStart(2, '0')}`,
    vpcId: VPC,
    zone: null,
    cidrs: [block(base, 20)],
    origin: ORIGIN,
  };
}

function interfacesOf(
  random: Random,
  size: EksSize,
  groupIds: readonly string[],
  subnets: readonly Subnet[],
): NetworkInterface[] {
  const choices =
    size.groupChoices === size.groups ? groupIds.map((id) => [id]) : groupChoices(random, size.groupChoices, groupIds);
  const choice = zipfSampler(choices.length, 0.6, random);
  const used = new Set<number>();
  const free = (subnet: Subnet): Address => {
    for (;;) {
      const word = (subnet.cidrs[0]?.words[0] ?? 0) + 4 + random.below(4000);
      if (used.has(word)) continue;
      used.add(word);
      return { family: 4, words: [word] };
    }
  };
  return Array.from({ length: size.enis }, (_, i) => {
    const subnet = subnets[i % subnets.length];
    if (subnet === undefined) throw new RangeError('no subnet');
    const primary = free(subnet);
    return {
      id: `eni-${String(i).padStart(6, '0')}`,
      vpcId: VPC,
      subnetId: subnet.id,
      ownerId: ACCOUNT,
      zone: null,
      interfaceType: null,
      description: '',
      requesterManaged: false,
      // every choice occurs, whatever the draw
      groups: choices[i < choices.length ? i : choice()] ?? [],
      primary,
      secondary: random.next() < SECOND_ADDRESS ? [free(subnet)] : [],
      prefixes: [],
      publicAddresses: [],
      associations: [],
      sourceDestCheck: null,
      instanceId: null,
      deviceIndex: null,
      kind: 'other',
      kindName: null,
      tags: new Map(),
      origin: ORIGIN,
    };
  });
}

/** Distinct sets of one to three groups; two of four groups are usual. */
function groupChoices(random: Random, count: number, groupIds: readonly string[]): readonly (readonly string[])[] {
  const choices = new Map<string, readonly string[]>();
  while (choices.size < count) {
    const ids = new Set(Array.from({ length: 1 + random.below(3) }, () => random.pick(groupIds)));
    const sorted = [...ids].sort();
    choices.set(sorted.join(), sorted);
  }
  return [...choices.values()];
}

function selectorOf(random: Random): Selector {
  const none = { ports: null, icmpType: null, icmpCode: null, valid: true };
  const roll = random.next();
  if (roll > 0.97) return { ...none, protocol: -1 };
  if (roll > 0.93) return { ...none, protocol: 1 };
  return { ...none, protocol: roll > 0.8 ? 17 : 6, ports: portsOf(random) };
}

export function portsOf(random: Random): { readonly from: number; readonly to: number } {
  const roll = random.next();
  if (roll < 0.1) return { from: 0, to: 65535 };
  if (roll < 0.16) return { from: 1024, to: 65535 };
  if (roll < 0.22) return { from: 30000, to: 32767 };
  const from = random.pick(SERVICE_PORTS);
  return { from, to: roll < 0.85 ? from : from + random.pick([1, 9, 99]) };
}

/** What a rule may name as its peer. */
interface Peers {
  readonly groupIds: readonly string[];
  readonly listIds: readonly string[];
  readonly cidrs: readonly Cidr[];
}

function groupOf(random: Random, id: string, peers: Peers, size: EksSize): SecurityGroup {
  const rules = Array.from({ length: size.rulesPerGroup }, (_, i): SecurityGroupRule => {
    return {
      id: `sgr-${id.slice(3)}-${String(i).padStart(4, '0')}`,
      groupId: id,
      egress: i % 2 === 1,
      selector: selectorOf(random),
      peer: peerOf(random, peers),
      origin: ORIGIN,
    };
  });
  return { id, vpcId: VPC, ownerId: ACCOUNT, rules, origin: ORIGIN };
}

function peerOf(random: Random, { groupIds, listIds, cidrs }: Peers): Peer {
  const roll = random.next();
  if (roll < 0.45) {
    return { kind: 'group', id: random.pick(groupIds), ownerId: ACCOUNT, peeringStatus: null, peeringId: null };
  }
  if (roll < 0.5 && listIds.length > 0) return { kind: 'prefix-list', id: random.pick(listIds) };
  return { kind: 'cidr', cidr: random.pick(cidrs) };
}

/** Everyone, the VPC, subnets and hosts of it, networks and hosts outside. */
export function peerCidr(random: Random): Cidr {
  const roll = random.next();
  const inVpc = (random.pick(VPC_BLOCKS).words[0] ?? 0) + random.below(65536);
  const outside = (1 + random.below(223)) * 2 ** 24 + random.below(2 ** 24);
  if (roll < 0.04) return block(0, 0);
  if (roll < 0.16) return block(inVpc, 16);
  if (roll < 0.5) return block(inVpc, random.pick([20, 22, 24, 24, 26, 28]));
  if (roll < 0.65) return block(inVpc, 32);
  if (roll < 0.9) return block(outside, random.pick([16, 20, 22, 24, 24, 27, 28]));
  return block(outside, 32);
}

function networkAclOf(random: Random, index: number, subnets: readonly Subnet[], cidrs: readonly Cidr[]): NetworkAcl {
  const id = `acl-${index}`;
  const entry = (egress: boolean, number: number): NetworkAcl['entries'][number] => ({
    id: `${id}/${egress ? 'egress' : 'ingress'}/${number}`,
    number,
    egress,
    allow: number === 1000 || random.next() < 0.7,
    selector: number === 1000 ? { ...selectorOf(random), protocol: -1, ports: null } : selectorOf(random),
    cidr: number === 1000 ? block(0, 0) : random.pick(cidrs),
    origin: ORIGIN,
  });
  const numbers = [100, 110, 120, 130, 140, 150, 160, 1000];
  return {
    id,
    vpcId: VPC,
    isDefault: index === 0,
    subnetIds: subnets.filter((_, i) => i % 3 === index).map((subnet) => subnet.id),
    entries: [...numbers.map((number) => entry(false, number)), ...numbers.map((number) => entry(true, number))],
    origin: ORIGIN,
  };
}

function routeTableOf(
  random: Random,
  index: number,
  subnets: readonly Subnet[],
  listIds: readonly string[],
): RouteTable {
  const route = (cidr: Cidr, kind: Route['kind'], target: string | null): Route => ({
    destination: { kind: 'cidr', cidr },
    kind,
    target,
    origin: kind === 'local' ? 'local' : 'static',
    source: ORIGIN,
  });
  const list = listIds[index];
  return {
    id: `rtb-${index}`,
    vpcId: VPC,
    main: index === 0,
    subnetIds: subnets.filter((_, i) => i % 3 === index).map((subnet) => subnet.id),
    gatewayIds: [],
    routes: [
      ...VPC_BLOCKS.map((cidr) => route(cidr, 'local', null)),
      route(block(0, 0), index === 0 ? 'igw' : 'nat', index === 0 ? 'igw-0' : `nat-${index}`),
      route(block(10 * 2 ** 24, 8), 'tgw', 'tgw-0'),
      route(block((172 * 256 + 16) * 65536, 12), 'pcx', `pcx-${random.below(3)}`),
      ...(list === undefined
        ? []
        : [
            {
              destination: { kind: 'prefix-list' as const, id: list },
              kind: 'vpce' as const,
              target: 'vpce-0',
              origin: 'static' as const,
              source: ORIGIN,
            },
          ]),
    ],
    origin: ORIGIN,
  };
}
