import { cidrText, dotted } from './addresses.ts';
import { ACCOUNT, PEERED, REGION, ZONES } from './plan.ts';
import { element } from './random.ts';
import { FOREVER, type Workload, type World } from './world.ts';

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

/** Host name of a load balancer: also in the status of the Service that it stands for. */
export function balancerHost(suffix: string): string {
  const [, name] = suffix.split('/');
  return `${name}-0123456789abcdef.elb.${REGION}.amazonaws.com`;
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
      DNSName: balancerHost(suffix),
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

export function listeners(world: World): unknown[] {
  const { networkLoadBalancer: network, applicationLoadBalancer: application } = world.ids;
  const listener = (suffix: string, Port: number, Protocol: string): unknown => ({
    ListenerArn: `${BALANCER_ARN}:listener/${suffix}/${Port}`,
    LoadBalancerArn: `${BALANCER_ARN}:loadbalancer/${suffix}`,
    Port,
    Protocol,
    DefaultActions: forwards(world)
      .filter((forward) => forward.balancer === suffix)
      .map((forward) => ({ Type: 'forward', TargetGroupArn: forward.arn, Order: 1 })),
  });
  return [listener(network, 443, 'TCP'), listener(network, 80, 'TCP'), listener(application, 443, 'HTTPS')];
}

/** What a load balancer forwards to: the network one to pods, the application one to the NodePort of every node. */
interface ForwardTo {
  readonly arn: string;
  readonly balancer: string;
  readonly workload: number;
  readonly protocol: 'TCP' | 'HTTP';
  readonly targetType: 'ip' | 'instance';
}

function forwards({ ids, workloads }: World): ForwardTo[] {
  const to = (name: string, rest: Omit<ForwardTo, 'arn' | 'workload'>): ForwardTo[] => {
    const workload = workloads.findIndex((one) => one.name === name);
    const id = rest.balancer.split('/').at(-1);
    return workload < 0 ? [] : [{ ...rest, arn: `${BALANCER_ARN}:targetgroup/${name}/${id}`, workload }];
  };
  return [
    ...to('ingress-gateway', { balancer: ids.networkLoadBalancer, protocol: 'TCP', targetType: 'ip' }),
    ...to('console', { balancer: ids.applicationLoadBalancer, protocol: 'HTTP', targetType: 'instance' }),
  ];
}

export function targetGroups(world: World): unknown[] {
  return forwards(world).map(({ arn, balancer, workload, protocol, targetType }) => {
    const served = element(world.workloads, workload);
    return {
      TargetGroupArn: arn,
      TargetGroupName: served.name,
      Protocol: protocol,
      Port: portOf(served, targetType),
      VpcId: world.ids.vpc,
      HealthCheckProtocol: protocol,
      HealthCheckPort: 'traffic-port',
      HealthCheckEnabled: true,
      LoadBalancerArns: [`${BALANCER_ARN}:loadbalancer/${balancer}`],
      TargetType: targetType,
      IpAddressType: 'ipv4',
    };
  });
}

function portOf(served: Workload, targetType: ForwardTo['targetType']): number {
  return targetType === 'ip' ? served.port : served.nodePort;
}

/** `describe-target-health` of each group, with the ARN that `collect` puts beside what AWS prints. */
export function targetHealth(
  world: World,
): { readonly arn: string; readonly name: string; readonly items: unknown[] }[] {
  return forwards(world).map(({ arn, workload, targetType }) => {
    const served = element(world.workloads, workload);
    const port = portOf(served, targetType);
    const alive = livesAtEnd(world, workload);
    const serving = new Set(alive.map((life) => world.lives.node[life]));
    const items =
      targetType === 'ip'
        ? alive.map((life) => target(dotted(world.lives.address[life] ?? 0), port, HEALTHY))
        : world.nodes.map(({ instanceId }, node) => target(instanceId, port, serving.has(node) ? HEALTHY : SILENT));
    return { arn, name: served.name, items };
  });
}

/** `describe-target-group-attributes` of each group of the network load balancer, with the ARN beside it. */
export function targetGroupAttributes(
  world: World,
): { readonly arn: string; readonly name: string; readonly items: unknown[] }[] {
  const ofNetwork = forwards(world).filter(({ balancer }) => balancer.startsWith('net/'));
  return ofNetwork.map(({ arn, workload }) => ({
    arn,
    name: element(world.workloads, workload).name,
    items: [
      { Key: 'preserve_client_ip.enabled', Value: 'false' },
      { Key: 'deregistration_delay.timeout_seconds', Value: '300' },
    ],
  }));
}

const HEALTHY = { State: 'healthy' };
/** With externalTrafficPolicy Local a node without a pod of the Service drops what comes to its NodePort. */
const SILENT = { State: 'unhealthy', Reason: 'Target.Timeout', Description: 'Request timed out' };

function target(id: string, port: number, health: object): object {
  return { Target: { Id: id, Port: port }, HealthCheckPort: String(port), TargetHealth: health };
}

/** Pods that are alive at the end of the span. */
function livesAtEnd({ lives }: World, workload: number): number[] {
  const alive: number[] = [];
  for (let life = 0; life < lives.count; life++) {
    if (lives.workload[life] === workload && lives.end[life] === FOREVER) alive.push(life);
  }
  return alive;
}
