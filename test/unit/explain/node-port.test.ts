import { describe, expect, test } from 'vitest';
import { AWS_NODE, askNode, branchMode, type Changes, nodePorts, shortForwards } from '../../support/node-ports.ts';

const N1 = '10.20.1.10';
const N2 = '10.20.2.10';

interface KubernetesList {
  readonly items: readonly Readonly<Record<string, unknown>>[];
}
type Item = Readonly<Record<string, unknown>> & {
  readonly metadata: { readonly namespace: string; readonly name: string };
};

/** The list with every object of this name changed; null = left out. */
function each(name: string, change: (item: Item) => object | null): (list: never) => KubernetesList {
  return (list: KubernetesList) => {
    const items = (list.items as readonly Item[]).flatMap((item) => {
      const is = item.metadata.name === name || item.metadata.name.startsWith(`${name}-`);
      return is ? (change(item) ?? []) : item;
    });
    return { ...list, items: items as KubernetesList['items'] };
  };
}

function service(name: string, spec: object): (list: never) => KubernetesList {
  return each(name, (item) => ({ ...item, spec: { ...(item.spec as object), ...spec } }));
}

interface Endpoint {
  readonly addresses: readonly string[];
  readonly [key: string]: unknown;
}

/** Endpoints of a Service's slices, each changed. */
function endpoints(name: string, change: (endpoint: Endpoint) => object): (list: never) => KubernetesList {
  return each(name, (item) => ({ ...item, endpoints: (item.endpoints as readonly Endpoint[]).map(change) }));
}

const SLICES = 'kubectl-get-endpointslices.json';
const SERVICES = 'kubectl-get-services.json';
const NODES = 'kubectl-get-nodes.json';
const PODS = 'kubectl-get-pods.json';

const LOCAL = { externalTrafficPolicy: 'Local' };

// EKS User Guide, "Assign security groups to individual Pods"; amazon-vpc-cni-k8s, POD_SECURITY_GROUP_ENFORCING_MODE
describe('a pod with an interface of its own on the node that the packet came to', () => {
  const standard = branchMode('standard');

  test('standard mode: inside the node, its groups are not asked', () => {
    const explained = askNode(nodePorts(standard), N2, 30_443);
    expect(shortForwards(explained)).toEqual([
      'pay/ledger-0 10.20.2.50:8443 ready from 10.20.2.10 inside: allow delivered',
    ]);
    expect(shortForwards(askNode(nodePorts(standard), N1, 30_443))).toEqual([
      'pay/ledger-0 10.20.2.50:8443 ready from 10.20.1.10 by eni-branch: deny denied',
    ]);
  });

  test('Local is supported in standard mode only', () => {
    const local = { [SERVICES]: service('ledger', LOCAL) };
    expect(askNode(nodePorts({ ...local, ...standard }), N2, 30_443)).toMatchObject({ outcome: 'delivered' });
    const strict = askNode(nodePorts(local), N2, 30_443);
    expect(strict).toMatchObject({ verdict: 'allow', outcome: 'unknown' });
    expect(strict.reason).toContain('branch-interface-unsupported');
  });

  test('without aws-node both are judged: where they differ the answer is unknown', () => {
    const untold = { [AWS_NODE]: () => null };
    const open = (document: { SecurityGroupRules: readonly object[] }): unknown => ({
      SecurityGroupRules: [
        ...document.SecurityGroupRules,
        {
          SecurityGroupRuleId: 'p2',
          GroupId: 'sg-pay',
          IsEgress: false,
          IpProtocol: 'tcp',
          FromPort: 8443,
          ToPort: 8443,
          ReferencedGroupInfo: { GroupId: 'sg-node' },
        },
      ],
    });
    const [differ] = askNode(nodePorts(untold), N2, 30_443).forwards;
    expect(differ).toMatchObject({ verdict: 'unknown', decided_by: null, outcome: 'unknown', same_node: false });
    expect(differ?.reason).toBe('branch-mode-unknown: no DaemonSet aws-node is described, or several differ');
    const alike = nodePorts({ ...untold, 'describe-security-group-rules.json': open });
    expect(askNode(alike, N2, 30_443).forwards).toMatchObject([
      { verdict: 'allow', outcome: 'delivered', reason: null },
    ]);
  });
});

// "Topology Aware Routing", "Traffic distribution"; kube-proxy, topology.go
describe('hints', () => {
  const hinted = (hints: (address: string) => object): Changes => ({
    [SLICES]: endpoints('web', (endpoint) => ({ ...endpoint, hints: hints(endpoint.addresses[0] ?? '') })),
  });
  const pods = (hints: (address: string) => object, to: string): readonly (string | null)[] =>
    askNode(nodePorts(hinted(hints)), to, 30_080).forwards.map((one) => one.pod);

  test('keep the choice to the zone of the node', () => {
    const own = (address: string): object => ({
      forZones: [{ name: address.startsWith('10.20.1.') ? 'zone-a' : 'zone-b' }],
    });
    expect(pods(own, N1)).toEqual(['shop/web-1']);
    expect(pods(own, N2)).toEqual(['shop/web-2']);
  });

  test('are no matter where one endpoint has none, or none is for the zone', () => {
    const some = (address: string): object =>
      address.startsWith('10.20.1.') ? { forZones: [{ name: 'zone-a' }] } : {};
    expect(pods(some, N1)).toEqual(['shop/web-1', 'shop/web-2']);
    expect(pods(() => ({ forZones: [{ name: 'zone-c' }] }), N1)).toEqual(['shop/web-1', 'shop/web-2']);
  });

  test('are no matter among endpoints that end', () => {
    const ending = endpoints('web', (endpoint) => ({
      ...endpoint,
      conditions: { ready: false, serving: true, terminating: true },
      hints: { forZones: [{ name: endpoint.addresses[0] === '10.20.1.11' ? 'zone-a' : 'zone-b' }] },
    }));
    const { forwards } = askNode(nodePorts({ [SLICES]: ending }), N1, 30_080);
    expect(forwards.map((one) => [one.pod, one.health])).toEqual([
      ['shop/web-1', 'terminating'],
      ['shop/web-2', 'terminating'],
    ]);
  });

  test('for nodes go before those for zones', () => {
    const node = (address: string): object => ({
      forZones: [{ name: 'zone-a' }],
      forNodes: [{ name: address.startsWith('10.20.1.') ? 'n2' : 'n1' }],
    });
    expect(pods(node, N1)).toEqual(['shop/web-2']);
  });
});

describe('which endpoints there are', () => {
  test('those not ready are none; absent conditions mean ready', () => {
    const unready = endpoints('web', (one) =>
      one.addresses[0] === '10.20.1.11' ? { ...one, conditions: { ready: false } } : { ...one, conditions: undefined },
    );
    expect(shortForwards(askNode(nodePorts({ [SLICES]: unready }), N1, 30_080))).toEqual([
      'shop/web-2 10.20.2.11:8081 ready from 10.20.1.10 by eni-n2: allow delivered',
    ]);
  });

  test('without slices: pods by selector, with a named port each of its own', () => {
    const version = nodePorts({ [SLICES]: () => null });
    const explained = askNode(version, N1, 30_080);
    expect(explained.forwards.map((one) => [one.pod, one.port, one.health])).toEqual([
      ['shop/web-1', 8080, null],
      ['shop/web-2', 8081, null],
    ]);
    expect(explained.unfollowed).toEqual([
      'EndpointSlices of shop/web: none is described; the pods of its selector are taken, ready or not',
    ]);
    expect(askNode(nodePorts({ [SLICES]: () => null, [PODS]: () => null }), N1, 30_080)).toMatchObject({
      outcome: 'unknown',
      forwards: [],
      node_port: { service: 'shop/web', external_traffic_policy: 'Cluster' },
    });
  });

  test('at most 32 are followed, and what comes of the others is not known', () => {
    const many = each('web', (item) => ({
      ...item,
      endpoints: Array.from({ length: 20 }, (_, i) => ({
        addresses: [`10.20.${item.metadata.name === 'web-a' ? 1 : 2}.${100 + i}`],
        nodeName: 'n1',
      })),
    }));
    const explained = askNode(nodePorts({ [SLICES]: many }), N1, 30_080);
    expect(explained.forwards).toHaveLength(32);
    expect(explained.unfollowed).toEqual(['8 more of 40 endpoints: the first 32 are followed']);
    expect(explained).toMatchObject({ outcome: 'unknown', reason: 'it depends on the endpoint: not all are followed' });
  });

  test('a slice that is described twice counts once, as it was first', () => {
    const more = (list: KubernetesList): KubernetesList => {
      const [web] = list.items;
      return {
        ...list,
        items: [...list.items, { ...web, endpoints: [{ addresses: ['10.20.2.13'], nodeName: 'n2' }] }],
      };
    };
    expect(askNode(nodePorts({ [SLICES]: more }), N1, 30_080).forwards).toHaveLength(2);
  });
});

describe('what is not known is said', () => {
  test('the node of an endpoint: within the node or beyond it, where the two differ', () => {
    const lost = { [SLICES]: endpoints('web', (one) => ({ ...one, nodeName: undefined, addresses: ['10.20.9.9'] })) };
    const [one] = askNode(nodePorts(lost), N1, 30_080).forwards;
    expect(one).toMatchObject({ verdict: 'unknown', outcome: 'unknown' });
    expect(one?.reason).toBe('place-unknown: whether shop/web-1 is on the same node is not known');
    const local = askNode(nodePorts({ ...lost, [SERVICES]: service('web', LOCAL) }), N1, 30_080);
    expect(local).toMatchObject({ outcome: 'unknown', forwards: [] });
    expect(local.unfollowed[0]).toBe('shop/web-1: whether it is on node n1 is not known');
  });

  test("whose address a pod behind a balancer's target sees, where no attributes are described", () => {
    const version = nodePorts({ 'describe-target-group-attributes.json': () => null });
    const [target] = askNode(version, '10.20.0.50', 443).forwards;
    expect([target?.source, target?.forwards.map((one) => one.source)]).toEqual([null, [null]]);
  });

  test('of which cluster the node is', () => {
    const twice = (list: KubernetesList): KubernetesList => {
      const [web] = list.items;
      return { ...list, items: [...list.items, { ...web, metadata: { namespace: 'shop', name: 'other' } }] };
    };
    expect(askNode(nodePorts({ [SERVICES]: twice }), N1, 30_080)).toMatchObject({
      outcome: 'unknown',
      reason:
        "node-port-unknown: shop/other, shop/web all have NodePort 30080: which of them is of this node's cluster " +
        'is not known',
    });
    const stranger = { [NODES]: each('n2', () => null) };
    expect(askNode(nodePorts(stranger), N2, 30_080)).toMatchObject({
      outcome: 'unknown',
      reason:
        'node-port-unknown: no Node document is of i-2: whether it is a node of the cluster of shop/web is not known',
    });
  });

  test('an instance that is no node has the port for itself', () => {
    expect(askNode(nodePorts(), '10.20.0.10', 30_080, { from: N1 })).toMatchObject({ node_port: null, forwards: [] });
  });

  test('a port of the range that no Service has', () => {
    const { unfollowed, outcome } = askNode(nodePorts(), N1, 30_001);
    expect({ unfollowed, outcome }).toEqual({
      unfollowed: ['no Service of the inventory has NodePort 30001: who answers is not known'],
      outcome: 'delivered',
    });
    expect(askNode(nodePorts(), N1, 22).unfollowed).toEqual([]);
  });

  test('a sender on the node itself: its first stretch, and whether Local holds for it', () => {
    const version = nodePorts();
    const own = askNode(version, N1, 31_443, { from: '10.20.1.11' });
    expect(own).toMatchObject({ forwards: [], unfollowed: [], same_node: true });
    expect(own.node_port?.reason).toBe(
      'from node n1 itself: whether edge/gateway is then reached on other nodes is not known',
    );
    const cluster = askNode(version, N1, 30_080, { from: '10.20.1.12' });
    expect(cluster.forwards).toHaveLength(2);
    expect(cluster).toMatchObject({ unfollowed: [], same_node: true });
  });

  test('NetworkPolicies: what the node sends is never stopped, what keeps the client may be', () => {
    const policy = { kind: 'NetworkPolicy', metadata: { namespace: 'edge', name: 'deny' } };
    const version = nodePorts({ [PODS]: (list: KubernetesList) => ({ ...list, items: [...list.items, policy] }) });
    const [kept] = askNode(version, N1, 31_443).forwards;
    expect(kept).toMatchObject({ verdict: 'unknown', outcome: 'unknown', same_node: true });
    expect(kept?.steps[0]?.unknown?.[0]).toContain('network-policy-not-evaluated');
    expect(askNode(version, N1, 30_080).forwards.map((one) => one.verdict)).toEqual(['allow', 'unknown']);
  });
});

interface Interfaces {
  readonly NetworkInterfaces: readonly { readonly NetworkInterfaceId: string }[];
}

/** The interface of a node changed. */
function node1(more: object): Changes {
  const file = 'describe-network-interfaces.json';
  return {
    [file]: (document: Interfaces): Interfaces => ({
      NetworkInterfaces: document.NetworkInterfaces.map((eni) =>
        eni.NetworkInterfaceId === 'eni-n1' ? { ...eni, ...more } : eni,
      ),
    }),
  };
}

describe('the address that the packet comes to', () => {
  test('a public address of the node: on from its private one', () => {
    const PrivateIpAddresses = [
      { Primary: true, PrivateIpAddress: N1, Association: { PublicIp: '198.51.100.7' } },
      { Primary: false, PrivateIpAddress: '10.20.1.11' },
    ];
    const internet = { DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1', Origin: 'CreateRoute', State: 'active' };
    const tables = (document: { RouteTables: readonly { Routes: readonly object[] }[] }): unknown => ({
      RouteTables: document.RouteTables.map((table) => ({ ...table, Routes: [...table.Routes, internet] })),
      InternetGateways: [{ InternetGatewayId: 'igw-1', Attachments: [{ VpcId: 'vpc-np', State: 'available' }] }],
    });
    const changes = { ...node1({ PrivateIpAddresses }), 'describe-route-tables.json': tables };
    const explained = askNode(nodePorts(changes), '198.51.100.7', 30_080, { from: '203.0.113.9' });
    // sg-node lets in what comes from the VPC only
    expect(explained).toMatchObject({ verdict: 'deny', outcome: 'denied' });
    expect(shortForwards(explained)).toEqual([
      'shop/web-1 10.20.1.11:8080 ready from 10.20.1.10 inside: allow delivered',
      'shop/web-2 10.20.2.11:8081 ready from 10.20.1.10 by eni-n2: allow delivered',
    ]);
  });

  test("IPv6: a node's own address, and endpoints of that family only", () => {
    const six = node1({ Ipv6Addresses: [{ Ipv6Address: '2001:db8::10' }] });
    const more = (list: KubernetesList): KubernetesList => {
      const [web] = list.items;
      const endpoint = { addresses: ['2001:db8::11'], nodeName: 'n1' };
      const metadata = { ...(web as Item).metadata, name: 'web-six' };
      return { ...list, items: [...list.items, { ...web, metadata, addressType: 'IPv6', endpoints: [endpoint] }] };
    };
    const version = nodePorts({ ...six, [SLICES]: more });
    const from = '2001:db8:1::9';
    expect(shortForwards(askNode(version, '2001:db8::10', 30_080, { from }))).toEqual([
      'null 2001:db8::11:8080 ready from 2001:db8::10 inside: allow delivered',
    ]);
    expect(askNode(version, N1, 30_080).forwards).toHaveLength(2);
    expect(askNode(version, '2001:db8::10', 30_443, { from }).node_port?.reason).toBe(
      'no endpoint of pay/ledger is ready: kube-proxy refuses it',
    );
  });
});

describe('where the first stretch ends', () => {
  const denied = (document: { SecurityGroupRules: readonly { SecurityGroupRuleId: string }[] }): unknown => ({
    SecurityGroupRules: document.SecurityGroupRules.filter(({ SecurityGroupRuleId: id }) => id !== 'n1'),
  });

  test('a packet that does not come to the node ends there, and the endpoints are told all the same', () => {
    const version = nodePorts({ 'describe-security-group-rules.json': denied });
    const explained = askNode(version, N1, 30_080);
    expect(explained).toMatchObject({ verdict: 'deny', outcome: 'denied', reason: null });
    expect(explained.forwards).toHaveLength(2);
    expect(askNode(version, N1, 30_099)).toMatchObject({ outcome: 'denied', forwards: [] });
  });

  test('what is lost at every endpoint is lost whatever is unknown before', () => {
    const untold = (document: { SecurityGroups: readonly { GroupId: string }[] }): unknown => ({
      SecurityGroups: document.SecurityGroups.filter(({ GroupId: id }) => id !== 'sg-client'),
    });
    const rules = (document: { SecurityGroupRules: readonly { GroupId: string }[] }): unknown => ({
      SecurityGroupRules: document.SecurityGroupRules.filter(({ GroupId: id }) => id !== 'sg-client'),
    });
    const files = { 'describe-security-groups.json': untold, 'describe-security-group-rules.json': rules };
    const version = nodePorts(files);
    expect(askNode(version, N1, 30_080)).toMatchObject({ verdict: 'unknown', outcome: 'unknown' });
    expect(askNode(version, N1, 30_443)).toMatchObject({ verdict: 'unknown', outcome: 'denied' });
    expect(askNode(version, N1, 30_099)).toMatchObject({ verdict: 'unknown', outcome: 'unreachable' });
  });

  test('an endpoint at the NodePort of another node is followed to that node, not in a circle', () => {
    const circle = each('web', (item) => ({
      ...item,
      endpoints: [{ addresses: [item.metadata.name === 'web-a' ? N1 : N2] }],
      ports: [{ name: 'http', port: 30_080 }],
    }));
    const { forwards } = askNode(nodePorts({ [SLICES]: circle }), N1, 30_080);
    expect(forwards.map((one) => [one.at, one.same_node, one.forwards])).toEqual([
      ['eni-n1', true, []],
      ['eni-n2', false, []],
    ]);
  });

  test('the reply comes back where every endpoint answers', () => {
    const acls = (document: { NetworkAcls: readonly { Entries: readonly object[] }[] }): unknown => ({
      NetworkAcls: document.NetworkAcls.map((acl, i) => ({
        ...acl,
        Entries: i === 0 ? acl.Entries : acl.Entries.filter((entry) => !('Egress' in entry && entry.Egress)),
      })),
    });
    const explained = askNode(nodePorts({ 'describe-network-acls.json': acls }), N1, 30_053);
    expect(explained).toMatchObject({ outcome: 'delivered', reply: { verdict: 'allow' } });
    expect(explained.way_back).toMatchObject({
      outcome: 'denied',
      reason: 'at its one endpoint: acl-b/egress/* at eni-n2',
    });
  });
});
