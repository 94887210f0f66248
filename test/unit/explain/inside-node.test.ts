import { describe, expect, test } from 'vitest';
import { AWS_NODE, askNode, branchMode, type Changes, nodePorts, shortForwards } from '../../support/node-ports.ts';

const WEB = 'shop/web-1';
const GATEWAY = 'edge/gateway-1';
const FAR_WEB = 'shop/web-2';
const N1 = '10.20.1.10';
const LEDGER = 'pay/ledger-0';
const NEAR_LEDGER = 'edge/gateway-2';

/** Nothing is allowed by any security group, so that only what meets none comes through. */
const CLOSED: Changes = { 'describe-security-group-rules.json': () => ({ SecurityGroupRules: [] }) };

// amazon-vpc-cni-k8s, docs/cni-proposal.md, "Pod to Pod": the main table leads to the other pod's veth
describe('two ends on one node', () => {
  const closed = nodePorts(CLOSED);

  test.each([
    ['pod to pod', WEB, GATEWAY],
    ['a pod to its node (kubelet)', WEB, N1],
    ['the node to its pod (probes)', N1, WEB],
    ['a pod to itself', WEB, WEB],
  ])('%s: no rule of the VPC is asked', (_, from, to) => {
    const explained = askNode(closed, to, 8443, { from });
    expect(explained).toMatchObject({ verdict: 'allow', decided_by: null, outcome: 'delivered', same_node: true });
    expect(explained).toMatchObject({ steps: [], source_nat: null, reply: { verdict: 'allow', decided_by: null } });
    expect(explained.way_back).toMatchObject({ outcome: 'delivered', steps: [] });
    expect(explained.reason).toContain('no flow log shows it');
  });

  test('on two nodes the rules decide', () => {
    const explained = askNode(closed, FAR_WEB, 8443, { from: WEB });
    expect(explained).toMatchObject({ verdict: 'deny', outcome: 'denied', same_node: false });
  });

  test('an address of the node that no pod holds is none of its own, but whatever sends from it is on the node', () => {
    const without = nodePorts({ ...CLOSED, 'kubectl-get-pods.json': () => null });
    expect(askNode(without, '10.20.1.12', 8443, { from: N1 })).toMatchObject({ same_node: false });
    expect(askNode(without, N1, 8443, { from: '10.20.1.12' })).toMatchObject({ same_node: true, outcome: 'delivered' });
  });

  test('NetworkPolicies hold inside a node, but not between a pod and its node', () => {
    const policy = { kind: 'NetworkPolicy', metadata: { namespace: 'shop', name: 'p', uid: 'p' }, spec: {} };
    const policies = nodePorts({
      ...CLOSED,
      'kubectl-get-nodes.json': (list: { items: object[] }) => ({ ...list, items: [...list.items, policy] }),
    });
    const between = askNode(policies, GATEWAY, 8443, { from: WEB });
    expect(between).toMatchObject({ verdict: 'unknown', outcome: 'unknown', same_node: true });
    expect(between.steps.map(({ layer, direction }) => `${layer} ${direction}`)).toEqual([
      'policy egress',
      'policy ingress',
    ]);
    // Kubernetes, "Network Policies": traffic to and from a pod's own node is always allowed, and to itself
    for (const [from, to] of [
      [N1, WEB],
      [WEB, N1],
      [WEB, WEB],
    ] as const) {
      expect(askNode(policies, to, 8443, { from })).toMatchObject({ verdict: 'allow', outcome: 'delivered' });
    }
  });

  test('a NodePort of the own node leads on to the endpoints', () => {
    const explained = askNode(nodePorts(), N1, 30_080, { from: WEB });
    expect(explained).toMatchObject({ same_node: true, node_port: { service: 'shop/web' } });
    expect(shortForwards(explained)[0]).toContain('shop/web-1 10.20.1.11:8080 ready');
    expect(explained).toMatchObject({ outcome: 'delivered', way_back: { outcome: 'delivered' } });
  });

  test('what does not get on from there is not answered', () => {
    const empty: Changes = {
      'kubectl-get-endpointslices.json': (list: { items: object[] }) => ({
        ...list,
        items: list.items.map((item) => ({ ...item, endpoints: [] })),
      }),
    };
    expect(askNode(nodePorts(empty), N1, 30_080, { from: WEB })).toMatchObject({
      outcome: 'unreachable',
      way_back: { outcome: 'unreachable', reason: 'the request does not arrive' },
    });
    const own = askNode(nodePorts(), N1, 31_443, { from: WEB });
    expect(own).toMatchObject({ outcome: 'unknown', way_back: { outcome: 'unknown', reason: own.reason } });
  });

  test('a pod that shares the address of its node is the node, however it is called', () => {
    const agent = {
      kind: 'Pod',
      metadata: { namespace: 'ops', name: 'agent', uid: 'agent', creationTimestamp: '2026-01-15T09:00:00Z' },
      spec: { nodeName: 'n1', hostNetwork: true, containers: [{ name: 'c' }] },
      status: { phase: 'Running', podIP: N1, podIPs: [{ ip: N1 }], hostIP: N1, startTime: '2026-01-15T09:00:00Z' },
    };
    const policy = { kind: 'NetworkPolicy', metadata: { namespace: 'shop', name: 'p', uid: 'p' }, spec: {} };
    const version = nodePorts({
      ...CLOSED,
      'kubectl-get-pods.json': (list: { items: object[] }) => ({ ...list, items: [...list.items, agent, policy] }),
    });
    const answer = { verdict: 'allow', outcome: 'delivered', same_node: true };
    expect(askNode(version, WEB, 8443, { from: 'ops/agent' })).toMatchObject(answer);
    expect(askNode(version, 'ops/agent', 8443, { from: WEB })).toMatchObject(answer);
  });
});

// EKS User Guide, "Assign security groups to individual Pods"; amazon-vpc-cni-k8s, POD_SECURITY_GROUP_ENFORCING_MODE
describe('a pod with an interface of its own', () => {
  test.each([
    ['to', NEAR_LEDGER, LEDGER],
    ['from', LEDGER, NEAR_LEDGER],
  ])('%s it on one node: strict mode crosses both interfaces, standard mode none', (_, from, to) => {
    const strict = askNode(nodePorts({ ...CLOSED, ...branchMode('strict') }), to, 8443, { from });
    expect(strict).toMatchObject({ verdict: 'deny', outcome: 'denied', same_node: false });
    const standard = askNode(nodePorts({ ...CLOSED, ...branchMode('standard') }), to, 8443, { from });
    expect(standard).toMatchObject({ verdict: 'allow', outcome: 'delivered', same_node: true });
  });

  test('without aws-node the answer is unknown where they differ', () => {
    const untold = nodePorts({ ...CLOSED, [AWS_NODE]: () => null });
    const explained = askNode(untold, LEDGER, 8443, { from: NEAR_LEDGER });
    expect(explained).toMatchObject({ verdict: 'unknown', outcome: 'unknown', same_node: false });
    expect(explained.reason).toContain('branch-mode-unknown');
  });
});
