import type { SideFacts } from './attribution.ts';
import type { Cluster, Listener } from './cluster.ts';
import { podsOfNode } from './cluster.ts';

export type Role = 'request' | 'reply' | 'unknown';
export type RoleBasis = 'flags' | 'listener' | 'reject' | 'port' | 'policy' | 'none';

export interface LadderInput {
  readonly protocol: number | null;
  readonly tcpFlags: number | null;
  readonly srcPort: number | null;
  readonly dstPort: number | null;
  readonly action: string | null;
  readonly src: SideFacts;
  readonly dst: SideFacts;
}

/** Declared listeners of one side, alive in the window. */
function listeners(cluster: Cluster, facts: SideFacts, alive: (start: number, end: number) => boolean): Set<Listener> {
  const found = new Set<Listener>();
  const add = (all: readonly Listener[]): void => {
    for (const one of all) found.add(one);
  };
  for (const pod of facts.pods) add(pod.listeners);
  const { owner, side } = facts;
  // CHOICE: a node's listeners count at every address of its interfaces that no pod owns.
  if (owner?.class === 'node' && side.kind === 'node') {
    add(cluster.nodePorts);
    for (const pod of podsOfNode(cluster, owner)) {
      if (!alive(pod.start, pod.end)) continue;
      add(pod.hostListeners);
      if (pod.hostNetwork) add(pod.listeners);
    }
  }
  if (owner?.class === 'load-balancer') add(cluster.balancerPorts.get(owner.loadBalancer ?? '') ?? []);
  return found;
}

/** Steps 1 to 4 of the ladder (product.md §3, §7.13); null when step 5 has to judge. */
export function ladder(
  cluster: Cluster,
  input: LadderInput,
  alive: (start: number, end: number) => boolean,
): { role: Role; basis: RoleBasis } | null {
  const { protocol, tcpFlags, srcPort, dstPort } = input;
  if (protocol === 6 && tcpFlags !== null) {
    if ((tcpFlags & 18) === 18) return { role: 'reply', basis: 'flags' };
    if ((tcpFlags & 2) === 2) return { role: 'request', basis: 'flags' };
  }
  const ported = (protocol === 6 || protocol === 17) && srcPort !== null && dstPort !== null;
  if (ported) {
    const atSrc = listeners(cluster, input.src, alive).has(`${protocol}/${srcPort}`);
    const atDst = listeners(cluster, input.dst, alive).has(`${protocol}/${dstPort}`);
    if (atSrc !== atDst) return { role: atDst ? 'request' : 'reply', basis: 'listener' };
  }
  if (input.action === 'REJECT') return { role: 'request', basis: 'reject' };
  if (!ported) return null;
  if (srcPort < 1024 !== dstPort < 1024) return { role: dstPort < 1024 ? 'request' : 'reply', basis: 'port' };
  if (srcPort >= 32768 !== dstPort >= 32768) return { role: srcPort >= 32768 ? 'request' : 'reply', basis: 'port' };
  return null;
}
