import { describe, expect, test } from 'vitest';
import type { LoadBalancer, NetworkInterface } from '../../../src/inventory/inventory.ts';
import { eniNames, podNames } from '../../../src/pods/names.ts';
import { eni, inventory } from '../../support/inventory.ts';
import { pod } from '../../support/pods.ts';

const balancer = (suffix: string, name: string, owner: string | null): LoadBalancer => ({
  arn: `arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/${suffix}`,
  name,
  suffix,
  listeners: [],
  tags: new Map(),
  owner,
});

function nameOf(more: Partial<NetworkInterface>, loadBalancers: readonly LoadBalancer[] = []) {
  const nodes = [{ name: 'ip-10-0-0-1', instanceId: 'i-1', addresses: [], zone: null, fargate: false }];
  return eniNames(inventory({ nodes, loadBalancers, networkInterfaces: [eni('eni-x', [], [], more)] }))[0];
}

describe('interfaces', () => {
  test('the node is the Kubernetes name, else the instance', () => {
    const kind = 'node-primary' as const;
    expect(nameOf({ kind, instanceId: 'i-1' })).toEqual({ id: 'eni-x', node: 'ip-10-0-0-1', service: null });
    expect(nameOf({ kind, instanceId: 'i-2', description: 'x' })).toEqual({ id: 'eni-x', node: 'i-2', service: null });
    expect(nameOf({ kind: 'other' })).toEqual({ id: 'eni-x', node: null, service: null });
  });

  test('a load balancer is what it serves, else its name', () => {
    const more = { kind: 'load-balancer', kindName: 'app/k8s-web/aa', description: 'ELB app/k8s-web/aa' } as const;
    expect(nameOf(more, [balancer('app/k8s-web/aa', 'told-name', 'shop/web')])?.service).toBe('shop/web');
    expect(nameOf(more, [balancer('app/k8s-web/aa', 'told-name', null)])?.service).toBe('told-name');
    expect(nameOf(more, [balancer('app/k8s-web/bb', 'other', 'shop/web')])?.service).toBe('k8s-web');
    expect(nameOf({ ...more, kindName: 'classic' })?.service).toBe('classic');
  });

  test("anything else is its description, without one its kind's name", () => {
    const description = 'Interface for NAT Gateway nat-0f1';
    expect(nameOf({ kind: 'nat-gateway', kindName: 'nat-0f1', description })?.service).toBe(description);
    expect(nameOf({ kind: 'nat-gateway', kindName: 'nat-0f1' })?.service).toBe('nat-0f1');
  });
});

test('pods', () => {
  const pods = [
    pod('shop/web', '10.0.0.1', 0, 1, { workload: 'Deployment/web', nodeName: 'n1' }),
    pod('a/b', '10.0.0.2'),
  ];
  expect(podNames(inventory({ pods }))).toEqual([
    { namespace: 'shop', name: 'web', workload: 'Deployment/web', node: 'n1' },
    { namespace: 'a', name: 'b', workload: null, node: null },
  ]);
});
