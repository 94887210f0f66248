import type { Inventory, KubernetesNode, Listener, NetworkInterface, PodInterval } from '../inventory/inventory.ts';
import { sameWords } from './timeline.ts';
import type { PodMapView } from './pod-map.ts';

/** Owner keys of the listener table: pods from 1, interfaces as seen and interfaces with hidden pods above. */
const SEEN_BASE = 0x4000_0000;
const HIDDEN_BASE = 0x8000_0000;

/** Listeners of a pod: its container ports and the target ports of the Services that select it. */
export function podKey(pod: number): number {
  return pod + 1;
}

/** Listeners at an interface's own address: node and host ports of a node, listeners of a load balancer. */
export function nodeKey(eni: number): number {
  return SEEN_BASE + eni;
}

/** Listeners behind an interface whose pod is hidden: those of all its pods plus the node's. */
export function hiddenKey(eni: number): number {
  return HIDDEN_BASE + eni;
}

/** True when the owner declares to listen on (protocol, port). */
export function hasListener(view: PodMapView, owner: number, protocol: number, port: number): boolean {
  const { listenerKeys } = view;
  const mask = (listenerKeys.length >> 1) - 1;
  const word = protocol * 65_536 + port;
  for (let slot = hash(owner, word) & mask; ; slot = (slot + 1) & mask) {
    const key = listenerKeys[slot * 2]!;
    if (key === 0) return false;
    if (key === owner && listenerKeys[slot * 2 + 1] === word) return true;
  }
}

function hash(owner: number, word: number): number {
  const h = Math.imul(owner ^ Math.imul(word, 0x9e37_79b1), 0x85eb_ca6b);
  return h ^ (h >>> 15);
}

/** Builds the table; load ≤ 0.5. */
export function listenerTable(inventory: Inventory): Uint32Array {
  const pairs = new Map<string, readonly [number, number]>();
  const put = (owner: number, listeners: readonly Listener[]): void => {
    for (const { protocol, port } of listeners) {
      const word = protocol * 65_536 + port;
      pairs.set(`${owner}/${word}`, [owner, word]);
    }
  };
  inventory.pods.forEach((pod, p) => {
    put(podKey(p), pod.listeners);
  });
  const nodePorts = inventory.services.flatMap((service) => service.nodePorts);
  const balancers = new Map(inventory.loadBalancers.map((lb) => [lb.suffix, lb.listeners]));
  const nodes = new NodePods(inventory);
  inventory.networkInterfaces.forEach((eni, e) => {
    if (eni.kind === 'load-balancer') put(nodeKey(e), balancers.get(eni.kindName ?? '') ?? []);
    if (!eni.kind.startsWith('node-') && eni.kind !== 'pod-branch') return;
    const own = eni.kind === 'pod-branch' ? [] : [...nodePorts, ...nodes.hostListeners(eni)];
    if (eni.kind === 'node-primary') put(nodeKey(e), own);
    put(hiddenKey(e), [...own, ...nodes.podListeners(eni)]);
  });
  return packListeners([...pairs.values()]);
}

function packListeners(pairs: readonly (readonly [number, number])[]): Uint32Array {
  let slots = 2;
  while (slots < pairs.length * 2 + 2) slots *= 2;
  const table = new Uint32Array(slots * 2);
  for (const [owner, word] of pairs) {
    let slot = hash(owner, word) & (slots - 1);
    while (table[slot * 2] !== 0) slot = (slot + 1) & (slots - 1);
    table[slot * 2] = owner;
    table[slot * 2 + 1] = word;
  }
  return table;
}

/** Pods of each node and of each interface. */
class NodePods {
  private readonly byInstance = new Map<string, PodInterval[]>();
  private readonly byAddress = new Map<string, PodInterval[]>();
  private readonly primaries = new Map<string, NetworkInterface>();

  constructor(inventory: Inventory) {
    const instances = new Map(inventory.nodes.map((node: KubernetesNode) => [node.name, node.instanceId]));
    for (const eni of inventory.networkInterfaces) {
      if (eni.kind === 'node-primary' && eni.instanceId !== null) this.primaries.set(eni.instanceId, eni);
    }
    for (const pod of inventory.pods) {
      const instance = instances.get(pod.nodeName ?? '') ?? null;
      if (instance !== null) append(this.byInstance, instance, pod);
      append(this.byAddress, addressKey(pod.address.words), pod);
    }
  }

  /** Ports at the node's own address: hostPorts, and the ports of hostNetwork pods. */
  hostListeners(eni: NetworkInterface): Listener[] {
    const primary = eni.instanceId === null ? eni : (this.primaries.get(eni.instanceId) ?? eni);
    const atAddress = primary.primary === null ? [] : (this.byAddress.get(addressKey(primary.primary.words)) ?? []);
    const pods = new Set([...(this.byInstance.get(eni.instanceId ?? '') ?? []), ...atAddress]);
    return [...pods].flatMap((pod) => (pod.hostNetwork ? pod.listeners : pod.hostListeners));
  }

  /** Ports of every pod that ever had an address of the interface. */
  podListeners(eni: NetworkInterface): Listener[] {
    const words = [...(eni.primary === null ? [] : [eni.primary]), ...eni.secondary].map((a) => a.words as readonly number[]);
    for (const prefix of eni.prefixes) {
      if (prefix.family === 4) for (let i = 0; i < 2 ** (32 - prefix.length); i++) words.push([prefix.words[0] + i]);
      else for (const key of this.byAddress.keys()) if (sameWords(prefix, key.split(',').map(Number))) words.push(key.split(',').map(Number));
    }
    return words.flatMap((w) => (this.byAddress.get(addressKey(w)) ?? []).filter((p) => !p.hostNetwork).flatMap((p) => p.listeners));
  }
}

function addressKey(words: readonly number[]): string {
  return words.join(',');
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
