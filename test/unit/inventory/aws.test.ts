import { describe, expect, it } from 'vitest';
import type { LoadedInventory } from '../../../src/inventory/load.ts';
import { formatCidr } from '../../../src/model/ip.ts';
import { load, only, warningsOf } from './loading.ts';

const groupWith = (...permissions: readonly unknown[]): unknown => {
  return { SecurityGroups: [{ GroupId: 'sg-a', IpPermissions: permissions }] };
};
const anywhere = { IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
const idsOf = (loaded: LoadedInventory): string[] =>
  only(loaded)
    .securityGroups.flatMap((g) => g.rules)
    .map((r) => r.id);

describe('security group rules', () => {
  it.each([
    [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 }, 'tcp/443'],
    [{ IpProtocol: '6', FromPort: 1, ToPort: 2 }, 'tcp/1-2'],
    [{ IpProtocol: '17', FromPort: null, ToPort: 53 }, 'udp/0-53'],
    [{ IpProtocol: 'UDP', FromPort: 30_000, ToPort: -1 }, 'udp/30000-65535'],
    [{ IpProtocol: 'tcp', FromPort: 0, ToPort: 65_535 }, 'tcp/all'],
    [{ IpProtocol: 'tcp', FromPort: 'null', ToPort: '' }, 'tcp/all'],
    [{ IpProtocol: 'tcp', FromPort: 0, ToPort: 0 }, 'tcp/0'],
    [{ IpProtocol: '-1', FromPort: 22, ToPort: 22 }, 'all/all'],
    [{ IpProtocol: 'all' }, 'all/all'],
    [{ IpProtocol: 'icmp', FromPort: 8, ToPort: -1 }, 'icmp/8-all'],
    [{ IpProtocol: '1', FromPort: 3, ToPort: 4 }, 'icmp/3-4'],
    [{ IpProtocol: 'icmpv6', FromPort: -1, ToPort: -1 }, 'icmpv6/all'],
    [{ IpProtocol: '47', FromPort: 100, ToPort: 200 }, '47/all'],
    [{ IpProtocol: '0' }, '0/all'],
  ])('%j is %s', (permission, id) => {
    const loaded = load(groupWith({ ...permission, ...anywhere }));
    expect(idsOf(loaded)).toEqual([`sg-a/ingress/${id}/0.0.0.0/0`]);
    expect(loaded.warnings).toEqual([]);
  });

  it('are one for each peer, CIDRs with host bits cleared', () => {
    const permission = {
      IpProtocol: '-1',
      IpRanges: [{ CidrIp: '100.68.0.18/18' }, null],
      Ipv6Ranges: [{ CidrIpv6: '2001:DB8::1/32' }],
      PrefixListIds: [{ PrefixListId: 'pl-1' }],
      UserIdGroupPairs: [{ GroupId: 'sg-b', UserId: '123', PeeringStatus: 'active' }],
    };
    const loaded = load({ SecurityGroups: [{ GroupId: 'sg-a', IpPermissionsEgress: [permission] }] });
    expect(idsOf(loaded)).toEqual([
      'sg-a/egress/all/all/100.68.0.0/18',
      'sg-a/egress/all/all/2001:db8::/32',
      'sg-a/egress/all/all/pl-1',
      'sg-a/egress/all/all/sg-b',
    ]);
    const rules = only(loaded).securityGroups[0]?.rules ?? [];
    expect(rules[3]?.peer).toEqual({
      kind: 'group',
      id: 'sg-b',
      ownerId: '123',
      peeringStatus: 'active',
      peeringId: null,
    });
    expect(rules[1]?.origin.path).toBe('SecurityGroups[0].IpPermissionsEgress[0].Ipv6Ranges[0]');
  });

  it('that are odd are kept and warned about once; what can match nothing is not valid', () => {
    const loaded = load(
      groupWith(
        { IpProtocol: 'tcp', FromPort: 90, ToPort: 80, ...anywhere },
        { IpProtocol: 'icmp', FromPort: -1, ToPort: 4, ...anywhere },
      ),
    );
    expect(only(loaded).securityGroups[0]?.rules.map((rule) => [rule.id, rule.selector.valid])).toEqual([
      ['sg-a/ingress/tcp/90-80/0.0.0.0/0', true],
      ['sg-a/ingress/icmp/all-4/0.0.0.0/0', false],
    ]);
    expect(warningsOf(loaded)).toEqual([
      '0.json SecurityGroups[0].IpPermissions[0]: FromPort 90 is greater than ToPort 80: it may match ports 80 to 90',
      '0.json SecurityGroups[0].IpPermissions[1]: ICMP code 4 without a type: the rule matches nothing',
    ]);
  });

  it('come from SecurityGroupRules alone where these list the group', () => {
    const flat = {
      GroupId: 'sg-a',
      IsEgress: false,
      IpProtocol: 'tcp',
      FromPort: 22,
      ToPort: 22,
      CidrIpv4: '10.0.0.0/8',
    };
    const SecurityGroupRules = [
      { ...flat, SecurityGroupRuleId: 'sgr-1' },
      { ...flat, IsEgress: true, CidrIpv4: null, ReferencedGroupInfo: { GroupId: 'sg-c' } },
      { ...flat, GroupId: 'sg-z', GroupOwnerId: '9' },
      { ...flat, CidrIpv4: null },
    ];
    const other = { GroupId: 'sg-b', IpPermissions: [{ IpProtocol: '-1', ...anywhere }] };
    const described = { GroupId: 'sg-a', OwnerId: '7', IpPermissions: [{ IpProtocol: '-1', ...anywhere }] };
    const loaded = load({ SecurityGroupRules, SecurityGroups: [other, described] });
    expect(idsOf(loaded)).toEqual([
      'sgr-1',
      'sg-a/egress/tcp/22/sg-c',
      'sg-b/ingress/all/all/0.0.0.0/0',
      'sg-z/ingress/tcp/22/10.0.0.0/8',
    ]);
    expect(only(loaded).securityGroups.map((g) => [g.id, g.ownerId])).toEqual([
      ['sg-a', '7'],
      ['sg-b', null],
      ['sg-z', '9'],
    ]);
    expect(warningsOf(loaded)).toHaveLength(1);
    expect(warningsOf(loaded)[0]).toContain('SecurityGroupRules[3]: the rule names no CIDR');
  });
});

describe('values of a wrong type', () => {
  const at = '0.json: SecurityGroups[0].IpPermissions[0]';
  it.each([
    [groupWith({ IpProtocol: 'tpc' }), `${at}.IpProtocol: got "tpc", expected a protocol`],
    [groupWith({ IpProtocol: '256' }), `${at}.IpProtocol: got "256", expected a protocol`],
    [groupWith({ IpProtocol: 6 }), `${at}.IpProtocol: got 6, expected a protocol as text`],
    [groupWith({ IpProtocol: -1 }), `${at}.IpProtocol: got -1, expected a protocol as text`],
    [groupWith({}), `${at}.IpProtocol: got nothing, expected a protocol`],
    [groupWith({ IpProtocol: 'tcp', FromPort: 'abc' }), `${at}.FromPort: got "abc", expected a port`],
    [groupWith({ IpProtocol: 'tcp', FromPort: 1, ToPort: 65_536 }), `${at}.ToPort: got 65536, expected a port`],
    [groupWith({ IpProtocol: 'tcp', FromPort: 1.5 }), `${at}.FromPort: got 1.5, expected a port`],
    [
      groupWith({ IpProtocol: '-1', IpRanges: [{ CidrIp: '10.0.0.0/33' }] }),
      `${at}.IpRanges[0].CidrIp: got "10.0.0.0/33", expected a CIDR`,
    ],
    [groupWith({ IpProtocol: '-1', IpRanges: { CidrIp: 'x' } }), `${at}.IpRanges: got {"CidrIp":"x"}, expected a list`],
    [groupWith('x'), `${at}: got "x", expected an object`],
    [{ SecurityGroups: 'none' }, '0.json: SecurityGroups: got "none", expected a list'],
    [{ SecurityGroups: [{ GroupId: 9 }] }, '0.json: SecurityGroups[0].GroupId: got 9, expected a text'],
    [{ Vpcs: [{ CidrBlock: '10.0.0.0/8' }] }, '0.json: Vpcs[0].VpcId: got nothing, expected a text'],
    [
      { NetworkAcls: [{ NetworkAclId: 'acl-1', Entries: [{ RuleNumber: 1, Egress: 'no' }] }] },
      '0.json: NetworkAcls[0].Entries[0].Egress: got "no", expected true or false',
    ],
    [
      {
        NetworkAcls: [
          { NetworkAclId: 'acl-1', Entries: [{ RuleNumber: 1, Egress: false, RuleAction: 'allow', Protocol: 6 }] },
        ],
      },
      '0.json: NetworkAcls[0].Entries[0].Protocol: got 6, expected a protocol as text',
    ],
    [
      { NetworkInterfaces: [{ NetworkInterfaceId: 'eni-1', PrivateIpAddress: '10.0.0.300' }] },
      '0.json: NetworkInterfaces[0].PrivateIpAddress: got "10.0.0.300", expected an IPv4 or IPv6 address',
    ],
  ])('fail with file, path, got and expected: %j', (content, message) => {
    expect(() => load(content)).toThrow(message);
  });
});

describe('network ACLs', () => {
  const entry = (RuleNumber: number, more: object = {}): object => {
    return { RuleNumber, Egress: false, RuleAction: 'allow', Protocol: '-1', CidrBlock: '0.0.0.0/0', ...more };
  };
  it('are sorted by direction and number; of two with one number the first counts', () => {
    const Entries = [
      entry(32_767, { RuleAction: 'deny' }),
      entry(100, { Egress: true, Protocol: '6', PortRange: { From: 80, To: 90 } }),
      entry(110, { Protocol: '1', IcmpTypeCode: { Type: 8, Code: -1 } }),
      entry(90, { Protocol: '6', PortRange: null }),
      entry(90, { RuleAction: 'deny' }),
      entry(32_768, { RuleAction: 'deny', CidrBlock: null, Ipv6CidrBlock: '::/0' }),
    ];
    const loaded = load({
      NetworkAcls: [{ NetworkAclId: 'acl-1', Entries, Associations: [{ SubnetId: 'subnet-1' }] }],
    });
    const [acl] = only(loaded).networkAcls;
    expect(acl?.subnetIds).toEqual(['subnet-1']);
    expect(acl?.entries.map((e) => [e.id, e.allow, formatCidr(e.cidr)])).toEqual([
      ['acl-1/ingress/90', true, '0.0.0.0/0'],
      ['acl-1/ingress/110', true, '0.0.0.0/0'],
      ['acl-1/ingress/*', false, '0.0.0.0/0'],
      ['acl-1/ingress/*', false, '::/0'],
      ['acl-1/egress/100', true, '0.0.0.0/0'],
    ]);
    expect(acl?.entries[1]?.selector).toEqual({ protocol: 1, ports: null, icmpType: 8, icmpCode: null, valid: true });
    expect(acl?.entries[4]?.selector.ports).toEqual({ from: 80, to: 90 });
    expect(warningsOf(loaded)).toEqual([
      '0.json NetworkAcls[0].Entries[4]: network ACL acl-1 has a second ingress entry 90: the first one is used',
    ]);
  });
});

describe('routes', () => {
  it.each([
    [{ GatewayId: 'local', Origin: 'CreateRouteTable' }, 'local', 'local', 'local'],
    [{ GatewayId: 'igw-1', Origin: 'CreateRoute' }, 'igw', 'igw-1', 'static'],
    [{ GatewayId: 'vgw-1', Origin: 'EnableVgwRoutePropagation' }, 'vgw', 'vgw-1', 'propagated'],
    [{ GatewayId: 'vpce-1' }, 'vpce', 'vpce-1', 'static'],
    [{ GatewayId: 'what-1' }, 'unknown', 'what-1', 'static'],
    [{ NatGatewayId: 'nat-1', State: 'blackhole' }, 'blackhole', 'nat-1', 'static'],
    [{ State: 'blackhole' }, 'blackhole', null, 'static'],
    [{ InstanceId: 'i-1', NetworkInterfaceId: 'eni-1' }, 'eni', 'eni-1', 'static'],
    [{ InstanceId: 'i-1' }, 'eni', 'i-1', 'static'],
    [{ TransitGatewayId: 'tgw-1' }, 'tgw', 'tgw-1', 'static'],
    [{ VpcPeeringConnectionId: 'pcx-1' }, 'pcx', 'pcx-1', 'static'],
    [{ EgressOnlyInternetGatewayId: 'eigw-1' }, 'eigw', 'eigw-1', 'static'],
    [{ CoreNetworkArn: 'arn:x' }, 'core-network', 'arn:x', 'static'],
    [{ NewTarget: 'x' }, 'unknown', null, 'static'],
  ])('%j go to %s', (target, kind, id, origin) => {
    const Routes = [{ DestinationCidrBlock: '10.0.0.0/8', ...target }];
    const [table] = only(load({ RouteTables: [{ RouteTableId: 'rtb-1', Routes }] })).routeTables;
    expect(table?.routes.map((r) => [r.kind, r.target, r.origin])).toEqual([[kind, id, origin]]);
  });

  it('belong to tables with main, subnet and gateway associations', () => {
    const Associations = [
      { Main: true },
      { SubnetId: 's-1' },
      { GatewayId: 'igw-1' },
      { SubnetId: 's-2', AssociationState: { State: 'disassociated' } },
    ];
    const Routes = [{ DestinationPrefixListId: 'pl-1', GatewayId: 'vpce-1' }, { GatewayId: 'igw-1' }];
    const loaded = load({ RouteTables: [{ RouteTableId: 'rtb-1', Associations, Routes }] });
    const [table] = only(loaded).routeTables;
    expect([table?.main, table?.subnetIds, table?.gatewayIds]).toEqual([true, ['s-1'], ['igw-1']]);
    expect(table?.routes.map((r) => r.destination)).toEqual([{ kind: 'prefix-list', id: 'pl-1' }]);
    expect(warningsOf(loaded)).toEqual([
      '0.json RouteTables[0].Routes[1]: the route has no destination: it is not used',
      '0.json RouteTables[0].Routes[0]: rtb-1: the entries of prefix list pl-1 are not in the inventory',
    ]);
  });
});

describe('prefix lists and load balancers', () => {
  it('join metadata and pages of entries', () => {
    const loaded = load(
      {
        ManagedPrefixLists: [
          { PrefixListId: 'pl-1', PrefixListName: 'corp', AddressFamily: 'IPv4' },
          { PrefixListId: 'pl-2' },
        ],
      },
      { PrefixListId: 'pl-1', Entries: [{ Cidr: '10.0.0.0/8' }] },
      { PrefixListId: 'pl-1', Entries: [{ Cidr: '10.0.0.0/8' }, { Cidr: '192.168.0.1/16' }] },
      { PrefixLists: [{ PrefixListId: 'pl-3', Cidrs: ['52.216.0.0/15'] }] },
    );
    const lists = only(loaded).prefixLists.map((l) => [l.id, l.name, l.family, l.cidrs?.map(formatCidr) ?? null]);
    expect(lists).toEqual([
      ['pl-1', 'corp', 4, ['10.0.0.0/8', '192.168.0.0/16']],
      ['pl-2', null, null, null],
      ['pl-3', null, null, ['52.216.0.0/15']],
    ]);
  });

  it('join listeners and tags by ARN; classic ones go by name', () => {
    const arn = 'arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/net/web/0a';
    const loaded = load(
      { LoadBalancers: [{ LoadBalancerArn: arn, LoadBalancerName: 'web' }] },
      {
        Listeners: [
          { LoadBalancerArn: arn, Port: 53, Protocol: 'TCP_UDP' },
          { LoadBalancerArn: arn, Port: 443, Protocol: 'TLS' },
        ],
      },
      {
        TagDescriptions: [
          { ResourceArn: arn, Tags: [{ Key: 'service.k8s.aws/stack', Value: 'shop/web' }] },
          { ResourceArn: 'arn:other', Tags: [] },
        ],
      },
      {
        LoadBalancerDescriptions: [
          { LoadBalancerName: 'old', ListenerDescriptions: [{ Listener: { LoadBalancerPort: 80, Protocol: 'HTTP' } }] },
        ],
      },
    );
    expect(only(loaded).loadBalancers).toEqual([
      {
        arn,
        name: 'web',
        suffix: 'net/web/0a',
        listeners: [
          { protocol: 6, port: 53 },
          { protocol: 17, port: 53 },
          { protocol: 6, port: 443 },
        ],
        tags: new Map([['service.k8s.aws/stack', 'shop/web']]),
        owner: 'shop/web',
      },
      { arn: 'old', name: 'old', suffix: 'old', listeners: [{ protocol: 6, port: 80 }], tags: new Map(), owner: null },
    ]);
  });
});

describe('odd places', () => {
  it('give one located warning each and change nothing', () => {
    const loaded = load({
      Vpcs: [{ VpcId: 'vpc-a', CidrBlock: '10.0.0.0/16' }],
      Subnets: [
        { SubnetId: 'subnet-1', VpcId: 'vpc-a', CidrBlock: '10.0.1.0/24' },
        { SubnetId: 'subnet-2', VpcId: 'vpc-x', CidrBlock: '10.9.1.0/24' },
      ],
      NetworkInterfaces: [
        { NetworkInterfaceId: 'eni-1', SubnetId: 'subnet-1', PrivateIpAddress: '0.16.120.196' },
        { NetworkInterfaceId: 'eni-2', VpcId: 'vpc-a', SubnetId: 'subnet-9' },
      ],
      RouteTables: [{ RouteTableId: 'rtb-1', Associations: [{ SubnetId: 'subnet-8' }] }],
    });
    expect(warningsOf(loaded)).toEqual([
      '0.json Subnets[1]: subnet subnet-2 is in VPC vpc-x, which is not described',
      '0.json NetworkInterfaces[0]: network interface eni-1 holds 0.16.120.196, outside its subnet subnet-1',
      '0.json NetworkInterfaces[1]: network interface eni-2 is in subnet subnet-9, which is not described',
      '0.json RouteTables[0]: rtb-1 is associated with subnet-8, which is not described',
    ]);
    expect(only(loaded).networkInterfaces[0]?.vpcId).toBe('vpc-a');
  });

  it('of two descriptions the first counts; only a difference is warned about', () => {
    const same = { VpcId: 'vpc-a', CidrBlock: '10.0.0.0/16' };
    const loaded = load({ Vpcs: [same] }, { Vpcs: [same, { VpcId: 'vpc-a', CidrBlock: '10.1.0.0/16' }] });
    expect(only(loaded).vpcs.map((v) => v.cidrs.map(formatCidr))).toEqual([['10.0.0.0/16']]);
    expect(warningsOf(loaded)).toEqual([
      '1.json Vpcs[1]: VPC vpc-a is described twice and differently: the first description is used',
    ]);
  });
});
