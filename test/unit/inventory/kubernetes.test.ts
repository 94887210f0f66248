import { describe, expect, it } from 'vitest';
import type { PodInterval } from '../../../src/inventory/inventory.ts';
import { inventoryFromDocuments, type LoadedInventory } from '../../../src/inventory/load.ts';
import { parseCsvRows } from '../../../src/inventory/pod-history.ts';
import { formatAddress } from '../../../src/model/ip.ts';
import { load, only } from './loading.ts';

const podsOf = (...contents: readonly unknown[]): readonly PodInterval[] => only(load(...contents)).pods;

interface PodParts {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
}

function pod(name: string, { metadata = {}, spec = {}, status = {} }: PodParts = {}): object {
  return {
    kind: 'Pod',
    metadata: { name, namespace: 'shop', ...metadata },
    spec,
    status: { phase: 'Running', podIP: '10.0.1.11', ...status },
  };
}

const controlledBy = (kind: string, name: string): object => ({ ownerReferences: [{ kind, name, controller: true }] });

describe('pods', () => {
  it('live from startTime, else creationTimestamp, else always; finished ones until their last container ended', () => {
    const terminated = (finishedAt: string): object => ({ state: { terminated: { finishedAt } } });
    const created = { creationTimestamp: '2024-12-20T10:00:00Z' };
    const pods = podsOf({
      kind: 'PodList',
      items: [
        pod('a', { metadata: created, status: { startTime: '2024-12-20T10:00:05Z' } }),
        pod('b', { metadata: created }),
        pod('c'),
        pod('d', {
          status: {
            phase: 'Succeeded',
            containerStatuses: [terminated('2024-12-20T11:00:00Z'), terminated('2024-12-20T11:00:09Z')],
          },
        }),
        pod('e', { status: { phase: 'Failed' } }),
        pod('f', { status: { podIP: 'null', podIPs: null } }),
      ],
    });
    const start = Date.parse('2024-12-20T10:00:00Z') / 1000;
    expect(pods.map((p) => [p.name, p.startSeconds, p.endSeconds])).toEqual([
      ['a', start + 5, Number.POSITIVE_INFINITY],
      ['b', start, Number.POSITIVE_INFINITY],
      ['c', Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
      ['d', Number.NEGATIVE_INFINITY, start + 3609],
    ]);
  });

  it('of several lists and documents are each there once', () => {
    const twice = pod('a', {
      metadata: { uid: 'u1' },
      status: { podIPs: [{ ip: '10.0.1.11' }, { ip: '2001:db8:0::11' }] },
    });
    const pods = podsOf(
      { kind: 'List', items: [twice, pod('b')] },
      { kind: 'PodList', items: [twice] },
      pod('b'),
      pod('b', { status: { podIP: '10.0.1.12' } }),
    );
    expect(pods.map((p) => [p.name, formatAddress(p.address)])).toEqual([
      ['a', '10.0.1.11'],
      ['a', '2001:db8::11'],
      ['b', '10.0.1.11'],
      ['b', '10.0.1.12'],
    ]);
  });

  it.each([
    [
      controlledBy('ReplicaSet', 'web-7d9f8b'),
      [
        {
          kind: 'ReplicaSet',
          metadata: { name: 'web-7d9f8b', namespace: 'shop', ...controlledBy('Deployment', 'web') },
        },
      ],
      'Deployment/web',
    ],
    [
      controlledBy('ReplicaSet', 'lone'),
      [{ kind: 'ReplicaSet', metadata: { name: 'lone', namespace: 'shop' } }],
      'ReplicaSet/lone',
    ],
    [{ ...controlledBy('ReplicaSet', 'web-7d9f8b'), labels: { 'pod-template-hash': '7d9f8b' } }, [], 'Deployment/web'],
    [controlledBy('ReplicaSet', 'web-7d9f8b'), [], 'ReplicaSet/web-7d9f8b'],
    [
      controlledBy('Job', 'tidy'),
      [{ kind: 'Job', metadata: { name: 'tidy', namespace: 'shop', ...controlledBy('CronJob', 'nightly') } }],
      'CronJob/nightly',
    ],
    [controlledBy('Job', 'tidy-28912345'), [], 'CronJob/tidy'],
    [controlledBy('Job', 'import-20240101'), [], 'Job/import-20240101'],
    [controlledBy('DaemonSet', 'agent'), [], 'DaemonSet/agent'],
    [controlledBy('Node', 'n1'), [], 'Pod/a'],
    [{ ownerReferences: [{ kind: 'ReplicaSet', name: 'x' }] }, [], 'Pod/a'],
  ])('controlled by %j belong to a workload', (metadata, others, workload) => {
    expect(podsOf(pod('a', { metadata }), ...others)[0]?.workload).toBe(workload);
  });

  it('listen on container ports and on the target ports of the Services that select them', () => {
    const ports = [
      { name: 'http', containerPort: 8080, hostPort: 80 },
      { name: 'http', containerPort: 53, protocol: 'UDP' },
    ];
    const spec = {
      hostNetwork: false,
      containers: [{ ports }, { ports: null }],
      initContainers: [
        { restartPolicy: 'Always', ports: [{ containerPort: 15_001 }] },
        { ports: [{ containerPort: 1 }] },
      ],
    };
    const service = (name: string, more: object, namespace = 'shop'): object => {
      return { kind: 'Service', metadata: { name, namespace }, spec: { selector: { app: 'web' }, ...more } };
    };
    const [found] = podsOf(
      pod('a', { metadata: { labels: { app: 'web', v: '1' } }, spec }),
      service('by-name', { ports: [{ port: 80, targetPort: 'http' }] }),
      service('by-number', { ports: [{ port: 81, targetPort: 9090 }, { port: 82, targetPort: '9091' }, { port: 83 }] }),
      service('sctp', { ports: [{ port: 84, protocol: 'SCTP' }] }),
      service('other-namespace', { ports: [{ port: 90 }] }, 'pay'),
      service('other-labels', { selector: { app: 'web', v: '2' }, ports: [{ port: 91 }] }),
      service('no-selector', { selector: null, ports: [{ port: 92 }] }),
    );
    const text = (found?.listeners ?? []).map((l) => `${l.protocol}/${l.port}`);
    expect(text).toEqual(['6/8080', '17/53', '6/15001', '6/9090', '6/9091', '6/83', '132/84']);
    expect(found?.hostListeners).toEqual([{ protocol: 6, port: 80 }]);
  });

  it('are in the VPC of their node, of its address, or of their branch interface', () => {
    const aws = {
      NetworkInterfaces: [
        {
          NetworkInterfaceId: 'eni-1',
          VpcId: 'vpc-a',
          PrivateIpAddress: '10.0.1.10',
          Attachment: { InstanceId: 'i-1', DeviceIndex: 0 },
        },
        { NetworkInterfaceId: 'eni-2', VpcId: 'vpc-b', PrivateIpAddress: '10.0.1.10' },
        { NetworkInterfaceId: 'eni-3', VpcId: 'vpc-b', PrivateIpAddress: '10.0.1.13' },
      ],
    };
    const node = { kind: 'Node', metadata: { name: 'n1' }, spec: { providerID: 'aws:///us-east-1a/i-1' } };
    const annotations = { 'vpc.amazonaws.com/pod-eni': '[{"eniId":"eni-3","vlanID":1}]' };
    const pods = podsOf(
      aws,
      node,
      pod('by-node', { spec: { nodeName: 'n1' } }),
      pod('by-host', { status: { hostIP: '10.0.1.13' } }),
      pod('ambiguous', { status: { hostIP: '10.0.1.10' } }),
      pod('branch', { metadata: { annotations }, spec: { nodeName: 'n1' } }),
      pod('unknown'),
    );
    expect(pods.map((p) => [p.name, p.vpcId, p.eniId])).toEqual([
      ['ambiguous', null, null],
      ['branch', 'vpc-b', 'eni-3'],
      ['by-host', 'vpc-b', null],
      ['by-node', 'vpc-a', null],
      ['unknown', null, null],
    ]);
  });

  it.each([
    [pod('a', { status: { podIP: '10.0.0' } }), '0.json: status.podIP: got "10.0.0", expected an IPv4 or IPv6 address'],
    [
      pod('a', { status: { startTime: '2024-12-20T10:00:00' } }),
      '0.json: status.startTime: got "2024-12-20T10:00:00", expected an RFC 3339 time in UTC',
    ],
    [
      pod('a', { spec: { containers: [{ ports: [{ containerPort: 70_000 }] }] } }),
      '0.json: spec.containers[0].ports[0].containerPort: got 70000',
    ],
    [
      pod('a', { spec: { containers: [{ ports: [{ containerPort: 1, protocol: 'tpc' }] }] } }),
      'ports[0].protocol: got "tpc", expected TCP, UDP or SCTP',
    ],
    [
      pod('a', { metadata: { annotations: { 'vpc.amazonaws.com/pod-eni': '[' } } }),
      'metadata.annotations["vpc.amazonaws.com/pod-eni"]: got "[", expected a JSON list',
    ],
  ])('with wrong values fail with file and path', (content, message) => {
    expect(() => load(content)).toThrow(message);
  });
});

describe('nodes, services and policies', () => {
  it('are read with what attribution needs', () => {
    const inventory = only(
      load(
        {
          kind: 'NodeList',
          items: [
            {
              metadata: {
                name: 'n1',
                labels: { 'topology.kubernetes.io/zone': 'us-east-1a', 'topology.k8s.aws/zone-id': 'use1-az1' },
              },
              spec: { providerID: 'aws:///us-east-1a/i-0a' },
              status: {
                addresses: [
                  { type: 'InternalIP', address: '10.0.1.10' },
                  { type: 'Hostname', address: 'n1' },
                ],
              },
            },
            {
              metadata: { name: 'f1', labels: { 'eks.amazonaws.com/compute-type': 'fargate' } },
              spec: { providerID: 'aws:///us-east-1a/ab/fargate-ip-1' },
            },
          ],
        },
        {
          kind: 'Service',
          metadata: { name: 'web', namespace: 'shop' },
          spec: {
            type: 'NodePort',
            clusterIP: '172.20.0.1',
            clusterIPs: ['172.20.0.1'],
            ports: [
              { port: 80, nodePort: 30_080 },
              { port: 53, protocol: 'UDP', nodePort: 30_053 },
            ],
          },
        },
        { kind: 'Service', metadata: { name: 'headless', namespace: 'shop' }, spec: { clusterIP: 'None' } },
        {
          kind: 'List',
          items: [{ kind: 'NetworkPolicy', metadata: { name: 'deny', namespace: 'shop' } }, { kind: 'Namespace' }],
        },
      ),
    );
    expect(
      inventory.nodes.map((n) => [n.name, n.instanceId, n.zone, n.fargate, n.addresses.map(formatAddress).join()]),
    ).toEqual([
      ['f1', null, null, true, ''],
      ['n1', 'i-0a', 'use1-az1', false, '10.0.1.10'],
    ]);
    expect(
      inventory.services.map((s) => [s.name, s.type, s.clusterAddresses.map(formatAddress), s.nodePorts.length]),
    ).toEqual([
      ['headless', null, [], 0],
      ['web', 'NodePort', ['172.20.0.1'], 2],
    ]);
    expect(inventory.networkPolicies).toBe(1);
    expect([...inventory.described].sort()).toEqual(['NetworkPolicies', 'Nodes', 'Services']);
  });
});

describe('pod history', () => {
  const loadCsv = async (text: string, ...contents: readonly unknown[]): Promise<LoadedInventory> => {
    const csv = { file: 'pods.csv', content: null, csv: await parseCsvRows(text, 'pods.csv') };
    return inventoryFromDocuments([csv, ...contents.map((content, i) => ({ file: `${i}.json`, content }))]);
  };

  it('is read with columns in any order, times in RFC 3339 or epoch seconds, blank lines and quotes', async () => {
    const text = [
      'start,end,pod,namespace,ip,workload',
      '2024-12-20T10:00:00Z,1734692400,a,shop,10.0.1.11,Deployment/a',
      '',
      ',null,"b",shop,2001:db8::1,',
      '5,5,c,shop,10.0.1.13,',
      ',,d,shop,,',
    ].join('\r\n');
    const loaded = await loadCsv(text);
    expect(only(loaded).pods.map((p) => [p.name, p.workload, p.nodeName, p.startSeconds, p.endSeconds])).toEqual([
      ['a', 'Deployment/a', null, 1_734_688_800, 1_734_692_400],
      ['b', null, null, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    ]);
    expect(loaded.warnings.map((w) => `${w.file} ${w.path}: ${w.message}`)).toEqual([
      'pods.csv line 5: pod c starts at 5, not before its end 5: the line is not used',
      'pods.csv line 6: pod d has no address: the line is not used',
    ]);
    expect(only(loaded).described.has('Pods')).toBe(true);
  });

  it("joins a pod that a list has too, and knows that a node's own address is hostNetwork", async () => {
    const loaded = await loadCsv(
      'ip,namespace,pod,node,workload,start,end\n10.0.1.11,shop,a,n1,,,1734692400\n10.0.1.10,kube-system,proxy,n1,,,\n',
      { kind: 'PodList', items: [pod('a', { metadata: { uid: 'u1' } })] },
      { kind: 'Node', metadata: { name: 'n1' }, spec: { providerID: 'aws:///z/i-1' } },
      {
        NetworkInterfaces: [
          {
            NetworkInterfaceId: 'eni-1',
            VpcId: 'vpc-a',
            PrivateIpAddress: '10.0.1.10',
            Attachment: { InstanceId: 'i-1', DeviceIndex: 0 },
          },
        ],
      },
    );
    expect(only(loaded).pods.map((p) => [p.name, p.uid, p.nodeName, p.vpcId, p.endSeconds, p.hostNetwork])).toEqual([
      ['proxy', null, 'n1', 'vpc-a', Number.POSITIVE_INFINITY, true],
      ['a', 'u1', 'n1', 'vpc-a', 1_734_692_400, false],
    ]);
  });

  it.each([
    ['10.0.0.300,shop,a,1,2', 'pods.csv:2: ip: got "10.0.0.300", expected an IPv4 or IPv6 address'],
    [
      '10.0.0.3,shop,a,2024-12-20T10:00:00,',
      'pods.csv:2: start: got "2024-12-20T10:00:00", expected an RFC 3339 time in UTC or epoch seconds',
    ],
    ['10.0.0.3,shop,a,,1734688800000', 'pods.csv:2: end: got "1734688800000", expected'],
    ['10.0.0.3,shop,,,', 'pods.csv:2: pod: got nothing, expected the name of a pod'],
    ['10.0.0.3,"sh\nop",a,,\n10.0.0.3,shop,a', 'pods.csv:4: got 3 cells, expected 5'],
  ])('with a wrong value fails with file:line: %s', async (rows, message) => {
    await expect(loadCsv(`ip,namespace,pod,start,end\n${rows}\n`)).rejects.toThrow(message);
  });
});
