/**
 * The raw documents, exactly as `aws … describe-*` and `kubectl get … -o json` print them; only the keys that are
 * read.
 */

/** One parsed JSON document, or the text of a pod CSV (`ip,namespace,pod,node,workload,start,end`). */
export interface OracleDocument {
  readonly file: string;
  readonly content: unknown;
}

/** Printed values: JSON null and absent mean the same (product.md §7.5). */
type Maybe<T> = T | null | undefined;
type Tag = { Key: string; Value?: Maybe<string> };

export interface RawPair {
  GroupId: string;
  UserId?: Maybe<string>;
  PeeringStatus?: Maybe<string>;
  VpcPeeringConnectionId?: Maybe<string>;
}
export interface RawPermission {
  IpProtocol: string;
  FromPort?: Maybe<number>;
  ToPort?: Maybe<number>;
  IpRanges?: Maybe<{ CidrIp: string }[]>;
  Ipv6Ranges?: Maybe<{ CidrIpv6: string }[]>;
  PrefixListIds?: Maybe<{ PrefixListId: string }[]>;
  UserIdGroupPairs?: Maybe<RawPair[]>;
}
export interface RawGroup {
  GroupId: string;
  OwnerId?: Maybe<string>;
  IpPermissions?: Maybe<RawPermission[]>;
  IpPermissionsEgress?: Maybe<RawPermission[]>;
}
export interface RawGroupRule {
  SecurityGroupRuleId?: Maybe<string>;
  GroupId: string;
  GroupOwnerId?: Maybe<string>;
  IsEgress: boolean;
  IpProtocol: string;
  FromPort?: Maybe<number>;
  ToPort?: Maybe<number>;
  CidrIpv4?: Maybe<string>;
  CidrIpv6?: Maybe<string>;
  PrefixListId?: Maybe<string>;
  ReferencedGroupInfo?: Maybe<RawPair>;
}
export interface RawEni {
  NetworkInterfaceId: string;
  VpcId?: Maybe<string>;
  SubnetId?: Maybe<string>;
  OwnerId?: Maybe<string>;
  InterfaceType?: Maybe<string>;
  Description?: Maybe<string>;
  RequesterManaged?: Maybe<boolean>;
  Groups?: Maybe<{ GroupId: string }[]>;
  PrivateIpAddress?: Maybe<string>;
  PrivateIpAddresses?: Maybe<{ PrivateIpAddress: string; Primary?: Maybe<boolean> }[]>;
  Ipv4Prefixes?: Maybe<{ Ipv4Prefix: string }[]>;
  Ipv6Addresses?: Maybe<{ Ipv6Address: string }[]>;
  Ipv6Prefixes?: Maybe<{ Ipv6Prefix: string }[]>;
  Attachment?: Maybe<{ InstanceId?: Maybe<string>; DeviceIndex?: Maybe<number>; NetworkCardIndex?: Maybe<number> }>;
  TagSet?: Maybe<Tag[]>;
}
export interface RawEntry {
  RuleNumber: number;
  Egress: boolean;
  Protocol: string;
  RuleAction: string;
  CidrBlock?: Maybe<string>;
  Ipv6CidrBlock?: Maybe<string>;
  PortRange?: Maybe<{ From?: Maybe<number>; To?: Maybe<number> }>;
  IcmpTypeCode?: Maybe<{ Type?: Maybe<number>; Code?: Maybe<number> }>;
}
export interface RawAcl {
  NetworkAclId: string;
  VpcId?: Maybe<string>;
  IsDefault?: Maybe<boolean>;
  Entries?: Maybe<RawEntry[]>;
  Associations?: Maybe<{ SubnetId?: Maybe<string> }[]>;
}
export interface RawRoute {
  DestinationCidrBlock?: Maybe<string>;
  DestinationIpv6CidrBlock?: Maybe<string>;
  DestinationPrefixListId?: Maybe<string>;
  Origin?: Maybe<string>;
  State?: Maybe<string>;
  [target: string]: Maybe<string>;
}
export interface RawRouteTable {
  RouteTableId: string;
  VpcId?: Maybe<string>;
  Routes?: Maybe<RawRoute[]>;
  Associations?: Maybe<{ Main?: Maybe<boolean>; SubnetId?: Maybe<string>; GatewayId?: Maybe<string> }[]>;
}
export interface RawBlocks {
  CidrBlock?: Maybe<string>;
  CidrBlockAssociationSet?: Maybe<{ CidrBlock: string }[]>;
  Ipv6CidrBlockAssociationSet?: Maybe<{ Ipv6CidrBlock: string }[]>;
}
export interface RawPort {
  name?: Maybe<string>;
  containerPort?: Maybe<number>;
  hostPort?: Maybe<number>;
  protocol?: Maybe<string>;
}
interface RawDaemonContainer {
  name?: Maybe<string>;
  env?: Maybe<{ name: string; value?: Maybe<string> }[]>;
}
export interface RawObject {
  kind?: Maybe<string>;
  items?: Maybe<RawObject[]>;
  metadata?: Maybe<{
    name?: Maybe<string>;
    namespace?: Maybe<string>;
    labels?: Maybe<Record<string, string>>;
    annotations?: Maybe<Record<string, string>>;
  }>;
  spec?: Maybe<{
    nodeName?: Maybe<string>;
    hostNetwork?: Maybe<boolean>;
    providerID?: Maybe<string>;
    containers?: Maybe<{ ports?: Maybe<RawPort[]> }[]>;
    initContainers?: Maybe<{ ports?: Maybe<RawPort[]>; restartPolicy?: Maybe<string> }[]>;
    selector?: Maybe<Record<string, string>>;
    template?: Maybe<{ spec?: Maybe<{ containers?: Maybe<RawDaemonContainer[]> }> }>;
    ports?: Maybe<
      { port: number; protocol?: Maybe<string>; targetPort?: Maybe<number | string>; nodePort?: Maybe<number> }[]
    >;
  }>;
  status?: Maybe<{
    phase?: Maybe<string>;
    podIP?: Maybe<string>;
    podIPs?: Maybe<{ ip: string }[]>;
    hostIP?: Maybe<string>;
    startTime?: Maybe<string>;
    addresses?: Maybe<{ type: string; address: string }[]>;
    containerStatuses?: Maybe<{ state?: Maybe<{ terminated?: Maybe<{ finishedAt?: Maybe<string> }> }> }[]>;
  }>;
}

/** Every element of every top-level array of one name, in document order; by kind for Kubernetes. */
export interface RawPeering {
  VpcPeeringConnectionId: string;
  Status?: Maybe<{ Code?: Maybe<string> }>;
  RequesterVpcInfo?: Maybe<{ VpcId?: Maybe<string> }>;
  AccepterVpcInfo?: Maybe<{ VpcId?: Maybe<string> }>;
}

/** `TransitGateways` and `TransitGatewayVpcAttachments`: the same option stands in both. */
export interface RawTransit {
  TransitGatewayId: string;
  VpcId?: Maybe<string>;
  Options?: Maybe<{ SecurityGroupReferencingSupport?: Maybe<string> }>;
}

export interface RawWorld {
  readonly SecurityGroups: RawGroup[];
  readonly SecurityGroupRules: RawGroupRule[];
  readonly NetworkInterfaces: RawEni[];
  readonly NetworkAcls: RawAcl[];
  readonly RouteTables: RawRouteTable[];
  readonly Subnets: (RawBlocks & { SubnetId: string; VpcId?: Maybe<string> })[];
  readonly Vpcs: (RawBlocks & { VpcId: string })[];
  readonly PrefixLists: { PrefixListId: string; AddressFamily?: Maybe<string>; Cidrs?: Maybe<string[]> }[];
  readonly ManagedPrefixLists: { PrefixListId: string; AddressFamily?: Maybe<string> }[];
  readonly VpcEndpoints: { VpcEndpointId: string; VpcEndpointType?: Maybe<string> }[];
  readonly VpcPeeringConnections: RawPeering[];
  readonly TransitGateways: RawTransit[];
  readonly TransitGatewayVpcAttachments: RawTransit[];
  readonly LoadBalancers: { LoadBalancerArn?: Maybe<string> }[];
  readonly Listeners: { LoadBalancerArn: string; Port: number; Protocol: string }[];
  readonly Instances: { InstanceId: string; VpcId?: Maybe<string>; Tags?: Maybe<Tag[]> }[];
  /** `get-managed-prefix-list-entries` with its sibling key (product.md §7.29). */
  readonly prefixListEntries: { PrefixListId: string; Entries: { Cidr: string }[] }[];
  readonly Pod: RawObject[];
  readonly Node: RawObject[];
  readonly Service: RawObject[];
  readonly DaemonSet: RawObject[];
  readonly podCsv: string[];
}

export function gather(documents: readonly OracleDocument[]): RawWorld {
  const world: RawWorld = {
    SecurityGroups: [],
    SecurityGroupRules: [],
    NetworkInterfaces: [],
    NetworkAcls: [],
    RouteTables: [],
    Subnets: [],
    Vpcs: [],
    PrefixLists: [],
    ManagedPrefixLists: [],
    VpcEndpoints: [],
    VpcPeeringConnections: [],
    TransitGateways: [],
    TransitGatewayVpcAttachments: [],
    LoadBalancers: [],
    Listeners: [],
    Instances: [],
    prefixListEntries: [],
    Pod: [],
    Node: [],
    Service: [],
    DaemonSet: [],
    podCsv: [],
  };
  for (const { content } of documents) {
    for (const document of Array.isArray(content) ? content : [content]) gatherOne(document, world);
  }
  return world;
}

function gatherOne(document: unknown, world: RawWorld): void {
  if (typeof document === 'string') {
    if (document.startsWith('ip,')) world.podCsv.push(document);
    return;
  }
  if (typeof document !== 'object' || document === null) return;
  const lists: Record<string, unknown[]> = world as never;
  for (const [key, value] of Object.entries(document)) {
    if (!Array.isArray(value)) continue;
    if (key === 'Reservations') for (const reservation of value) gatherOne(reservation, world);
    else if (key === 'Entries' && 'PrefixListId' in document) world.prefixListEntries.push(document as never);
    else if (/^[A-Z]/.test(key)) lists[key]?.push(...value);
  }
  const object = document as RawObject;
  const { kind } = object;
  if (kind === 'Pod' || kind === 'Node' || kind === 'Service' || kind === 'DaemonSet') world[kind].push(object);
  else if (kind?.endsWith('List')) {
    const itemKind = kind.slice(0, -'List'.length);
    // A typed list (`PodList` of an API server) leaves `kind` off its items.
    for (const item of object.items ?? []) gatherOne({ ...item, kind: item.kind ?? itemKind }, world);
  }
}
