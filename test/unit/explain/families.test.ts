import { describe, expect, test } from 'vitest';
import { findEndpoint } from '../../../src/explain/endpoint.ts';
import { formatAddress } from '../../../src/model/ip.ts';
import { ask, compiled, eni, network } from './asked.ts';

function pod(name: string, addresses: readonly string[], more: object = {}): object {
  return {
    kind: 'Pod',
    metadata: { namespace: 'shop', name, uid: name, creationTimestamp: '2026-01-15T10:00:00Z' },
    spec: more,
    status: { phase: 'Running', podIP: addresses[0], podIPs: addresses.map((ip) => ({ ip })) },
  };
}

const NODE = { Attachment: { InstanceId: 'i-1', DeviceIndex: 0 } };
const TAGS = [{ Key: 'kubernetes.io/cluster/c', Value: 'owned' }];

/** A node with both families, an interface with IPv4 only, and pods of one family, of both, and of the node's. */
const version = compiled(
  network({
    Instances: [{ InstanceId: 'i-1', VpcId: 'vpc-a', PrivateIpAddress: '10.0.0.30', Tags: TAGS }],
    NetworkInterfaces: [
      eni('eni-node', 'subnet-pub', '10.0.0.30', {
        more: {
          ...NODE,
          TagSet: TAGS,
          Ipv6Addresses: [{ Ipv6Address: '2001:db8::30' }],
          Ipv6Prefixes: [{ Ipv6Prefix: '2001:db8:0:0:1::/80' }],
          PrivateIpAddresses: [
            { Primary: true, PrivateIpAddress: '10.0.0.30' },
            { Primary: false, PrivateIpAddress: '10.0.0.31' },
            { Primary: false, PrivateIpAddress: '10.0.0.32' },
          ],
        },
      }),
      eni('eni-app', 'subnet-priv', '10.0.1.50'),
    ],
    kind: 'List',
    items: [
      pod('four', ['10.0.0.31']),
      pod('six', ['2001:db8:0:0:1::5']),
      pod('both', ['10.0.0.32', '2001:db8:0:0:1::6']),
      pod('agent', ['2001:db8::30'], { hostNetwork: true }),
    ],
  }),
);

// aws.md 2.1 and 4.1: the families are independent
describe('two address families', () => {
  test.each([
    ['eni-node', 4, '10.0.0.30'],
    ['eni-node', 6, '2001:db8::30'],
    ['eni-app', 6, '10.0.1.50'],
    ['shop/both', 4, '10.0.0.32'],
    ['shop/both', 6, '2001:db8::1:0:0:6'],
    ['shop/four', 6, '10.0.0.31'],
    ['shop/six', 4, '2001:db8::1:0:0:5'],
    ['shop/agent', 4, '10.0.0.30'],
    ['shop/agent', 6, '2001:db8::30'],
    ['10.0.0.30', 6, '10.0.0.30'],
  ] as const)('%s toward IPv%d is %s', (text, family, expected) => {
    const found = findEndpoint(version.inventory, text, null, null, family);
    expect(found?.address == null ? null : formatAddress(found.address)).toBe(expected);
    if (text.startsWith('shop/')) expect(found?.pod?.name).toBe(text.slice('shop/'.length));
  });

  test.each([
    ['10.0.1.50', '2001:db8::30'],
    ['2001:db8::30', '10.0.1.50'],
    ['203.0.113.9', '2001:db8::30'],
    ['shop/four', '2001:db8:ffff::1'],
    ['10.0.1.50', '64:ff9b::808:808'],
  ])('no packet goes from %s to %s', (from, to) => {
    expect(() => ask(version, from, to, 443)).toThrow('no packet has an IPv4 and an IPv6 address');
  });

  test('what is translated between them is one: a pod by its node, NAT64 by its IPv6 prefix', () => {
    expect(ask(version, 'shop/six', '10.0.1.50', 443).source_nat?.address).toBe('10.0.0.30');
    expect(ask(version, 'shop/six', '64:ff9b::808:808', 443).source_nat).toBe(null);
  });
});
