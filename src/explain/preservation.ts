import type { TargetGroup } from '../inventory/gateway.ts';
import type { Address } from '../model/ip.ts';

/** Whose address a target sees: the client's, the balancer's, or (a doubt in words) one of the two. */
export type Preservation =
  | 'client'
  | 'balancer'
  | { readonly byDefault: 'client' | 'balancer'; readonly doubt: string };

const UDP = 17;
/** Protocols of target groups whose clients' addresses are always passed on. */
const ALWAYS: readonly string[] = ['UDP', 'TCP_UDP', 'QUIC', 'TCP_QUIC'];

/**
 * Client address preservation ("Edit target group attributes for your Network Load Balancer", Client IP preservation):
 * network load balancers only; never across address families; always for UDP, TCP_UDP and QUIC; for TCP and TLS as the
 * attribute `preserve_client_ip.enabled` says, whose default (on for instances, off for addresses) anybody may have
 * changed.
 */
export function preservationOf(
  balancer: string,
  group: TargetGroup,
  protocol: number | null,
  client: Address | null,
  target: Address | null,
): Preservation {
  if (!balancer.startsWith('net/')) return 'balancer';
  if (client !== null && target !== null && client.family !== target.family) return 'balancer';
  if (protocol === UDP || ALWAYS.includes(group.protocol?.toUpperCase() ?? '')) return 'client';
  if (group.preservesClient !== null) return group.preservesClient ? 'client' : 'balancer';
  const byDefault = group.targetType === 'ip' ? 'balancer' : 'client';
  const name = group.name ?? group.arn;
  const usual = `by default targets of type ${group.targetType ?? 'instance'} see the ${byDefault}'s address`;
  return {
    byDefault,
    doubt: `client-address-preservation-unknown: the attributes of target group ${name} are not described; ${usual}`,
  };
}
