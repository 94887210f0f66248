import type { OracleDocument } from '../oracle/oracle.ts';
import type { Dice } from './dice.ts';
import { historyText, nodeDocuments, podDocuments, serviceDocuments, UNHELD } from './random-cluster.ts';
import { interfacesOf, type WorldEni } from './random-interfaces.ts';
import { BLOCKS4, BLOCKS6, EPOCH, edges4, edges6, GROUPS, PORTS, SUBNETS, VPCS } from './random-network.ts';
import { aclDocuments, flatRules, groupDocument, listDocuments, routeTableDocuments } from './random-rules.ts';

/** A small inventory as documents, with what records are drawn from. */
export interface RandomWorld {
  readonly documents: readonly OracleDocument[];
  readonly enis: readonly WorldEni[];
  /** Addresses worth asking about: owned ones, and first, last and neighbours of every block that a rule names. */
  readonly addresses4: readonly string[];
  readonly addresses6: readonly string[];
  readonly ports: readonly number[];
  /** Unix seconds at which something changes. */
  readonly instants: readonly number[];
}

/** Kinds of documents; a world without one of them has to answer `unknown` where it would be needed. */
export const PARTS = [
  'vpcs',
  'subnets',
  'interfaces',
  'groups',
  'rules',
  'acls',
  'routes',
  'lists',
  'endpoints',
  'nodes',
  'pods',
  'services',
  'history',
  'balancers',
] as const;
export type Part = (typeof PARTS)[number];

export function randomWorld(dice: Dice, without: ReadonlySet<Part>): RandomWorld {
  const enis = interfacesOf(dice);
  const parts: Readonly<Record<Part, () => object | null>> = {
    vpcs: () => ({ Vpcs: VPCS.filter(() => dice.below(8) > 0).map(vpcDocument) }),
    subnets: () => ({ Subnets: SUBNETS.map(subnetDocument) }),
    interfaces: () => ({ NetworkInterfaces: enis.map(({ raw }) => raw) }),
    groups: () => ({ SecurityGroups: GROUPS.filter(() => dice.below(8) > 0).map((id) => groupDocument(dice, id)) }),
    rules: () => (dice.below(3) === 0 ? { SecurityGroupRules: flatRules(dice) } : null),
    acls: () => ({ NetworkAcls: aclDocuments(dice) }),
    routes: () => ({ RouteTables: routeTableDocuments(dice, enis) }),
    lists: () => ({ PrefixLists: listDocuments(dice) }),
    endpoints: () => ({ VpcEndpoints: [{ VpcEndpointId: 'vpce-gwlb', VpcEndpointType: 'GatewayLoadBalancer' }] }),
    nodes: () => ({ apiVersion: 'v1', kind: 'NodeList', items: nodeDocuments(dice) }),
    pods: () => ({ apiVersion: 'v1', kind: 'List', items: podDocuments(dice, enis) }),
    services: () => ({ apiVersion: 'v1', kind: 'ServiceList', items: serviceDocuments(dice) }),
    history: () => null,
    balancers: () => ({
      Listeners: [
        { LoadBalancerArn: `arn:aws:elasticloadbalancing:x:1:loadbalancer/app/web/1`, Port: 443, Protocol: 'HTTPS' },
      ],
    }),
  };
  // every part is drawn, so that leaving one out changes nothing else
  const drawn = PARTS.map((part) => ({ part, content: parts[part]() }));
  const history = historyText(dice, enis);
  const documents: OracleDocument[] = drawn.flatMap(({ part, content }) =>
    content === null || without.has(part) ? [] : { file: `${part}.json`, content },
  );
  if (!without.has('history')) documents.push({ file: 'pods.csv', content: history });
  return {
    documents,
    enis,
    addresses4: [...enis.flatMap(({ all4 }) => all4), ...BLOCKS4.flatMap(edges4), ...SPECIAL4, ...UNHELD],
    addresses6: [...enis.flatMap(({ all6 }) => all6), ...BLOCKS6.flatMap(edges6), 'fd00:ec2::254'],
    ports: PORTS.flatMap((port) => [port - 1, port, port + 1]).filter((port) => port >= 0 && port <= 65_535),
    instants: Array.from({ length: 14 }, (_, i) => EPOCH + i * 100),
  };
}

const SPECIAL4 = [
  ...[
    '169.254.169.254',
    '169.254.169.253',
    '169.254.169.123',
    '169.254.169.251',
    '169.254.170.2',
    '169.254.1.1',
    '169.254.168.1',
    '169.254.171.255',
    '169.254.172.0',
  ],
  ...['10.0.0.2', '100.64.0.2', '172.16.0.2', '0.0.0.0', '255.255.255.255', '10.0.9.9'],
];

function vpcDocument({ id, cidrs, cidr6 }: (typeof VPCS)[number]): object {
  return {
    VpcId: id,
    CidrBlock: cidrs[0],
    CidrBlockAssociationSet: cidrs.map((CidrBlock) => ({ CidrBlock, CidrBlockState: { State: 'associated' } })),
    Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: cidr6, Ipv6CidrBlockState: { State: 'associated' } }],
  };
}

function subnetDocument({ id, vpc, base, cidr6 }: (typeof SUBNETS)[number]): object {
  const six = cidr6 === null ? [] : [{ Ipv6CidrBlock: `${cidr6}/64`, Ipv6CidrBlockState: { State: 'associated' } }];
  return { SubnetId: id, VpcId: vpc, CidrBlock: `${base}.0/24`, Ipv6CidrBlockAssociationSet: six };
}
