import {
  type EniKind,
  type Inventory,
  isHostAddress,
  type NetworkInterface,
  type PodInterval,
} from '../inventory/inventory.ts';
import type { Listener } from '../inventory/service.ts';
import { LISTENER_PORT_BYTES } from './pod-map.ts';

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

const UDP = 17;

/** Bit of listenerPorts; protocols besides UDP share the first half. */
function portBit(protocol: number, port: number): number {
  return protocol === UDP ? 65_536 + port : port;
}

/** The ports that occur in a listener table. */
export function listenerPorts(table: Uint32Array): Uint8Array {
  const bits = new Uint8Array(LISTENER_PORT_BYTES);
  for (let slot = 0; slot < table.length; slot += 2) {
    if (table[slot] === 0) continue;
    const word = table[slot + 1]!;
    const bit = portBit(word >>> 16, word & 0xffff);
    bits[bit >>> 3]! |= 1 << (bit & 7);
  }
  return bits;
}

/** Where (owner key, protocol × 65,536 + port) stands in a table, but for its mask; the kernel computes the same. */
export function ownerSlot(owner: number, word: number): number {
  const h = Math.imul(owner ^ Math.imul(word, 0x9e37_79b1), 0x85eb_ca6b);
  return h ^ (h >>> 15);
}

/** Kinds of the interfaces of a Kubernetes node: its NodePorts and host ports answer behind each of them. */
const NODE_KINDS: readonly EniKind[] = ['node-primary', 'node-secondary', 'node-trunk'];

/**
 * Builds the table, load ≤ 0.5; `podsAt` gives the pods of an interface at any time, hostNetwork pods on the node's
 * primary one.
 */
export function listenerTable(inventory: Inventory, podsAt: (eni: number) => ReadonlySet<number>): Uint32Array {
  const { networkInterfaces, loadBalancers, pods, services } = inventory;
  const pairs: (readonly [number, number])[] = [];
  const put = (owner: number, ...lists: readonly (readonly Listener[])[]): void => {
    const words = new Set<number>();
    for (const list of lists) for (const { protocol, port } of list) words.add(protocol * 65_536 + port);
    for (const word of words) pairs.push([owner, word]);
  };
  pods.forEach((pod, p) => {
    put(podKey(p), pod.listeners);
  });
  const nodePorts = services.flatMap((service) => service.nodePorts);
  const balancers = new Map(loadBalancers.map((lb) => [lb.suffix, lb.listeners]));
  const podsOn = networkInterfaces.map((_, e) => [...podsAt(e)].flatMap((p) => pods[p] ?? []));
  const hosts = hostListeners(inventory, podsOn);
  networkInterfaces.forEach((eni, e) => {
    const isNode = NODE_KINDS.includes(eni.kind);
    const seen = eni.kind === 'load-balancer' ? (balancers.get(eni.kindName ?? '') ?? []) : [];
    const host = [...(isNode ? nodePorts : []), ...(hosts.get(hostOf(eni, e)) ?? [])];
    put(nodeKey(e), isHostAddress(eni) ? host : seen);
    const behind = (podsOn[e] ?? []).map((pod) => pod.listeners);
    put(hiddenKey(e), seen, eni.kind === 'pod-branch' ? [] : host, ...behind);
  });
  return packListeners(pairs);
}

/** What joins the interfaces of one host: its instance, else the interface alone. */
function hostOf(eni: NetworkInterface, index: number): string {
  return eni.instanceId ?? `#${index}`;
}

/** Ports at each host's own address: hostPorts of its pods, and all ports of its hostNetwork pods. */
function hostListeners(inventory: Inventory, podsOn: readonly (readonly PodInterval[])[]): Map<string, Listener[]> {
  const instances = new Map(inventory.nodes.map((node) => [node.name, node.instanceId]));
  const found = new Map<string, Listener[]>();
  const add = (host: string, pod: PodInterval): void => {
    const listeners = pod.hostNetwork ? [...pod.listeners, ...pod.hostListeners] : pod.hostListeners;
    if (listeners.length > 0) found.set(host, [...(found.get(host) ?? []), ...listeners]);
  };
  const instanceOf = ({ isNodeTold, nodeName }: PodInterval): string | null =>
    isNodeTold ? (instances.get(nodeName ?? '') ?? null) : null;
  inventory.networkInterfaces.forEach((eni, e) => {
    for (const pod of podsOn[e] ?? []) {
      // where its address lies says where a pod runs only when nobody names its node
      if (pod.hostNetwork || instanceOf(pod) === null) add(hostOf(eni, e), pod);
    }
  });
  for (const pod of inventory.pods) {
    const instance = instanceOf(pod);
    if (instance !== null) add(instance, pod);
  }
  return found;
}

function packListeners(pairs: readonly (readonly [number, number])[]): Uint32Array {
  let slots = 2;
  while (slots < pairs.length * 2 + 2) slots *= 2;
  const table = new Uint32Array(slots * 2);
  for (const [owner, word] of pairs) {
    let slot = ownerSlot(owner, word) & (slots - 1);
    while (table[slot * 2] !== 0) slot = (slot + 1) & (slots - 1);
    table[slot * 2] = owner;
    table[slot * 2 + 1] = word;
  }
  return table;
}
