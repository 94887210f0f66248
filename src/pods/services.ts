import { type Inventory, isHostAddress, type PodInterval, podIdentity } from '../inventory/inventory.ts';
import type { Listener, ServedPort } from '../inventory/service.ts';
import type { Holding } from './holdings.ts';
import type { InterfacePods } from './interface-pods.ts';
import { nodeKey, ownerSlot, podKey } from './listeners.ts';
import type { Entry } from './timeline.ts';

/**
 * Who answers at a port: the Services of a pod's port or of a NodePort, and the pod behind a port of its node
 * (hostPort, hostNetwork). Shared memory; nothing is copied per worker.
 */
export interface ServiceTable {
  /** Open addressing over (owner key, protocol × 65,536 + port, number of the name in `names`); owner 0 = empty. */
  readonly services: Uint32Array;
  /** The same of interfaces alone; the value is an offset into hostPods. */
  readonly hosts: Uint32Array;
  /** At an offset: a count, then for each pod its index and the time it was there, [start, end) in Unix seconds. */
  readonly hostPods: Uint32Array;
}

export interface BuiltServices {
  readonly table: ServiceTable;
  /** `namespace/name`, `;` between several. */
  readonly names: readonly string[];
}

/** Words of a slot of `services` and `hosts`. */
export const SERVICE_STRIDE = 3;

export function buildServices(
  inventory: Inventory,
  onInterfaces: InterfacePods,
  entries: readonly Entry[],
): BuiltServices {
  const names = new Map<string, number>();
  const triples: [number, number, number][] = [];
  const put = (owner: number, ports: readonly Omit<ServedPort, 'nodePort'>[]): void => {
    const served = new Map<number, Set<string>>();
    for (const { protocol, port, service } of ports) {
      const word = wordOf({ protocol, port });
      served.set(word, (served.get(word) ?? new Set()).add(service));
    }
    for (const [word, of] of served) {
      const name = [...of].sort().join(';');
      const number = names.get(name) ?? names.size;
      names.set(name, number);
      triples.push([owner, word, number]);
    }
  };
  inventory.pods.forEach(({ services }, p) => {
    if (services.length > 0) put(podKey(p), services);
  });
  const nodePorts = inventory.services.flatMap(({ namespace, name, nodePorts: ports }) =>
    ports.map((port) => ({ ...port, service: `${namespace}/${name}` })),
  );
  inventory.networkInterfaces.forEach((eni, e) => {
    if (isHostAddress(eni)) put(nodeKey(e), nodePorts);
  });
  const { triples: hosts, list } = hostPods(inventory, onInterfaces, entries);
  return {
    table: { services: pack(triples), hosts: pack(hosts), hostPods: shared(list) },
    names: [...names.keys()],
  };
}

type HostedPod = Pick<Holding, 'pod' | 'start' | 'end'>;

/** Pods by the ports of their node: all ports of those that share its network, hostPorts of the others. */
function hostPods(
  inventory: Inventory,
  onInterfaces: InterfacePods,
  entries: readonly Entry[],
): { readonly triples: [number, number, number][]; readonly list: number[] } {
  const found = new Map<number, Map<number, HostedPod[]>>();
  const firsts = firstIntervals(inventory.pods);
  const put = (eni: number, { pod, start, end }: Holding): void => {
    const { hostNetwork, listeners, hostListeners } = podAt(inventory, pod);
    const ports = found.get(eni) ?? new Map<number, HostedPod[]>();
    found.set(eni, ports);
    const one = { pod: firsts[pod] ?? pod, start, end };
    for (const word of new Set([...(hostNetwork ? listeners : []), ...hostListeners].map((port) => wordOf(port)))) {
      const there = ports.get(word) ?? [];
      ports.set(word, there);
      if (!there.some((other) => other.pod === one.pod && other.start === start && other.end === end)) there.push(one);
    }
  };
  const primaries = new Map<string, number>();
  inventory.networkInterfaces.forEach((eni, e) => {
    if (isHostAddress(eni) && eni.instanceId !== null) primaries.set(eni.instanceId, e);
  });
  const instances = new Map(inventory.nodes.map(({ name, instanceId }) => [name, instanceId ?? '']));
  for (const [e, hosts] of onInterfaces.hosts.entries()) for (const holding of hosts) put(e, holding);
  for (const { eni, holdings } of entries) {
    for (const holding of holdings) {
      const { hostListeners, nodeName } = podAt(inventory, holding.pod);
      if (hostListeners.length === 0) continue;
      const instance = instances.get(nodeName ?? '') ?? inventory.networkInterfaces[eni]?.instanceId ?? '';
      const host = primaries.get(instance);
      if (host !== undefined) put(host, holding);
    }
  }
  const list: number[] = [];
  const triples: [number, number, number][] = [];
  for (const [eni, ports] of found) {
    for (const [word, pods] of ports) {
      triples.push([nodeKey(eni), word, list.length]);
      list.push(pods.length, ...pods.flatMap(({ pod, start, end }) => [pod, start, end]));
    }
  }
  return { triples, list };
}

/** Of every interval the first one of its pod: at two addresses, IPv4 and IPv6, it is one pod. */
function firstIntervals(pods: readonly PodInterval[]): readonly number[] {
  const firsts = new Map<string, number>();
  return pods.map((pod, p) => {
    const id = podIdentity(pod);
    const first = firsts.get(id) ?? p;
    firsts.set(id, first);
    return first;
  });
}

function wordOf({ protocol, port }: Listener): number {
  return protocol * 65_536 + port;
}

function podAt(inventory: Inventory, index: number): PodInterval {
  const pod = inventory.pods[index];
  if (pod === undefined) throw new Error(`pod ${index} is not in the inventory`);
  return pod;
}

function pack(triples: readonly (readonly [number, number, number])[]): Uint32Array {
  let slots = 2;
  while (slots < triples.length * 2 + 2) slots *= 2;
  const table = new Uint32Array(new SharedArrayBuffer(slots * SERVICE_STRIDE * 4));
  for (const [owner, word, value] of triples) {
    let slot = ownerSlot(owner, word) & (slots - 1);
    while (table[slot * SERVICE_STRIDE] !== 0) slot = (slot + 1) & (slots - 1);
    table.set([owner, word, value], slot * SERVICE_STRIDE);
  }
  return table;
}

function shared(values: readonly number[]): Uint32Array {
  const array = new Uint32Array(new SharedArrayBuffer(values.length * 4));
  array.set(values);
  return array;
}
