import { closeSync, openSync, writeSync } from 'node:fs';

/** 2026-01-15T10:00:00Z, Unix seconds. */
const FIRST_SECOND = 1_768_471_200;
/** Events of each pod: create, binding, three status patches, delete; as many of other kinds. */
const POD_EVENTS = 6;
const PIECE_CHARS = 4 * 1024 * 1024;

const time = (second: number): string => new Date((FIRST_SECOND + second) * 1000).toISOString().replace('Z', '123Z');

function event(second: number, verb: string, user: string, ref: object, more: object): string {
  return `${JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: '3c9a4d0e-7f0b-4a57-9d0e-1f9f4f6d3f1a',
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/shop/pods',
    verb,
    user: { username: user, groups: ['system:nodes', 'system:authenticated'] },
    sourceIPs: ['10.0.1.10'],
    userAgent: 'kubelet/v1.31.2 (linux/amd64) kubernetes/f4c2f9b',
    objectRef: ref,
    responseStatus: { metadata: {}, code: 200 },
    ...more,
    requestReceivedTimestamp: time(second),
    stageTimestamp: time(second),
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
  })}\n`;
}

/** The containers of a pod, about as long as a small Deployment's. */
function spec(node: string): object {
  const env = Array.from({ length: 12 }, (_, i) => ({ name: `SETTING_${i}`, value: `value-${i}-of-the-application` }));
  const container = (name: string): object => ({
    ...{ name, image: `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/${name}:v1.2.3`, env },
    resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m', memory: '256Mi' } },
    ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
    volumeMounts: [
      { name: 'kube-api-access', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ],
  });
  return { nodeName: node, serviceAccountName: 'web', containers: [container('web'), container('sidecar')] };
}

/** Events of pod `i`; its address is held from second `at` + 3 to `at` + 3 + 60 + i % 50. */
function podEvents(i: number, at: number): string[] {
  const node = `ip-10-0-1-${i % 200}.eu-west-1.compute.internal`;
  const [name, uid] = [`web-7d9f8b6c5d-${i.toString(36).padStart(5, '0')}`, `uid-${i}`];
  const ref = { resource: 'pods', namespace: 'shop', name, uid, apiVersion: 'v1' };
  const ip = `10.${(i >>> 16) & 255}.${(i >>> 8) & 255}.${i & 255}`;
  const kubelet = `system:node:${node}`;
  const labels = { app: 'web', 'pod-template-hash': '7d9f8b6c5d' };
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7d9f8b6c5d', uid: 'rs', controller: true };
  const metadata = { name, generateName: 'web-7d9f8b6c5d-', namespace: 'shop', uid, labels, ownerReferences: [owner] };
  const body = { kind: 'Pod', apiVersion: 'v1', metadata, spec: spec(node), status: { phase: 'Pending' } };
  const patch = (status: object): object => ({ requestObject: { metadata: { uid }, status } });
  const running = { phase: 'Running', podIP: ip, podIPs: [{ ip }], hostIP: '10.0.1.10', startTime: time(at + 1) };
  const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => {
    return { type, status: 'True', lastProbeTime: null, lastTransitionTime: time(at + 3) };
  });
  const remove = { gracePeriodSeconds: 0, preconditions: { uid } };
  return [
    event(at, 'create', 'system:serviceaccount:kube-system:replicaset-controller', ref, {
      requestObject: body,
      responseObject: body,
    }),
    event(
      at + 1,
      'create',
      'system:kube-scheduler',
      { ...ref, subresource: 'binding' },
      { requestObject: { target: { name: node } } },
    ),
    event(at + 2, 'patch', kubelet, { ...ref, subresource: 'status' }, patch({ conditions })),
    event(at + 3, 'patch', kubelet, { ...ref, subresource: 'status' }, patch({ ...running, conditions })),
    event(at + 30, 'patch', kubelet, { ...ref, subresource: 'status' }, patch({ conditions })),
    event(at + 63 + (i % 50), 'delete', kubelet, ref, { requestObject: remove }),
  ];
}

/** What else a cluster writes: leases renewed, pods listed, endpoints changed. */
function otherEvent(i: number, at: number): string {
  const user = `system:node:ip-10-0-1-${i % 200}.eu-west-1.compute.internal`;
  if (i % 3 === 0)
    return event(at, 'list', 'system:serviceaccount:monitoring:prometheus', { resource: 'pods', apiVersion: 'v1' }, {});
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    spec: { holderIdentity: user, renewTime: time(at) },
  };
  const ref = { resource: 'leases', namespace: 'kube-node-lease', name: user, apiGroup: 'coordination.k8s.io' };
  return event(at, 'update', user, ref, { requestObject: lease, responseObject: lease });
}

export interface AuditLog {
  /** Seconds of all intervals together: what a right reading finds. */
  readonly heldSeconds: number;
  readonly bytes: number;
  readonly lines: number;
}

/** Writes a log of `pods` lives, as lines. */
export function writeAuditLog(path: string, pods: number): AuditLog {
  const file = openSync(path, 'w');
  let [heldSeconds, bytes, lines, text] = [0, 0, 0, ''];
  for (let i = 0; i < pods; i++) {
    heldSeconds += 60 + (i % 50);
    for (const line of podEvents(i, Math.floor(i / 10))) text += line;
    for (let k = 0; k < POD_EVENTS; k++) text += otherEvent(i * POD_EVENTS + k, Math.floor(i / 10));
    lines += 2 * POD_EVENTS;
    if (text.length < PIECE_CHARS && i < pods - 1) continue;
    bytes += writeSync(file, text);
    text = '';
  }
  closeSync(file);
  return { heldSeconds, bytes, lines };
}
