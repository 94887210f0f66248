import { describe, expect, test } from 'vitest';
import { INTERVALS_PADDING } from '../../../src/pods/pod-map.ts';
import { address, eni, subnet, vpc } from '../../support/inventory.ts';
import { askPodMap, pod } from '../../support/pods.ts';

const VPC_A = vpc('vpc-a', ['10.0.0.0/16', '2001:db8:a::/56']);
const VPC_B = vpc('vpc-b', ['10.8.0.0/16', '2001:db8:b::/56']);
const SHARED = [vpc('vpc-a', ['100.64.0.0/16']), vpc('vpc-b', ['100.64.0.0/16'])];

describe('which VPC an address belongs to', () => {
  test('another VPC answers only outside the own CIDRs', () => {
    const asked = askPodMap({
      vpcs: [VPC_A, VPC_B],
      networkInterfaces: [
        eni('eni-a', ['10.0.0.1'], [], { vpcId: 'vpc-a' }),
        eni('eni-b', ['10.8.0.1', '10.0.0.2', '2001:db8:b::1', '2001:db8:a::2'], [], { vpcId: 'vpc-b' }),
      ],
    });
    expect(asked.ask('vpc-a', '10.8.0.1', 0, 1).eni).toBe('eni-b');
    expect(asked.entry('vpc-a', '10.0.0.2')).toBe(-1);
    expect(asked.ask('vpc-b', '10.0.0.2', 0, 1).eni).toBe('eni-b');
    // it may be an interface of vpc-a that nobody described
    expect(asked.entry(null, '10.0.0.2')).toBe(-1);
    expect(asked.ask('vpc-a', '2001:db8:b::1', 0, 1).eni).toBe('eni-b');
    expect(asked.entry('vpc-a', '2001:db8:a::2')).toBe(-1);
    expect(asked.view.entryVpc[asked.entry(null, '10.8.0.1')]).toBe(1);
  });

  test('an address that two VPCs hold is nobody from elsewhere', () => {
    const twice = ['vpc-a', 'vpc-b'].map((vpcId) => eni(`eni-${vpcId}`, ['100.64.0.9'], [], { vpcId }));
    const asked = askPodMap({ vpcs: SHARED, networkInterfaces: twice });
    expect(asked.ask('vpc-a', '100.64.0.9', 0, 1).eni).toBe('eni-vpc-a');
    expect(asked.ask('vpc-b', '100.64.0.9', 0, 1).eni).toBe('eni-vpc-b');
    expect(asked.entry(null, '100.64.0.9')).toBe(-1);
  });

  test('an IPv6 address inside a prefix of another VPC has two holders, the rest of the prefix one', () => {
    const asked = askPodMap({
      vpcs: [vpc('vpc-a', ['10.0.0.0/16', 'fd00:1::/56']), vpc('vpc-b', ['10.1.0.0/16'])],
      networkInterfaces: [
        eni('eni-a', ['fd00:1:0:2::/80'], [], { vpcId: 'vpc-a' }),
        eni('eni-b', ['fd00:1:0:2::9'], [], { vpcId: 'vpc-b' }),
      ],
    });
    expect(asked.entry(null, 'fd00:1:0:2::9')).toBe(-1);
    expect(asked.ask(null, 'fd00:1:0:2::8', 0, 1).eni).toBe('eni-a');
  });

  test('VPCs without a document do not share an address space', () => {
    const asked = askPodMap({
      networkInterfaces: [
        eni('eni-x', ['10.0.0.1', '10.0.0.2'], [], { vpcId: 'vpc-x' }),
        eni('eni-y', ['10.0.0.1'], [], { vpcId: 'vpc-y' }),
        eni('eni-z', ['10.0.0.1'], [], { vpcId: null }),
      ],
    });
    expect(asked.entry(null, '10.0.0.1')).toBe(-1);
    expect(asked.ask('vpc-x', '10.0.0.1', 0, 1).eni).toBe('eni-x');
    expect(asked.ask('vpc-x', '10.0.0.2', 0, 1).eni).toBe('eni-x');
    // the CIDRs of vpc-y are not known: the address may be its own
    expect(asked.entry('vpc-y', '10.0.0.2')).toBe(-1);
    expect(asked.entry(null, '10.0.0.2')).toBe(-1);
    expect([...asked.view.eniPrimaryEntry].map((entry) => asked.view.entryEni[entry])).toEqual([0, 1, 2]);
    expect(asked.warnings).toEqual([]);
  });

  test('an interface without a VPC is in that of its subnet', () => {
    const networkInterfaces = [eni('eni-a', ['10.0.0.1'], [], { vpcId: null, subnetId: 'subnet-a' })];
    const subnets = [subnet('subnet-a', 'vpc-a', 'use1-az1', ['10.0.0.0/24'])];
    expect(askPodMap({ vpcs: [VPC_A], subnets, networkInterfaces }).ask('vpc-a', '10.0.0.1', 0, 1).eni).toBe('eni-a');
  });
});

describe('which VPC a pod belongs to', () => {
  const at100 = (vpcId: string) => eni(`eni-${vpcId}`, ['100.64.0.1', '100.64.0.9'], [], { vpcId });

  test('the one it names, also when no document describes that', () => {
    const asked = askPodMap({ vpcs: [VPC_A], pods: [pod('a/one', '10.0.0.9', 0, 10, { vpcId: 'vpc-z' })] });
    expect(asked.entry('vpc-a', '10.0.0.9')).toBe(-1);
    expect(asked.ask('vpc-z', '10.0.0.9', 0, 10).pod).toBe('a/one');
  });

  test("else that of its branch interface, and it owns that interface's address", () => {
    const branch = eni('eni-b', ['100.64.0.31'], [], { vpcId: 'vpc-b', kind: 'pod-branch' });
    for (const text of ['100.64.0.31', '100.64.0.77']) {
      const pods = [pod('a/one', text, 0, 10, { eniId: 'eni-b' })];
      const asked = askPodMap({ vpcs: SHARED, networkInterfaces: [branch], pods });
      expect(asked.ask('vpc-b', '100.64.0.31', 0, 10)).toMatchObject({
        pod: 'a/one',
        eni: 'eni-b',
        attribution: 'exact',
      });
      expect(asked.entry('vpc-a', '100.64.0.31')).toBe(-1);
    }
  });

  test('else the only one whose interfaces hold the address', () => {
    const pods = [pod('a/one', '100.64.0.9', 0, 10)];
    const asked = askPodMap({ vpcs: SHARED, networkInterfaces: [at100('vpc-b')], pods });
    expect(asked.ask('vpc-b', '100.64.0.9', 0, 10).pod).toBe('a/one');
    expect(asked.entry('vpc-a', '100.64.0.9')).toBe(-1);
  });

  test('else the only one whose CIDR, or that of its subnets, contains it', () => {
    const pods = [pod('a/one', '10.0.0.9', 0, 10)];
    expect(askPodMap({ vpcs: [VPC_A, VPC_B], pods }).ask('vpc-a', '10.0.0.9', 0, 10).pod).toBe('a/one');
    const subnets = [subnet('subnet-z', 'vpc-z', 'use1-az1', ['10.0.0.0/24'])];
    expect(askPodMap({ subnets, pods }).ask('vpc-z', '10.0.0.9', 0, 10).pod).toBe('a/one');
  });

  test.each([
    ['two VPCs hold it', { vpcs: SHARED, networkInterfaces: [at100('vpc-a'), at100('vpc-b')] }],
    ['two CIDRs contain it', { vpcs: SHARED }],
    ['none does', { vpcs: [VPC_A] }],
  ])('ambiguous: dropped with a warning (%s)', (_, parts) => {
    const asked = askPodMap({ ...parts, pods: [pod('a/one', '100.64.0.9', 0, 10)] });
    expect(asked.view.intervalEnds).toHaveLength(INTERVALS_PADDING);
    expect(asked.warnings).toEqual(['pod a/one: no single VPC of the inventory holds 100.64.0.9: not attributed']);
  });

  test('other pods are no evidence: their order changes nothing', () => {
    const known = pod('a/one', '100.64.0.9', 0, 10, { vpcId: 'vpc-a' });
    const unknown = pod('a/two', '100.64.0.9', 50, 60);
    for (const pods of [
      [known, unknown],
      [unknown, known],
    ]) {
      const asked = askPodMap({ vpcs: SHARED, pods });
      expect(asked.ask('vpc-a', '100.64.0.9', 0, 10).pod).toBe('a/one');
      expect(asked.ask('vpc-a', '100.64.0.9', 50, 60).pod).toBeNull();
      expect(asked.warnings).toHaveLength(1);
    }
  });
});

describe('intervals of one address', () => {
  const parts = { vpcs: [VPC_A] };
  const ask = (pods: Parameters<typeof askPodMap>[0]['pods'], start: number, end: number) =>
    askPodMap({ ...parts, pods: pods ?? [] }).ask('vpc-a', '10.0.0.9', start, end);

  test('two pods that begin together are both candidates until one ends', () => {
    const pods = [
      pod('a/one', '10.0.0.9', 0, 50),
      pod('a/two', '10.0.0.9', 0, 100),
      pod('a/three', '10.0.0.9', 90, 200),
    ];
    expect(ask(pods, 10, 20)).toMatchObject({ attribution: 'candidates', candidates: ['a/one', 'a/two'] });
    expect(ask(pods, 60, 70)).toMatchObject({ pod: 'a/two', attribution: 'exact' });
    expect(ask(pods, 90, 100)).toMatchObject({ pod: 'a/three', attribution: 'exact' });
    expect(askPodMap({ ...parts, pods }).warnings).toEqual([
      'pods a/one and a/two both hold 10.0.0.9: nothing tells whose it is while both do',
      'pods a/two and a/three both hold 10.0.0.9: the earlier one is taken to end where the later begins',
    ]);
  });

  test('the same pod from two sources is one, with the ports of the one that has a uid', () => {
    const listeners = [{ protocol: 6, port: 80 }];
    const pods = [pod('a/one', '10.0.0.9', 0, 60), pod('a/one', '10.0.0.9', 30, 90, { uid: 'u', listeners })];
    expect(ask(pods, 0, 90)).toMatchObject({ uid: 'u', attribution: 'exact' });
    expect(askPodMap({ ...parts, pods }).warnings).toEqual([]);
    const twins = [pod('a/one', '10.0.0.9', 0, 60, { uid: 'u1' }), pod('a/one', '10.0.0.9', 30, 90, { uid: 'u2' })];
    expect(ask(twins, 0, 30)).toMatchObject({ uid: 'u1', attribution: 'exact' });
    expect(ask(twins, 30, 60)).toMatchObject({ uid: 'u2', attribution: 'exact' });
  });

  test('a pod of less than a second has its second; one that ends before it starts is told', () => {
    expect(ask([pod('a/one', '10.0.0.9', 5.2, 5.7)], 5, 6)).toMatchObject({ pod: 'a/one', attribution: 'exact' });
    expect(ask([pod('a/one', '10.0.0.9', 5, 5)], 5, 6).pod).toBe('a/one');
    expect(askPodMap({ ...parts, pods: [pod('a/one', '10.0.0.9', 6, 5)] }).warnings).toEqual([
      'pod a/one: ends before it starts (5 < 6): not attributed',
    ]);
  });
});

describe('interfaces', () => {
  test('an address that two of them claim has no known owner; their own entries stay', () => {
    const networkInterfaces = [
      eni('eni-1', ['10.0.0.1', '10.0.0.2'], [], { vpcId: 'vpc-a' }),
      eni('eni-2', ['10.0.0.2'], [], { vpcId: 'vpc-a' }),
    ];
    const asked = askPodMap({ vpcs: [VPC_A], networkInterfaces, pods: [pod('a/one', '10.0.0.2', 0, 10)] });
    expect(asked.ask('vpc-a', '10.0.0.2', 0, 10)).toMatchObject({ pod: 'a/one', eni: null });
    expect([...asked.view.eniPrimaryEntry]).toEqual([
      asked.entry('vpc-a', '10.0.0.1'),
      asked.entry('vpc-a', '10.0.0.2'),
    ]);
    expect(asked.warnings).toEqual(['interfaces eni-1 and eni-2 both hold 10.0.0.2: its owner is not known']);
  });

  test('IPv6 prefixes of any length are looked up by mask, the longest first', () => {
    const asked = askPodMap({
      vpcs: [VPC_A],
      networkInterfaces: [
        eni('eni-64', ['10.0.0.1', '2001:db8:a:1::/64'], [], { vpcId: 'vpc-a' }),
        eni('eni-80', ['10.0.0.2', '2001:db8:a:1:5::/80'], [], { vpcId: 'vpc-a' }),
        eni('eni-100', ['10.0.0.3', '2001:db8:a:2:0:0:f000:0/100'], [], { vpcId: 'vpc-a' }),
        eni('eni-one', ['2001:db8:a:1:5::9'], [], { vpcId: 'vpc-a' }),
      ],
      pods: [pod('a/one', '2001:db8:a:1:5::7', 0, 10), pod('a/two', 'fd00::7', 0, 10)],
    });
    const owner = (text: string) => asked.ask('vpc-a', text, 0, 10).eni;
    expect(owner('2001:db8:a:1:4::1')).toBe('eni-64');
    expect(owner('2001:db8:a:1:5:ffff:ffff:ffff')).toBe('eni-80');
    expect(owner('2001:db8:a:1:5::9')).toBe('eni-one');
    expect(owner('2001:db8:a:2::f000:ffff')).toBe('eni-100');
    expect(owner('2001:db8:a:2::e000:ffff')).toBeNull();
    expect(asked.ask('vpc-a', '2001:db8:a:1:5::7', 0, 10)).toMatchObject({ pod: 'a/one', eni: 'eni-80' });
    expect(asked.ask(null, '2001:db8:a:1:5::8', 0, 10).eni).toBe('eni-80');
    expect(asked.warnings).toEqual(['pod a/two: no single VPC of the inventory holds fd00::7: not attributed']);
  });

  test('a pod in a delegated IPv6 prefix finds its VPC without CIDRs', () => {
    const networkInterfaces = [eni('eni-p', ['2001:db8:a:1::/80'], [], { vpcId: 'vpc-z' })];
    const asked = askPodMap({ networkInterfaces, pods: [pod('a/one', '2001:db8:a:1::7', 0, 10)] });
    expect(asked.ask('vpc-z', '2001:db8:a:1::7', 0, 10)).toMatchObject({ pod: 'a/one', eni: 'eni-p' });
  });

  test('a large IPv4 prefix is cut, and that is said', () => {
    const networkInterfaces = [eni('eni-p', ['10.0.0.0/16'], [], { vpcId: 'vpc-a' })];
    const asked = askPodMap({ vpcs: [VPC_A], networkInterfaces });
    expect(asked.view.entryEni).toHaveLength(4096);
    expect(asked.warnings).toEqual(['eni-p: prefix /16 is too large, only its first 4096 addresses count']);
  });

  test('the highest addresses are unsigned', () => {
    const asked = askPodMap({ networkInterfaces: [eni('eni-p', ['255.255.255.240/28'], [])] });
    expect(asked.ask('vpc-a', '255.255.255.255', 0, 1).eni).toBe('eni-p');
    expect(address('255.255.255.255').words).toEqual([0xffff_ffff]);
  });
});
