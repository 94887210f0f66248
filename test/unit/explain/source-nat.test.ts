import { describe, expect, test } from 'vitest';
import type { CompiledVersion } from '../../../src/engine/versions.ts';
import { allow, ask, compiled, eni, group, network, routeTable, shortSteps } from './asked.ts';

const OUT = '192.0.2.9';

interface Node {
  readonly env?: Readonly<Record<string, string>>;
  /** Egress of the groups of the node and of its pods' interface. */
  readonly node?: readonly object[];
  readonly pods?: readonly object[];
  readonly hostNetwork?: boolean;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A node with its primary interface in the public subnet and a pod, 10.0.1.12, on a second one in the private. */
function cluster({ env, node = [], pods = [], hostNetwork = false, more = {} }: Node): CompiledVersion {
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
    status: { podIP: '10.0.1.12', podIPs: [{ ip: '10.0.1.12' }], startTime: '2024-01-01T00:00:00Z', phase: 'Running' },
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
      NetworkInterfaces: [
        eni('eni-node', 'subnet-pub', '10.0.0.30', {
          groups: ['sg-node'],
          publicIp: '198.51.100.30',
          more: attached(0),
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
