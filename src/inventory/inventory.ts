import type { Address, Cidr } from '../model/ip.ts';
import type { RouteKind } from '../model/verdict.ts';
import type {
  ForwardingListener,
  InternetGateway,
  NatGateway,
  PublicAccess,
  PublicAccessExclusion,
  TargetGroup,
  TransitGateway,
  TransitGatewayAttachment,
  TransitGatewayRouteTable,
} from './gateway.ts';
import type { KubernetesService, Listener, ServedPort } from './service.ts';

/**
 * What exists in the account and the cluster at one time: readonly objects with AWS's and Kubernetes' own terms.
 * Arrays are sorted by id (code unit order), so an index into one is the same for the same content. Absence is visible:
 * `null` = the document does not say, `described` = which kinds of documents were given at all. Nothing is defaulted.
 */
export interface Inventory {
  /** Unix seconds from which this version is valid; null = from the beginning. */
  readonly validFrom: number | null;
  /** RFC 3339 of `validFrom`, or `all`. */
  readonly label: string;
  readonly described: ReadonlySet<Described>;
  readonly vpcs: readonly Vpc[];
  readonly subnets: readonly Subnet[];
  readonly networkInterfaces: readonly NetworkInterface[];
  readonly securityGroups: readonly SecurityGroup[];
  readonly networkAcls: readonly NetworkAcl[];
  readonly routeTables: readonly RouteTable[];
  readonly prefixLists: readonly PrefixList[];
  readonly vpcEndpoints: readonly VpcEndpoint[];
  readonly vpcPeeringConnections: readonly VpcPeeringConnection[];
  readonly gateways: Gateways;
  readonly loadBalancers: readonly LoadBalancer[];
  readonly nodes: readonly KubernetesNode[];
  /** Every interval of every pod that had an address; sorted by namespace, name, start. */
  readonly pods: readonly PodInterval[];
  readonly services: readonly KubernetesService[];
  readonly serviceAccounts: readonly ServiceAccount[];
  /** Number of NetworkPolicy objects seen; their evaluation is a layer of its own. */
  readonly networkPolicies: number;
  /** Source NAT on the nodes. */
  readonly awsNode: AwsNodeSettings;
}

/** What stands between subnets and the rest of the world, beside route tables: what `explain` walks through. */
export interface Gateways {
  readonly internetGateways: readonly InternetGateway[];
  readonly natGateways: readonly NatGateway[];
  readonly transitGateways: readonly TransitGateway[];
  readonly transitGatewayAttachments: readonly TransitGatewayAttachment[];
  readonly transitGatewayRouteTables: readonly TransitGatewayRouteTable[];
  /** VPC Block Public Access; null = no document says. */
  readonly publicAccess: PublicAccess | null;
  readonly publicAccessExclusions: readonly PublicAccessExclusion[];
  readonly listeners: readonly ForwardingListener[];
  readonly targetGroups: readonly TargetGroup[];
}

/** Kinds of documents whose absence means "unknown" rather than "none". */
export type Described =
  | 'Vpcs'
  | 'Subnets'
  | 'NetworkInterfaces'
  | 'SecurityGroups'
  | 'NetworkAcls'
  | 'RouteTables'
  | 'InternetGateways'
  | 'NatGateways'
  | 'VpcEndpoints'
  | 'VpcPeeringConnections'
  | 'TransitGatewayAttachments'
  | 'TransitGatewayRouteTables'
  | 'Pods'
  | 'Nodes'
  | 'Services'
  | 'NetworkPolicies';

/** What two documents may tell differently. */
interface Disputable {
  /** Set when they do: what the object holds is not known then, and left out. */
  readonly disputed?: true;
}

/** Where an object stands, for messages: file (relative to the inventory folder) and JSON path. */
export interface Origin {
  readonly file: string;
  readonly path: string;
}

export interface Vpc {
  readonly id: string;
  readonly ownerId: string | null;
  /** All associated IPv4 and IPv6 blocks. */
  readonly cidrs: readonly Cidr[];
  readonly origin: Origin;
}

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  /** Zone id when known (`use1-az1`), else zone name; only equality matters. */
  readonly zone: string | null;
  readonly cidrs: readonly Cidr[];
  readonly origin: Origin;
}

export interface NetworkInterface {
  readonly id: string;
  readonly vpcId: string | null;
  readonly subnetId: string | null;
  readonly ownerId: string | null;
  readonly zone: string | null;
  /** AWS's InterfaceType, verbatim; null = absent. */
  readonly interfaceType: string | null;
  readonly description: string;
  readonly requesterManaged: boolean;
  /** Group ids; null when the document carries no `Groups` at all, [] when it says none. */
  readonly groups: readonly string[] | null;
  /** Primary private IPv4 (or the only IPv6). */
  readonly primary: Address | null;
  /** Every other single address: secondary private IPv4, IPv6. */
  readonly secondary: readonly Address[];
  /** Delegated prefixes: /28 IPv4, /80 IPv6. */
  readonly prefixes: readonly Cidr[];
  /** Public and Elastic addresses associated with its private ones. */
  readonly publicAddresses: readonly Address[];
  /** Which private address each public one stands for, where the document says so. */
  readonly associations: readonly { readonly privateAddress: Address; readonly publicAddress: Address }[];
  /** False on appliances that forward what is not theirs; null = not said. */
  readonly sourceDestCheck: boolean | null;
  /** Instance it is attached to (or, for a branch ENI, its trunk's); null = none. */
  readonly instanceId: string | null;
  readonly deviceIndex: number | null;
  readonly kind: EniKind;
  /** Load balancer `app/name/id`, NAT gateway id, endpoint id, EKS cluster name … as the description tells it. */
  readonly kindName: string | null;
  readonly tags: ReadonlyMap<string, string>;
  readonly origin: Origin;
}

/** Classes of ENIs: first matching row of the table in inventory/eni-kind. */
export type EniKind =
  | 'node-primary'
  | 'node-secondary'
  | 'node-trunk'
  | 'pod-branch'
  | 'eks-control-plane'
  | 'load-balancer'
  | 'nat-gateway'
  | 'vpc-endpoint'
  | 'transit-gateway'
  | 'instance'
  | 'aws-managed'
  | 'other';

export interface SecurityGroup extends Disputable {
  readonly id: string;
  readonly vpcId: string | null;
  readonly ownerId: string | null;
  readonly rules: readonly SecurityGroupRule[];
  readonly origin: Origin;
}

/** One selector × one peer. */
export interface SecurityGroupRule {
  /** `sgr-…` when known, else the synthetic id of the contract. */
  readonly id: string;
  readonly groupId: string;
  readonly egress: boolean;
  readonly selector: Selector;
  readonly peer: Peer;
  readonly origin: Origin;
}

/**
 * What packets a rule is about. `protocol` −1 = all. Ports are inclusive and only meaningful for TCP and UDP; null =
 * every packet of the protocol. ICMP (1) and ICMPv6 (58): `icmpType`/`icmpCode`, null = all.
 */
export interface Selector {
  readonly protocol: number;
  /** As printed; from > to is kept, see `isTurned`. */
  readonly ports: { readonly from: number; readonly to: number } | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
  /** False when the rule can match nothing (an ICMP code without a type): kept for the catalog, warned about. */
  readonly valid: boolean;
}

export type Peer =
  | { readonly kind: 'cidr'; readonly cidr: Cidr }
  | { readonly kind: 'prefix-list'; readonly id: string }
  | {
      readonly kind: 'group';
      readonly id: string;
      /** Account that owns the group; null = not said, taken as the same account. */
      readonly ownerId: string | null;
      /** Peering state when the document gives one (`active`, `deleted`, …). */
      readonly peeringStatus: string | null;
      /** Peering connection the reference goes through; null = not said. */
      readonly peeringId: string | null;
    };

export interface NetworkAcl extends Disputable {
  readonly id: string;
  readonly vpcId: string | null;
  readonly isDefault: boolean;
  readonly subnetIds: readonly string[];
  /** Sorted by direction (ingress first), rule number, then document order; a duplicate number keeps only its first. */
  readonly entries: readonly NetworkAclEntry[];
  readonly origin: Origin;
}

export interface NetworkAclEntry {
  /** `acl-…/ingress/100`; 32767 and 32768 print as `*`. */
  readonly id: string;
  readonly number: number;
  readonly egress: boolean;
  readonly allow: boolean;
  readonly selector: Selector;
  readonly cidr: Cidr;
  readonly origin: Origin;
}

export interface RouteTable extends Disputable {
  readonly id: string;
  readonly vpcId: string | null;
  readonly main: boolean;
  readonly subnetIds: readonly string[];
  /** Internet or virtual private gateways of an edge association. */
  readonly gatewayIds: readonly string[];
  readonly routes: readonly Route[];
  readonly origin: Origin;
}

export interface Route {
  readonly destination:
    | { readonly kind: 'cidr'; readonly cidr: Cidr }
    | { readonly kind: 'prefix-list'; readonly id: string };
  /** Kind of the target; `blackhole` when State says so (the target is kept). */
  readonly kind: RouteKind;
  readonly target: string | null;
  readonly origin: 'local' | 'static' | 'propagated';
  readonly source: Origin;
}

export interface PrefixList {
  readonly id: string;
  readonly name: string | null;
  readonly family: 4 | 6 | null;
  /** null = metadata only, the entries were not given. */
  readonly cidrs: readonly Cidr[] | null;
}

export interface VpcEndpoint {
  readonly id: string;
  /** `available`, `deleted` …; null = not said. */
  readonly state: string | null;
  readonly vpcId: string | null;
  readonly type: string | null;
  readonly serviceName: string | null;
}

export interface VpcPeeringConnection {
  readonly id: string;
  readonly status: string | null;
  readonly requester: { readonly vpcId: string | null; readonly cidrs: readonly Cidr[] };
  readonly accepter: { readonly vpcId: string | null; readonly cidrs: readonly Cidr[] };
}

export interface LoadBalancer {
  readonly arn: string;
  readonly name: string;
  /** `app/name/id` or `net/name/id`: what its interfaces' descriptions end in. */
  readonly suffix: string;
  readonly listeners: readonly { readonly protocol: number; readonly port: number }[];
  readonly tags: ReadonlyMap<string, string>;
  /** `namespace/name` of the Services, Ingresses or Gateways it serves, `;` between them; null = not known. */
  readonly owner: string | null;
}

export interface KubernetesNode {
  readonly name: string;
  /** From providerID `aws:///zone/i-…`; null for Fargate and hybrid nodes. */
  readonly instanceId: string | null;
  readonly addresses: readonly Address[];
  readonly zone: string | null;
  readonly fargate: boolean;
}

/**
 * Where a stretch of a pod's life is known from, the most trusted first: what the CNI wrote down, what the API server
 * logged or streamed, what somebody listed by hand, what was scraped now and then, what one list showed at one time.
 */
export const POD_SOURCES = ['ipamd', 'audit', 'watch', 'csv', 'metrics', 'list'] as const;
export type PodSource = (typeof POD_SOURCES)[number];

/** A pod and one address over one stretch of time. */
export interface PodInterval {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
  /** `Deployment/web`, or null. */
  readonly workload: string | null;
  readonly nodeName: string | null;
  /** False when the node is only that of the interface which holds the address. */
  readonly isNodeTold: boolean;
  readonly serviceAccount: string | null;
  /** VPC when the source names one or node and hostIP tell; null = find it by address. */
  readonly vpcId: string | null;
  /** Branch ENI of the pod (annotation vpc.amazonaws.com/pod-eni). */
  readonly eniId: string | null;
  readonly address: Address;
  readonly hostNetwork: boolean;
  /** Certainly held in [start, end), Unix seconds; −Infinity / Infinity when not known. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Possibly held in [softStart, softEnd), which contains the above; Infinity = no later bound is known. */
  readonly softStartSeconds: number;
  readonly softEndSeconds: number;
  /** Everything that told of it, the most trusted first: the first that knows start or end decides it. */
  readonly sources: readonly PodSource[];
  /** containerPorts, targetPorts of the Services that select it. */
  readonly listeners: readonly Listener[];
  /** hostPorts, seen at the node's address. */
  readonly hostListeners: readonly Listener[];
  /** Services that it answers for, by their selectors and EndpointSlices. */
  readonly services: readonly ServedPort[];
}

/** What tells a pod from others over all sources: its uid, else its name. */
export function podIdentity({ uid, namespace, name }: Pick<PodInterval, 'uid' | 'namespace' | 'name'>): string {
  return uid ?? `${namespace}/${name}`;
}

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
  /** IAM role its pods assume; null = none. */
  readonly roleArn: string | null;
}

/** Something odd but readable: said once, with its place; what depends on it is `unknown`. */
export interface InventoryWarning {
  readonly message: string;
  readonly file: string;
  readonly path: string;
}

/**
 * What the environment of the container `aws-node` says about source NAT (amazon-vpc-cni-k8s README; its
 * pkg/networkutils/network.go). Absent variables have the plugin's own defaults.
 */
export interface AwsNodeSettings {
  /** Of the DaemonSet: a cluster's; null = not said. */
  readonly uid: string | null;
  /** False = no document says, or those of several clusters differ: what follows is then the defaults, or a join. */
  readonly isTold: boolean;
  /** AWS_VPC_K8S_CNI_EXTERNALSNAT: pods keep their own addresses outside the VPC as well. */
  readonly externalSnat: boolean;
  /** AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: destinations that are not translated, besides the VPC's own. */
  readonly excludedCidrs: readonly Cidr[];
  /** POD_SECURITY_GROUP_ENFORCING_MODE is not `standard`: pods with an interface of their own are not translated. */
  readonly strictBranches: boolean;
  /** ENABLE_V4_EGRESS is not off: pods with an IPv6 address reach IPv4 by their node's. */
  readonly v4Egress: boolean;
  /** ENABLE_V6_EGRESS is on: pods with an IPv4 address reach IPv6 by their node's. */
  readonly v6Egress: boolean;
}

/** Only a node's primary interface has the node's own address; without Node documents it is an instance like any. */
export function isHostAddress({ kind, deviceIndex }: NetworkInterface): boolean {
  return kind === 'node-primary' || (kind === 'instance' && (deviceIndex ?? 0) === 0);
}
