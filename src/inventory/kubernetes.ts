import { type Address, formatAddress } from '../model/ip.ts';
import type { Cursor } from './cursor.ts';
import type { KubernetesNode, ServiceAccount } from './inventory.ts';
import type { KubernetesService, Listener } from './service.ts';

/** IANA numbers of Kubernetes' port protocols. */
const PORT_PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['TCP', 6],
  ['UDP', 17],
  ['SCTP', 132],
]);

/** Protocol of a port; TCP when absent (Kubernetes API, ContainerPort and ServicePort). */
export function readPortProtocol(cursor: Cursor): number {
  const word = cursor.text('protocol') ?? 'TCP';
  return PORT_PROTOCOLS.get(word.toUpperCase()) ?? cursor.at('protocol').fail('TCP, UDP or SCTP');
}

/** A port number; absent and 0 = none. */
export function readPort(cursor: Cursor, key: string): number | null {
  const port = cursor.integer(key, 0, 65_535, 'a port from 0 to 65535');
  return port === 0 ? null : port;
}

/** Each once, in order. */
export function distinctListeners<T extends Listener>(listeners: readonly T[]): T[] {
  return [...new Map(listeners.map((l) => [`${l.protocol}/${l.port}`, l])).values()];
}

/** A node with the names of its zone as its labels print them. */
export interface DescribedNode extends KubernetesNode {
  readonly zoneName: string | null;
  readonly zoneId: string | null;
}

/** An object of `kind: Node`. */
export function readNode(cursor: Cursor): DescribedNode {
  const metadata = cursor.at('metadata');
  const labels = metadata.textMap('labels');
  const providerId = cursor.object('spec')?.text('providerID') ?? '';
  const zoneId = labels.get('topology.k8s.aws/zone-id') ?? null;
  const zoneName =
    labels.get('topology.kubernetes.io/zone') ?? labels.get('failure-domain.beta.kubernetes.io/zone') ?? null;
  const addresses = cursor.object('status')?.objects('addresses') ?? [];
  return {
    name: metadata.requiredText('name'),
    // `aws:///us-east-1a/i-0a…`; Fargate and hybrid nodes end in something else
    instanceId: /^aws:.*\/(i-[^/]+)$/.exec(providerId)?.[1] ?? null,
    addresses: addresses.flatMap((entry) =>
      entry.text('type') === 'InternalIP' ? (entry.address('address') ?? []) : [],
    ),
    zone: zoneId ?? zoneName,
    zoneName,
    zoneId,
    fargate: labels.get('eks.amazonaws.com/compute-type') === 'fargate' || /\/fargate-[^/]+$/.test(providerId),
  };
}

/** A Service with what is needed to find the ports of its pods. */
export interface DescribedService extends Omit<KubernetesService, 'endpoints'> {
  readonly selector: ReadonlyMap<string, string>;
  /** `target`: a port number, or the name of a container port; `nodePort`: what leads there, null = none. */
  readonly targets: readonly {
    readonly protocol: number;
    readonly target: number | string;
    readonly nodePort: number | null;
  }[];
}

/** An object of `kind: Service`. */
export function readService(cursor: Cursor): DescribedService {
  const metadata = cursor.at('metadata');
  const spec = cursor.at('spec');
  const ports = spec.objects('ports');
  return {
    namespace: metadata.text('namespace') ?? 'default',
    name: metadata.requiredText('name'),
    type: spec.text('type'),
    clusterAddresses: readClusterAddresses(spec),
    nodePorts: distinctListeners(
      ports.flatMap((port) => {
        const nodePort = readPort(port, 'nodePort');
        if (nodePort === null) return [];
        return { protocol: readPortProtocol(port), port: nodePort, name: port.text('name') ?? '' };
      }),
    ),
    externalTrafficPolicy: readExternalTrafficPolicy(spec.at('externalTrafficPolicy')),
    healthCheckNodePort: readPort(spec, 'healthCheckNodePort'),
    selector: spec.textMap('selector'),
    targets: ports.flatMap((port) => {
      const target = readTargetPort(port) ?? readPort(port, 'port');
      return target === null ? [] : { protocol: readPortProtocol(port), target, nodePort: readPort(port, 'nodePort') };
    }),
  };
}

/** `Cluster` where absent (Kubernetes API, ServiceSpec). */
function readExternalTrafficPolicy(cursor: Cursor): 'Cluster' | 'Local' {
  const word = cursor.asText() ?? 'Cluster';
  return word === 'Cluster' || word === 'Local' ? word : cursor.fail('Cluster or Local');
}

function readClusterAddresses(spec: Cursor): Address[] {
  const listed = spec.at('clusterIPs');
  const cursors = [spec.at('clusterIP'), ...(listed.isAbsent ? [] : listed.elements())];
  const addresses = cursors.flatMap((cursor) => (cursor.value === 'None' ? [] : (cursor.asAddress() ?? [])));
  return [...new Map(addresses.map((address) => [formatAddress(address), address])).values()];
}

/** `targetPort` is a number, a number as text, or a name. */
function readTargetPort(port: Cursor): number | string | null {
  const cursor = port.at('targetPort');
  const { value } = cursor;
  if (typeof value === 'string' && !cursor.isAbsent) {
    if (!/^\d+$/.test(value)) return value;
    return Number(value) <= 65_535 ? Number(value) : cursor.fail('a port from 0 to 65535 or the name of one');
  }
  return readPort(port, 'targetPort');
}

/** Who made an object: its owner with `controller: true`. */
export interface Owner {
  readonly kind: string;
  readonly name: string;
}

export function readController(cursor: Cursor): Owner | null {
  const owner = cursor
    .at('metadata')
    .objects('ownerReferences')
    .find((reference) => reference.flag('controller') === true);
  return owner === undefined ? null : { kind: owner.requiredText('kind'), name: owner.requiredText('name') };
}

/** A ReplicaSet or Job: the step between a pod and its workload. */
export interface OwnedObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly controller: Owner | null;
}

/** An object of `kind: ReplicaSet` or `kind: Job`. */
export function readOwnedObject(cursor: Cursor, kind: string): OwnedObject {
  const metadata = cursor.at('metadata');
  return {
    kind,
    namespace: metadata.text('namespace') ?? 'default',
    name: metadata.requiredText('name'),
    controller: readController(cursor),
  };
}

/** An object of `kind: ServiceAccount` (EKS User Guide, "IAM roles for service accounts"). */
export function readServiceAccount(cursor: Cursor): ServiceAccount {
  const metadata = cursor.at('metadata');
  return {
    namespace: metadata.text('namespace') ?? 'default',
    name: metadata.requiredText('name'),
    roleArn: metadata.textMap('annotations').get('eks.amazonaws.com/role-arn') ?? null,
  };
}
