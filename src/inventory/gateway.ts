import type { Address, Cidr } from '../model/ip.ts';

export interface InternetGateway {
  readonly id: string;
  /** VPCs it is attached to. */
  readonly vpcIds: readonly string[];
}

export interface NatGateway {
  readonly id: string;
  readonly vpcId: string | null;
  /** null for regional gateways, which stand in no subnet. */
  readonly subnetId: string | null;
  /** `available`, `deleted`, `failed` …; null = not said. */
  readonly state: string | null;
  /** `public` or `private`; null = not said, which the API means as public. */
  readonly connectivity: string | null;
  readonly addresses: readonly {
    readonly interfaceId: string | null;
    readonly privateAddress: Address | null;
    readonly publicAddress: Address | null;
  }[];
}

/** VPC Block Public Access of the account and region (VPC User Guide, "VPC BPA basics"). */
export interface PublicAccess {
  readonly mode: 'off' | 'block-bidirectional' | 'block-ingress';
}

/** A VPC or subnet that block public access leaves alone, in both directions or for egress only. */
export interface PublicAccessExclusion {
  /** Id at the end of the ARN: `vpc-…` or `subnet-…`. */
  readonly resourceId: string;
  readonly mode: 'allow-bidirectional' | 'allow-egress';
}

export interface TransitGateway {
  readonly id: string;
  /** SecurityGroupReferencingSupport is enabled; null = not said. */
  readonly groupReferences: boolean | null;
}

export interface TransitGatewayAttachment {
  readonly id: string;
  readonly transitGatewayId: string | null;
  /** `vpc`, `vpn`, `direct-connect-gateway`, `peering`, `connect` … */
  readonly resourceType: string | null;
  /** VPC, VPN connection or, for a peering, the other transit gateway. */
  readonly resourceId: string | null;
  readonly state: string | null;
  /** Subnets it stands in, one a zone; null = no document says. */
  readonly subnetIds: readonly string[] | null;
  /** Route table its traffic is looked up in; null = not said. */
  readonly routeTableId: string | null;
  /** SecurityGroupReferencingSupport of the attachment; null = not said, which the API means as enabled. */
  readonly groupReferences: boolean | null;
}

export interface TransitGatewayRouteTable {
  readonly id: string;
  readonly transitGatewayId: string | null;
  /** null = its routes were not given. */
  readonly routes: readonly TransitGatewayRoute[] | null;
}

export interface TransitGatewayRoute {
  readonly cidr: Cidr;
  /** Attachments it leads to (several: equal-cost). */
  readonly attachmentIds: readonly string[];
  readonly isStatic: boolean;
  readonly state: 'active' | 'blackhole' | 'other';
}

/** What one listener of a load balancer forwards to by its default action. */
export interface ForwardingListener {
  readonly loadBalancerArn: string;
  /** 6 or 17; null = both (`TCP_UDP`). */
  readonly protocol: number | null;
  readonly port: number;
  readonly targetGroupArns: readonly string[];
}

export interface TargetGroup {
  readonly arn: string;
  readonly name: string | null;
  /** `TCP`, `TCP_UDP`, `HTTP` …; null = not said. */
  readonly protocol: string | null;
  readonly port: number | null;
  /** `instance`, `ip`, `alb`, `lambda`. */
  readonly targetType: string | null;
  /** Attribute `preserve_client_ip.enabled`: targets see the client's address; null = no document says. */
  readonly preservesClient: boolean | null;
  /** Balancers that forward to it, by the group's own document. */
  readonly loadBalancerArns: readonly string[];
  /** null = no document lists its targets. */
  readonly targets: readonly Target[] | null;
}

export interface Target {
  /** Address, instance id or ARN, as the target type says. */
  readonly id: string;
  readonly port: number | null;
  /** `healthy`, `unhealthy`, `draining` …; null = not said. */
  readonly health: string | null;
}
