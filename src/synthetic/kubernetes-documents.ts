import { dotted } from './addresses.ts';
import { balancerHost } from './gateway-documents.ts';
import { ACCOUNT, CLUSTER, REGION, SERVICE_RANGE, ZONES } from './plan.ts';
import { element } from './random.ts';
import { FOREVER, podName, type Workload, type World } from './world.ts';

/** `kubectl get … -A -o json`: a List of items. */
export interface KubernetesDocument {
  readonly file: string;
  readonly items: Iterable<unknown>;
}

export const POD_LIST = 'kubectl-get-pods.json';

export function kubernetesDocuments(world: World): KubernetesDocument[] {
  return [
    { file: POD_LIST, items: pods(world) },
    { file: 'kubectl-get-nodes.json', items: nodes(world) },
    { file: 'kubectl-get-services.json', items: services(world) },
    { file: 'kubectl-get-replicasets.json', items: replicaSets(world) },
    { file: 'kubectl-get-daemonsets.json', items: daemonSets(world) },
  ];
}

/** RFC 3339, whole seconds, as the Kubernetes API prints it. */
export function instantText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

function uid(...numbers: readonly number[]): string {
  const [a = 0, b = 0] = numbers;
  const hex = (value: number, digits: number): string => (value >>> 0).toString(16).padStart(8, '0').slice(-digits);
  const first = `${hex(Math.imul(a + 1, 0x9e37_79b1), 8)}-${hex(b, 4)}`;
  return `${first}-4${hex(a, 3)}-8${hex(b >>> 4, 3)}-${hex(a, 8)}${hex(b, 4)}`;
}

/** Different in every world, as uids are. */
export function podUid({ options }: World, life: number): string {
  return uid(life, Math.imul(options.seed + 1, 0x9e37_79b1) | 1);
}

function labels(workload: Workload): Record<string, string> {
  return {
    app: workload.name,
    ...(workload.kind === 'Deployment' ? { 'pod-template-hash': workload.templateHash } : {}),
  };
}

/**
 * Pods the API server still has at the end of the span: the living, and finished Jobs, which keep their podIP
 * although the address is given away again. Replaced pods stand in the pod history instead.
 */
function* pods(world: World): Iterable<unknown> {
  const { lives, workloads } = world;
  for (let life = 0; life < lives.count; life++) {
    const w = lives.workload[life] ?? 0;
    if (isListed(world, life)) yield pod(world, life, w, element(workloads, w));
  }
}

/** True when the pod stands in the pod list, false when only the history has it. */
export function isListed({ lives, workloads }: World, life: number): boolean {
  return lives.end[life] === FOREVER || workloads[lives.workload[life] ?? 0]?.kind === 'Job';
}

/** Life's pod as the API server shows it at the end of the span. */
export function pod(world: World, life: number, w: number, workload: Workload): unknown {
  const { lives, nodes, enis } = world;
  const node = element(nodes, lives.node[life] ?? 0);
  const podIP = dotted(lives.address[life] ?? 0);
  const hostIP = dotted(element(enis, node.primaryEni).primary);
  const end = lives.end[life] ?? FOREVER;
  const startTime = instantText(lives.start[life] ?? 0);
  const state =
    end === FOREVER
      ? { running: { startedAt: startTime } }
      : { terminated: { exitCode: 0, reason: 'Completed', startedAt: startTime, finishedAt: instantText(end) } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(world, life),
      namespace: workload.namespace,
      uid: podUid(world, life),
      creationTimestamp: startTime,
      labels: labels(workload),
      ...(workload.branch ? { annotations: { 'vpc.amazonaws.com/pod-eni': podEni(world, life) } } : {}),
      ownerReferences: [{ apiVersion: 'apps/v1', ...owner(workload, w), controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      nodeName: node.name,
      ...(workload.hostNetwork ? { hostNetwork: true } : {}),
      containers: [{ name: workload.name, image: `registry.example/${workload.name}:1`, ...ports(workload) }],
    },
    status: {
      phase: end === FOREVER ? 'Running' : 'Succeeded',
      hostIP,
      podIP,
      podIPs: [{ ip: podIP }],
      startTime,
      containerStatuses: [{ name: workload.name, ready: end === FOREVER, state }],
    },
  };
}

function ports(workload: Workload): object {
  if (!workload.declared || workload.port === 0) return {};
  const one = (protocol: string): object => ({
    containerPort: workload.port,
    ...(workload.hostNetwork ? { hostPort: workload.port } : {}),
    protocol,
  });
  // CoreDNS serves both
  return { ports: workload.port === 53 ? [one('UDP'), one('TCP')] : [one(workload.protocol === 17 ? 'UDP' : 'TCP')] };
}

function owner(workload: Workload, w: number): { kind: string; name: string; uid: string } {
  if (workload.kind !== 'Deployment') return { kind: workload.kind, name: workload.name, uid: uid(w, 2) };
  return { kind: 'ReplicaSet', name: `${workload.name}-${workload.templateHash}`, uid: uid(w, 3) };
}

function podEni({ lives, enis }: World, life: number): string {
  const eni = element(enis, lives.eni[life] ?? 0);
  const vlan = eni.tags.find(([key]) => key.endsWith('vlan-id'))?.[1] ?? '1';
  return JSON.stringify([{ eniId: eni.id, privateIp: dotted(eni.primary), vlanId: Number(vlan), subnetCidr: '' }]);
}

function* nodes(world: World): Iterable<unknown> {
  for (const [i, node] of world.nodes.entries()) {
    const zone = element(ZONES, node.zone).name;
    yield {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: node.name,
        uid: uid(i, 4),
        labels: {
          'topology.kubernetes.io/zone': zone,
          'topology.kubernetes.io/region': REGION,
          'node.kubernetes.io/instance-type': 'm6i.2xlarge',
        },
      },
      spec: { providerID: `aws:///${zone}/${node.instanceId}` },
      status: {
        addresses: [
          { type: 'InternalIP', address: dotted(element(world.enis, node.primaryEni).primary) },
          { type: 'InternalDNS', address: node.name },
        ],
      },
    };
  }
}

function* services(world: World): Iterable<unknown> {
  for (const [w, workload] of world.workloads.entries()) {
    if (workload.service === null) continue;
    const clusterIP = dotted(SERVICE_RANGE.base + 10 + w);
    const port = (protocol: string): object => ({
      name: `${protocol.toLowerCase()}-${workload.port}`,
      port: workload.port === 53 ? 53 : 80,
      protocol,
      targetPort: workload.port,
      ...(workload.nodePort === 0 ? {} : { nodePort: workload.nodePort }),
    });
    yield {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: workload.name,
        namespace: workload.namespace,
        uid: uid(w, 5),
        annotations: balancerAnnotations(workload),
      },
      spec: {
        type: workload.service,
        clusterIP,
        clusterIPs: [clusterIP],
        selector: { app: workload.name },
        ports: workload.port === 53 ? [port('UDP'), port('TCP')] : [port(workload.protocol === 17 ? 'UDP' : 'TCP')],
        ...(workload.nodePort === 0 ? {} : { externalTrafficPolicy: 'Local' }),
      },
      status: {
        loadBalancer:
          workload.service === 'LoadBalancer'
            ? { ingress: [{ hostname: balancerHost(world.ids.networkLoadBalancer) }] }
            : {},
      },
    };
  }
}

function balancerAnnotations(workload: Workload): Record<string, string> {
  return workload.service === 'LoadBalancer'
    ? { 'service.beta.kubernetes.io/aws-load-balancer-nlb-target-type': 'ip' }
    : {};
}

function* replicaSets(world: World): Iterable<unknown> {
  for (const [w, workload] of world.workloads.entries()) {
    if (workload.kind !== 'Deployment') continue;
    yield {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${workload.name}-${workload.templateHash}`,
        namespace: workload.namespace,
        uid: uid(w, 3),
        labels: labels(workload),
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'Deployment', name: workload.name, uid: uid(w, 2), controller: true },
        ],
      },
      spec: { replicas: workload.replicas },
    };
  }
}

/** aws-node carries the setting that keeps pod addresses on the wire up to the NAT gateway. */
function* daemonSets(world: World): Iterable<unknown> {
  for (const [w, workload] of world.workloads.entries()) {
    if (workload.kind !== 'DaemonSet') continue;
    const env = [
      { name: 'AWS_VPC_K8S_CNI_EXTERNALSNAT', value: 'true' },
      { name: 'ENABLE_POD_ENI', value: 'true' },
      { name: 'CLUSTER_NAME', value: CLUSTER },
      { name: 'AWS_ACCOUNT_ID', value: ACCOUNT },
    ];
    yield {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: workload.name, namespace: workload.namespace, uid: uid(w, 2) },
      spec: {
        template: {
          spec: {
            hostNetwork: true,
            containers: [{ name: workload.name, ...(workload.name === 'aws-node' ? { env } : {}) }],
          },
        },
      },
    };
  }
}

/** The pod history CSV: pods the API server has forgotten, or all. */
export function* podHistory(world: World, all = false): Iterable<string> {
  const { lives, workloads, nodes } = world;
  yield 'ip,namespace,pod,node,workload,start,end\n';
  for (let life = 0; life < lives.count; life++) {
    if (!all && isListed(world, life)) continue;
    const workload = element(workloads, lives.workload[life] ?? 0);
    const node = element(nodes, lives.node[life] ?? 0);
    const ended = lives.end[life] ?? FOREVER;
    const [start, end] = [instantText(lives.start[life] ?? 0), ended === FOREVER ? '' : instantText(ended)];
    const owner = `${workload.kind}/${workload.name}`;
    const pod = `${dotted(lives.address[life] ?? 0)},${workload.namespace},${podName(world, life)}`;
    yield `${pod},${node.name},${owner},${start},${end}\n`;
  }
}
