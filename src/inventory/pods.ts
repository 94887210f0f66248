import { type Address, sameAddress } from '../model/ip.ts';
import { Cursor } from './cursor.ts';
import { type EndpointSlice, ServedBySlices } from './endpoint-slices.ts';
import type { PodInterval, PodSource } from './inventory.ts';
import {
  type DescribedService,
  distinctListeners,
  type OwnedObject,
  type Owner,
  readController,
  readPort,
  readPortProtocol,
} from './kubernetes.ts';
import type { ServedPort } from './service.ts';

/** A declared port of a container. */
export interface PodPort {
  readonly name: string | null;
  readonly protocol: number;
  readonly containerPort: number | null;
  readonly hostPort: number | null;
}

/** An address a pod certainly held in [start, end) and possibly in [softStart, softEnd); Unix seconds. */
export interface PodSpan {
  readonly address: Address;
  readonly softStart: number;
  readonly start: number;
  readonly end: number;
  readonly softEnd: number;
}

/** What one source tells of one pod; workload, VPC and Service ports are settled when all documents are known. */
export interface DescribedPod {
  readonly source: PodSource;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
  readonly labels: ReadonlyMap<string, string>;
  readonly controller: Owner | null;
  /** `Deployment/web` where the source itself says so. */
  readonly workload: string | null;
  readonly nodeName: string | null;
  readonly hostAddress: Address | null;
  readonly eniId: string | null;
  readonly serviceAccount: string | null;
  /** null = the source has no such field. */
  readonly hostNetwork: boolean | null;
  readonly spans: readonly PodSpan[];
  readonly ports: readonly PodPort[];
}

/** What an object of `kind: Pod` says of the pod itself, whatever the time. */
export type PodObject = Omit<DescribedPod, 'source' | 'workload' | 'spans'>;

export function readPodObject(cursor: Cursor): PodObject {
  const metadata = cursor.at('metadata');
  const spec = cursor.at('spec');
  return {
    namespace: metadata.text('namespace') ?? 'default',
    name: metadata.requiredText('name'),
    uid: metadata.text('uid'),
    labels: metadata.textMap('labels'),
    controller: readController(cursor),
    nodeName: spec.text('nodeName'),
    hostAddress: cursor.at('status').address('hostIP'),
    eniId: readBranchEni(metadata),
    serviceAccount: spec.text('serviceAccountName'),
    hostNetwork: spec.flag('hostNetwork') ?? false,
    ports: readPorts(spec),
  };
}

/** An object of `kind: Pod`; null when it had ended and nothing says when: there is no interval to tell. */
export function readPod(cursor: Cursor): DescribedPod | null {
  const status = cursor.at('status');
  const end = isTerminal(status.text('phase')) ? readFinish(status) : Number.POSITIVE_INFINITY;
  if (end === null) return null;
  const accepted = status.instant('startTime') ?? cursor.at('metadata').instant('creationTimestamp');
  const softStart = accepted ?? Number.NEGATIVE_INFINITY;
  // the kubelet accepts a pod before the CNI gives it an address: until then another may still hold it
  const start = Math.max(softStart, readSandboxReady(status) ?? softStart);
  const spans = readPodAddresses(status).map((address) => ({
    address,
    softStart,
    start: Math.min(start, end),
    end,
    softEnd: end,
  }));
  return { ...readPodObject(cursor), source: 'list', workload: null, spans };
}

export function isTerminal(phase: string | null): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Since when the pod has its network (condition PodReadyToStartContainers); null = not said. */
function readSandboxReady(status: Cursor): number | null {
  const condition = status.objects('conditions').find((entry) => {
    return entry.text('type') === 'PodReadyToStartContainers' && entry.text('status') === 'True';
  });
  return condition?.instant('lastTransitionTime') ?? null;
}

/**
 * A finished pod keeps its podIP though the address is free (kubernetes #98611): it ends with its last container; null
 * when no container says so.
 */
export function readFinish(status: Cursor): number | null {
  let last: number | null = null;
  for (const container of status.objects('containerStatuses')) {
    const end = container.object('state')?.object('terminated')?.instant('finishedAt') ?? null;
    if (end !== null && (last === null || end > last)) last = end;
  }
  return last;
}

/** Addresses of a status; a patch may also say which ones to take away. */
export function readPodAddresses(status: Cursor): Address[] {
  const listed = status.objects('podIPs').filter((entry) => entry.text('$patch') !== 'delete');
  const addresses: Address[] = [];
  addAddress(addresses, status, 'podIP');
  for (const entry of listed) addAddress(addresses, entry, 'ip');
  return addresses;
}

function addAddress(addresses: Address[], cursor: Cursor, key: string): void {
  const address = cursor.address(key);
  if (address !== null && !addresses.some((other) => sameAddress(other, address))) addresses.push(address);
}

/** Only sidecars (`restartPolicy: Always`) among init containers keep running and listening. */
function readPorts(spec: Cursor): PodPort[] {
  const sidecars = spec.objects('initContainers').filter((container) => container.text('restartPolicy') === 'Always');
  const ports: PodPort[] = [];
  for (const container of spec.objects('containers')) addPorts(ports, container);
  for (const container of sidecars) addPorts(ports, container);
  return ports;
}

function addPorts(ports: PodPort[], container: Cursor): void {
  for (const port of container.objects('ports')) ports.push(new ReadPort(port));
}

/** A class for the reason that PodEvents are made by one. */
class ReadPort implements PodPort {
  readonly name: string | null;
  readonly protocol: number;
  readonly containerPort: number | null;
  readonly hostPort: number | null;

  constructor(port: Cursor) {
    this.name = port.text('name');
    this.protocol = readPortProtocol(port);
    this.containerPort = readPort(port, 'containerPort');
    this.hostPort = readPort(port, 'hostPort');
  }
}

/** The annotation is JSON text: a list whose first element names the branch interface (VPC resource controller). */
export function readBranchEni(metadata: Cursor): string | null {
  const annotation = metadata.object('annotations')?.at('vpc.amazonaws.com/pod-eni');
  const text = annotation?.asText() ?? null;
  if (annotation === undefined || text === null) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return annotation.fail('a JSON list of interfaces');
  }
  const list = new Cursor(parsed, annotation.file, null, annotation.path);
  return list.elements()[0]?.text('eniId') ?? null;
}

/** Sources that never name a pod's owner. */
const OWNERLESS_SOURCES: ReadonlySet<PodSource> = new Set(['csv', 'ipamd']);

/** Documents beside the pod that settle its workload and ports. */
export class PodContext {
  private readonly owned: ReadonlyMap<string, OwnedObject>;
  /** Services with a selector by `namespace/key=value` of its first pair: a pod asks only about its own labels. */
  private readonly services = new Map<string, NumberedService[]>();
  private readonly slices: ServedBySlices;

  constructor(owned: readonly OwnedObject[], services: readonly DescribedService[], slices: readonly EndpointSlice[]) {
    this.slices = new ServedBySlices(slices);
    this.owned = new Map(owned.map((object) => [`${object.kind}/${object.namespace}/${object.name}`, object]));
    services.forEach((service, number) => {
      const [first, ...others] = service.selector;
      if (first === undefined) return;
      const key = labelKey(service.namespace, ...first);
      const list = this.services.get(key);
      if (list === undefined) this.services.set(key, [{ service, number, others }]);
      else list.push({ service, number, others });
    });
  }

  /** `Deployment/web`: controller of the ReplicaSet or Job, else that itself; a pod without a controller is its own. */
  workload(pod: DescribedPod): string | null {
    const { controller, namespace, labels } = pod;
    if (pod.workload !== null) return pod.workload;
    // rows of a table name no owner: nothing tells whether there is one
    if (controller === null && OWNERLESS_SOURCES.has(pod.source)) return null;
    // a static pod is owned by its node
    if (controller === null || controller.kind === 'Node') return `Pod/${pod.name}`;
    const known = this.owned.get(`${controller.kind}/${namespace}/${controller.name}`);
    const above = known === undefined ? inferredController(controller, labels) : known.controller;
    const { kind, name } = above ?? controller;
    return `${kind}/${name}`;
  }

  /** Services whose selector the pod's labels satisfy, in the order of the documents. */
  private selecting({ namespace, labels }: DescribedPod): DescribedService[] {
    const found: NumberedService[] = [];
    for (const [key, value] of labels) {
      for (const candidate of this.services.get(labelKey(namespace, key, value)) ?? []) {
        if (candidate.others.every(([other, wanted]) => labels.get(other) === wanted)) found.push(candidate);
      }
    }
    return found.sort((a, b) => a.number - b.number).map(({ service }) => service);
  }

  /** Ports at which it answers for Services: targetPorts of those that select it, ports of its EndpointSlices. */
  served(pod: DescribedPod): readonly ServedPort[] {
    const addresses = pod.spans.map(({ address }) => address);
    const found = new Map<string, ServedPort>();
    const put = (protocol: number, port: number, service: string, nodePort: number | null): void => {
      found.set(`${protocol}/${port} ${nodePort} ${service}`, { protocol, port, service, nodePort });
    };
    for (const service of this.selecting(pod)) {
      for (const { protocol, target, nodePort } of service.targets)
        for (const port of typeof target === 'number' ? [target] : namedPorts(pod, protocol, target))
          put(protocol, port, `${service.namespace}/${service.name}`, nodePort);
    }
    const listed = this.slices.of(pod.namespace, pod.name, addresses);
    for (const { protocol, port, service } of listed) put(protocol, port, service, null);
    return found.size === 0 ? SERVES_NOBODY : [...found.values()];
  }
}

/** A Service with its place among all, and the pairs of its selector behind the first. */
interface NumberedService {
  readonly service: DescribedService;
  readonly number: number;
  readonly others: readonly (readonly [string, string])[];
}

function labelKey(namespace: string, key: string, value: string): string {
  return `${namespace}/${key}=${value}`;
}

/** One list for all pods without a Service: there may be millions. */
const SERVES_NOBODY: readonly ServedPort[] = [];

function namedPorts(pod: DescribedPod, protocol: number, name: string): number[] {
  return pod.ports.flatMap((port) => {
    const isNamed = port.name === name && port.protocol === protocol;
    return isNamed && port.containerPort !== null ? port.containerPort : [];
  });
}

/** Minutes since 1970 (of 2021–2045), which the CronJob controller appends to its Jobs' names. */
const CRON_MINUTES = /^(.+)-(?:2[7-9]|3\d)\d{6}$/;

/** The controller's own controller when its object is not given: Deployments and CronJobs sign the names they make. */
function inferredController(controller: Owner, labels: ReadonlyMap<string, string>): Owner | null {
  const hash = labels.get('pod-template-hash');
  if (controller.kind === 'ReplicaSet' && hash !== undefined && controller.name.endsWith(`-${hash}`)) {
    return { kind: 'Deployment', name: controller.name.slice(0, -hash.length - 1) };
  }
  const cron = controller.kind === 'Job' ? CRON_MINUTES.exec(controller.name)?.[1] : undefined;
  return cron === undefined ? null : { kind: 'CronJob', name: cron };
}

/** The pod at each of its addresses. */
export function podIntervals(
  pod: DescribedPod,
  context: PodContext,
  vpcId: string | null,
  isNodeAddress: (address: Address) => boolean,
): PodInterval[] {
  if (pod.spans.length === 0) return [];
  const hostListeners = pod.ports.flatMap(({ protocol, hostPort }) =>
    hostPort === null ? [] : { protocol, port: hostPort },
  );
  const own = pod.ports.flatMap(({ protocol, containerPort }) =>
    containerPort === null ? [] : { protocol, port: containerPort },
  );
  const services = context.served(pod);
  const { namespace, name, uid, nodeName, eniId, serviceAccount } = pod;
  const workload = context.workload(pod);
  const sources = ONLY[pod.source];
  const ports = [...own, ...services.map(({ protocol, port }) => ({ protocol, port }))];
  const listeners = ports.length === 0 ? NO_PORTS : distinctListeners(ports);
  const hosts = hostListeners.length === 0 ? NO_PORTS : distinctListeners(hostListeners);
  // one literal: objects made by spreading take several times the memory, and there may be millions
  return pod.spans.map(({ address, softStart, start, end, softEnd }) => ({
    namespace,
    name,
    uid,
    workload,
    nodeName,
    isNodeTold: nodeName !== null,
    serviceAccount,
    vpcId,
    eniId,
    address,
    // no other pod has a node's own address
    hostNetwork: pod.hostNetwork ?? isNodeAddress(address),
    startSeconds: start,
    endSeconds: end,
    softStartSeconds: softStart,
    softEndSeconds: softEnd,
    sources,
    listeners,
    hostListeners: hosts,
    services,
  }));
}

const NO_PORTS: readonly never[] = [];

/** One list for all intervals of one source: there may be millions. */
const ONLY: Readonly<Record<PodSource, readonly PodSource[]>> = {
  ipamd: ['ipamd'],
  audit: ['audit'],
  watch: ['watch'],
  csv: ['csv'],
  metrics: ['metrics'],
  list: ['list'],
};
