import type { ForwardingListener, Target, TargetGroup } from '../inventory/gateway.ts';
import { isHostAddress, type LoadBalancer, type NetworkInterface } from '../inventory/inventory.ts';
import { type Address, formatAddress, parseAddress } from '../model/ip.ts';
import { type Endpoint, findEndpoint, ownAddress } from './endpoint.ts';
import type { Answer, Explain, ExplainFlow, Forward, Forwards } from './explanation.ts';
import { preservationOf } from './preservation.ts';
import type { ExplainTables } from './tables.ts';

/** Targets that one question follows on to; a load balancer of hundreds is not told in full. */
const FORWARDS_MAX = 32;

/** What every target of one question has in common. */
interface Passing {
  readonly tables: ExplainTables;
  readonly flow: ExplainFlow;
  readonly explain: Explain;
  readonly eni: NetworkInterface;
  /** `net/name/id` …: what the balancer's interfaces are named by. */
  readonly balancer: string;
  /** The client's address as the balancer sees it; null = not known. */
  readonly client: Address | null;
}

const NOWHERE: Forwards = { node_port: null, forwards: [], unfollowed: [] };

/**
 * From a load balancer on to the targets of the listener's default action, with every target that is not followed and
 * why. The balancer opens a connection of its own from its own address, or passes the client's on (preservationOf).
 */
export function forwardsOf(
  tables: ExplainTables,
  flow: ExplainFlow,
  client: Address | null,
  explain: Explain,
): Forwards {
  const { networkInterfaces } = tables.inventory;
  const eni = networkInterfaces[flow.to.eni];
  if (eni === undefined || eni.kind !== 'load-balancer') return NOWHERE;
  // balancers may stand in a circle
  if (networkInterfaces[flow.from.eni]?.kind === 'load-balancer') return not('a load balancer behind another');
  const balancer = eni.kindName ?? '';
  const found = tables.inventory.loadBalancers.find((b) => b.suffix === balancer);
  if (found === undefined) return not(`load balancer ${balancer || eni.id} is not described`);
  const groups = groupsOf(tables, flow, found);
  if ('unfollowed' in groups) return groups;
  const passing = { tables, flow, explain, eni, balancer, client };
  const unfollowed: string[] = [];
  const targets = groups.arns.flatMap((arn) => {
    const group = tables.inventory.gateways.targetGroups.find((g) => g.arn === arn);
    if (group?.targets == null) unfollowed.push(`the targets of ${group?.name ?? arn} are not described`);
    else if (group.targets.length === 0) unfollowed.push(`target group ${group.name ?? arn} has no targets`);
    return (group?.targets ?? []).map((target) => ({ group: group as TargetGroup, target }));
  });
  const left = targets.length - FORWARDS_MAX;
  if (left > 0) unfollowed.push(`${left} more of ${targets.length} targets: the first ${FORWARDS_MAX} are followed`);
  const forwards = targets.slice(0, FORWARDS_MAX).map(({ group, target }) => forwardTo(passing, group, target));
  return { ...NOWHERE, forwards, unfollowed };
}

function not(why: string): Forwards {
  return { ...NOWHERE, unfollowed: [why] };
}

/** Target groups of the listener that takes the flow's packets. */
function groupsOf(
  { inventory }: ExplainTables,
  { dstPort, protocol }: ExplainFlow,
  balancer: LoadBalancer,
): Forwards | { readonly arns: readonly string[] } {
  if (dstPort === null || protocol === null) return not('which listener takes it: no port or protocol is given');
  const of = inventory.gateways.listeners.filter((l) => l.loadBalancerArn === balancer.arn);
  if (of.length === 0) return not(`the listeners of ${balancer.suffix} are not described`);
  const takes = (l: ForwardingListener): boolean =>
    l.port === dstPort && (l.protocol === null || l.protocol === protocol);
  const taking = of.filter(takes);
  const name = `${balancer.suffix} at port ${dstPort} of protocol ${protocol}`;
  if (taking.length === 0) return not(`no listener of ${name}: ports ${of.map((l) => l.port).join(', ')} have one`);
  const arns = [...new Set(taking.flatMap((l) => l.targetGroupArns))];
  if (arns.length > 0) return { arns };
  return not(`the default action of ${name} forwards to no target group; its other rules are not read`);
}

function forwardTo(passing: Passing, group: TargetGroup, target: Target): Forward {
  const { tables, flow } = passing;
  const port = target.port ?? group.port;
  const to = targetEndpoint(passing, group, target);
  if (typeof to === 'string') return unfollowedTarget(target, port, to);
  const pod = to.pod === null ? null : `${to.pod.namespace}/${to.pod.name}`;
  const at = tables.inventory.networkInterfaces[to.eni]?.id ?? null;
  const seen = preservationOf(passing.balancer, group, flow.protocol, passing.client, to.address);
  const known = typeof seen === 'string' ? seen : seen.byDefault;
  const answer = asked(passing, to, port, known);
  const named = { target: target.id, port, health: target.health, pod, at, same_node: false };
  const address = known === 'client' ? passing.client : balancerOf(passing, to).address;
  const told = { ...named, source: textOf(address), ...answer };
  if (typeof seen === 'string') return told;
  const other = asked(passing, to, port, known === 'client' ? 'balancer' : 'client');
  const isSame = other.verdict === answer.verdict && other.outcome === answer.outcome;
  // a node that hands it on with the source it saw: that is not known there either
  const forwards = told.forwards.map((one, i) =>
    one.source === other.forwards[i]?.source ? one : { ...one, source: null },
  );
  if (isSame && other.reply.verdict === answer.reply.verdict) return { ...told, forwards, source: null };
  const open = { verdict: 'unknown', decided_by: null } as const;
  return { ...told, ...open, forwards, source: null, outcome: 'unknown', reason: seen.doubt, reply: open };
}

function textOf(address: Address | null): string | null {
  return address === null ? null : formatAddress(address);
}

/** The balancer as a target sees it: by its address of the target's family, whichever the client came by. */
function balancerOf({ tables, flow }: Passing, { address: target }: Endpoint): Endpoint {
  const { address, eni } = flow.to;
  const isSame = target === null || address === null || address.family === target.family;
  const own = isSame ? address : ownAddress(tables.inventory, eni, target.family);
  return { ...flow.to, publicAddress: null, address: own };
}

/** The balancer's connection to one target, which sees the client's address or the balancer's. */
function asked(passing: Passing, to: Endpoint, port: number | null, sees: string): Answer {
  const { tables, flow, explain, client } = passing;
  const from = balancerOf(passing, to);
  const { atSeconds = null, ...rest } = flow;
  const passed = sees === 'client' ? { passedOn: client } : {};
  const question = { ...rest, ...passed, atSeconds, from, to, srcPort: null, dstPort: port };
  const { id: _id, source_nat: _nat, ...answer } = explain(tables, question);
  return answer;
}

function unfollowedTarget({ id, health }: Target, port: number | null, reason: string): Forward {
  const open = { verdict: 'unknown', decided_by: null } as const;
  const nobody = { pod: null, at: null, source: null, same_node: false } as const;
  const ended = { outcome: 'unknown', reason } as const;
  const named = { target: id, port, health, ...nobody };
  return { ...named, ...open, ...ended, ...NOWHERE, reply: open, steps: [], way_back: { ...ended, steps: [] } };
}

/** Where a target is; a text = why nothing tells. */
function targetEndpoint(
  { tables, flow, eni }: Passing,
  { targetType }: TargetGroup,
  { id }: Target,
): Endpoint | string {
  const { inventory } = tables;
  const at = flow.atSeconds ?? null;
  if (parseAddress(id) !== undefined) return findEndpoint(inventory, id, at, eni.vpcId) ?? `${id} is not known`;
  if (targetType === 'lambda') return 'a Lambda function is called, no packet is sent to it';
  if (targetType === 'alb') return 'what an application load balancer behind it forwards to is not followed';
  if (targetType !== 'instance' && !id.startsWith('i-')) return `targets of type ${targetType} are not followed`;
  const primary = inventory.networkInterfaces.find((e) => e.instanceId === id && isHostAddress(e));
  if (primary === undefined) return `no interface of instance ${id} is in the inventory`;
  return findEndpoint(inventory, primary.id, at) ?? `${primary.id} is not known`;
}
