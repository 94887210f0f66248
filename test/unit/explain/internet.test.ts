import { describe, expect, test } from 'vitest';
import { acl, allow, ask, compiled, eni, entry, group, network, routeTable, shortSteps } from './asked.ts';

/** VPC User Guide: "Enable internet access", "NAT gateway basics", "VPC BPA basics", "Gateway route tables". */
describe('internet gateway', () => {
  test('an IPv4 packet leaves only with a public address', () => {
    const version = compiled(network());
    expect(ask(version, 'eni-web', '8.8.8.8', 443)).toMatchObject({ verdict: 'allow', outcome: 'left-network' });
    const bare = ask(version, 'eni-bare', '8.8.8.8', 443);
    expect(bare).toMatchObject({ verdict: 'allow', outcome: 'unreachable' });
    expect(bare.reason).toBe('eni-bare has no public address for 10.0.0.11');
  });

  test('it carries no private address, and only the VPC it is attached to', () => {
    const version = compiled(network());
    expect(ask(version, 'eni-web', '10.50.0.1', 443).outcome).toBe('unreachable');
    const detached = compiled(network({ InternetGateways: [{ InternetGatewayId: 'igw-1', Attachments: [] }] }));
    expect(ask(detached, 'eni-web', '8.8.8.8', 443)).toMatchObject({
      outcome: 'unreachable',
      reason: 'igw-1 is not attached to vpc-a',
    });
  });

  test('a public address means its interface; the packet arrives from the public address of its sender', () => {
    const groups = [group('sg-open', [], [allow('0.0.0.0/0')]), group('sg-web', [allow('198.51.100.20/32', 443)], [])];
    const enis = [
      eni('eni-web', 'subnet-pub', '10.0.0.10', { publicIp: '198.51.100.10', groups: ['sg-web'] }),
      eni('eni-app', 'subnet-priv', '10.0.1.10'),
      eni('eni-nat', 'subnet-pub', '10.0.0.20', { publicIp: '198.51.100.20', type: 'nat_gateway', groups: [] }),
    ];
    const version = compiled(network({ SecurityGroups: groups, NetworkInterfaces: enis }));
    const through = ask(version, 'eni-app', '198.51.100.10', 443);
    expect(through).toMatchObject({ verdict: 'allow', outcome: 'delivered', reply: { verdict: 'allow' } });
    expect(shortSteps(through)).toEqual([
      'eni-app egress sg allow',
      'eni-app egress nacl allow',
      'eni-app route nat nat-1',
      'eni-nat ingress nacl allow',
      'eni-nat egress nacl allow',
      'eni-nat route igw igw-1',
      'eni-web ingress nacl allow',
      'eni-web ingress sg allow',
    ]);
    expect(through.steps.at(-1)?.rule).toBe('sg-web/ingress/tcp/443/198.51.100.20/32');
    expect(ask(version, '203.0.113.9', '198.51.100.10', 443)).toMatchObject({ verdict: 'deny', outcome: 'denied' });
  });

  test('from the internet: a public address and a gateway are needed, and a route for the reply', () => {
    const version = compiled(network());
    expect(ask(version, '203.0.113.9', '198.51.100.10', 443)).toMatchObject({
      outcome: 'delivered',
      way_back: { outcome: 'delivered' },
    });
    expect(ask(version, '203.0.113.9', 'eni-app', 443)).toMatchObject({
      outcome: 'unreachable',
      reason: 'eni-app has no public address',
    });
    const none = compiled(network({ InternetGateways: [] }));
    expect(ask(none, '203.0.113.9', '198.51.100.10', 443).reason).toBe('vpc-a has no internet gateway');
    const local = compiled(network({ RouteTables: [routeTable('rtb-pub', ['subnet-pub'], [])] }));
    expect(ask(local, '203.0.113.9', '198.51.100.10', 443)).toMatchObject({
      outcome: 'delivered',
      way_back: { outcome: 'no-route' },
    });
  });

  test('a gateway route table hands what enters to an appliance first', () => {
    const edge = { Associations: [{ GatewayId: 'igw-1' }] };
    const version = compiled(
      network({
        RouteTables: [
          routeTable('rtb-pub', ['subnet-pub'], [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' }]),
          routeTable('rtb-edge', [], [{ DestinationCidrBlock: '10.0.0.0/24', NetworkInterfaceId: 'eni-fw' }], edge),
        ],
      }),
    );
    const asked = ask(version, '203.0.113.9', '198.51.100.10', 443);
    expect(shortSteps(asked)[0]).toBe('igw-1 route eni eni-fw');
    expect(asked).toMatchObject({ outcome: 'unknown', reason: 'what eni-fw forwards is not known' });
  });
});

describe('NAT gateway', () => {
  test('its subnet’s network ACL is judged on both legs, its way back from all ports it sends from', () => {
    const entries = [entry(90, true, 'deny', 25), entry(100, false), entry(100, true)];
    const version = compiled(
      network({
        NetworkAcls: [
          acl('acl-main', ['subnet-priv'], [entry(100, false), entry(100, true)]),
          acl('acl-nat', ['subnet-pub'], entries),
        ],
      }),
    );
    expect(ask(version, 'eni-app', '8.8.8.8', 443)).toMatchObject({
      outcome: 'left-network',
      way_back: { outcome: 'delivered' },
    });
    const mail = ask(version, 'eni-app', '8.8.8.8', 25);
    expect(mail).toMatchObject({
      verdict: 'allow',
      outcome: 'denied',
      reason: 'on the way at eni-nat: acl-nat/egress/90',
    });
    const narrow = [entry(100, false, 'allow', 443), entry(100, true)];
    const replies = compiled(
      network({
        NetworkAcls: [
          acl('acl-main', ['subnet-priv'], [entry(100, false), entry(100, true)]),
          acl('acl-nat', ['subnet-pub'], narrow),
        ],
      }),
    );
    expect(ask(replies, 'eni-app', '8.8.8.8', 443)).toMatchObject({
      outcome: 'left-network',
      reply: { verdict: 'allow' },
      way_back: { outcome: 'denied' },
    });
  });

  test('replies that its network ACL lets through at some of those ports only are not known to come back', () => {
    const ephemeral = {
      RuleNumber: 100,
      Egress: false,
      RuleAction: 'allow',
      Protocol: '6',
      CidrBlock: '0.0.0.0/0',
      PortRange: { From: 32_768, To: 60_999 },
    };
    const inward = entry(90, false, 'allow', 443, '10.0.0.0/16');
    const version = compiled(
      network({
        NetworkAcls: [
          acl('acl-main', ['subnet-priv'], [entry(100, false), entry(100, true)]),
          acl('acl-nat', ['subnet-pub'], [inward, ephemeral, entry(100, true)]),
        ],
      }),
    );
    const asked = ask(version, 'eni-app', '8.8.8.8', 443);
    expect(asked).toMatchObject({ outcome: 'left-network', reason: null, reply: { verdict: 'allow' } });
    expect(shortSteps(asked.way_back)).toContain('eni-nat ingress nacl unknown');
    expect(asked.way_back).toMatchObject({
      outcome: 'unknown',
      reason: 'at eni-nat: port-unknown: the answer depends on the port, which is not given',
    });
  });

  test('NAT64: what goes to 64:ff9b::/96 leaves it for the IPv4 address within', () => {
    const six = { IpProtocol: '-1', Ipv6Ranges: [{ CidrIpv6: '::/0' }] };
    const both = [true, false].flatMap((egress) => [
      entry(100, egress),
      { RuleNumber: 101, Egress: egress, RuleAction: 'allow', Protocol: '-1', Ipv6CidrBlock: '::/0' },
    ]);
    const toNat = [{ DestinationIpv6CidrBlock: '64:ff9b::/96', NatGatewayId: 'nat-1' }];
    const documents = network({
      SecurityGroups: [group('sg-open', [], [six])],
      NetworkAcls: [
        acl('acl-main', ['subnet-priv'], both),
        acl('acl-nat', ['subnet-pub'], [entry(90, true, 'deny', 443, '8.8.4.4/32'), ...both]),
      ],
      RouteTables: [
        routeTable('rtb-pub', ['subnet-pub'], [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' }]),
        routeTable('rtb-priv', ['subnet-priv'], toNat),
      ],
    });
    const enis = (documents.NetworkInterfaces as { NetworkInterfaceId: string }[]).map((one) =>
      one.NetworkInterfaceId === 'eni-app' ? { ...one, Ipv6Addresses: [{ Ipv6Address: '2001:db8::10' }] } : one,
    );
    const version = compiled({ ...documents, NetworkInterfaces: enis });
    const asked = ask(version, '2001:db8::10', '64:ff9b::808:808', 443);
    expect(asked).toMatchObject({ outcome: 'left-network', way_back: { outcome: 'delivered' } });
    expect(shortSteps(asked).at(-1)).toBe('eni-nat route igw igw-1');
    expect(ask(version, '2001:db8::10', '64:ff9b::808:404', 443)).toMatchObject({
      outcome: 'denied',
      reason: 'on the way at eni-nat: acl-nat/egress/90',
    });
  });

  test('gone, in the sender’s own subnet, or private', () => {
    const nat = (more: object): object => ({
      NatGateways: [{ NatGatewayId: 'nat-1', VpcId: 'vpc-a', SubnetId: 'subnet-pub', State: 'available', ...more }],
    });
    expect(
      ask(compiled(network(nat({ State: 'deleted' }) as Record<string, unknown>)), 'eni-app', '8.8.8.8', 443),
    ).toMatchObject({ outcome: 'blackhole', reason: 'nat-1 is deleted' });
    const own = compiled(network(nat({ SubnetId: 'subnet-priv' }) as Record<string, unknown>));
    expect(ask(own, 'eni-app', '8.8.8.8', 443).reason).toContain("stands in the sender's own subnet");
    const isPrivate = compiled(network(nat({ ConnectivityType: 'private' }) as Record<string, unknown>));
    expect(ask(isPrivate, 'eni-app', '8.8.8.8', 443)).toMatchObject({ outcome: 'unreachable' });
  });
});

describe('VPC Block Public Access', () => {
  const blocked = (mode: string, exclusions: readonly object[] = []): ReturnType<typeof compiled> =>
    compiled(
      network({
        VpcBlockPublicAccessOptions: { InternetGatewayBlockMode: mode },
        VpcBlockPublicAccessExclusions: exclusions,
      }),
    );
  const exclusion = (id: string, mode: string): object => ({
    InternetGatewayExclusionMode: mode,
    ResourceArn: `arn:aws:ec2:us-east-1:111122223333:subnet/${id}`,
    State: 'create-complete',
  });
  const outcomes = (version: ReturnType<typeof compiled>): string[] => [
    ask(version, 'eni-web', '8.8.8.8', 443).outcome,
    ask(version, 'eni-app', '8.8.8.8', 443).outcome,
    ask(version, '203.0.113.9', '198.51.100.10', 443).outcome,
    ask(version, 'eni-web', 'eni-app', 443).outcome,
  ];

  test('bidirectional blocks every way in and out, private ways stay', () => {
    expect(outcomes(blocked('off'))).toEqual(['left-network', 'left-network', 'delivered', 'delivered']);
    expect(outcomes(blocked('block-bidirectional'))).toEqual(['denied', 'denied', 'denied', 'delivered']);
    expect(ask(blocked('block-bidirectional'), 'eni-web', '8.8.8.8', 443)).toMatchObject({
      verdict: 'allow',
      reason: 'VPC Block Public Access (block-bidirectional)',
    });
  });

  test('ingress only leaves what NAT gateways carry', () => {
    expect(outcomes(blocked('block-ingress'))).toEqual(['denied', 'left-network', 'denied', 'delivered']);
  });

  test('an exclusion lets its subnet through, both ways or out', () => {
    const both = [exclusion('subnet-pub', 'allow-bidirectional')];
    expect(outcomes(blocked('block-bidirectional', both))).toEqual([
      'left-network',
      'left-network',
      'delivered',
      'delivered',
    ]);
    const out = [exclusion('subnet-pub', 'allow-egress')];
    expect(outcomes(blocked('block-bidirectional', out))).toEqual([
      'left-network',
      'left-network',
      'denied',
      'delivered',
    ]);
    expect(outcomes(blocked('block-ingress', out))).toEqual(['denied', 'left-network', 'denied', 'delivered']);
    const gone = [{ ...exclusion('subnet-pub', 'allow-bidirectional'), State: 'delete-complete' }];
    expect(outcomes(blocked('block-bidirectional', gone))[0]).toBe('denied');
  });
});
