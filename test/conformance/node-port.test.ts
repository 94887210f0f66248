import { describe, expect, test } from 'vitest';
import { askNode, nodePorts, shortForwards } from '../support/node-ports.ts';

interface NodePortCase {
  readonly id: string;
  readonly citation: string;
  readonly to: string;
  readonly port: number;
  readonly protocol?: number;
  readonly outcome: string;
  readonly reason?: string;
  /** Endpoints in short, as shortForwards writes them. */
  readonly forwards: readonly string[];
}

const SOURCE_IP = 'Kubernetes, "Using Source IP", Source IP for Services with Type=NodePort';
const VIRTUAL_IPS = 'Kubernetes, "Virtual IPs and Service Proxies", External traffic policy';
const N1 = '10.20.1.10';
const N2 = '10.20.2.10';
const N3 = '10.20.2.30';

const CASES: readonly NodePortCase[] = [
  {
    id: 'K01',
    citation: `${SOURCE_IP}: the node replaces the source by its own address; Service, "Port definitions"`,
    to: N1,
    port: 30_080,
    outcome: 'delivered',
    forwards: [
      'shop/web-1 10.20.1.11:8080 ready from 10.20.1.10 inside: allow delivered',
      'shop/web-2 10.20.2.11:8081 ready from 10.20.1.10 by eni-n2: allow delivered',
    ],
  },
  {
    id: 'K02',
    citation: `${SOURCE_IP}; VPC User Guide, "Security group rules": sg-pay lets in sg-client, not the node`,
    to: N1,
    port: 30_443,
    outcome: 'denied',
    reason: 'at its one endpoint: implicit-deny at eni-branch',
    forwards: ['pay/ledger-0 10.20.2.50:8443 ready from 10.20.1.10 by eni-branch: deny denied'],
  },
  {
    id: 'K03',
    citation: 'EKS User Guide, "Assign security groups to individual Pods": strict mode, by the branch on its own node',
    to: N2,
    port: 30_443,
    outcome: 'denied',
    reason: 'at its one endpoint: implicit-deny at eni-branch',
    forwards: ['pay/ledger-0 10.20.2.50:8443 ready from 10.20.2.10 by eni-branch: deny denied'],
  },
  {
    id: 'K04',
    citation:
      'VPC User Guide, "Control subnet traffic with network access control lists": the second hop crosses subnets',
    to: N1,
    port: 30_091,
    outcome: 'unknown',
    reason: 'it depends on the endpoint: 1 delivered, 1 denied',
    forwards: [
      'shop/web-1 10.20.1.11:9091 ready from 10.20.1.10 inside: allow delivered',
      'shop/web-2 10.20.2.11:9091 ready from 10.20.1.10 by eni-n2: deny denied',
    ],
  },
  {
    id: 'K05',
    citation: `${VIRTUAL_IPS}: Local goes to endpoints of the node, which see the client`,
    to: N1,
    port: 31_443,
    outcome: 'delivered',
    forwards: ['edge/gateway-1 10.20.1.12:8443 ready from 10.20.0.10 inside: allow delivered'],
  },
  {
    id: 'K06',
    citation: 'KEP-1669, Proxy Terminating Endpoints: without a ready one on the node those that end serve on',
    to: N2,
    port: 31_443,
    outcome: 'delivered',
    forwards: ['edge/gateway-2 10.20.2.12:8443 terminating from 10.20.0.10 inside: allow delivered'],
  },
  {
    id: 'K07',
    citation: `${SOURCE_IP}: without a local endpoint packets sent to the node are dropped`,
    to: N3,
    port: 31_443,
    outcome: 'unreachable',
    reason: 'no endpoint of edge/gateway is on node n3: kube-proxy drops it (externalTrafficPolicy Local)',
    forwards: [],
  },
  {
    id: 'K08',
    citation: 'Kubernetes API, ServicePort: one NodePort number may serve UDP and TCP with different targets',
    to: N1,
    port: 30_053,
    protocol: 17,
    outcome: 'delivered',
    forwards: ['dns/resolver-1 10.20.2.13:5353 ready from 10.20.1.10 by eni-n2: allow delivered'],
  },
  {
    id: 'K09',
    citation: 'Kubernetes API, ServicePort: one NodePort number may serve UDP and TCP with different targets',
    to: N1,
    port: 30_053,
    outcome: 'delivered',
    forwards: ['dns/resolver-1 10.20.2.13:5354 ready from 10.20.1.10 by eni-n2: allow delivered'],
  },
  {
    id: 'K10',
    citation: 'kube-proxy, iptables proxier: a Service without endpoints is refused',
    to: N1,
    port: 30_099,
    outcome: 'unreachable',
    reason: 'no endpoint of shop/empty is ready: kube-proxy refuses it',
    forwards: [],
  },
  {
    id: 'K11',
    citation: 'Kubernetes, Service, "Services without selectors": only EndpointSlices tell, and none is described',
    to: N1,
    port: 30_098,
    outcome: 'unknown',
    reason: 'who answers for shop/lost is not known: no EndpointSlice of it, nor a pod that its selector picks',
    forwards: [],
  },
  {
    id: 'K12',
    citation:
      'Kubernetes, Service, "Port definitions": the named port of a pod that the selector picks; no EndpointSlice',
    to: N1,
    port: 30_097,
    outcome: 'delivered',
    forwards: ['shop/plain-1 10.20.1.13:8082 null from 10.20.1.10 inside: allow delivered'],
  },
  {
    id: 'K13',
    citation:
      'Kubernetes, "Using Source IP", Type=LoadBalancer: healthCheckNodePort serves the health check on every node',
    to: N1,
    port: 32_000,
    outcome: 'delivered',
    reason: 'kube-proxy answers the health check of edge/gateway: 200, ready endpoints on node n1',
    forwards: [],
  },
  {
    id: 'K14',
    citation: 'Kubernetes, "Using Source IP", Type=LoadBalancer: nodes without endpoints fail the health check',
    to: N2,
    port: 32_000,
    outcome: 'delivered',
    reason: 'kube-proxy answers the health check of edge/gateway: 503, no ready endpoint on node n2',
    forwards: [],
  },
  {
    id: 'K15',
    citation: "amazon-vpc-cni-k8s: secondary addresses of a node's interface are its pods', and listen for no NodePort",
    to: '10.20.1.11',
    port: 30_080,
    outcome: 'delivered',
    forwards: [],
  },
];

describe('from a NodePort on to the pods behind it', () => {
  const version = nodePorts();

  test.each(CASES)('$id: $citation', ({ to, port, protocol = 6, outcome, reason = null, forwards }) => {
    const explained = askNode(version, to, port, { protocol });
    expect({ outcome: explained.outcome, reason: explained.reason }).toEqual({ outcome, reason });
    expect(shortForwards(explained)).toEqual(forwards);
  });

  test('K16: replies to the node that translated; the answer to the client comes from the node', () => {
    const { forwards, way_back: back, reply } = askNode(version, N1, 30_080);
    expect({ back: back.outcome, reply: reply.verdict }).toEqual({ back: 'delivered', reply: 'allow' });
    const steps = forwards[1]?.way_back.steps.map((s) => `${s.at} ${s.direction} ${s.layer} ${s.verdict ?? s.kind}`);
    expect(steps).toEqual([
      'eni-n2 ingress sg allow',
      'eni-n2 egress nacl allow',
      'eni-n2 egress route local',
      'eni-n1 ingress nacl allow',
      'eni-n1 egress sg allow',
    ]);
  });

  test('K17: instance targets of a load balancer that passes its client on, and what each node does', () => {
    const { forwards } = askNode(version, '10.20.0.50', 443);
    expect(forwards.map((one) => [one.target, one.source, one.outcome, ...shortForwards(one)])).toEqual([
      [
        'i-1',
        '10.20.0.10',
        'delivered',
        'edge/gateway-1 10.20.1.12:8443 ready from 10.20.0.10 inside: allow delivered',
      ],
      [
        'i-2',
        '10.20.0.10',
        'delivered',
        'edge/gateway-2 10.20.2.12:8443 terminating from 10.20.0.10 inside: allow delivered',
      ],
      ['i-3', '10.20.0.10', 'unreachable'],
    ]);
  });
});
