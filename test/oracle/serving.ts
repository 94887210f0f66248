/** The pod behind a port of its node as naive code, from eks.md §3.4. */
import { field, type OracleRecord, type OracleSide, type SideFacts, windowOf } from './attribution.ts';
import { type Cluster, podId, podsOfHost, portsAtNode } from './cluster.ts';
import type { Role, RoleBasis } from './role.ts';

/**
 * The serving side when it is a node's own address and one pod answers at its port there; null = as it stands.
 * CHOICE: only where flags or declared listeners say that this side serves: source NAT draws any port from 1024 on.
 */
export function servingSide(
  cluster: Cluster,
  record: OracleRecord,
  name: 'src' | 'dst',
  facts: SideFacts,
  told: { readonly role: Role; readonly basis: RoleBasis } | null,
): OracleSide | null {
  const { side, owner, hidden, isOwn } = facts;
  if (told?.role !== (name === 'dst' ? 'request' : 'reply')) return null;
  if (told.basis !== 'flags' && told.basis !== 'listener') return null;
  if (side.kind !== 'node' || owner === null || hidden || !isOwn || !owner.isHost) return null;
  const [protocol, port] = [field(record, 'protocol'), field(record, `${name}port`)];
  const far = field(record, name === 'dst' ? 'srcport' : 'dstport');
  if ((protocol !== '6' && protocol !== '17') || far === null) return null;
  const window = windowOf(record);
  const there = podsOfHost(cluster, owner).filter((pod) => {
    return portsAtNode(pod).includes(`${protocol}/${port}`) && pod.start < window.end && pod.end > window.start;
  });
  const [first] = there;
  if (first === undefined || new Set(there.map(podId)).size > 1) return null;
  const whole = there.some((pod) => pod.start <= window.start && pod.end >= window.end);
  const attribution = side.attribution === 'exact' && whole ? 'exact' : 'inferred';
  return { ...side, kind: 'pod', namespace: first.namespace, pod: first.name, attribution, candidates: [] };
}
