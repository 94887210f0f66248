import { describe, expect, test } from 'vitest';
import type { CompiledVersion } from '../../../src/engine/versions.ts';
import { acl, allow, ask, compiled, eni, group, network, routeTable, shortSteps } from './asked.ts';

const OUT = '192.0.2.9';

interface Node {
  readonly env?: Readonly<Record<string, string>>;
  /** Egress of the groups of the node and of its pods' interface. */
  readonly node?: readonly object[];
  readonly pods?: readonly object[];
  readonly hostNetwork?: boolean;
  /** Address of the pod. */
  readonly ip?: string;
  readonly more?: Readonly<Record<string, unknown>>;
}

const VPC = {
  VpcId: 'vpc-a',
  CidrBlock: '10.0.0.0/16',
  Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: '2001:db8::/56', Ipv6CidrBlockState: { State: 'associated' } }],
};

/**
 * A node with its primary interface, which has an IPv6 prefix for pods, in the public subnet and a pod, 10.0.1.12, on a
 * second one in the private.
 */
function cluster({
  env,
  node = [],
  pods = [],
  hostNetwork = false,
  ip = '10.0.1.12',
  more = {},
}: Node): CompiledVersion {
  const tags = [{ Key: 'kubernetes.io/cluster/c', Value: 'owned' }];
  const attached = (DeviceIndex: number): object => ({
    Attachment: { InstanceId: 'i-1', DeviceIndex },
    TagSet: [...tags, { Key: 'node.k8s.amazonaws.com/instance_id', Value: 'i-1' }],
  });
  const secondary = {
    ...attached(1),
    PrivateIpAddresses: [
      { Primary: true, PrivateIpAddress: '10.0.1.10' },
      { Primary: false, PrivateIpAddress: '10.0.1.12' },
    ],
  };
  const pod = {
    kind: 'Pod',
    metadata: { namespace: 'shop', name: 'web', uid: 'u', creationTimestamp: '2024-01-01T00:00:00Z' },
    spec: { nodeName: 'n1', hostNetwork },
    status: { podIP: ip, podIPs: [{ ip }], startTime: '2024-01-01T00:00:00Z', phase: 'Running' },
  };
  const daemon = {
    kind: 'DaemonSet',
    metadata: { name: 'aws-node', namespace: 'kube-system', uid: 'd' },
    spec: {
      template: {
        spec: {
          containers: [{ name: 'aws-node', env: Object.entries(env ?? {}).map(([name, value]) => ({ name, value })) }],
        },
      },
    },
  };
  return compiled(
    network({
      Vpcs: [VPC],
      NetworkInterfaces: [
        eni('eni-node', 'subnet-pub', '10.0.0.30', {
          groups: ['sg-node'],
          publicIp: '198.51.100.30',
          more: {
            ...attached(0),
            Ipv6Addresses: [{ Ipv6Address: '2001:db8::30' }],
            Ipv6Prefixes: [{ Ipv6Prefix: '2001:db8:0:0:1::/80' }],
          },
        }),
        eni('eni-pods', 'subnet-priv', '10.0.1.10', { groups: ['sg-pods'], more: secondary }),
        eni('eni-app', 'subnet-priv', '10.0.1.50'),
      ],
      Instances: [{ InstanceId: 'i-1', VpcId: 'vpc-a', PrivateIpAddress: '10.0.0.30', Tags: tags }],
      SecurityGroups: [
        group('sg-node', [], node),
        group('sg-pods', [], pods),
        group('sg-open', [allow('0.0.0.0/0')], [allow('0.0.0.0/0')]),
      ],
      RouteTables: [
        routeTable('rtb-pub', ['subnet-pub'], [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' }]),
        routeTable('rtb-priv', ['subnet-priv'], [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' }]),
      ],
      kind: 'List',
      items: env === undefined ? [pod] : [pod, daemon],
      ...more,
    }),
  );
}

const ANY = [allow('0.0.0.0/0')];

// amazon-vpc-cni-k8s README (AWS_VPC_K8S_CNI_EXTERNALSNAT …), pkg/networkutils UpdateHostSNATRules
describe('source NAT of a node', () => {
  test('what leaves the VPC goes by the primary interface, its groups, its subnet and its address', () => {
    const asked = ask(cluster({ env: {}, node: ANY }), 'shop/web', OUT, 443);
    expect(asked).toMatchObject({ verdict: 'allow', outcome: 'left-network' });
    expect(asked.source_nat).toEqual({ at: 'eni-node', address: '10.0.0.30', unknown: null });
    expect(shortSteps(asked)).toEqual([
      'eni-node egress sg allow',
      'eni-node egress nacl allow',
      'eni-node route igw igw-1',
    ]);
    const shut = ask(cluster({ env: {}, pods: ANY }), '10.0.1.12', OUT, 443);
    expect(shut).toMatchObject({ verdict: 'deny', outcome: 'denied' });
  });

  test('what stays in the VPC, or goes where no translation is wanted, keeps the pod’s interface', () => {
    const inside = ask(cluster({ env: {}, pods: ANY }), 'shop/web', '10.0.1.50', 443);
    expect(inside).toMatchObject({ verdict: 'allow', outcome: 'delivered', source_nat: null });
    const excluded = { AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: '192.0.2.0/24' };
    const external = { AWS_VPC_K8S_CNI_EXTERNALSNAT: 'true' };
    for (const env of [excluded, external]) {
      const asked = ask(cluster({ env, pods: ANY }), 'shop/web', OUT, 443);
      expect(asked).toMatchObject({ verdict: 'allow', source_nat: null, outcome: 'unreachable' });
      // the pod's own address has no public one: an internet gateway drops it
      expect(asked.reason).toContain('has no public address for 10.0.1.12');
    }
  });

  test('a hostNetwork pod and the node itself need none', () => {
    expect(ask(cluster({ env: {}, node: ANY }), '10.0.0.30', OUT, 443).source_nat).toBe(null);
  });

  test('replies may come to any port: the node draws one', () => {
    const narrow = [
      { RuleNumber: 100, Egress: true, RuleAction: 'allow', Protocol: '-1', CidrBlock: '0.0.0.0/0' },
      {
        RuleNumber: 100,
        Egress: false,
        RuleAction: 'allow',
        Protocol: '6',
        CidrBlock: '0.0.0.0/0',
        PortRange: { From: 32_768, To: 60_999 },
      },
    ];
    const NetworkAcls = [{ NetworkAclId: 'acl-1', VpcId: 'vpc-a', IsDefault: true, Associations: [], Entries: narrow }];
    const asked = ask(cluster({ env: {}, node: ANY, more: { NetworkAcls } }), 'shop/web', OUT, 443);
    expect(asked.reply.verdict).toBe('unknown');
  });

  test('without the settings both ways are judged, and unknown where they differ', () => {
    const reason = 'source-nat-unknown: no DaemonSet aws-node is described, or several differ';
    expect(ask(cluster({ pods: ANY }), 'shop/web', OUT, 443)).toMatchObject({
      verdict: 'unknown',
      decided_by: null,
      outcome: 'unknown',
      reason,
      source_nat: { at: 'eni-node', unknown: reason },
    });
    const same = ask(cluster({}), 'shop/web', OUT, 443);
    expect(same).toMatchObject({ verdict: 'deny', outcome: 'denied', source_nat: { unknown: reason } });
  });

  test('a node whose primary interface is missing leaves it open', () => {
    const version = cluster({ env: {}, pods: ANY });
    const asked = ask(version, 'shop/web', OUT, 443);
    expect(asked.source_nat?.at).toBe('eni-node');
    const pods = {
      NetworkInterfaces: [
        eni('eni-pods', 'subnet-priv', '10.0.1.12', {
          groups: ['sg-pods'],
          more: {
            Attachment: { InstanceId: 'i-1', DeviceIndex: 1 },
            TagSet: [{ Key: 'node.k8s.amazonaws.com/instance_id', Value: 'i-1' }],
          },
        }),
      ],
    };
    expect(ask(cluster({ env: {}, pods: ANY, more: pods }), 'shop/web', OUT, 443)).toMatchObject({
      verdict: 'unknown',
      reason: 'source-nat-unknown: the primary interface of i-1 is not in the inventory',
    });
  });
});

// amazon-vpc-cni-k8s README (ENABLE_V4_EGRESS, ENABLE_V6_EGRESS), cmd/egress-cni-plugin/snat
describe('a pod that reaches the other address family', () => {
  const SIX = '2001:db8:0:0:1::5';
  const fromNode = { at: 'eni-node', address: '10.0.0.30', unknown: null };

  test('what a pod with an IPv6 address sends to IPv4 has its node’s, inside the VPC and outside', () => {
    const groups = [group('sg-node', [], ANY), group('sg-open', [allow('10.0.0.30/32', 443)], [])];
    const more = { SecurityGroups: groups };
    const version = cluster({ env: { ENABLE_IPv6: 'true' }, ip: SIX, more });
    const inside = ask(version, 'shop/web', '10.0.1.50', 443);
    expect(inside).toMatchObject({ verdict: 'allow', outcome: 'delivered', source_nat: fromNode });
    expect(inside).toMatchObject({ reply: { verdict: 'allow' }, way_back: { outcome: 'delivered' } });
    expect(shortSteps(inside)).toEqual([
      'eni-node egress sg allow',
      'eni-node egress nacl allow',
      'eni-node route local local',
      'eni-app ingress nacl allow',
      'eni-app ingress sg allow',
    ]);
    expect(inside.steps.at(-1)?.rule).toBe('sg-open/ingress/tcp/443/10.0.0.30/32');
    const outside = ask(version, 'shop/web', OUT, 443);
    expect(outside).toMatchObject({ verdict: 'allow', outcome: 'left-network', source_nat: fromNode });
  });

  test('always: with external SNAT, to excluded CIDRs, without the settings, and where no pod is listed', () => {
    const excluded = { AWS_VPC_K8S_CNI_EXTERNALSNAT: 'true', AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: '0.0.0.0/0' };
    for (const env of [excluded, undefined]) {
      const version = cluster({ ...(env === undefined ? {} : { env }), ip: SIX, node: ANY });
      expect(ask(version, 'shop/web', OUT, 443)).toMatchObject({ verdict: 'allow', source_nat: fromNode });
      expect(ask(version, '2001:db8:0:0:1::77', OUT, 443)).toMatchObject({ verdict: 'allow', source_nat: fromNode });
    }
  });

  test('what it sends to IPv6 leaves as it is', () => {
    const version = cluster({ env: {}, ip: SIX, node: [allow('0.0.0.0/0')] });
    expect(ask(version, 'shop/web', '2001:db8::99', 443)).toMatchObject({ verdict: 'deny', source_nat: null });
  });

  test('its own node’s IPv4 address it reaches inside the node', () => {
    const version = cluster({ env: {}, ip: SIX });
    expect(ask(version, 'shop/web', '10.0.0.30', 443)).toMatchObject({ outcome: 'delivered', same_node: true });
  });

  test('a pod with an IPv4 address reaches IPv6 where ENABLE_V6_EGRESS is on', () => {
    const six = { IpProtocol: '-1', Ipv6Ranges: [{ CidrIpv6: '::/0' }] };
    const entries = [true, false].map((Egress) => {
      return { RuleNumber: 100, Egress, RuleAction: 'allow', Protocol: '-1', Ipv6CidrBlock: '::/0' };
    });
    const more = { NetworkAcls: [acl('acl-six', [], entries, true)] };
    const version = cluster({ env: { ENABLE_V6_EGRESS: 'true' }, node: [six], more });
    const asked = ask(version, 'shop/web', '2001:db8:ffff::1', 443);
    expect(asked).toMatchObject({ verdict: 'allow', outcome: 'no-route' });
    expect(asked.source_nat).toEqual({ at: 'eni-node', address: '2001:db8::30', unknown: null });
  });

  test('a node that is not in the inventory leaves it open', () => {
    const enis = { NetworkInterfaces: [eni('eni-app', 'subnet-priv', '10.0.1.50')] };
    const asked = ask(cluster({ env: {}, ip: SIX, more: enis }), 'shop/web', '10.0.1.50', 443);
    expect(asked).toMatchObject({ verdict: 'unknown', outcome: 'unknown', source_nat: null });
    expect(asked.reason).toMatch(/^source-nat-unknown: the primary interface of .* is not in the inventory$/);
  });
});
