import { describe, expect, test } from 'vitest';
import type { EniKind, KubernetesNode } from '../../../src/inventory/inventory.ts';
import { isPrimary4 } from '../../../src/pods/lookup.ts';
import { podsOnInterface } from '../../../src/pods/on-interface.ts';
import { address, eni, vpc } from '../../support/inventory.ts';
import { type Answer, askPodMap, pod } from '../../support/pods.ts';

/** 2026-01-15T10:00:00Z; times below are seconds after it. */
const T0 = 1_768_471_200;
const FOREVER = Number.POSITIVE_INFINITY;

const life = (name: string, at: string, start: number, end: number, uid: string, node: string | null, more = {}) =>
  pod(name, at, T0 + start, T0 + end, { uid, nodeName: node, vpcId: node === null ? null : 'v1', ...more });

const node = (name: string, instanceId: string | null, at: string): KubernetesNode => ({
  name,
  instanceId,
  addresses: [address(at)],
  zone: null,
  fargate: instanceId === null,
});

const nodeEni = (id: string, instanceId: string, kind: EniKind, addresses: readonly string[]) =>
  eni(id, addresses, [], { vpcId: 'v1', instanceId, kind });

/** Nodes, interfaces and pods of one cluster; the second VPC uses the same 100.64.0.0/16. */
const cluster = {
  vpcs: [vpc('v1', ['10.0.0.0/16', '100.64.0.0/16']), vpc('v2', ['100.64.0.0/16'])],
  nodes: [node('n1', 'i-0a01', '10.0.1.10'), node('n2', 'i-0a02', '10.0.2.10'), node('fargate-1', null, '10.0.2.200')],
  networkInterfaces: [
    nodeEni('eni-1b', 'i-0a01', 'pod-branch', ['10.0.1.31']),
    nodeEni('eni-1p', 'i-0a01', 'node-primary', ['10.0.1.10', '10.0.1.11', '10.0.1.12', '10.0.1.13']),
    nodeEni('eni-1s', 'i-0a01', 'node-secondary', ['10.0.1.20', '10.0.1.21', '10.0.1.22']),
    nodeEni('eni-2p', 'i-0a02', 'node-primary', ['10.0.2.10', '10.0.2.64/28']),
    nodeEni('eni-3s', 'i-0a03', 'node-secondary', ['100.64.3.5', '100.64.3.6']),
    eni('eni-fg', ['10.0.2.200'], [], { vpcId: 'v1', kind: 'aws-managed', requesterManaged: true }),
  ],
  pods: [
    life('batch/job-x', '10.0.1.21', 20, 100, 'u3', 'n1'),
    life('fg/task-0', '10.0.2.200', 0, FOREVER, 'ufg', 'fargate-1'),
    life('kube-system/node-exporter', '10.0.1.10', 0, FOREVER, 'u6', 'n1', { hostNetwork: true }),
    life('pay/ledger-0', '10.0.1.31', 0, FOREVER, 'u7', 'n1', { eniId: 'eni-1b', vpcId: null }),
    life('shop/api', '10.0.1.21', 140, FOREVER, 'u4', 'n1'),
    life('shop/cart', '10.0.1.11', 360, FOREVER, 'u2', 'n1'),
    life('shop/redis-0', '10.0.2.70', 0, 200, 'u5', 'n2'),
    life('shop/redis-0', '10.0.2.71', 260, FOREVER, 'u5b', 'n2'),
    life('shop/web', '10.0.1.11', 0, 300, 'u1', 'n1'),
    life('shop/web-9', '10.0.2.64', 0, FOREVER, 'u9', 'n2'),
    life('team/app-1', '100.64.3.6', 0, FOREVER, 'u8', null),
  ],
};
const asked = askPodMap(cluster);
const at = (text: string, start: number, end: number, from: string | null = 'v1'): Answer =>
  asked.ask(from, text, T0 + start, T0 + end);

const eniAt = (id: string): number => asked.inventory.networkInterfaces.findIndex((one) => one.id === id);
const names = (pods: readonly number[]): string[] => pods.map((p) => asked.inventory.pods[p]?.name ?? '');

/** Cases of the attribution table that need interfaces and pod intervals alone: id, address, window, what is found. */
const CASES: readonly (readonly [string, string, number, number, Partial<Answer>])[] = [
  ['A01 source', '10.0.1.11', 10, 60, { pod: 'shop/web', eni: 'eni-1p', attribution: 'exact' }],
  ['A01 destination', '10.0.2.64', 10, 60, { pod: 'shop/web-9', eni: 'eni-2p', attribution: 'exact' }],
  ['A02 reuse', '10.0.1.11', 400, 450, { pod: 'shop/cart', attribution: 'exact' }],
  [
    'A03 two owners, 20 s and 10 s',
    '10.0.1.11',
    280,
    370,
    { pod: 'shop/web', attribution: 'candidates', candidates: ['shop/cart', 'shop/web'] },
  ],
  ['A04 one owner in part', '10.0.1.11', 345, 370, { pod: 'shop/cart', attribution: 'inferred' }],
  ['A05 gap', '10.0.1.11', 310, 330, { pod: null, eni: 'eni-1p', attribution: 'candidates', candidates: ['shop/web'] }],
  ['A06 finished before', '10.0.1.21', 150, 200, { pod: 'shop/api', eni: 'eni-1s', attribution: 'exact' }],
  ['A06 later', '10.0.1.21', 300, 350, { pod: 'shop/api', attribution: 'exact', candidates: ['shop/api'] }],
  [
    'A07 ends inside',
    '10.0.1.21',
    95,
    125,
    { pod: 'batch/job-x', attribution: 'inferred', candidates: ['batch/job-x'] },
  ],
  ['A08 same name', '10.0.2.70', 150, 190, { uid: 'u5', attribution: 'exact' }],
  ['A09 same name, other uid', '10.0.2.71', 300, 300, { uid: 'u5b', attribution: 'exact' }],
  ['A10 first of a /28', '10.0.2.64', 0, 60, { pod: 'shop/web-9', eni: 'eni-2p', attribution: 'exact' }],
  ['A11 free in a /28', '10.0.2.75', 10, 60, { pod: null, eni: 'eni-2p', attribution: 'none' }],
  ['A20 branch interface', '10.0.1.31', 10, 60, { pod: 'pay/ledger-0', eni: 'eni-1b', attribution: 'exact' }],
  ['A25 primary of a secondary interface', '10.0.1.20', 10, 60, { pod: null, eni: 'eni-1s', attribution: 'none' }],
  ['A36 Fargate', '10.0.2.200', 10, 60, { pod: 'fg/task-0', eni: 'eni-fg', attribution: 'exact' }],
  [
    'A40 ten minutes, 300 s and 240 s',
    '10.0.1.11',
    0,
    600,
    { pod: 'shop/web', attribution: 'candidates', candidates: ['shop/cart', 'shop/web'] },
  ],
];

describe('attribution cases', () => {
  test.each(CASES)('%s', (_, text, start, end, expected) => {
    expect(at(text, start, end)).toMatchObject(expected);
  });

  test('A10 without a pod list the prefix still names its interface', () => {
    const bare = askPodMap({ ...cluster, pods: [] });
    expect(bare.ask('v1', '10.0.2.64', T0, T0 + 60)).toMatchObject({ pod: null, eni: 'eni-2p', attribution: 'none' });
    expect(bare.ask('v1', '10.0.2.79', T0, T0 + 60).eni).toBe('eni-2p');
    expect(bare.entry('v1', '10.0.2.80')).toBe(-1);
    expect(bare.entry('v1', '10.0.2.63')).toBe(-1);
  });

  test('A24 the same address seen from another VPC that uses the block is nobody', () => {
    expect(at('100.64.3.6', 10, 60)).toMatchObject({ pod: 'team/app-1', eni: 'eni-3s', attribution: 'exact' });
    expect(asked.entry('v2', '100.64.3.6')).toBe(-1);
    expect(asked.entry(null, '100.64.3.6')).toBe(-1);
    expect(at('10.0.1.11', 10, 60, 'v2').pod).toBe('shop/web');
  });

  test('A39 the earlier of two that overlap ends where the later begins, and that is said once', () => {
    const pods = [pod('a/old', '10.0.1.12', 0, 105, { uid: '1' }), pod('a/young', '10.0.1.12', 100, 200, { uid: '2' })];
    const overlapping = askPodMap({ ...cluster, pods });
    expect(overlapping.ask('v1', '10.0.1.12', 90, 100)).toMatchObject({ pod: 'a/old', attribution: 'exact' });
    expect(overlapping.ask('v1', '10.0.1.12', 100, 105)).toMatchObject({ pod: 'a/young', attribution: 'exact' });
    expect(overlapping.warnings).toEqual([
      'pods a/old and a/young both hold 10.0.1.12: the earlier one is taken to end where the later begins',
    ]);
  });

  test('the cluster itself gives no warning', () => expect(asked.warnings).toEqual([]));
});

describe('windows', () => {
  test('an instant is its second, and reversed times are swapped', () => {
    expect(at('10.0.1.11', 299, 299)).toMatchObject({ pod: 'shop/web', attribution: 'exact' });
    expect(at('10.0.1.11', 300, 300)).toMatchObject({ pod: null, attribution: 'candidates' });
    expect(at('10.0.1.11', 299 + 60, 299 + 60)).toMatchObject({ candidates: ['shop/web', 'shop/cart'].sort() });
    expect(at('10.0.1.21', -50, -40)).toMatchObject({ attribution: 'none', candidates: [] });
    expect(at('10.0.1.11', 60, 10)).toEqual(at('10.0.1.11', 10, 60));
  });

  test.each([
    [9, 1, 'inferred'],
    [89, 11, 'candidates'],
    [90, 10, 'inferred'],
    [63, 7, 'inferred'],
  ])('%d s against %d s of the window: %s', (first, second, expected) => {
    const pods = [
      pod('a/one', '10.0.1.12', 0, first, { uid: '1' }),
      pod('a/two', '10.0.1.12', first, first + second, { uid: '2' }),
    ];
    const answer = askPodMap({ ...cluster, pods }).ask('v1', '10.0.1.12', 0, first + second);
    expect(answer).toMatchObject({ pod: 'a/one', attribution: expected });
  });

  test('an interval without ends covers every record', () => {
    const always = askPodMap({ ...cluster, pods: [pod('a/one', '10.0.1.12')] });
    expect(always.ask('v1', '10.0.1.12', 0, 0xffff_ffff)).toMatchObject({ pod: 'a/one', attribution: 'exact' });
  });
});

describe('pods on an interface', () => {
  test('those whose address lies on it, and hostNetwork pods on the primary one', () => {
    const alive = (id: string, start: number, end: number) =>
      names(podsOnInterface(asked.view, eniAt(id), T0 + start, T0 + end).pods);
    expect(alive('eni-1p', 10, 60)).toEqual(['node-exporter', 'web']);
    expect(alive('eni-1p', 310, 330)).toEqual(['node-exporter']);
    expect(alive('eni-1s', 90, 150)).toEqual(['job-x', 'api']);
    expect(alive('eni-1b', 10, 60)).toEqual(['ledger-0']);
    expect(alive('eni-2p', 190, 270)).toEqual(['redis-0', 'redis-0', 'web-9']);
    expect(alive('eni-fg', 10, 60)).toEqual(['task-0']);
  });

  test('hostNetwork pods are found by node name where the address is no primary one (IPv6 clusters)', () => {
    const six = askPodMap({
      vpcs: [vpc('v1', ['10.0.0.0/16', '2001:db8:1::/56'])],
      nodes: [node('n1', 'i-1', '2001:db8:1::10')],
      networkInterfaces: [nodeEni('eni-p', 'i-1', 'node-primary', ['10.0.1.10', '2001:db8:1::10'])],
      pods: [pod('kube-system/proxy', '2001:db8:1::10', 0, 50, { hostNetwork: true, nodeName: 'n1' })],
    });
    expect(podsOnInterface(six.view, 0, 0, 10).pods).toEqual([0]);
    expect(podsOnInterface(six.view, 0, 50, 60).pods).toEqual([]);
    expect(six.ask('v1', '2001:db8:1::10', 0, 10)).toMatchObject({ pod: null, eni: 'eni-p' });
  });

  test('nodes of two VPCs with one address: the node name decides, without one nobody is guessed', () => {
    const host = (name: string, nodeName: string | null) =>
      pod(name, '100.64.0.1', 0, 50, { hostNetwork: true, nodeName });
    const twins = askPodMap({
      vpcs: [vpc('v1', ['100.64.0.0/16']), vpc('v2', ['100.64.0.0/16'])],
      nodes: [node('n1', 'i-1', '100.64.0.1'), node('n2', 'i-2', '100.64.0.1')],
      networkInterfaces: ['v1', 'v2'].map((vpcId, i) =>
        eni(`eni-${vpcId}`, ['100.64.0.1'], [], { vpcId, instanceId: `i-${i + 1}`, kind: 'node-primary' }),
      ),
      pods: [host('a/one', 'n1'), host('a/two', 'n2'), host('a/lost', null)],
    });
    expect([0, 1].map((e) => podsOnInterface(twins.view, e, 0, 10).pods)).toEqual([[0], [1]]);
  });

  test('the primary address is told from the others', () => {
    const word = (text: string): number => address(text).words[0];
    expect(isPrimary4(asked.view, eniAt('eni-1p'), word('10.0.1.10'))).toBe(true);
    expect(isPrimary4(asked.view, eniAt('eni-1p'), word('10.0.1.11'))).toBe(false);
    expect(isPrimary4(asked.view, eniAt('eni-1s'), word('10.0.1.10'))).toBe(false);
  });
});
