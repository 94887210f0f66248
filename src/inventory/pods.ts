import { type Address, formatAddress } from '../model/ip.ts';
import { Cursor } from './cursor.ts';
import type { Listener, PodInterval } from './inventory.ts';
import {
  type DescribedService,
  distinctListeners,
  type OwnedObject,
  type Owner,
  readController,
  readPort,
  readPortProtocol,
} from './kubernetes.ts';

/** A declared port of a container. */
interface PodPort {
  readonly name: string | null;
  readonly protocol: number;
  readonly containerPort: number | null;
  readonly hostPort: number | null;
}

/** What `kind: Pod` tells; workload, VPC and Service ports are settled when all documents are known. */
export interface DescribedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
  readonly labels: ReadonlyMap<string, string>;
  readonly controller: Owner | null;
  readonly nodeName: string | null;
  readonly hostAddress: Address | null;
  readonly eniId: string | null;
  readonly hostNetwork: boolean;
  readonly addresses: readonly Address[];
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly ports: readonly PodPort[];
}

/** An object of `kind: Pod`; null when it had ended and nothing says when: there is no interval to tell. */
export function readPod(cursor: Cursor): DescribedPod | null {
  const metadata = cursor.at('metadata');
  const spec = cursor.at('spec');
  const status = cursor.at('status');
  const endSeconds = readEnd(status);
  const start = status.instant('startTime') ?? metadata.instant('creationTimestamp') ?? Number.NEGATIVE_INFINITY;
  const pod: Omit<DescribedPod, 'endSeconds'> = {
    namespace: metadata.text('namespace') ?? 'default',
    name: metadata.requiredText('name'),
    uid: metadata.text('uid'),
    labels: metadata.textMap('labels'),
    controller: readController(cursor),
    nodeName: spec.text('nodeName'),
    hostAddress: status.address('hostIP'),
    eniId: readBranchEni(metadata),
    hostNetwork: spec.flag('hostNetwork') ?? false,
    addresses: readAddresses(status),
    startSeconds: start,
    ports: readPorts(spec),
  };
  return endSeconds === null ? null : { ...pod, endSeconds };
}

/**
 * Infinity while the pod runs. A finished pod keeps its podIP though the address is free (kubernetes #98611): it ends
 * with its last container; null when no container says so.
 */
function readEnd(status: Cursor): number | null {
  const phase = status.text('phase');
  if (phase !== 'Succeeded' && phase !== 'Failed') return Number.POSITIVE_INFINITY;
  const ends = status.objects('containerStatuses').flatMap((container) => {
    return container.object('state')?.object('terminated')?.instant('finishedAt') ?? [];
  });
  return ends.length === 0 ? null : Math.max(...ends);
}

function readAddresses(status: Cursor): Address[] {
  const addresses = [
    ...[status.address('podIP') ?? []].flat(),
    ...status.objects('podIPs').flatMap((entry) => entry.address('ip') ?? []),
  ];
  return [...new Map(addresses.map((address) => [formatAddress(address), address])).values()];
}

/** Only sidecars (`restartPolicy: Always`) among init containers keep running and listening. */
function readPorts(spec: Cursor): PodPort[] {
  const sidecars = spec.objects('initContainers').filter((container) => container.text('restartPolicy') === 'Always');
  return [...spec.objects('containers'), ...sidecars]
    .flatMap((container) => container.objects('ports'))
    .map((port) => ({
      name: port.text('name'),
      protocol: readPortProtocol(port),
      containerPort: readPort(port, 'containerPort'),
      hostPort: readPort(port, 'hostPort'),
    }));
}

/** The annotation is JSON text: a list whose first element names the branch interface (VPC resource controller). */
function readBranchEni(metadata: Cursor): string | null {
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

/** Documents beside the pod that settle its workload and ports. */
export class PodContext {
  private readonly owned: ReadonlyMap<string, OwnedObject>;
  private readonly services = new Map<string, DescribedService[]>();

  constructor(owned: readonly OwnedObject[], services: readonly DescribedService[]) {
    this.owned = new Map(owned.map((object) => [`${object.kind}/${object.namespace}/${object.name}`, object]));
    for (const service of services) {
      if (service.selector.size === 0) continue;
      const list = this.services.get(service.namespace);
      if (list === undefined) this.services.set(service.namespace, [service]);
      else list.push(service);
    }
  }

  /** `Deployment/web`: controller of the ReplicaSet or Job, else that itself; a pod without a controller is its own. */
  workload(pod: DescribedPod): string {
    const { controller, namespace, labels } = pod;
    // a static pod is owned by its node
    if (controller === null || controller.kind === 'Node') return `Pod/${pod.name}`;
    const known = this.owned.get(`${controller.kind}/${namespace}/${controller.name}`);
    const above = known === undefined ? inferredController(controller, labels) : known.controller;
    const { kind, name } = above ?? controller;
    return `${kind}/${name}`;
  }

  /** containerPorts, and targetPorts of the Services that select the pod. */
  listeners(pod: DescribedPod): Listener[] {
    const own = pod.ports.flatMap(({ protocol, containerPort }) => {
      return containerPort === null ? [] : { protocol, port: containerPort };
    });
    for (const service of this.services.get(pod.namespace) ?? []) {
      if (![...service.selector].every(([key, value]) => pod.labels.get(key) === value)) continue;
      for (const { protocol, target } of service.targets) {
        if (typeof target === 'number') own.push({ protocol, port: target });
        else own.push(...namedPorts(pod, protocol, target));
      }
    }
    return distinctListeners(own);
  }
}

function namedPorts(pod: DescribedPod, protocol: number, name: string): Listener[] {
  return pod.ports.flatMap((port) => {
    const isNamed = port.name === name && port.protocol === protocol && port.containerPort !== null;
    return isNamed ? { protocol, port: port.containerPort } : [];
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
  vpcOf: (pod: DescribedPod) => string | null,
): PodInterval[] {
  if (pod.addresses.length === 0) return [];
  const hostListeners = pod.ports.flatMap(({ protocol, hostPort }) =>
    hostPort === null ? [] : { protocol, port: hostPort },
  );
  const { namespace, name, uid, nodeName, eniId, hostNetwork, startSeconds, endSeconds } = pod;
  const shared = {
    namespace,
    name,
    uid,
    workload: context.workload(pod),
    nodeName,
    vpcId: vpcOf(pod),
    eniId,
    hostNetwork,
    startSeconds,
    endSeconds,
    listeners: context.listeners(pod),
    hostListeners: distinctListeners(hostListeners),
  };
  return pod.addresses.map((address) => ({ ...shared, address }));
}
