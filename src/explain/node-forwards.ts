import { type Address, formatAddress } from '../model/ip.ts';
import type { Endpoint } from './endpoint.ts';
import type { Ending, Explain, ExplainFlow, Forward, Onward } from './explanation.ts';
import { answerInside } from './inside-node.ts';
import { type Backend, isOwnAddress, proxiedAt } from './node-port.ts';
import { UNTOLD } from './source-nat.ts';
import { policySteps } from './steps.ts';
import type { ExplainTables } from './tables.ts';
import { ending } from './way.ts';

/** Endpoints that one question follows on to. */
const ENDPOINTS_MAX = 32;
/** The API server's default range of NodePorts. */
const NODE_PORTS = { from: 30_000, to: 32_767 } as const;

const NOWHERE: Onward = { node_port: null, forwards: [], unfollowed: [], ended: null, answered: null };

/** What every endpoint of one question has in common. */
interface Hop {
  readonly tables: ExplainTables;
  readonly flow: ExplainFlow;
  readonly explain: Explain;
  readonly policy: 'Cluster' | 'Local';
  /** Source address of what comes to the node; null = not known. */
  readonly client: Address | null;
}

/**
 * From a NodePort on to each endpoint that kube-proxy may pick. With externalTrafficPolicy Cluster the node sends from
 * its own address, a port drawn anew; with Local the client's stays (Kubernetes, "Using Source IP").
 */
export function nodeForwardsOf(
  tables: ExplainTables,
  flow: ExplainFlow,
  client: Address | null,
  explain: Explain,
): Onward {
  if (flow.isOnward === true) return NOWHERE;
  const proxied = proxiedAt(tables.inventory, flow);
  if (proxied === null) return { ...NOWHERE, unfollowed: unansweredAt(tables, flow) };
  if (typeof proxied === 'string') {
    return { ...NOWHERE, ended: ending('unknown', `node-port-unknown: ${proxied}`) };
  }
  const { service, backends } = proxied;
  const policy = service.externalTrafficPolicy;
  const hop = { tables, flow, explain, policy, client };
  const forwards = backends.slice(0, ENDPOINTS_MAX).map((backend) => forwardTo(hop, backend));
  const left = backends.length - forwards.length;
  const cut = `${left} more of ${backends.length} endpoints: the first ${ENDPOINTS_MAX} are followed`;
  const unfollowed = left > 0 ? [...proxied.unfollowed, cut] : proxied.unfollowed;
  // kube-proxy's own answer is no Service's
  if (proxied.ended?.outcome === 'delivered') return { ...NOWHERE, ended: proxied.ended };
  const isOpen = left > 0 || proxied.isOpen;
  const ended = proxied.ended ?? joinedEnding(forwards, isOpen);
  const name = `${service.namespace}/${service.name}`;
  return {
    node_port: { service: name, external_traffic_policy: policy, reason: ended.reason },
    forwards,
    unfollowed,
    ended,
    answered:
      proxied.ended === null
        ? joinedEnding(
            forwards.map(({ way_back: back }) => back),
            isOpen,
          )
        : null,
  };
}

/** What comes of all endpoints alike, else unknown; `isOpen`: there are more of which nothing is told. */
function joinedEnding(ends: readonly (Ending & Pick<Forward, 'steps'>)[], isOpen: boolean): Ending {
  const [first] = ends;
  const outcomes = [...ends.map(({ outcome }) => outcome), ...(isOpen ? (['unknown'] as const) : [])];
  const counts = [...new Set(outcomes)].map((one) => `${outcomes.filter((each) => each === one).length} ${one}`);
  if (first === undefined || counts.length > 1)
    return ending('unknown', `it depends on the endpoint: ${isOpen ? 'not all are followed' : counts.join(', ')}`);
  if (first.outcome === 'delivered') return ending('delivered', null);
  const denied = first.steps.find((step) => step.verdict === 'deny');
  const open = first.steps.find((step) => step.verdict === 'unknown');
  const at = denied === undefined ? open?.unknown?.[0] : `${denied.rule} at ${denied.at}`;
  const why = first.reason ?? at ?? 'not known';
  return ending(first.outcome, `at ${ends.length === 1 ? 'its one endpoint' : 'every endpoint'}: ${why}`);
}

/** A port of a node that looks like a NodePort, or that a load balancer forwards to, and is no Service's. */
function unansweredAt({ inventory }: ExplainTables, { from, to, dstPort }: ExplainFlow): string[] {
  const eni = inventory.networkInterfaces[to.eni];
  if (dstPort === null || eni?.kind !== 'node-primary' || !isOwnAddress(eni, to)) return [];
  const isForwarded = inventory.networkInterfaces[from.eni]?.kind === 'load-balancer';
  if (!isForwarded && (dstPort < NODE_PORTS.from || dstPort > NODE_PORTS.to)) return [];
  return [`no Service of the inventory has NodePort ${dstPort}: who answers is not known`];
}

/** Pods with an interface of their own are reached through it in strict mode, also on their own node. */
function forwardTo(hop: Hop, backend: Backend): Forward {
  const { networkInterfaces, awsNode } = hop.tables.inventory;
  const isBranch = networkInterfaces[backend.end.eni]?.kind === 'pod-branch';
  const isStrict = isBranch && awsNode.strictBranches;
  const doubt = isBranch && !awsNode.isTold ? UNTOLD : null;
  if (backend.isHere === true && !isStrict && doubt === null) return insideNode(hop, backend);
  if (hop.policy === 'Local') {
    const supported = 'behind externalTrafficPolicy Local pods with security groups of their own are not supported';
    const why = `branch-interface-unsupported: ${supported} in strict mode${doubt === null ? '' : ` (${doubt})`}`;
    return open(insideNode(hop, backend), why);
  }
  const onward = toInterface(hop, backend);
  if (backend.isHere === false || (backend.isHere === true && doubt === null)) return onward;
  const inside = insideNode(hop, backend);
  const isSame = inside.verdict === onward.verdict && inside.outcome === onward.outcome;
  if (isSame && inside.reply.verdict === onward.reply.verdict) return { ...onward, reason: null };
  const place = `whether ${backend.pod ?? formatAddress(backend.address)} is on the same node is not known`;
  return open(onward, doubt === null ? `place-unknown: ${place}` : `branch-mode-unknown: ${doubt}`);
}

function open(forward: Forward, reason: string): Forward {
  const unknown = { verdict: 'unknown', decided_by: null } as const;
  const way_back = { ...forward.way_back, outcome: 'unknown', reason } as const;
  return { ...forward, ...unknown, outcome: 'unknown', reason, reply: unknown, way_back, same_node: false };
}

type Named = Pick<Forward, 'target' | 'port' | 'health' | 'pod' | 'at' | 'source'>;

function named(
  { tables: { inventory }, policy, client, flow }: Hop,
  { end, address, port, pod, state }: Backend,
): Named {
  const seen = policy === 'Cluster' ? flow.to.address : client;
  return {
    target: formatAddress(address),
    port,
    health: state,
    pod: pod ?? (end.pod === null ? null : `${end.pod.namespace}/${end.pod.name}`),
    at: inventory.networkInterfaces[end.eni]?.id ?? null,
    source: seen === null ? null : formatAddress(seen),
  };
}

/** The node's own connection to an endpoint on another node, or behind an interface of its own. */
function toInterface(hop: Hop, backend: Backend): Forward {
  const { flow, tables } = hop;
  const from: Endpoint = { ...flow.to, publicAddress: null, pod: null };
  const { passedOn: _, ...rest } = flow;
  const question = { ...rest, from, to: backend.end, srcPort: null, dstPort: backend.port, isOnward: true } as const;
  const { id: _id, source_nat: _nat, ...answer } = hop.explain(tables, question);
  return { ...named(hop, backend), ...answer };
}

/** Handed over by the node's own kernel. What the node itself sends, NetworkPolicies never stop (eks.md 5.1). */
function insideNode(hop: Hop, backend: Backend): Forward {
  const { inventory } = hop.tables;
  const names = named(hop, backend);
  const at = names.at ?? inventory.networkInterfaces[hop.flow.to.eni]?.id ?? '';
  const steps = hop.policy === 'Cluster' ? [] : policySteps(inventory, backend.end, at, 'ingress');
  return { ...names, ...answerInside(steps, null) };
}
