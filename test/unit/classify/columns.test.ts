import { describe, expect, test } from 'vitest';
import { compileInventory } from '../../../src/engine/versions.ts';
import { inventoryFromDocuments } from '../../../src/inventory/load.ts';
import { type EngineRow, logOf, replayText } from '../../support/engine-rows.ts';

type Documents = Readonly<Record<string, unknown>>;

/** Two VPCs share 100.64.0.0/16; node i-1 and a NAT gateway live in the first, a database in the second. */
const DOCUMENTS: Documents = {
  Vpcs: [vpc('vpc-a', ['10.0.0.0/16', '100.64.0.0/16']), vpc('vpc-b', ['172.16.0.0/16', '100.64.0.0/16'])],
  Subnets: [
    { SubnetId: 'subnet-a', VpcId: 'vpc-a', CidrBlock: '10.0.1.0/24', AvailabilityZoneId: 'use1-az1' },
    { SubnetId: 'subnet-b', VpcId: 'vpc-b', CidrBlock: '100.64.3.0/24', AvailabilityZoneId: 'use1-az1' },
  ],
  SecurityGroups: [
    group('sg-all', [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }]),
    group('sg-web', [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }]),
    group('sg-member', [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-web' }] }]),
  ],
  NetworkInterfaces: [
    eni('eni-node', ['10.0.1.10', '10.0.1.11'], 'sg-all', {
      Attachment: { InstanceId: 'i-1', DeviceIndex: 0 },
      Ipv6Addresses: [{ Ipv6Address: '2001:db8::10' }],
    }),
    eni('eni-nat', ['10.0.1.20', '10.0.1.21'], 'sg-web', { InterfaceType: 'nat_gateway' }),
    eni('eni-pod', ['10.0.1.30'], 'sg-member', { InterfaceType: 'branch' }),
    { ...eni('eni-bare', ['10.0.1.40'], 'sg-all'), Groups: undefined },
    { ...eni('eni-db', ['100.64.3.5'], 'sg-web'), VpcId: 'vpc-b', SubnetId: 'subnet-b' },
  ],
  NetworkAcls: [
    { NetworkAclId: 'acl-a', VpcId: 'vpc-a', IsDefault: true, Entries: [false, true].map(allowAll), Associations: [] },
  ],
  RouteTables: [routeTable([{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' }])],
  items: [node('node-1', 'i-1')],
};

function vpc(VpcId: string, cidrs: readonly string[]): object {
  return { VpcId, CidrBlock: cidrs[0], CidrBlockAssociationSet: cidrs.map((CidrBlock) => ({ CidrBlock })) };
}

function group(GroupId: string, IpPermissionsEgress: readonly object[]): object {
  return { GroupId, OwnerId: '1', VpcId: 'vpc-a', IpPermissions: [], IpPermissionsEgress };
}

function eni(NetworkInterfaceId: string, addresses: readonly string[], groupId: string, more: object = {}): object {
  return {
    NetworkInterfaceId,
    VpcId: 'vpc-a',
    SubnetId: 'subnet-a',
    Groups: [{ GroupId: groupId }],
    PrivateIpAddress: addresses[0],
    PrivateIpAddresses: addresses.map((PrivateIpAddress, i) => ({ PrivateIpAddress, Primary: i === 0 })),
    ...more,
  };
}

function allowAll(Egress: boolean): object {
  return { RuleNumber: 100, Egress, Protocol: '-1', RuleAction: 'allow', CidrBlock: '0.0.0.0/0' };
}

function routeTable(routes: readonly object[]): object {
  const local = { DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local', Origin: 'CreateRouteTable' };
  return { RouteTableId: 'rtb-a', VpcId: 'vpc-a', Associations: [{ Main: true }], Routes: [local, ...routes] };
}

function node(name: string, instanceId: string): object {
  return { kind: 'Node', metadata: { name }, spec: { providerID: `aws:///us-east-1a/${instanceId}` } };
}

function podAt(name: string, podIP: string, start: string, end: string | null, containerPort: number): object {
  const terminated = end === null ? {} : { containerStatuses: [{ state: { terminated: { finishedAt: end } } }] };
  return {
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: name },
    spec: { nodeName: 'node-1', containers: [{ ports: [{ containerPort }] }] },
    status: { phase: end === null ? 'Running' : 'Succeeded', podIP, startTime: start, ...terminated },
  };
}

/** The row of one record; `documents` replace those of the same key, undefined leaves one out. */
async function rowOf(record: Readonly<Record<string, string>>, documents: Documents = {}): Promise<EngineRow> {
  const { items, ...aws } = { ...DOCUMENTS, ...documents };
  const content = [aws, { kind: 'List', apiVersion: 'v1', items }];
  const inventory = inventoryFromDocuments(content.map((one, i) => ({ file: `${i}.json`, content: one })));
  const { rows } = await replayText(compileInventory(inventory), logOf(Object.keys(record), [record]));
  return rows[0] ?? {};
}

const egress = (interfaceId: string, dstaddr: string, more: Readonly<Record<string, string>> = {}) => ({
  'interface-id': interfaceId,
  srcaddr: '10.0.1.10',
  dstaddr,
  srcport: '40000',
  dstport: '443',
  protocol: '6',
  start: '1700000000',
  end: '1700000060',
  action: 'ACCEPT',
  'log-status': 'OK',
  'flow-direction': 'egress',
  ...more,
});

function without(record: Readonly<Record<string, string>>, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}

describe('routes', () => {
  const inside = [{ DestinationCidrBlock: '10.0.1.0/25', NetworkInterfaceId: 'eni-db' }];

  test('inside its own subnet a packet asks no route table and meets no middlebox', async () => {
    const RouteTables = [routeTable(inside)];
    const near = await rowOf(egress('eni-pod', '10.0.1.20', { srcaddr: '10.0.1.30' }), {
      RouteTables,
      NetworkInterfaces: [eni('eni-pod', ['10.0.1.30'], 'sg-member'), eni('eni-web', ['10.0.1.20'], 'sg-web')],
    });
    expect(near).toMatchObject({ route_kind: 'local', route_target: 'local', route_prefix: '10.0.0.0/16' });
    expect(near).toMatchObject({ path: 'same-az', sg_verdict: 'allow', nacl_verdict: 'none' });
  });

  test.each([
    ['a gateway endpoint', { GatewayId: 'vpce-s3' }, 'local'],
    ['a NAT gateway', { NatGatewayId: 'nat-1' }, 'unknown'],
  ])('a list without entries to %s inside a local route', async (_, target, kind) => {
    const RouteTables = [routeTable([{ DestinationPrefixListId: 'pl-1', ...target }])];
    expect((await rowOf(egress('eni-node', '10.0.2.9'), { RouteTables })).route_kind).toBe(kind);
    expect((await rowOf(egress('eni-node', '198.51.100.1'), { RouteTables })).route_kind).toBe('unknown');
  });

  test('two routes of one prefix to different targets are ambiguous, also where one is local', async () => {
    const RouteTables = [routeTable([{ DestinationCidrBlock: '10.0.0.0/16', TransitGatewayId: 'tgw-1' }])];
    expect((await rowOf(egress('eni-node', '10.0.2.9'), { RouteTables })).route_kind).toBe('unknown');
  });

  test('169.254.168.0/22 follows no route', async () => {
    expect((await rowOf(egress('eni-node', '169.254.171.255'))).route_kind).toBe('none');
    expect((await rowOf(egress('eni-node', '169.254.172.0'))).route_kind).toBe('igw');
  });

  test('an egress record of an interface that is not in the inventory has an unknown route', async () => {
    expect((await rowOf(egress('eni-gone', '198.51.100.1'))).route_kind).toBe('unknown');
  });
});

describe('layers', () => {
  test('exempt peers need no interface in the inventory', async () => {
    const row = await rowOf(egress('eni-gone', '169.254.169.254'));
    expect(row).toMatchObject({ predicted: 'exempt', route_kind: null, drift_cause: 'exempt' });
  });

  test('a subnet that is not described: its network ACL judges only what is outside the VPC', async () => {
    const far = await rowOf(egress('eni-node', '198.51.100.1'), { Subnets: undefined });
    expect(far).toMatchObject({ nacl_verdict: 'allow', nacl_rule: 'acl-a/egress/100' });
    expect((await rowOf(egress('eni-node', '10.0.2.9'), { Subnets: undefined })).nacl_verdict).toBe('unknown');
  });

  test.each([
    ['the source port', ['srcport'], 'eni-nat', 'allow'],
    ['the destination port: a rule for one port may match', ['dstport'], 'eni-nat', 'unknown'],
    ['the destination port: a rule for all traffic matches', ['dstport'], 'eni-node', 'allow'],
    ['the protocol: a rule for TCP may match', ['protocol'], 'eni-nat', 'unknown'],
    ['the protocol: a rule for all traffic matches', ['protocol'], 'eni-node', 'allow'],
  ])('a format without %s', async (_, names, id, verdict) => {
    const record = without(egress(id, '198.51.100.1', { 'tcp-flags': '2' }), ...names);
    expect((await rowOf(record)).sg_verdict).toBe(verdict);
  });

  test('an interface that does not say its groups may be a member of the referenced one', async () => {
    expect((await rowOf(egress('eni-pod', '10.0.1.40', { srcaddr: '10.0.1.30' }))).sg_verdict).toBe('unknown');
    expect((await rowOf(egress('eni-pod', '10.0.1.10', { srcaddr: '10.0.1.30' }))).sg_verdict).toBe('deny');
  });
});

describe('attribution', () => {
  test('of an address that two VPCs may have, the known holder is a guess from outside both', async () => {
    const own = await rowOf(egress('eni-db', '100.64.3.5', { srcaddr: '100.64.3.9' }));
    expect(own).toMatchObject({ dst_kind: 'eni', dst_attribution: 'exact' });
    const gone = await rowOf(egress('eni-gone', '100.64.3.5'));
    expect(gone).toMatchObject({ dst_kind: 'unknown', dst_attribution: 'none' });
  });

  test('without the CIDRs of the own VPC nothing tells inside from outside', async () => {
    expect((await rowOf(egress('eni-node', '198.51.100.1'))).dst_kind).toBe('external');
    expect((await rowOf(egress('eni-node', '198.51.100.1'), { Vpcs: undefined })).dst_kind).toBe('unknown');
    expect((await rowOf(egress('eni-node', '10.0.1.20'), { Vpcs: undefined })).dst_kind).toBe('nat-gateway');
    expect((await rowOf(egress('eni-node', '100.64.3.5'), { Vpcs: undefined })).dst_kind).toBe('unknown');
  });

  test('behind the hidden address of an interface without pods is the interface', async () => {
    const row = await rowOf(egress('eni-nat', '198.51.100.1', { srcaddr: '10.0.1.20' }));
    expect(row).toMatchObject({ src_kind: 'nat-gateway', src_attribution: 'exact', src_addr: null });
  });

  test('the far side is not hidden, even at the own address', async () => {
    const row = await rowOf(egress('eni-node', '10.0.1.10'));
    expect(row).toMatchObject({ src_addr: null, dst_addr: '10.0.1.10', dst_attribution: 'exact' });
  });

  test('a branch interface is a pod, whoever it is', async () => {
    const row = await rowOf(egress('eni-node', '10.0.1.30'));
    expect(row).toMatchObject({ dst_kind: 'pod', dst_pod: null, dst_attribution: 'none' });
  });

  test("a node's listed IPv6 address is its own", async () => {
    const row = await rowOf(egress('eni-node', '2001:db8::9', { srcaddr: '2001:db8::10' }));
    expect(row).toMatchObject({ src_kind: 'node', src_attribution: 'exact' });
  });

  const items = [
    node('node-1', 'i-1'),
    podAt('old', '10.0.1.11', '2023-11-14T22:00:00Z', '2023-11-14T22:13:40Z', 8080),
    podAt('new', '10.0.1.11', '2023-11-14T22:13:40Z', null, 9090),
  ];

  test('without times, of two owners of an address neither is named', async () => {
    const row = await rowOf(without(egress('eni-node', '10.0.1.11'), 'start', 'end'), { items });
    expect(row).toMatchObject({ dst_pod: null, dst_candidates: ['shop/new', 'shop/old'] });
    const ended = await rowOf(without(egress('eni-node', '10.0.1.11'), 'start'), { items });
    expect(ended).toMatchObject({ dst_pod: 'new', dst_attribution: 'exact' });
  });

  test('each candidate may be the listener', async () => {
    const at = { start: '1700000000', end: '1700000040', srcport: '5000', 'flow-direction': 'egress' };
    for (const dstport of ['8080', '9090']) {
      const row = await rowOf(egress('eni-node', '10.0.1.11', { ...at, dstport }), { items });
      expect(row).toMatchObject({ dst_attribution: 'candidates', role: 'request', role_basis: 'listener' });
    }
  });
});
