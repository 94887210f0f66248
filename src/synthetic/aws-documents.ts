import { cidrText, dotted } from './addresses.ts';
import {
  attachment,
  internetGateway,
  listeners,
  loadBalancers,
  natGateways,
  peering,
  targetGroupAttributes,
  targetGroups,
  targetHealth,
  vpcEndpoints,
} from './gateway-documents.ts';
import { ACCOUNT, CORPORATE, DELETED_PEER, PEERED, REGION, S3, ZONES } from './plan.ts';
import { element } from './random.ts';
import { type AclEntry, CORPORATE_CIDRS, DATABASE_ACL, OPEN_ACL, PUBLIC_ACL } from './security.ts';
import { securityGroupDocuments } from './security-documents.ts';
import type { AclName, Eni, Subnet, World } from './world.ts';

/** One document of the inventory: `{ KEY: [items…], …siblings }`, as `aws … describe-*` prints it. */
export interface Document {
  readonly file: string;
  readonly key: string;
  readonly items: Iterable<unknown>;
  /** Other top-level keys, printed first. */
  readonly siblings?: Readonly<Record<string, string>>;
}

export function awsDocuments(world: World): Document[] {
  const { ids } = world;
  const groups = securityGroupDocuments(ids, world.options.partners ?? 0);
  return [
    { file: 'describe-vpcs.json', key: 'Vpcs', items: [vpc(world)] },
    {
      file: 'describe-subnets.json',
      key: 'Subnets',
      items: world.subnets.map((subnet) => subnetDocument(world, subnet)),
    },
    { file: 'describe-network-interfaces.json', key: 'NetworkInterfaces', items: networkInterfaces(world) },
    { file: 'describe-security-groups.json', key: 'SecurityGroups', items: groups },
    { file: 'describe-network-acls.json', key: 'NetworkAcls', items: networkAcls(world) },
    { file: 'describe-route-tables.json', key: 'RouteTables', items: routeTables(world) },
    { file: 'describe-prefix-lists.json', key: 'PrefixLists', items: [s3List(world)] },
    { file: 'describe-managed-prefix-lists.json', key: 'ManagedPrefixLists', items: managedPrefixLists(world) },
    {
      file: 'get-managed-prefix-list-entries.json',
      key: 'Entries',
      items: CORPORATE_CIDRS.map((Cidr) => ({ Cidr, Description: 'corporate network' })),
      siblings: { PrefixListId: ids.corporateList },
    },
    { file: 'describe-nat-gateways.json', key: 'NatGateways', items: natGateways(world) },
    { file: 'describe-internet-gateways.json', key: 'InternetGateways', items: [internetGateway(world)] },
    { file: 'describe-vpc-endpoints.json', key: 'VpcEndpoints', items: vpcEndpoints(world) },
    { file: 'describe-vpc-peering-connections.json', key: 'VpcPeeringConnections', items: [peering(world)] },
    {
      file: 'describe-transit-gateways.json',
      key: 'TransitGateways',
      items: [{ TransitGatewayId: ids.transitGateway, State: 'available', OwnerId: ACCOUNT }],
    },
    {
      file: 'describe-transit-gateway-vpc-attachments.json',
      key: 'TransitGatewayVpcAttachments',
      items: [attachment(world)],
    },
    { file: 'describe-load-balancers.json', key: 'LoadBalancers', items: loadBalancers(world) },
    { file: 'describe-listeners.json', key: 'Listeners', items: listeners(world) },
    { file: 'describe-target-groups.json', key: 'TargetGroups', items: targetGroups(world) },
    ...targetHealth(world).map(({ arn, name, items }) => ({
      file: `describe-target-health-${name}.json`,
      key: 'TargetHealthDescriptions',
      items,
      siblings: { TargetGroupArn: arn },
    })),
    ...targetGroupAttributes(world).map(({ arn, name, items }) => ({
      file: `describe-target-group-attributes-${name}.json`,
      key: 'Attributes',
      items,
      siblings: { TargetGroupArn: arn },
    })),
    { file: 'describe-instances.json', key: 'Reservations', items: reservations(world) },
    { file: 'describe-flow-logs.json', key: 'FlowLogs', items: [flowLog(world)] },
  ];
}

const tags = (pairs: readonly (readonly [string, string])[]): { Key: string; Value: string }[] =>
  pairs.map(([Key, Value]) => ({ Key, Value }));

function vpc({ ids, vpcBlocks }: World): unknown {
  return {
    CidrBlock: cidrText(element(vpcBlocks, 0)),
    DhcpOptionsId: 'dopt-0123456789abcdef0',
    State: 'available',
    VpcId: ids.vpc,
    OwnerId: ACCOUNT,
    InstanceTenancy: 'default',
    CidrBlockAssociationSet: vpcBlocks.map((block, i) => ({
      AssociationId: `vpc-cidr-assoc-${ids.vpc.slice(4, -1)}${i}`,
      CidrBlock: cidrText(block),
      CidrBlockState: { State: 'associated' },
    })),
    IsDefault: false,
    Tags: tags([['Name', 'lab']]),
  };
}

function subnetDocument({ ids }: World, subnet: Subnet): unknown {
  const zone = element(ZONES, subnet.zone);
  return {
    AvailabilityZone: zone.name,
    AvailabilityZoneId: zone.id,
    CidrBlock: cidrText(subnet.block),
    DefaultForAz: false,
    MapPublicIpOnLaunch: subnet.role === 'public',
    State: 'available',
    SubnetId: subnet.id,
    VpcId: ids.vpc,
    OwnerId: ACCOUNT,
    Ipv6CidrBlockAssociationSet: [],
    SubnetArn: `arn:aws:ec2:${REGION}:${ACCOUNT}:subnet/${subnet.id}`,
    Tags: tags([['Name', `${subnet.role}-${zone.name}`]]),
  };
}

function* networkInterfaces(world: World): Iterable<unknown> {
  for (const eni of world.enis) yield networkInterface(world, eni);
}

function networkInterface({ ids, subnets, startSeconds }: World, eni: Eni): unknown {
  const subnet = element(subnets, eni.subnet);
  const zone = element(ZONES, subnet.zone);
  const association =
    eni.publicAddress === null ? {} : { Association: { IpOwnerId: ACCOUNT, PublicIp: dotted(eni.publicAddress) } };
  const attachedTo = eni.requesterManaged
    ? { AttachmentId: `ela-attach-${eni.id.slice(4)}`, DeviceIndex: 1, InstanceOwnerId: 'amazon-aws' }
    : {
        AttachmentId: `eni-attach-${eni.id.slice(4)}`,
        DeviceIndex: eni.deviceIndex,
        InstanceId: eni.instanceId,
        InstanceOwnerId: ACCOUNT,
      };
  // a branch interface is associated with its trunk, never attached
  const attachment = {
    Attachment: {
      AttachTime: new Date((startSeconds - 86_400) * 1000).toISOString(),
      DeleteOnTermination: !eni.requesterManaged,
      NetworkCardIndex: 0,
      ...attachedTo,
      Status: 'attached',
    },
  };
  return {
    ...association,
    ...(eni.interfaceType === 'branch' ? {} : attachment),
    AvailabilityZone: zone.name,
    Description: eni.description,
    Groups: eni.tier === 'none' ? [] : [{ GroupName: eni.tier, GroupId: ids.groups[eni.tier] }],
    InterfaceType: eni.interfaceType,
    Ipv6Addresses: [],
    ...(eni.prefixes.length === 0
      ? {}
      : { Ipv4Prefixes: eni.prefixes.map((base) => ({ Ipv4Prefix: `${dotted(base)}/28` })) }),
    NetworkInterfaceId: eni.id,
    OwnerId: ACCOUNT,
    PrivateIpAddress: dotted(eni.primary),
    PrivateIpAddresses: [
      { ...association, Primary: true, PrivateIpAddress: dotted(eni.primary) },
      ...eni.secondary.map((address) => ({ Primary: false, PrivateIpAddress: dotted(address) })),
    ],
    RequesterManaged: eni.requesterManaged,
    SourceDestCheck: eni.interfaceType !== 'nat_gateway',
    Status: 'in-use',
    SubnetId: subnet.id,
    TagSet: tags(eni.tags),
    VpcId: ids.vpc,
  };
}

function networkAcls(world: World): unknown[] {
  const { ids, subnets } = world;
  const nameOf = (subnet: Subnet): AclName =>
    subnet.role === 'public' || subnet.role === 'database' ? subnet.role : 'default';
  const meant: [AclName, readonly AclEntry[]][] = [
    ['default', OPEN_ACL],
    ['public', PUBLIC_ACL],
    ['database', DATABASE_ACL],
  ];
  return meant.map(([name, entries]) => ({
    Associations: subnets
      .filter((subnet) => nameOf(subnet) === name)
      .map((subnet) => ({
        NetworkAclAssociationId: `aclassoc-${subnet.id.slice(7)}`,
        NetworkAclId: ids.acls[name],
        SubnetId: subnet.id,
      })),
    Entries: [...entries.map(aclEntry), ...[true, false].map((egress) => lastEntry(egress))],
    IsDefault: name === 'default',
    NetworkAclId: ids.acls[name],
    Tags: tags([['Name', name]]),
    VpcId: ids.vpc,
    OwnerId: ACCOUNT,
  }));
}

function aclEntry({ number, egress, allow, protocol, ports, cidr }: AclEntry): unknown {
  return {
    CidrBlock: cidr,
    Egress: egress,
    ...(ports === null ? {} : { PortRange: { From: ports[0], To: ports[1] } }),
    Protocol: protocol,
    RuleAction: allow ? 'allow' : 'deny',
    RuleNumber: number,
  };
}

/** The `*` entry every network ACL ends in. */
function lastEntry(egress: boolean): unknown {
  return { CidrBlock: '0.0.0.0/0', Egress: egress, Protocol: '-1', RuleAction: 'deny', RuleNumber: 32767 };
}

function associations(RouteTableId: string, subnets: readonly Subnet[], main: boolean): unknown[] {
  const AssociationState = { State: 'associated' };
  const associated = subnets.map((subnet) => ({
    Main: false,
    RouteTableAssociationId: `rtbassoc-${subnet.id.slice(7)}`,
    RouteTableId,
    SubnetId: subnet.id,
    AssociationState,
  }));
  if (!main) return associated;
  const RouteTableAssociationId = `rtbassoc-${RouteTableId.slice(4)}`;
  return [{ Main: true, RouteTableAssociationId, RouteTableId, AssociationState }, ...associated];
}

function routeTables(world: World): unknown[] {
  const { ids, subnets, vpcBlocks } = world;
  const route = (destination: object, target: object, State = 'active'): unknown => ({
    ...destination,
    ...target,
    Origin: 'CreateRoute',
    State,
  });
  const to = (cidr: string): object => ({ DestinationCidrBlock: cidr });
  const anywhere = to('0.0.0.0/0');
  const locals = vpcBlocks.map((block) => ({
    ...to(cidrText(block)),
    GatewayId: 'local',
    Origin: 'CreateRouteTable',
    State: 'active',
  }));
  const corporate = CORPORATE.map((block) => route(to(cidrText(block)), { TransitGatewayId: ids.transitGateway }));
  const s3 = route({ DestinationPrefixListId: ids.s3List }, { GatewayId: ids.s3Endpoint });
  const table = (id: string, name: string, routes: unknown[], of: (subnet: Subnet) => boolean): unknown => ({
    Associations: associations(id, subnets.filter(of), name === 'main'),
    PropagatingVgws: [],
    RouteTableId: id,
    Routes: [...locals, ...routes],
    Tags: tags([['Name', name]]),
    VpcId: ids.vpc,
    OwnerId: ACCOUNT,
  });
  return [
    // database subnets have no association of their own: the main table is theirs
    table(ids.mainRouteTable, 'main', corporate, () => false),
    table(
      ids.publicRouteTable,
      'public',
      [...corporate, s3, route(anywhere, { GatewayId: ids.internetGateway })],
      (subnet) => subnet.role === 'public',
    ),
    ...ids.privateRouteTables.map((id, zone) => {
      const routes = [
        ...corporate,
        s3,
        route(to(cidrText(PEERED)), { VpcPeeringConnectionId: ids.peering }),
        route(to(cidrText(DELETED_PEER)), { VpcPeeringConnectionId: ids.deletedPeering }, 'blackhole'),
        route(anywhere, { NatGatewayId: ids.natGateways[zone] }),
      ];
      const isOf = (subnet: Subnet): boolean =>
        subnet.zone === zone && (subnet.role === 'private' || subnet.role === 'pod');
      return table(id, `private-${element(ZONES, zone).name}`, routes, isOf);
    }),
  ];
}

function s3List({ ids }: World): unknown {
  return { Cidrs: S3.map(cidrText), PrefixListId: ids.s3List, PrefixListName: `com.amazonaws.${REGION}.s3` };
}

function managedPrefixLists({ ids }: World): unknown[] {
  const list = (PrefixListId: string, PrefixListName: string, OwnerId: string): unknown => ({
    PrefixListId,
    AddressFamily: 'IPv4',
    State: 'create-complete',
    PrefixListArn: `arn:aws:ec2:${REGION}:${OwnerId === 'AWS' ? 'aws' : OwnerId}:prefix-list/${PrefixListId}`,
    PrefixListName,
    MaxEntries: 20,
    Version: 1,
    OwnerId,
  });
  return [list(ids.s3List, `com.amazonaws.${REGION}.s3`, 'AWS'), list(ids.corporateList, 'corporate', ACCOUNT)];
}

function* reservations(world: World): Iterable<unknown> {
  const { ids, nodes, enis, subnets, fixtures } = world;
  const names = new Map(nodes.map((node) => [node.primaryEni, node.name]));
  for (const index of [...fixtures.bastion, ...fixtures.backup, ...nodes.map((node) => node.primaryEni)]) {
    const eni = element(enis, index);
    const subnet = element(subnets, eni.subnet);
    yield {
      Instances: [
        {
          InstanceId: eni.instanceId,
          InstanceType: 'm6i.2xlarge',
          PrivateDnsName: names.get(index) ?? '',
          PrivateIpAddress: dotted(eni.primary),
          SubnetId: subnet.id,
          VpcId: ids.vpc,
          Placement: { AvailabilityZone: element(ZONES, subnet.zone).name },
          State: { Code: 16, Name: 'running' },
          Tags: tags([['Name', eni.description === '' ? 'node' : eni.description], ...eni.tags]),
        },
      ],
      OwnerId: ACCOUNT,
    };
  }
}

function flowLog({ ids }: World): unknown {
  return {
    FlowLogId: ids.flowLog,
    FlowLogStatus: 'ACTIVE',
    LogDestinationType: 's3',
    ResourceId: ids.vpc,
    TrafficType: 'ALL',
    MaxAggregationInterval: 60,
  };
}
