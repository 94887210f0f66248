/** Hand-made lines of pod histories, shaped as API server, kubectl, Prometheus and ipamd print them. */

/** 2026-01-15T10:00:00Z, Unix seconds. */
export const T0 = 1_768_471_200;

export function instantAt(second: number): string {
  return new Date((T0 + second) * 1000).toISOString();
}

export interface AuditPod {
  readonly uid: string;
  readonly name: string;
  readonly namespace?: string;
  readonly node?: string;
}

function auditEvent(second: number, verb: string, pod: AuditPod, more: object): object {
  const { namespace = 'shop', name } = pod;
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Request',
    stage: 'ResponseComplete',
    verb,
    user: { username: `system:node:${pod.node ?? 'n1'}`, groups: ['system:nodes'] },
    objectRef: { resource: 'pods', namespace, name, apiVersion: 'v1' },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: instantAt(second).replace('Z', '000Z'),
    ...more,
  };
}

export const audit = {
  create: (second: number, pod: AuditPod, spec: object = {}, labels: object = {}): object =>
    auditEvent(second, 'create', pod, {
      level: 'RequestResponse',
      user: { username: 'system:serviceaccount:kube-system:replicaset-controller' },
      objectRef: { resource: 'pods', namespace: pod.namespace ?? 'shop', apiVersion: 'v1' },
      responseStatus: { code: 201 },
      responseObject: {
        kind: 'Pod',
        metadata: {
          ...{ name: pod.name, namespace: pod.namespace ?? 'shop', uid: pod.uid, labels },
          ownerReferences: [{ kind: 'ReplicaSet', name: pod.name.replace(/-[^-]+$/, ''), controller: true }],
        },
        spec: { containers: [{ name: 'main', ports: [{ containerPort: 8080 }] }], serviceAccountName: 'web', ...spec },
        status: { phase: 'Pending' },
      },
    }),
  bind: (second: number, pod: AuditPod): object =>
    auditEvent(second, 'create', pod, {
      user: { username: 'system:kube-scheduler' },
      objectRef: {
        ...{ resource: 'pods', subresource: 'binding', namespace: pod.namespace ?? 'shop', name: pod.name },
        uid: pod.uid,
      },
      requestObject: { kind: 'Binding', target: { kind: 'Node', name: pod.node ?? 'n1' } },
    }),
  status: (second: number, pod: AuditPod, status: object): object =>
    auditEvent(second, 'patch', pod, {
      objectRef: {
        ...{ resource: 'pods', subresource: 'status', namespace: pod.namespace ?? 'shop', name: pod.name },
      },
      requestObject: { metadata: { uid: pod.uid }, status },
    }),
  running: (second: number, pod: AuditPod, ip: string, started = second): object =>
    audit.status(second, pod, {
      '$setElementOrder/podIPs': [{ ip }],
      ...{ phase: 'Running', podIP: ip, podIPs: [{ ip }], hostIP: '10.0.1.10', startTime: instantAt(started) },
    }),
  finish: (second: number, pod: AuditPod, phase = 'Succeeded'): object => audit.status(second, pod, { phase }),
  delete: (second: number, pod: AuditPod, grace = 0, user = `system:node:${pod.node ?? 'n1'}`): object =>
    auditEvent(second, 'delete', pod, {
      user: { username: user },
      requestObject: { kind: 'DeleteOptions', gracePeriodSeconds: grace, preconditions: { uid: pod.uid } },
    }),
} as const;

export function lines(events: readonly object[]): string {
  return `${events.map((event) => JSON.stringify(event)).join('\n')}\n`;
}

/** The same as CloudWatch exports them: each line after the time of its ingestion. */
export function exported(events: readonly object[]): string {
  return events.map((event) => `${instantAt(1)} ${JSON.stringify(event)}\n`).join('');
}

/** A pod as the API shows it. */
export function podObject(
  pod: AuditPod,
  ip: string | null,
  more: { readonly start?: number; readonly phase?: string } = {},
): object {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: pod.name, namespace: pod.namespace ?? 'shop', uid: pod.uid },
    spec: { nodeName: pod.node ?? 'n1', containers: [] },
    status: {
      phase: more.phase ?? 'Running',
      ...(ip === null ? {} : { podIP: ip, podIPs: [{ ip }] }),
      hostIP: '10.0.1.10',
      ...(more.start === undefined ? {} : { startTime: instantAt(more.start) }),
    },
  };
}

/** A series of kube-state-metrics: samples every `step` seconds from `first` to `last`. */
export function series(labels: Readonly<Record<string, string>>, first: number, last: number, step = 30): object {
  const values: [number, string][] = [];
  for (let second = first; second <= last; second += step) values.push([T0 + second, '1']);
  return {
    metric: { __name__: 'kube_pod_info', namespace: 'shop', node: 'n1', host_ip: '10.0.1.10', ...labels },
    values,
  };
}

export function matrix(result: readonly object[]): object {
  return { status: 'success', data: { resultType: 'matrix', result } };
}
