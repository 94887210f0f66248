import { describe, expect, test } from 'vitest';
import type { LoadBalancer } from '../../../src/inventory/inventory.ts';
import type { KubernetesService, Listener } from '../../../src/inventory/service.ts';
import { hiddenKey, nodeKey, ownerSlot, podKey } from '../../../src/pods/listeners.ts';
import type { PodMapView } from '../../../src/pods/pod-map.ts';
import { eni, vpc } from '../../support/inventory.ts';
import { askPodMap, pod } from '../../support/pods.ts';

const tcp = (port: number): Listener => ({ protocol: 6, port });
const udp = (port: number): Listener => ({ protocol: 17, port });

const service: KubernetesService = {
  namespace: 'shop',
  name: 'web',
  type: 'NodePort',
  clusterAddresses: [],
  nodePorts: [{ ...tcp(30080), name: '' }],
  externalTrafficPolicy: 'Cluster',
  healthCheckNodePort: null,
  endpoints: null,
};
const balancer: LoadBalancer = {
  arn: 'arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/web/1',
  name: 'web',
  suffix: 'app/web/1',
  listeners: [tcp(443)],
  tags: new Map(),
  owner: null,
};
const asked = askPodMap({
  vpcs: [vpc('vpc-a', ['10.0.0.0/16', '100.64.0.0/16']), vpc('vpc-b', ['100.64.0.0/16'])],
  nodes: [
    { name: 'n1', instanceId: 'i-1', addresses: [], zone: null, fargate: false },
    { name: 'n2', instanceId: 'i-2', addresses: [], zone: null, fargate: false },
  ],
  networkInterfaces: [
    eni('eni-0p', ['10.0.0.10', '10.0.0.11'], [], { instanceId: 'i-1', kind: 'node-primary' }),
    eni('eni-1s', ['10.0.0.20', '100.64.0.21'], [], { instanceId: 'i-1', kind: 'node-secondary' }),
    eni('eni-2b', ['10.0.0.31'], [], { instanceId: 'i-1', kind: 'pod-branch' }),
    eni('eni-3l', ['10.0.0.40', '10.0.0.41'], [], { kind: 'load-balancer', kindName: 'app/web/1' }),
    eni('eni-4o', ['100.64.0.1', '100.64.0.21'], [], { vpcId: 'vpc-b', instanceId: 'i-9', kind: 'node-secondary' }),
    eni('eni-5i', ['10.0.0.50', '10.0.0.51'], [], { instanceId: 'i-5', kind: 'instance', deviceIndex: 0 }),
  ],
  loadBalancers: [balancer],
  services: [service],
  pods: [
    pod('shop/web', '10.0.0.11', 0, 10, { nodeName: 'n1', listeners: [tcp(8080)], hostListeners: [udp(5353)] }),
    pod('shop/api', '100.64.0.21', 0, 10, { vpcId: 'vpc-a', nodeName: 'n1', listeners: [tcp(9000)] }),
    pod('pay/ledger', '10.0.0.31', 0, 10, { nodeName: 'n1', eniId: 'eni-2b', listeners: [tcp(7000)] }),
    pod('kube-system/exporter', '10.0.0.10', 0, 10, {
      ...{ nodeName: 'n1', hostNetwork: true, listeners: [tcp(9100)] },
      // the API refuses it; a file may hold it
      hostListeners: [tcp(9101)],
    }),
    // where its node has no interface, the address of another one is none of its own
    pod('kube-system/away', '10.0.0.10', 0, 10, { nodeName: 'n2', hostNetwork: true, listeners: [tcp(9102)] }),
    pod('away/web', '10.0.0.11', 20, 30, { nodeName: 'n2', listeners: [tcp(8081)], hostListeners: [tcp(8082)] }),
    // another one has the address all the time: what lies at the address' node is none of its own
    pod('shop/gone', '10.0.0.11', 0, 10, {
      ...{ sources: ['list'], nodeName: 'n1', isNodeTold: false, hostListeners: [tcp(8083)] },
    }),
    pod('lone/app', '10.0.0.51', 0, 10, { listeners: [tcp(6000)], hostListeners: [tcp(6001)] }),
  ],
});

/** The kernel's look-up: true when the owner declares to listen on (protocol, port). */
function hasListener({ listenerKeys }: PodMapView, owner: number, protocol: number, port: number): boolean {
  const mask = (listenerKeys.length >> 1) - 1;
  const word = protocol * 65_536 + port;
  for (let slot = ownerSlot(owner, word) & mask; ; slot = (slot + 1) & mask) {
    const key = listenerKeys[slot * 2] ?? 0;
    if (key === 0) return false;
    if (key === owner && listenerKeys[slot * 2 + 1] === word) return true;
  }
}

/** Every port of the world, as the owner declares it. */
const PORTS: readonly Listener[] = [8080, 9000, 7000, 9100, 9101, 9102, 8081, 8082, 8083, 30080, 443, 6000, 6001]
  .map(tcp)
  .concat(udp(5353));
const listensOn = (owner: number): string[] =>
  PORTS.filter(({ protocol, port }) => hasListener(asked.view, owner, protocol, port)).map(
    ({ protocol, port }) => `${protocol}/${port}`,
  );

describe('listeners', () => {
  test.each<[string, number, string[]]>([
    ['a pod', podKey(0), ['6/8080']],
    ['another pod', podKey(1), ['6/9000']],
    [
      'a node as seen: node ports, host ports, hostNetwork pods',
      nodeKey(0),
      ['6/9100', '6/9101', '6/30080', '17/5353'],
    ],
    ['a secondary interface as seen has no ports of the node', nodeKey(1), []],
    ['hidden behind the primary one', hiddenKey(0), ['6/8080', '6/9100', '6/9101', '6/30080', '17/5353']],
    ['hidden behind the secondary one', hiddenKey(1), ['6/9000', '6/9100', '6/9101', '6/30080', '17/5353']],
    ['a branch interface is its pod', hiddenKey(2), ['6/7000']],
    ['a load balancer', nodeKey(3), ['6/443']],
    ['a load balancer with more addresses', hiddenKey(3), ['6/443']],
    ['the same address in another VPC is another pod', hiddenKey(4), ['6/30080']],
    ['an instance that no document calls a node: its pods, no node ports', hiddenKey(5), ['6/6000', '6/6001']],
    ['that instance as seen', nodeKey(5), ['6/6001']],
    ['nobody', podKey(99), []],
  ])('%s', (_, owner, expected) => {
    expect(listensOn(owner)).toEqual(expected);
  });

  test('the protocol counts', () => {
    expect(hasListener(asked.view, podKey(0), 17, 8080)).toBe(false);
    expect(hasListener(asked.view, nodeKey(0), 6, 5353)).toBe(false);
  });

  test('the table is at most half full', () => {
    const { listenerKeys } = asked.view;
    const slots = listenerKeys.length / 2;
    const used = Array.from({ length: slots }, (_, i) => listenerKeys[i * 2] ?? 0).filter((key) => key !== 0).length;
    expect(used).toBeGreaterThan(15);
    expect(used / slots).toBeLessThanOrEqual(0.5);
  });
});
