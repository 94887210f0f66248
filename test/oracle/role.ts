import type { SideFacts } from './attribution.ts';
import type { Cluster, Listener } from './cluster.ts';
import { podsOfHost, portsAtNode } from './cluster.ts';

export type Role = 'request' | 'reply' | 'unknown';
export type RoleBasis = 'flags' | 'listener' | 'pair' | 'reject' | 'port' | 'policy' | 'none';

export interface LadderInput {
  readonly protocol: number | null;
  readonly tcpFlags: number | null;
  readonly srcPort: number | null;
  readonly dstPort: number | null;
  readonly action: string | null;
  readonly src: SideFacts;
  readonly dst: SideFacts;
}

/**
 * Declared listeners of one side. CHOICE: of pods behind a node or a hidden address those of all times count ("of all
 * pods on that interface", product.md §7.13): a declaration, not a proof that somebody listened at that second.
 */
function listeners(cluster: Cluster, facts: SideFacts): Set<Listener> {
  const found = new Set<Listener>();
  const add = (all: readonly Listener[]): void => {
    for (const one of all) found.add(one);
  };
  for (const pod of facts.pods) add(pod.listeners);
  const { owner } = facts;
  if (owner === null || (facts.pods.length > 0 && !facts.hidden)) return found;
  if (owner.class === 'load-balancer') add(cluster.balancerPorts.get(owner.loadBalancer ?? '') ?? []);
  // eks.md §3.4: a node's ports are reached at its own address; a hidden address may be that one.
  if (!facts.hidden && !(owner.isHost && facts.isOwn)) return found;
  if (owner.class === 'node') add(cluster.nodePorts);
  for (const pod of podsOfHost(cluster, owner)) add(portsAtNode(pod));
  return found;
}

/** Steps 1 to 4 of the ladder (product.md §3, §7.13); null when step 5 has to judge. */
export function ladder(cluster: Cluster, input: LadderInput): { role: Role; basis: RoleBasis } | null {
  const { protocol, tcpFlags, srcPort, dstPort } = input;
  // CHOICE: flags tell TCP where the format has no protocol.
  if ((protocol === 6 || protocol === null) && tcpFlags !== null) {
    if ((tcpFlags & 18) === 18) return { role: 'reply', basis: 'flags' };
    if ((tcpFlags & 2) === 2) return { role: 'request', basis: 'flags' };
  }
  const ported = (protocol === 6 || protocol === 17) && srcPort !== null && dstPort !== null;
  if (ported) {
    const atSrc = listeners(cluster, input.src).has(`${protocol}/${srcPort}`);
    const atDst = listeners(cluster, input.dst).has(`${protocol}/${dstPort}`);
    if (atSrc !== atDst) return { role: atDst ? 'request' : 'reply', basis: 'listener' };
  }
  if (input.action === 'REJECT') return { role: 'request', basis: 'reject' };
  if (!ported) return null;
  if (srcPort < 1024 !== dstPort < 1024) return { role: dstPort < 1024 ? 'request' : 'reply', basis: 'port' };
  if (srcPort >= 32768 !== dstPort >= 32768) return { role: srcPort >= 32768 ? 'request' : 'reply', basis: 'port' };
  return null;
}
