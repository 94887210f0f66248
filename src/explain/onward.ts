import type { Address } from '../model/ip.ts';
import type { Explain, ExplainFlow, Onward } from './explanation.ts';
import { forwardsOf } from './forwards.ts';
import { nodeForwardsOf } from './node-forwards.ts';
import type { ExplainTables } from './tables.ts';

/** `client`: the source address as the interface that the packet is sent to sees it, null = not known. */
export function onwardOf(tables: ExplainTables, flow: ExplainFlow, client: Address | null, explain: Explain): Onward {
  const isBalancer = tables.inventory.networkInterfaces[flow.to.eni]?.kind === 'load-balancer';
  if (isBalancer) return { ...forwardsOf(tables, flow, client, explain), ended: null, answered: null };
  return nodeForwardsOf(tables, flow, client, explain);
}
