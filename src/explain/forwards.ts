import type { Target, TargetGroup } from '../inventory/gateway.ts';
import { isHostAddress } from '../inventory/network-interfaces.ts';
import { parseAddress } from '../model/ip.ts';
import { type Endpoint, findEndpoint } from './endpoint.ts';
import type { ExplainFlow, Explanation, Forward } from './explanation.ts';
import type { ExplainTables } from './tables.ts';

/** Targets that one question follows on to; a load balancer of hundreds is not told in full. */
const FORWARDS_MAX = 32;

/**
 * From a load balancer on to the targets of the listener's default action. The balancer opens a connection of its own,
 * from its own address: what a network load balancer with client address preservation shows the target is not modelled.
 */
export function forwardsOf(
  tables: ExplainTables,
  flow: ExplainFlow,
  explain: (tables: ExplainTables, flow: ExplainFlow) => Explanation,
): readonly Forward[] {
  const { inventory } = tables;
  const eni = inventory.networkInterfaces[flow.to.eni];
  if (eni === undefined || eni.kind !== 'load-balancer' || flow.dstPort === null) return [];
  const balancer = inventory.loadBalancers.find((b) => b.suffix === eni.kindName);
  const groups = inventory.gateways.listeners
    .filter((l) => l.loadBalancerArn === balancer?.arn && l.port === flow.dstPort)
    .filter((l) => l.protocol === null || l.protocol === flow.protocol)
    .flatMap((l) => l.targetGroupArns)
    .flatMap((arn) => inventory.gateways.targetGroups.find((g) => g.arn === arn) ?? []);
  const targets = groups.flatMap((group) => (group.targets ?? []).map((target) => ({ group, target })));
  return targets.slice(0, FORWARDS_MAX).flatMap(({ group, target }) => {
    const to = targetEndpoint(tables, group, target);
    const port = target.port ?? group.port;
    if (to === undefined) return [];
    const from: Endpoint = { ...flow.to, publicAddress: null };
    const asked = { id: flow.id, from, to, protocol: flow.protocol, srcPort: null, dstPort: port, icmp: flow.icmp };
    const { verdict, decided_by, outcome, steps } = explain(tables, asked);
    return [{ target: target.id, port, health: target.health, verdict, decided_by, outcome, steps }];
  });
}

function targetEndpoint({ inventory }: ExplainTables, group: TargetGroup, target: Target): Endpoint | undefined {
  if (parseAddress(target.id) !== undefined) return findEndpoint(inventory, target.id, null);
  if (group.targetType !== 'instance' && !target.id.startsWith('i-')) return undefined;
  const primary = inventory.networkInterfaces.find((eni) => eni.instanceId === target.id && isHostAddress(eni));
  return primary === undefined ? undefined : findEndpoint(inventory, primary.id, null);
}
