import { type CompiledVersion, compileInventory } from '../../../src/engine/versions.ts';
import { findEndpoint } from '../../../src/explain/endpoint.ts';
import { explain } from '../../../src/explain/explain.ts';
import type { Explanation } from '../../../src/explain/explanation.ts';
import { inventoryFromDocuments } from '../../../src/inventory/load.ts';

/** Documents of one VPC with a public and a private subnet; what a test needs besides is put over it, key by key. */
export function network(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    Vpcs: [{ VpcId: 'vpc-a', CidrBlock: '10.0.0.0/16' }],
    Subnets: [
      { SubnetId: 'subnet-pub', VpcId: 'vpc-a', CidrBlock: '10.0.0.0/24', AvailabilityZoneId: 'az1' },
      { SubnetId: 'subnet-priv', VpcId: 'vpc-a', CidrBlock: '10.0.1.0/24', AvailabilityZoneId: 'az1' },
    ],
    NetworkInterfaces: [
      eni('eni-web', 'subnet-pub', '10.0.0.10', { publicIp: '198.51.100.10' }),
      eni('eni-bare', 'subnet-pub', '10.0.0.11'),
      eni('eni-app', 'subnet-priv', '10.0.1.10'),
      eni('eni-nat', 'subnet-pub', '10.0.0.20', { publicIp: '198.51.100.20', type: 'nat_gateway', groups: [] }),
    ],
    SecurityGroups: [group('sg-open', [allow('0.0.0.0/0')], [allow('0.0.0.0/0')])],
    NetworkAcls: [acl('acl-main', [], [entry(100, false), entry(100, true)], true)],
    RouteTables: [
      routeTable('rtb-pub', ['subnet-pub'], [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' }]),
      routeTable('rtb-priv', ['subnet-priv'], [{ DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: 'nat-1' }]),
    ],
    InternetGateways: [{ InternetGatewayId: 'igw-1', Attachments: [{ VpcId: 'vpc-a', State: 'available' }] }],
    NatGateways: [
      {
        NatGatewayId: 'nat-1',
        VpcId: 'vpc-a',
        SubnetId: 'subnet-pub',
        State: 'available',
        ConnectivityType: 'public',
        NatGatewayAddresses: [{ NetworkInterfaceId: 'eni-nat', PrivateIp: '10.0.0.20', PublicIp: '198.51.100.20' }],
      },
    ],
    ...more,
  };
}

interface EniOptions {
  readonly publicIp?: string;
  readonly type?: string;
  readonly groups?: readonly string[];
  readonly more?: object;
}

export function eni(id: string, subnetId: string, address: string, options: EniOptions = {}): object {
  const { publicIp, type = 'interface', groups = ['sg-open'], more = {} } = options;
  const association = publicIp === undefined ? {} : { Association: { PublicIp: publicIp } };
  return {
    NetworkInterfaceId: id,
    VpcId: 'vpc-a',
    SubnetId: subnetId,
    InterfaceType: type,
    PrivateIpAddress: address,
    PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: address, ...association }],
    Groups: groups.map((GroupId) => ({ GroupId })),
    ...more,
  };
}

export function allow(cidr: string, port?: number): object {
  const peer = { IpRanges: [{ CidrIp: cidr }] };
  return port === undefined
    ? { IpProtocol: '-1', ...peer }
    : { IpProtocol: 'tcp', FromPort: port, ToPort: port, ...peer };
}

export function group(id: string, ingress: readonly object[], egress: readonly object[]): object {
  return { GroupId: id, VpcId: 'vpc-a', IpPermissions: ingress, IpPermissionsEgress: egress };
}

export function entry(number: number, egress: boolean, action = 'allow', port?: number, cidr = '0.0.0.0/0'): object {
  const range = port === undefined ? { Protocol: '-1' } : { Protocol: '6', PortRange: { From: port, To: port } };
  return { RuleNumber: number, Egress: egress, RuleAction: action, CidrBlock: cidr, ...range };
}

export function acl(id: string, subnetIds: readonly string[], entries: readonly object[], isDefault = false): object {
  const associations = subnetIds.map((SubnetId) => ({ SubnetId }));
  return { NetworkAclId: id, VpcId: 'vpc-a', IsDefault: isDefault, Associations: associations, Entries: entries };
}

export function routeTable(id: string, subnetIds: readonly string[], routes: readonly object[], more = {}): object {
  const local = {
    DestinationCidrBlock: '10.0.0.0/16',
    GatewayId: 'local',
    Origin: 'CreateRouteTable',
    State: 'active',
  };
  const active = routes.map((route) => ({ State: 'active', Origin: 'CreateRoute', ...route }));
  const associations = subnetIds.map((SubnetId) => ({ Main: false, SubnetId }));
  return { RouteTableId: id, VpcId: 'vpc-a', Associations: associations, Routes: [local, ...active], ...more };
}

export function compiled(documents: Readonly<Record<string, unknown>>): CompiledVersion {
  const [version] = compileInventory(inventoryFromDocuments([{ file: 'network.json', content: documents }])).versions;
  if (version === undefined) throw new Error('no version');
  return version;
}

/** `ask(version, '10.0.0.10', '8.8.8.8', 443)`: one TCP flow from port 40000. */
export function ask(version: CompiledVersion, from: string, to: string, port: number): Explanation {
  const end = (text: string): NonNullable<ReturnType<typeof findEndpoint>> => {
    const found = findEndpoint(version.inventory, text, null);
    if (found === undefined) throw new Error(`no end ${text}`);
    return found;
  };
  return explain(
    { inventory: version.inventory, view: version.view, catalog: version.catalog },
    {
      id: null,
      from: end(from),
      to: end(to),
      protocol: 6,
      srcPort: 40_000,
      dstPort: port,
      icmp: { type: null, code: null },
    },
  );
}

/** Steps in short: `eni-web egress sg allow`, `eni-web route igw igw-1`. */
export function shortSteps({ steps }: Pick<Explanation, 'steps'>): string[] {
  return steps.map((step) =>
    step.layer === 'route'
      ? `${step.at} route ${step.kind} ${step.target ?? '-'}`
      : `${step.at} ${step.direction} ${step.layer} ${step.verdict}`,
  );
}
