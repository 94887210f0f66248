import { Kind } from '../model/verdict.ts';
import { AddressPool, type Block, block, dotted } from './addresses.ts';
import { CLUSTER, DATABASE_SUBNETS, PRIVATE_SUBNETS, PUBLIC_SUBNETS, VPC_BLOCK, ZONES } from './plan.ts';
import type { Random } from './random.ts';
import { TIERS, type Tier } from './security.ts';
import type { Eni, Fixtures, NetworkIds, Subnet, SubnetRole } from './world.ts';

/** Addresses of one /16 of pod subnets that are counted on: three /18 less what rounding loses. */
const POD_BLOCK_CAPACITY = 44_000;

/** Everything of a world that grows while it is built. */
export interface Draft {
  readonly random: Random;
  readonly ids: NetworkIds;
  readonly vpcBlocks: readonly Block[];
  readonly subnets: readonly Subnet[];
  readonly pools: readonly AddressPool[];
  readonly enis: Eni[];
}

export function startDraft(random: Random, customAddresses: number): Draft {
  const podBlocks = Array.from({ length: Math.max(1, Math.ceil(customAddresses / POD_BLOCK_CAPACITY)) }, (_, i) =>
    block(`100.${64 + i}.0.0/16`),
  );
  const roles: [SubnetRole, readonly Block[]][] = [
    ['public', PUBLIC_SUBNETS],
    ['database', DATABASE_SUBNETS],
    ['private', PRIVATE_SUBNETS],
    ...podBlocks.map(({ base }): [SubnetRole, Block[]] => [
      'pod',
      ZONES.map((_, zone) => ({ base: base + zone * 2 ** 14, length: 18 })),
    ]),
  ];
  const subnets = roles.flatMap(([role, blocks]) =>
    blocks.map((at, zone): Subnet => ({ id: `subnet-0${random.hex(16)}`, role, zone, block: at })),
  );
  const pools = subnets.map((subnet) => new AddressPool(subnet.block, subnet.id));
  return { random, ids: networkIds(random), vpcBlocks: [VPC_BLOCK, ...podBlocks], subnets, pools, enis: [] };
}

function networkIds(random: Random): NetworkIds {
  const id = (kind: string): string => `${kind}-0${random.hex(16)}`;
  const group = (): string => id('sg');
  const groups = Object.fromEntries(TIERS.map((tier) => [tier, group()])) as Record<Tier, string>;
  return {
    vpc: id('vpc'),
    internetGateway: id('igw'),
    transitGateway: id('tgw'),
    transitGatewayAttachment: id('tgw-attach'),
    peering: id('pcx'),
    peerVpc: id('vpc'),
    deletedPeering: id('pcx'),
    s3Endpoint: id('vpce'),
    interfaceEndpoint: id('vpce'),
    s3List: `pl-${random.hex(8)}`,
    corporateList: id('pl'),
    flowLog: id('fl'),
    natGateways: ZONES.map(() => id('nat')),
    groups,
    acls: { default: id('acl'), public: id('acl'), database: id('acl') },
    publicRouteTable: id('rtb'),
    mainRouteTable: id('rtb'),
    privateRouteTables: ZONES.map(() => id('rtb')),
    networkLoadBalancer: `net/edge/${random.hex(16)}`,
    applicationLoadBalancer: `app/console/${random.hex(16)}`,
  };
}

/** Index of the subnet of a role in a zone; `turn` chooses among several pod subnets. */
export function subnetIn(draft: Draft, role: SubnetRole, zone: number, turn = 0): number {
  const found = draft.subnets.flatMap((subnet, i) => (subnet.role === role && subnet.zone === zone ? [i] : []));
  return found[turn % found.length] ?? 0;
}

type EniFacts = Partial<Eni> & Pick<Eni, 'subnet' | 'tier' | 'kind' | 'description'>;

/** Adds an interface with a primary address of its subnet and returns its index. */
export function addEni(draft: Draft, facts: EniFacts): number {
  const pool = draft.pools[facts.subnet];
  const primary = pool?.single() ?? 0;
  draft.enis.push({
    id: `eni-0${draft.random.hex(16)}`,
    primary,
    secondary: [],
    prefixes: [],
    publicAddress: null,
    instanceId: null,
    node: -1,
    deviceIndex: 0,
    interfaceType: 'interface',
    requesterManaged: false,
    tags: [],
    ...facts,
  });
  return draft.enis.length - 1;
}

/** Interfaces that are there whatever the size of the cluster. */
export function addFixtures(draft: Draft): Fixtures {
  const { ids } = draft;
  const { random } = draft;
  const elastic = (): number => (18 << 24) + random.below(2 ** 24);
  const byZone = (role: SubnetRole, facts: (zone: number) => Omit<EniFacts, 'subnet'>): number[] =>
    ZONES.map((_, zone) => addEni(draft, { subnet: subnetIn(draft, role, zone), ...facts(zone) }));
  const service = { requesterManaged: true } as const;
  const instance = (): { instanceId: string } => ({ instanceId: `i-0${random.hex(16)}` });
  const balancer = { tier: 'lb', kind: Kind.loadBalancer, ...service } as const;
  const nat = byZone('public', (zone) => ({
    ...service,
    tier: 'none',
    kind: Kind.natGateway,
    interfaceType: 'nat_gateway',
    description: `Interface for NAT Gateway ${ids.natGateways[zone]}`,
    publicAddress: elastic(),
  }));
  return {
    nat,
    networkLoadBalancer: byZone('public', () => ({
      ...balancer,
      interfaceType: 'network_load_balancer',
      description: `ELB ${ids.networkLoadBalancer}`,
      publicAddress: elastic(),
    })),
    applicationLoadBalancer: byZone('public', () => ({
      ...balancer,
      description: `ELB ${ids.applicationLoadBalancer}`,
    })),
    controlPlane: byZone('private', () => ({
      ...service,
      tier: 'cluster',
      kind: Kind.eksControlPlane,
      description: `Amazon EKS ${CLUSTER}`,
    })),
    endpoint: byZone('private', () => ({
      ...service,
      tier: 'endpoint',
      kind: Kind.vpcEndpoint,
      interfaceType: 'vpc_endpoint',
      description: `VPC Endpoint Interface ${ids.interfaceEndpoint}`,
    })),
    database: ZONES.flatMap((_, zone) =>
      [0, 1].map(() =>
        addEni(draft, {
          ...service,
          subnet: subnetIn(draft, 'database', zone),
          tier: 'db',
          kind: Kind.eni,
          description: 'RDSNetworkInterface',
        }),
      ),
    ),
    bastion: byZone('public', () => ({
      ...instance(),
      tier: 'bastion',
      kind: Kind.eni,
      description: 'bastion',
      publicAddress: elastic(),
    })),
    backup: byZone('database', () => ({ ...instance(), tier: 'backup', kind: Kind.eni, description: 'backup' })),
    idle: byZone('database', () => ({ ...instance(), tier: 'backup', kind: Kind.eni, description: 'backup standby' })),
  };
}

/** Name EC2 gives an instance by its address. */
export function privateDnsName(address: number): string {
  return `ip-${dotted(address).replaceAll('.', '-')}.ec2.internal`;
}
