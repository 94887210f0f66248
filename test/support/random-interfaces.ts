import type { Dice } from './dice.ts';
import { ACCOUNT, GROUPS, neighbours4, SUBNETS } from './random-network.ts';

export interface WorldEni {
  readonly id: string;
  readonly primary: string;
  readonly all4: readonly string[];
  readonly all6: readonly string[];
}

export interface DrawnEni extends WorldEni {
  readonly podAddresses: readonly string[];
  readonly podAddresses6: readonly string[];
  readonly isBranch: boolean;
  readonly vpc: 'vpc-a' | 'vpc-b';
  readonly raw: object;
}

interface Shape {
  readonly raw: object;
  readonly subnets: readonly (typeof SUBNETS)[number]['id'][];
  /** Carries pods behind addresses beside its primary one. */
  readonly pods: boolean;
  /** Holds one address only, as a branch interface does. */
  readonly single?: boolean;
}

/** Two nodes in one VPC, one in the other; the first one's interfaces come first. */
const NODE_SHAPES: readonly Shape[] = [
  {
    raw: { Attachment: { InstanceId: 'i-1', DeviceIndex: 0, NetworkCardIndex: 0 } },
    subnets: ['subnet-a1'],
    pods: true,
  },
  {
    raw: { Attachment: { InstanceId: 'i-1', DeviceIndex: 1 }, Description: 'aws-K8S-i-1' },
    subnets: ['subnet-a1', 'subnet-a3'],
    pods: true,
  },
  {
    raw: {
      InterfaceType: 'trunk',
      Attachment: { InstanceId: 'i-1', DeviceIndex: 2 },
      Description: 'aws-k8s-trunk-eni',
    },
    subnets: ['subnet-a1'],
    pods: false,
  },
  { raw: { Attachment: { InstanceId: 'i-2', DeviceIndex: 0 } }, subnets: ['subnet-b1'], pods: true },
  {
    raw: { Attachment: { InstanceId: 'i-2', DeviceIndex: 1 }, Description: 'aws-K8S-i-2' },
    subnets: ['subnet-b1', 'subnet-b2'],
    pods: true,
  },
  {
    raw: { Attachment: { InstanceId: 'i-3', DeviceIndex: 0 } },
    subnets: ['subnet-a1', 'subnet-a2', 'subnet-a3'],
    pods: true,
  },
];
const ANYWHERE = SUBNETS.map(({ id }) => id);
const OTHER_SHAPES: readonly Shape[] = [
  { InterfaceType: 'branch', Description: 'aws-k8s-branch-eni' },
  { InterfaceType: 'nat_gateway', Description: 'Interface for NAT Gateway nat-1' },
  { InterfaceType: 'interface', Description: 'ELB app/web/1' },
  { InterfaceType: 'vpc_endpoint', Description: 'VPC Endpoint Interface vpce-1' },
  { InterfaceType: 'interface', Description: 'Amazon EKS prod' },
  { InterfaceType: 'transit_gateway', Description: 'Network Interface for Transit Gateway Attachment tgw-attach-1' },
  { InterfaceType: 'interface', Description: 'db' },
].map((raw) => ({ raw, subnets: ANYWHERE, pods: false, single: raw.InterfaceType === 'branch' }));

export function interfacesOf(dice: Dice): DrawnEni[] {
  const used = new Set<string>();
  const nodes = NODE_SHAPES.filter((_, i) => i < 2 || dice.below(2) === 0);
  const others = Array.from({ length: 2 + dice.below(4) }, () => dice.pick(OTHER_SHAPES));
  return [...nodes, ...others].map((shape, i) => interfaceOf(dice, shape, i, used));
}

function interfaceOf(dice: Dice, shape: Shape, i: number, used: Set<string>): DrawnEni {
  const subnetId = dice.pick(shape.subnets);
  const subnet = SUBNETS.find(({ id }) => id === subnetId) ?? SUBNETS[0];
  const free = (): string => {
    for (;;) {
      const host = `${subnet.base}.${4 + dice.below(60)}`;
      if (used.has(`${subnet.vpc} ${host}`)) continue;
      used.add(`${subnet.vpc} ${host}`);
      return host;
    }
  };
  const several = shape.single !== true && dice.below(3) > 0;
  const singles = Array.from({ length: several ? 1 + dice.below(3) : 1 }, free);
  const primary = singles[0] ?? '';
  const prefix = several && dice.below(2) === 0 ? `${subnet.base}.${64 + 16 * i}` : null;
  const six = subnet.cidr6 === null || dice.below(2) === 0 ? [] : [`${subnet.cidr6}${(i + 5).toString(16)}`];
  const prefix6 =
    subnet.cidr6 !== null && several && dice.below(4) === 0 ? `${subnet.cidr6.slice(0, -1)}${i + 1}::` : null;
  const raw = {
    NetworkInterfaceId: `eni-${i}`,
    VpcId: subnet.vpc,
    SubnetId: subnet.id,
    OwnerId: ACCOUNT,
    ...shape.raw,
    ...(dice.below(12) === 0 ? {} : { Groups: groupsOf(dice) }),
    PrivateIpAddress: primary,
    PrivateIpAddresses: singles.map((PrivateIpAddress, n) => ({ PrivateIpAddress, Primary: n === 0 })),
    Ipv4Prefixes: prefix === null ? [] : [{ Ipv4Prefix: `${prefix}/28` }],
    Ipv6Addresses: six.map((Ipv6Address) => ({ Ipv6Address })),
    Ipv6Prefixes: prefix6 === null ? [] : [{ Ipv6Prefix: `${prefix6}/80` }],
  };
  const delegated = prefix === null ? [] : neighbours4(prefix, 16).slice(1, -1);
  const delegated6 = prefix6 === null ? [] : [prefix6, `${prefix6}7`];
  return {
    id: `eni-${i}`,
    primary,
    all4: [...singles, ...delegated],
    all6: [...six, ...delegated6],
    podAddresses: shape.pods ? [...singles.slice(1), ...delegated] : [],
    podAddresses6: shape.pods ? delegated6 : [],
    isBranch: shape.single === true,
    vpc: subnet.vpc,
    raw,
  };
}

function groupsOf(dice: Dice): { GroupId: string }[] {
  const ids = dice.shuffle([...GROUPS, 'sg-undescribed']).slice(0, dice.below(8) === 0 ? 0 : 1 + dice.below(2));
  return ids.map((GroupId) => ({ GroupId }));
}
