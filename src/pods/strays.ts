import type { Inventory } from '../inventory/inventory.ts';
import type { PodMapView } from './pod-map.ts';
import type { Entry } from './timeline.ts';

/** The sections of a pod map that tell on which host a pod is said to be. */
export type StraySections = Pick<PodMapView, 'eniHost' | 'podIsTold' | 'strays' | 'entryIsStray'>;

export function strayTables(inventory: Inventory, entries: readonly Entry[]): StraySections {
  const numbers = new Map<string, number>();
  const numberOf = (instanceId: string | null): number => {
    if (instanceId === null) return -1;
    const number = numbers.get(instanceId) ?? numbers.size;
    numbers.set(instanceId, number);
    return number;
  };
  const eniHost = Int32Array.from(inventory.networkInterfaces, ({ instanceId }) => numberOf(instanceId));
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
    for (const { pod } of holdings) {
      const host = toldHost(pod);
      if (here < 0 || host < 0 || host === here) continue;
      strays.set(pod, host);
      isStray = 1;
    }
    return isStray;
  });
  const ascending = [...strays].sort(([a], [b]) => a - b);
  return { eniHost, podIsTold, strays: Int32Array.from(ascending.flat()), entryIsStray };
}
