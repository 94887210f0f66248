import { describe, expect, test } from 'vitest';
import { findEndpoint } from '../../../src/explain/endpoint.ts';
import { explain } from '../../../src/explain/explain.ts';
import type { Explanation } from '../../../src/explain/explanation.ts';
import { allow, ask, compiled, eni, group, network, routeTable } from './asked.ts';

const ARN = 'arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/shop/1';
const GROUP = 'arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/shop/2';

interface Shape {
  readonly balancer?: 'net' | 'app';
  readonly targetType?: string;
  readonly protocol?: string;
  /** What the target's group lets in. */
  readonly ingress?: readonly object[];
  readonly preserve?: string;
  readonly targets?: readonly object[];
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A balancer at 10.0.0.50 that takes 443 and forwards to 10.0.1.11:8080, an address or the instance i-1. */
function shop({ balancer = 'net', protocol = 'TCP', ingress = [], preserve, ...rest }: Shape): Record<string, unknown> {
  const { targetType = 'ip', more = {} } = rest;
  const id = targetType === 'instance' ? 'i-1' : '10.0.1.11';
  const { targets = [{ Target: { Id: id, Port: 8080 }, TargetHealth: { State: 'healthy' } }] } = rest;
  const arn = ARN.replace('net/', `${balancer}/`);
  const attributes = {
    TargetGroupArn: GROUP,
    Attributes: [
      { Key: 'stickiness.enabled', Value: 'false' },
      { Key: 'preserve_client_ip.enabled', Value: preserve },
    ],
  };
  return network({
    NetworkInterfaces: [
      eni('eni-client', 'subnet-pub', '10.0.0.10', { groups: ['sg-client'] }),
      eni('eni-nlb', 'subnet-pub', '10.0.0.50', {
        groups: ['sg-nlb'],
        publicIp: '198.51.100.50',
        type: 'network_load_balancer',
        more: { Description: `ELB ${balancer}/shop/1` },
      }),
      eni('eni-t1', 'subnet-priv', '10.0.1.11', {
        groups: ['sg-target'],
        more: { Attachment: { InstanceId: 'i-1', DeviceIndex: 0 } },
      }),
    ],
    SecurityGroups: [
      group('sg-client', [], [allow('0.0.0.0/0')]),
      group('sg-nlb', [allow('0.0.0.0/0')], [allow('0.0.0.0/0')]),
      group('sg-target', ingress, []),
    ],
    LoadBalancers: [{ LoadBalancerArn: arn, LoadBalancerName: 'shop' }],
    Listeners: [
      {
        LoadBalancerArn: arn,
        Port: 443,
        Protocol: protocol === 'HTTP' ? 'HTTPS' : protocol,
        DefaultActions: [{ Type: 'forward', TargetGroupArn: GROUP }],
      },
    ],
    TargetGroups: [
      { TargetGroupArn: GROUP, TargetGroupName: 'shop', Protocol: protocol, Port: 8080, TargetType: targetType },
    ],
    TargetGroupArn: GROUP,
    TargetHealthDescriptions: targets,
    ...(preserve === undefined ? {} : attributes),
    ...more,
  });
}

function fromGroup(groupId: string, port: number): object {
  return { IpProtocol: 'tcp', FromPort: port, ToPort: port, UserIdGroupPairs: [{ GroupId: groupId }] };
}

const BY_CLIENT = [allow('203.0.113.0/24', 8080)];
const BY_BALANCER = [allow('10.0.0.50/32', 8080)];
const CLIENT = '203.0.113.9';

/** The same question over UDP. */
function askUdp(documents: Record<string, unknown>): Explanation {
  const version = compiled(documents);
  const tables = { inventory: version.inventory, view: version.view, catalog: version.catalog };
  const end = (text: string): NonNullable<ReturnType<typeof findEndpoint>> => {
    const found = findEndpoint(version.inventory, text, null);
    if (found === undefined) throw new Error(`no end ${text}`);
    return found;
  };
  const icmp = { type: null, code: null };
  const ends = { from: end(CLIENT), to: end('198.51.100.50') };
  return explain(tables, { id: null, ...ends, protocol: 17, srcPort: 40_000, dstPort: 443, icmp });
}

const to = (shape: Shape): Explanation => ask(compiled(shop(shape)), CLIENT, '198.51.100.50', 443);

// "Edit target group attributes for your Network Load Balancer", Client IP preservation
describe('whose address a target sees', () => {
  test('an application load balancer is always seen by its own', () => {
    const app = { balancer: 'app', protocol: 'HTTP', targetType: 'instance' } as const;
    expect(to({ ...app, ingress: BY_BALANCER }).forwards).toMatchObject([{ verdict: 'allow', source: '10.0.0.50' }]);
    expect(to({ ...app, ingress: BY_CLIENT }).forwards).toMatchObject([{ verdict: 'deny', source: '10.0.0.50' }]);
  });

  test('the attribute decides for TCP, for instances and addresses', () => {
    for (const targetType of ['instance', 'ip']) {
      const on = { targetType, preserve: 'true' };
      expect(to({ ...on, ingress: BY_CLIENT }).forwards).toMatchObject([
        { verdict: 'allow', outcome: 'delivered', source: CLIENT, reply: { verdict: 'allow' } },
      ]);
      expect(to({ ...on, ingress: BY_BALANCER }).forwards).toMatchObject([{ verdict: 'deny', source: CLIENT }]);
      const off = { targetType, preserve: 'false' };
      expect(to({ ...off, ingress: BY_CLIENT }).forwards).toMatchObject([{ verdict: 'deny', source: '10.0.0.50' }]);
      expect(to({ ...off, ingress: BY_BALANCER }).forwards).toMatchObject([{ verdict: 'allow', source: '10.0.0.50' }]);
    }
  });

  test('a target that is a load balancer is told, and not followed on: it may be the balancer itself', () => {
    const itself = [{ Target: { Id: '10.0.0.50', Port: 443 } }];
    expect(to({ preserve: 'false', targets: itself }).forwards).toMatchObject([
      { target: '10.0.0.50', outcome: 'delivered', unfollowed: ['a load balancer behind another'], forwards: [] },
    ]);
  });

  test('a client of the other family is never passed on: the balancer sends from its address of the target’s', () => {
    const documents = shop({ preserve: 'true', ingress: BY_BALANCER });
    const enis = (documents.NetworkInterfaces as { NetworkInterfaceId: string }[]).map((one) =>
      one.NetworkInterfaceId === 'eni-nlb' ? { ...one, Ipv6Addresses: [{ Ipv6Address: '2001:db8::50' }] } : one,
    );
    const version = compiled({ ...documents, NetworkInterfaces: enis });
    expect(ask(version, '2001:db8:1::9', '2001:db8::50', 443).forwards).toMatchObject([
      { verdict: 'allow', source: '10.0.0.50', reply: { verdict: 'allow' } },
    ]);
    // and its address of a family that no document tells is not known
    const targets = [{ Target: { Id: '2001:db8::11', Port: 8080 } }];
    const alone = compiled(shop({ preserve: 'true', targets }));
    expect(ask(alone, CLIENT, '198.51.100.50', 443).forwards).toMatchObject([{ target: '2001:db8::11', source: null }]);
  });

  test('UDP targets see the client, whatever the attribute says', () => {
    const udp = { protocol: 'UDP', preserve: 'false' };
    const ingress = [{ IpProtocol: 'udp', FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp: '203.0.113.0/24' }] }];
    expect(askUdp(shop({ ...udp, ingress })).forwards).toMatchObject([{ verdict: 'allow', source: CLIENT }]);
    expect(to({ protocol: 'TCP_UDP', ingress: BY_CLIENT }).forwards).toMatchObject([{ verdict: 'allow' }]);
  });

  test('without the attribute the answer is unknown where the two differ, and says what the default is', () => {
    for (const [targetType, usual] of [
      ['instance', "by default targets of type instance see the client's address"],
      ['ip', "by default targets of type ip see the balancer's address"],
    ] as const) {
      const [one] = to({ targetType, ingress: BY_CLIENT }).forwards;
      expect(one).toMatchObject({ verdict: 'unknown', decided_by: null, outcome: 'unknown', source: null });
      expect(one?.reason).toBe(
        `client-address-preservation-unknown: the attributes of target group shop are not described; ${usual}`,
      );
    }
    expect(to({ ingress: [allow('0.0.0.0/0', 8080)] }).forwards).toMatchObject([
      { verdict: 'allow', outcome: 'delivered', reply: { verdict: 'allow' }, reason: null },
    ]);
  });

  // "Update the security groups for your Network Load Balancer"
  test("the balancer's group is accepted though the client's address is seen", () => {
    const [one] = to({ preserve: 'true', ingress: [fromGroup('sg-nlb', 8080)] }).forwards;
    expect(one).toMatchObject({ verdict: 'allow', source: CLIENT });
    expect(one?.decided_by).toContain('sg-nlb');
    expect(to({ preserve: 'true', ingress: [fromGroup('sg-nlb', 80)] }).forwards).toMatchObject([{ verdict: 'deny' }]);
  });

  test("whether the client's own group is accepted is not documented", () => {
    const version = compiled(shop({ preserve: 'true', ingress: [fromGroup('sg-client', 8080)] }));
    const [one] = ask(version, 'eni-client', '10.0.0.50', 443).forwards;
    expect(one).toMatchObject({ verdict: 'unknown' });
    expect(one?.steps.at(-1)?.unknown?.[0]).toContain('client-group-behind-balancer');
  });

  test('replies go back to the balancer, though no route leads to the client', () => {
    const RouteTables = [
      routeTable('rtb-pub', ['subnet-pub'], [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' }]),
      routeTable('rtb-priv', ['subnet-priv'], []),
    ];
    const [one] = to({ preserve: 'true', ingress: BY_CLIENT, more: { RouteTables } }).forwards;
    expect(one?.way_back.outcome).toBe('delivered');
    expect(one?.way_back.steps.filter((step) => step.layer === 'route')).toEqual([]);
  });
});

describe('what is not followed is said', () => {
  const unfollowed = (shape: Shape, port = 443): readonly string[] =>
    ask(compiled(shop(shape)), CLIENT, '198.51.100.50', port).unfollowed;

  test('a port without a listener, listeners, groups and balancers without documents', () => {
    expect(unfollowed({}, 80)).toEqual(['no listener of net/shop/1 at port 80 of protocol 6: ports 443 have one']);
    expect(unfollowed({ more: { Listeners: [] } })).toEqual(['the listeners of net/shop/1 are not described']);
    expect(unfollowed({ more: { LoadBalancers: [], Listeners: [] } })).toEqual([
      'load balancer net/shop/1 is not described',
    ]);
    expect(unfollowed({ more: { TargetHealthDescriptions: undefined } })).toEqual([
      'the targets of shop are not described',
    ]);
    expect(unfollowed({ more: { TargetGroups: [], TargetHealthDescriptions: undefined } })).toEqual([
      `the targets of ${GROUP} are not described`,
    ]);
    expect(unfollowed({ targets: [] })).toEqual(['target group shop has no targets']);
    const redirect = { LoadBalancerArn: ARN, Port: 443, Protocol: 'TCP', DefaultActions: [{ Type: 'redirect' }] };
    expect(unfollowed({ more: { Listeners: [redirect] } })).toEqual([
      'the default action of net/shop/1 at port 443 of protocol 6 forwards to no target group; its other rules ' +
        'are not read',
    ]);
    expect(unfollowed({})).toEqual([]);
  });

  test('targets beyond the first 32 are counted', () => {
    const targets = Array.from({ length: 40 }, () => ({ Target: { Id: '10.0.1.11', Port: 8080 } }));
    const asked = to({ targets, ingress: [allow('0.0.0.0/0')] });
    expect(asked.forwards).toHaveLength(32);
    expect(asked.unfollowed).toEqual(['8 more of 40 targets: the first 32 are followed']);
  });

  test.each([
    ['instance', 'i-none', 'no interface of instance i-none is in the inventory'],
    ['lambda', 'arn:aws:lambda:us-east-1:111122223333:function:f', 'a Lambda function is called'],
    ['alb', ARN.replace('net/', 'app/'), 'what an application load balancer behind it forwards to is not followed'],
  ])('a target of type %s that no interface is known of is unknown', (targetType, id, reason) => {
    const targets = [{ Target: { Id: id, Port: 80 }, TargetHealth: { State: 'healthy' } }];
    const [one] = to({ targetType, targets }).forwards;
    expect(one).toMatchObject({ target: id, health: 'healthy', verdict: 'unknown', outcome: 'unknown', steps: [] });
    expect(one?.reason).toContain(reason);
  });
});

test('the pod that held the address at the time of the question is named', () => {
  const pod = (name: string, startTime: string, phase: string): object => ({
    kind: 'Pod',
    metadata: { namespace: 'shop', name, uid: name, creationTimestamp: startTime },
    spec: { nodeName: 'n1' },
    status: { podIP: '10.0.1.11', podIPs: [{ ip: '10.0.1.11' }], startTime, phase },
  });
  const documents = shop({ preserve: 'false', ingress: BY_BALANCER });
  const version = compiled({ ...documents, kind: 'List', items: [pod('web-1', '2024-01-01T00:00:00Z', 'Running')] });
  const tables = { inventory: version.inventory, view: version.view, catalog: version.catalog };
  const balancer = findEndpoint(version.inventory, '10.0.0.50', null);
  const client = findEndpoint(version.inventory, CLIENT, null);
  if (balancer === undefined || client === undefined) throw new Error('no ends');
  const icmp = { type: null, code: null };
  const flow = { id: null, from: client, to: balancer, protocol: 6, srcPort: null, dstPort: 443, icmp };
  const during = Date.parse('2024-06-01T00:00:00Z') / 1000;
  const podAt = (atSeconds: number): unknown => explain(tables, { ...flow, atSeconds }).forwards[0]?.pod;
  expect(podAt(during)).toBe('shop/web-1');
  expect(podAt(Date.parse('2023-06-01T00:00:00Z') / 1000)).toBe(null);
});
