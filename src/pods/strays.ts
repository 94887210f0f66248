import type { EniKind, Inventory } from '../inventory/inventory.ts';
import type { ToldHosts } from './elsewhere.ts';
import type { Entry } from './timeline.ts';

/** Interfaces whose own side is a pod of their host, or the host itself; others pass on what anybody sends. */
const KINDS: readonly EniKind[] = ['node-primary', 'node-secondary', 'node-trunk', 'pod-branch'];

export function strayTables(inventory: Inventory, entries: readonly Entry[]): ToldHosts {
  const numbers = new Map<string, number>();
  const numberOf = (instanceId: string | null): number => {
    if (instanceId === null) return -1;
    const number = numbers.get(instanceId) ?? numbers.size;
    numbers.set(instanceId, number);
    return number;
  };
  const eniHost = Int32Array.from(inventory.networkInterfaces, ({ instanceId, kind }) =>
    KINDS.includes(kind) ? numberOf(instanceId) : -1,
  );
  const isAsked = eniHost.some((host) => host >= 0);
  const hostOfNode = new Map(inventory.nodes.map(({ name, instanceId }) => [name, numberOf(instanceId)]));
  const podIsTold = new Uint8Array(Math.ceil(inventory.pods.length / 8));
  const toldHost = (p: number): number => {
    const pod = inventory.pods[p];
    return pod?.isNodeTold === true ? (hostOfNode.get(pod.nodeName ?? '') ?? -1) : -1;
  };
  inventory.pods.forEach((_, p) => {
    if (toldHost(p) >= 0) podIsTold[p >> 3] = (podIsTold[p >> 3] ?? 0) | (1 << (p & 7));
  });
  const strays = new Map<number, number>();
  const entryIsStray = Uint8Array.from(entries, ({ eni, holdings }) => {
    const here = eniHost[eni] ?? -1;
    let isStray = 0;
    for (const { pod } of isAsked ? holdings : []) {
      const host = toldHost(pod);
      if (host < 0 || host === here) continue;
      strays.set(pod, host);
      isStray = 1;
    }
    return isStray;
  });
  const ascending = [...strays].sort(([a], [b]) => a - b);
  return {
    entryEni: Int32Array.from(entries, ({ eni }) => eni),
    eniHost,
    podIsTold,
    strays: Int32Array.from(ascending.flat()),
    entryIsStray,
  };
}
