import type { OracleDocument } from '../oracle/oracle.ts';
import type { Dice } from './dice.ts';

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

export interface WorldEni {
  readonly id: string;
  readonly primary: string;
  readonly all4: readonly string[];
  readonly all6: readonly string[];
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

/** Two VPCs share 100.64.0.0/16; subnets lie nested so that rules can be wider and narrower than they are. */
const VPCS = [
  { id: 'vpc-a', cidrs: ['10.0.0.0/16', '100.64.0.0/16'], cidr6: '2001:db8:a::/56' },
  { id: 'vpc-b', cidrs: ['172.16.0.0/16', '100.64.0.0/16'], cidr6: '2001:db8:b::/56' },
] as const;
const SUBNETS = [
  { id: 'subnet-a1', vpc: 'vpc-a', base: '10.0.1', cidr6: '2001:db8:a:1::' },
  { id: 'subnet-a2', vpc: 'vpc-a', base: '10.0.2', cidr6: null },
  { id: 'subnet-a3', vpc: 'vpc-a', base: '100.64.3', cidr6: '2001:db8:a:3::' },
  { id: 'subnet-b1', vpc: 'vpc-b', base: '100.64.3', cidr6: null },
  { id: 'subnet-b2', vpc: 'vpc-b', base: '172.16.1', cidr6: '2001:db8:b:2::' },
] as const;
const BLOCKS4 = [
  ...['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/16', '10.0.1.0/24', '10.0.1.0/25', '10.0.1.64/28', '10.0.1.5/32'],
  ...['10.0.2.0/24', '10.0.2.5/32', '100.64.0.0/10', '100.64.3.0/24', '100.64.3.64/28', '172.16.0.0/12'],
  ...['172.16.1.0/24', '198.51.100.0/24', '198.51.100.7/32', '203.0.113.0/25', '128.0.0.0/1', '255.255.255.255/32'],
] as const;
const BLOCKS6 = [
  ...['::/0', '2001:db8::/32', '2001:db8:a::/56', '2001:db8:a:1::/64', '2001:db8:a:1::5/128', '2001:db8:b:2::/64'],
  ...['2001:db8:a:1:0:1::/80', '2600:1f00::/24', '64:ff9b::/96'],
] as const;
const PORTS = [0, 22, 53, 80, 443, 1023, 1024, 3000, 5432, 8080, 30_080, 32_767, 32_768, 40_000, 65_535] as const;
const GROUPS = ['sg-1', 'sg-2', 'sg-3', 'sg-4'] as const;
const LISTS = ['pl-1', 'pl-2', 'pl-3', 'pl-4', 'pl-missing'] as const;
const ACCOUNT = '111122223333';
const OTHER_ACCOUNT = '999900001111';

/** Seconds on which pods come and go, around one inventory instant. */
export const EPOCH = 1_700_000_000;

export function randomWorld(dice: Dice, without: ReadonlySet<Part>): RandomWorld {
  const enis = interfacesOf(dice);
  const parts: Readonly<Record<Part, () => object | null>> = {
    vpcs: () => ({ Vpcs: VPCS.map(vpcDocument) }),
    subnets: () => ({ Subnets: SUBNETS.map(subnetDocument) }),
    interfaces: () => ({ NetworkInterfaces: enis.map(({ raw }) => raw) }),
    groups: () => ({ SecurityGroups: GROUPS.filter(() => dice.below(8) > 0).map((id) => groupDocument(dice, id)) }),
    rules: () => (dice.below(3) === 0 ? { SecurityGroupRules: flatRules(dice) } : null),
    acls: () => ({ NetworkAcls: aclDocuments(dice) }),
    routes: () => ({ RouteTables: routeTableDocuments(dice, enis) }),
    lists: () => ({ PrefixLists: listDocuments(dice) }),
    endpoints: () => ({ VpcEndpoints: [{ VpcEndpointId: 'vpce-gwlb', VpcEndpointType: 'GatewayLoadBalancer' }] }),
    nodes: () => ({ apiVersion: 'v1', kind: 'NodeList', items: [nodeDocument('node-1', 'i-1')] }),
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
    addresses4: [...enis.flatMap(({ all4 }) => all4), ...BLOCKS4.flatMap(edges4), ...SPECIAL4],
    addresses6: [...enis.flatMap(({ all6 }) => all6), ...BLOCKS6.flatMap(edges6), 'fd00:ec2::254'],
    ports: PORTS.flatMap((port) => [port - 1, port, port + 1]).filter((port) => port >= 0 && port <= 65_535),
    instants: Array.from({ length: 14 }, (_, i) => EPOCH + i * 100),
  };
}

const SPECIAL4 = [
  ...['169.254.169.254', '169.254.169.253', '169.254.169.123', '169.254.169.251', '169.254.170.2', '169.254.1.1'],
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

interface DrawnEni extends WorldEni {
  readonly podAddresses: readonly string[];
  readonly podAddresses6: readonly string[];
  readonly isBranch: boolean;
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

/** A node in each VPC; its interfaces come first. */
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

function interfacesOf(dice: Dice): DrawnEni[] {
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
    raw,
  };
}

function groupsOf(dice: Dice): { GroupId: string }[] {
  const ids = dice.shuffle([...GROUPS, 'sg-undescribed']).slice(0, dice.below(8) === 0 ? 0 : 1 + dice.below(2));
  return ids.map((GroupId) => ({ GroupId }));
}

/** Protocol with its ports or ICMP type and code, as `describe-security-groups` prints them. */
function selectorOf(dice: Dice): { IpProtocol: string; FromPort?: number; ToPort?: number } {
  const protocol = dice.pick(['-1', 'tcp', 'tcp', 'tcp', 'udp', 'udp', 'icmp', 'icmpv6', '47']);
  if (protocol === '-1' || protocol === '47') return { IpProtocol: protocol };
  if (protocol.startsWith('icmp')) {
    const FromPort = dice.pick([-1, -1, 0, 3, 8, 128]);
    return { IpProtocol: protocol, FromPort, ToPort: FromPort < 0 ? -1 : dice.pick([-1, 0, 4]) };
  }
  const [a, b] = [dice.pick(PORTS), dice.pick(PORTS)];
  const wide = dice.below(4);
  if (wide === 0) return { IpProtocol: protocol, FromPort: 0, ToPort: 65_535 };
  return { IpProtocol: protocol, FromPort: Math.min(a, b), ToPort: wide === 1 ? Math.max(a, b) : Math.min(a, b) };
}

function pairOf(dice: Dice): { GroupId: string; UserId?: string; PeeringStatus?: string } {
  const GroupId = dice.pick([...GROUPS, ...GROUPS, 'sg-undescribed', 'sg-gone']);
  return {
    GroupId,
    ...(dice.below(4) === 0 ? {} : { UserId: GroupId === 'sg-gone' && dice.below(2) === 0 ? OTHER_ACCOUNT : ACCOUNT }),
    ...(dice.below(10) === 0 ? { PeeringStatus: dice.pick(['active', 'deleted']) } : {}),
  };
}

function permissionOf(dice: Dice): object {
  const peers = dice.below(8);
  return {
    ...selectorOf(dice),
    IpRanges: peers < 4 ? [{ CidrIp: dice.pick(BLOCKS4) }] : [],
    Ipv6Ranges: peers === 4 ? [{ CidrIpv6: dice.pick(BLOCKS6) }] : [],
    PrefixListIds: peers === 5 ? [{ PrefixListId: dice.pick(LISTS) }] : [],
    UserIdGroupPairs: peers > 5 ? [pairOf(dice)] : [],
  };
}

function groupDocument(dice: Dice, id: string): object {
  return {
    GroupId: id,
    GroupName: id,
    OwnerId: ACCOUNT,
    VpcId: 'vpc-a',
    IpPermissions: Array.from({ length: dice.below(6) }, () => permissionOf(dice)),
    IpPermissionsEgress: Array.from({ length: dice.below(4) }, () => permissionOf(dice)),
  };
}

function flatRules(dice: Dice): object[] {
  return Array.from({ length: 1 + dice.below(5) }, (_, i) => {
    const peer = dice.below(4);
    return {
      SecurityGroupRuleId: `sgr-${(i * 7) % 10}${i}`,
      GroupId: dice.pick(['sg-1', 'sg-2']),
      GroupOwnerId: ACCOUNT,
      IsEgress: dice.below(2) === 0,
      ...selectorOf(dice),
      ...(peer === 0 ? { CidrIpv4: dice.pick(BLOCKS4) } : {}),
      ...(peer === 1 ? { CidrIpv6: dice.pick(BLOCKS6) } : {}),
      ...(peer === 2 ? { PrefixListId: dice.pick(LISTS) } : {}),
      ...(peer === 3 ? { ReferencedGroupInfo: pairOf(dice) } : {}),
    };
  });
}

function entryOf(dice: Dice, Egress: boolean): object {
  const Protocol = dice.pick(['-1', '-1', '6', '6', '6', '17', '1', '58']);
  const [a, b] = [dice.pick(PORTS), dice.pick(PORTS)];
  const isPorted = Protocol === '6' || Protocol === '17';
  const type = dice.pick([-1, 0, 8]);
  return {
    RuleNumber: dice.pick([10, 20, 20, 100, 200, 300, 500, 32_766]),
    Egress,
    Protocol,
    RuleAction: dice.below(3) === 0 ? 'deny' : 'allow',
    ...(dice.below(4) === 0 ? { Ipv6CidrBlock: dice.pick(BLOCKS6) } : { CidrBlock: dice.pick(BLOCKS4) }),
    ...(isPorted ? { PortRange: { From: Math.min(a, b), To: Math.max(a, b) } } : {}),
    ...(Protocol === '1' || Protocol === '58'
      ? { IcmpTypeCode: { Type: type, Code: type < 0 ? -1 : dice.pick([-1, 0]) } }
      : {}),
  };
}

function aclDocuments(dice: Dice): object[] {
  const last = { RuleNumber: 32_767, Protocol: '-1', RuleAction: 'deny', CidrBlock: '0.0.0.0/0' };
  return ['vpc-a', 'vpc-b'].flatMap((VpcId) =>
    [true, false].map((IsDefault) => ({
      NetworkAclId: `acl-${VpcId.slice(-1)}${IsDefault ? '' : '2'}`,
      VpcId,
      IsDefault,
      Entries: [
        ...Array.from({ length: dice.below(5) }, () => entryOf(dice, false)),
        ...Array.from({ length: dice.below(5) }, () => entryOf(dice, true)),
        ...(dice.below(3) === 0 ? [{ ...entryOf(dice, false), RuleAction: 'allow' }] : []),
        ...(dice.below(6) === 0 ? [] : [false, true].map((Egress) => ({ ...last, Egress }))),
      ],
      Associations: IsDefault
        ? []
        : SUBNETS.filter(({ vpc }) => vpc === VpcId && dice.below(2) === 0).map(({ id }) => ({ SubnetId: id })),
    })),
  );
}

function targetOf(dice: Dice, enis: readonly WorldEni[]): object {
  return dice.pick<object>([
    { GatewayId: 'igw-1' },
    { NatGatewayId: 'nat-1' },
    { TransitGatewayId: 'tgw-1' },
    { VpcPeeringConnectionId: 'pcx-1' },
    { GatewayId: 'vpce-gwlb' },
    { GatewayId: 'vpce-other' },
    { GatewayId: 'vgw-1' },
    { EgressOnlyInternetGatewayId: 'eigw-1' },
    { NetworkInterfaceId: dice.pick(enis).id, InstanceId: 'i-9' },
    { CoreNetworkArn: 'arn:aws:networkmanager::1:core-network/1' },
  ]);
}

function routeOf(dice: Dice, enis: readonly WorldEni[]): object {
  const to = dice.below(6);
  return {
    ...(to === 0 ? { DestinationPrefixListId: dice.pick(LISTS) } : {}),
    ...(to === 1 ? { DestinationIpv6CidrBlock: dice.pick(BLOCKS6) } : {}),
    ...(to > 1 ? { DestinationCidrBlock: dice.pick(BLOCKS4) } : {}),
    ...targetOf(dice, enis),
    Origin: dice.below(5) === 0 ? 'EnableVgwRoutePropagation' : 'CreateRoute',
    State: dice.pick(['active', 'active', 'active', 'active', 'blackhole', 'filtered']),
  };
}

function routeTableDocuments(dice: Dice, enis: readonly WorldEni[]): object[] {
  return VPCS.flatMap(({ id: VpcId, cidrs, cidr6 }) =>
    [true, false].map((Main) => ({
      RouteTableId: `rtb-${VpcId.slice(-1)}${Main ? '' : '2'}`,
      VpcId,
      Routes: [
        ...cidrs.map((DestinationCidrBlock) => ({
          DestinationCidrBlock,
          GatewayId: 'local',
          Origin: 'CreateRouteTable',
          State: 'active',
        })),
        { DestinationIpv6CidrBlock: cidr6, GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' },
        ...Array.from({ length: dice.below(6) }, () => routeOf(dice, enis)),
      ],
      Associations: Main
        ? [{ Main: true }]
        : SUBNETS.filter(({ vpc }) => vpc === VpcId && dice.below(2) === 0).map(({ id }) => ({ SubnetId: id })),
    })),
  );
}

/** pl-1 and pl-4 are expanded, pl-2 is named without entries, pl-3 is known to be IPv6 only, pl-missing is nowhere. */
function listDocuments(dice: Dice): object[] {
  const some = (blocks: readonly string[]): string[] => dice.shuffle(blocks).slice(0, 1 + dice.below(4));
  return [
    { PrefixListId: 'pl-1', PrefixListName: 'one', AddressFamily: 'IPv4', Cidrs: some(BLOCKS4.slice(1)) },
    { PrefixListId: 'pl-2', PrefixListName: 'two' },
    { PrefixListId: 'pl-3', PrefixListName: 'three', AddressFamily: 'IPv6' },
    { PrefixListId: 'pl-4', PrefixListName: 'four', Cidrs: some(BLOCKS6.slice(1)) },
  ];
}

function nodeDocument(name: string, instanceId: string): object {
  return { kind: 'Node', metadata: { name }, spec: { providerID: `aws:///us-east-1a/${instanceId}` }, status: {} };
}

function instantText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** Pods at addresses of nodes, on the host network, or on branch interfaces; running or ended. */
function podDocuments(dice: Dice, enis: readonly DrawnEni[]): object[] {
  const carriers = enis.filter(({ podAddresses }) => podAddresses.length > 0);
  const branches = enis.filter(({ isBranch }) => isBranch);
  return Array.from({ length: dice.below(8) }, (_, i) => {
    const hostNetwork = carriers.length === 0 || dice.below(6) === 0;
    const branch = !hostNetwork && branches.length > 0 && dice.below(4) === 0 ? dice.pick(branches) : null;
    const carrier = hostNetwork || branch !== null ? null : dice.pick(carriers);
    const ip = carrier === null ? ((branch ?? enis[0])?.primary ?? '') : dice.pick(carrier.podAddresses);
    const six = carrier !== null && carrier.podAddresses6.length > 0 ? [{ ip: dice.pick(carrier.podAddresses6) }] : [];
    const start = EPOCH + 100 * dice.below(10);
    const ended = dice.below(3) === 0;
    const finishedAt = instantText(start + 100 * (1 + dice.below(4)));
    const onFirstNode = hostNetwork || carrier === enis[0] || carrier === enis[1];
    return {
      kind: 'Pod',
      metadata: {
        name: `pod-${i}`,
        namespace: dice.pick(['shop', 'sys']),
        uid: `uid-${i}`,
        labels: { app: `a${i % 3}` },
        ...(branch === null
          ? {}
          : { annotations: { 'vpc.amazonaws.com/pod-eni': JSON.stringify([{ eniId: branch.id }]) } }),
      },
      spec: {
        ...(onFirstNode ? { nodeName: 'node-1' } : {}),
        ...(hostNetwork ? { hostNetwork: true } : {}),
        containers: [{ name: 'main', ports: [containerPort(dice)] }],
      },
      status: {
        phase: ended ? 'Succeeded' : 'Running',
        podIP: ip,
        podIPs: [{ ip }, ...six],
        ...(dice.below(5) === 0 ? {} : { startTime: instantText(start) }),
        ...(ended ? { containerStatuses: [{ state: { terminated: { finishedAt } } }] } : {}),
      },
    };
  });
}

function containerPort(dice: Dice): object {
  const port = { name: 'http', containerPort: dice.pick(PORTS), protocol: dice.pick(['TCP', 'UDP']) };
  return dice.below(4) === 0 ? { ...port, hostPort: dice.pick(PORTS) } : port;
}

function serviceDocuments(dice: Dice): object[] {
  return [0, 1].map((i) => ({
    kind: 'Service',
    metadata: { name: `svc-${i}`, namespace: 'shop' },
    spec: {
      selector: { app: `a${i}` },
      ports: [
        { port: 80, protocol: 'TCP', targetPort: dice.pick<number | string>(['http', 8080]), nodePort: 30_080 + i },
      ],
    },
  }));
}

/** Intervals of one address that follow, leave gaps, touch, or run into each other. */
function historyText(dice: Dice, enis: readonly DrawnEni[]): string {
  const carriers = enis.filter(({ podAddresses }) => podAddresses.length > 0);
  const rows = Array.from({ length: carriers.length === 0 ? 0 : dice.below(10) }, (_, i) => {
    const carrier = dice.pick(carriers);
    const node = carrier === enis[0] || carrier === enis[1] ? dice.pick(['node-1', '']) : '';
    const start = EPOCH + 100 * dice.below(8);
    const end = dice.below(4) === 0 ? '' : String(start + 100 * (1 + dice.below(4)));
    return `${dice.pick(carrier.podAddresses)},ns,old-${i},${node},Deployment/old,${start},${end}`;
  });
  return `${['ip,namespace,pod,node,workload,start,end', ...rows].join('\n')}\n`;
}

function edges4(block: string): string[] {
  const [host = '', length = '32'] = block.split('/');
  return neighbours4(host, 2 ** (32 - Number(length)));
}

/** First and last address of a run, and the ones just outside it. */
function neighbours4(first: string, count: number): string[] {
  const base = first.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const values = [base - 1, base, base + 1, base + count - 1, base + count];
  const text = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
  return values.filter((value) => value >= 0 && value < 2 ** 32).map(text);
}

function edges6(block: string): string[] {
  const host = block.split('/')[0] ?? '';
  return host.endsWith('::') ? [host === '::' ? '::1' : host, `${host}1`, `${host}ffff`] : [host];
}
