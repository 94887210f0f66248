import { cidrText, dotted } from './addresses.ts';
import { ACCOUNT, PEERED, REGION, ZONES } from './plan.ts';
import { element } from './random.ts';
import type { World } from './world.ts';

/** Gateways, endpoints, peerings and load balancers as `aws … describe-*` prints them. */

const BALANCER_ARN = `arn:aws:elasticloadbalancing:${REGION}:${ACCOUNT}`;

export function natGateways({ ids, enis, subnets, fixtures }: World): unknown[] {
  return fixtures.nat.map((index, zone) => {
    const eni = element(enis, index);
    return {
      NatGatewayAddresses: [
        {
          NetworkInterfaceId: eni.id,
          PrivateIp: dotted(eni.primary),
          PublicIp: dotted(eni.publicAddress ?? 0),
          IsPrimary: true,
          Status: 'succeeded',
        },
      ],
      NatGatewayId: ids.natGateways[zone],
      State: 'available',
      SubnetId: element(subnets, eni.subnet).id,
      VpcId: ids.vpc,
      ConnectivityType: 'public',
    };
  });
}

export function internetGateway({ ids }: World): unknown {
  return {
    Attachments: [{ State: 'available', VpcId: ids.vpc }],
    InternetGatewayId: ids.internetGateway,
    OwnerId: ACCOUNT,
    Tags: [],
  };
}

export function vpcEndpoints({ ids, enis, fixtures }: World): unknown[] {
  const endpoint = (VpcEndpointId: string, VpcEndpointType: string, service: string): object => ({
    VpcEndpointId,
    VpcEndpointType,
    VpcId: ids.vpc,
    ServiceName: `com.amazonaws.${REGION}.${service}`,
    State: 'available',
    OwnerId: ACCOUNT,
  });
  return [
    { ...endpoint(ids.s3Endpoint, 'Gateway', 's3'), RouteTableIds: [ids.publicRouteTable, ...ids.privateRouteTables] },
    {
      ...endpoint(ids.interfaceEndpoint, 'Interface', 'ecr.dkr'),
      NetworkInterfaceIds: fixtures.endpoint.map((index) => element(enis, index).id),
      Groups: [{ GroupId: ids.groups.endpoint, GroupName: 'endpoint' }],
    },
  ];
}

export function peering({ ids, vpcBlocks }: World): unknown {
  const side = (VpcId: string, cidrs: readonly string[]): unknown => ({
    CidrBlock: cidrs[0],
    CidrBlockSet: cidrs.map((CidrBlock) => ({ CidrBlock })),
    OwnerId: ACCOUNT,
    VpcId,
    Region: REGION,
  });
  return {
    AccepterVpcInfo: side(ids.peerVpc, [cidrText(PEERED)]),
    RequesterVpcInfo: side(ids.vpc, vpcBlocks.map(cidrText)),
    Status: { Code: 'active', Message: 'Active' },
    Tags: [],
    VpcPeeringConnectionId: ids.peering,
  };
}

export function attachment({ ids, subnets }: World): unknown {
  return {
    TransitGatewayAttachmentId: ids.transitGatewayAttachment,
    TransitGatewayId: ids.transitGateway,
    VpcId: ids.vpc,
    VpcOwnerId: ACCOUNT,
    State: 'available',
    SubnetIds: subnets.filter((subnet) => subnet.role === 'private').map((subnet) => subnet.id),
  };
}

export function loadBalancers({ ids, subnets }: World): unknown[] {
  const zones = subnets
    .filter((subnet) => subnet.role === 'public')
    .map((subnet) => ({ ZoneName: element(ZONES, subnet.zone).name, SubnetId: subnet.id }));
  return [ids.networkLoadBalancer, ids.applicationLoadBalancer].map((suffix) => {
    const isNetwork = suffix.startsWith('net/');
    const [, LoadBalancerName] = suffix.split('/');
    return {
      LoadBalancerArn: `${BALANCER_ARN}:loadbalancer/${suffix}`,
      DNSName: `${LoadBalancerName}-0123456789abcdef.elb.${REGION}.amazonaws.com`,
      LoadBalancerName,
      Scheme: isNetwork ? 'internet-facing' : 'internal',
      VpcId: ids.vpc,
      State: { Code: 'active' },
      Type: isNetwork ? 'network' : 'application',
      AvailabilityZones: zones,
      SecurityGroups: [ids.groups.lb],
      IpAddressType: 'ipv4',
    };
  });
}

export function listeners({ ids }: World): unknown[] {
  const listener = (suffix: string, Port: number, Protocol: string): unknown => ({
    ListenerArn: `${BALANCER_ARN}:listener/${suffix}/${Port}`,
    LoadBalancerArn: `${BALANCER_ARN}:loadbalancer/${suffix}`,
    Port,
    Protocol,
  });
  return [
    listener(ids.networkLoadBalancer, 443, 'TCP'),
    listener(ids.networkLoadBalancer, 80, 'TCP'),
    listener(ids.applicationLoadBalancer, 443, 'HTTPS'),
  ];
}
