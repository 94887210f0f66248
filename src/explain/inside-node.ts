import type { Inventory, NetworkInterface } from '../inventory/inventory.ts';
import { sameAddress } from '../model/ip.ts';
import { type Endpoint, NODE_KINDS } from './endpoint.ts';
import type { Answer, ExplainFlow, ExplainStep, Onward } from './explanation.ts';
import { isOwnAddress } from './node-port.ts';
import { reachesFamily, UNTOLD } from './source-nat.ts';
import { policySteps } from './steps.ts';
import { beyond, ending } from './way.ts';
import { endingOf } from './way-back.ts';

const INSIDE_NODE = 'inside the node: no interface is crossed, no flow log shows it';

/** A packet whose ends are on one node. */
export interface InsideNode {
  /** Why it may cross interfaces all the same; null = it does not. */
  readonly doubt: string | null;
}

/**
 * What pods of one node and the node itself send each other, its kernel hands over (amazon-vpc-cni-k8s,
 * docs/cni-proposal.md, "Pod to Pod"). Only pods with an interface of their own send and receive through it in strict
 * mode (README, POD_SECURITY_GROUP_ENFORCING_MODE). null = the packet leaves the node, or nobody holds an end.
 */
export function insideNodeOf(inventory: Inventory, { from, to }: ExplainFlow): InsideNode | null {
  const [source, target] = [inventory.networkInterfaces[from.eni], inventory.networkInterfaces[to.eni]];
  if (source === undefined || target === undefined || to.publicAddress !== null) return null;
  if (source.instanceId === null || source.instanceId !== target.instanceId) return null;
  if (from.address === null || to.address === null) return null;
  const isAcross = reachesFamily(inventory, from, to.address);
  if (from.address.family !== to.address.family && !isAcross) return null;
  if (!NODE_KINDS.includes(source.kind) || !NODE_KINDS.includes(target.kind)) return null;
  // what sends from a node's address is on the node, known or not; an address that no pod holds is nobody's there
  if (to.pod === null && !isHost(target, to)) return null;
  // the other address family a pod reaches by its node alone, never by an interface of its own
  const isBranch = target.kind === 'pod-branch' || (source.kind === 'pod-branch' && !isAcross);
  if (!isBranch) return { doubt: null };
  const { strictBranches, isTold } = inventory.awsNode;
  if (!isTold) return { doubt: `branch-mode-unknown: ${UNTOLD}` };
  return strictBranches ? null : { doubt: null };
}

/** The node itself, or a pod that shares its address. */
function isHost(eni: NetworkInterface, end: Endpoint): boolean {
  return end.pod?.hostNetwork === true || (eni.kind !== 'pod-branch' && isOwnAddress(eni, end));
}

/**
 * NetworkPolicies hold inside a node too, but not between a pod and its own node, or itself (Kubernetes, "Network
 * Policies").
 */
export function policiesInside(inventory: Inventory, { from, to }: ExplainFlow): ExplainStep[] {
  const [source, target] = [inventory.networkInterfaces[from.eni], inventory.networkInterfaces[to.eni]];
  if (source === undefined || target === undefined || isHost(source, from) || isHost(target, to)) return [];
  if (from.address !== null && to.address !== null && sameAddress(from.address, to.address)) return [];
  return [...policySteps(inventory, from, source.id, 'egress'), ...policySteps(inventory, to, target.id, 'ingress')];
}

/** What comes of a packet that no interface sees; `onward`: where the node sends it on. */
export function answerInside(steps: readonly ExplainStep[], onward: Onward | null): Answer {
  const verdict = steps.length > 0 ? 'unknown' : 'allow';
  const here = ending(steps.length > 0 ? 'unknown' : 'delivered', INSIDE_NODE);
  const ended = beyond(onward?.ended ?? null, here);
  const answered = beyond(onward?.answered ?? null, endingOf(ended, verdict, null, ending('delivered', INSIDE_NODE)));
  return {
    verdict,
    decided_by: null,
    ...ended,
    reply: { verdict, decided_by: null },
    steps,
    way_back: { ...answered, steps: [] },
    node_port: onward?.node_port ?? null,
    forwards: onward?.forwards ?? [],
    unfollowed: onward?.unfollowed ?? [],
    same_node: true,
  };
}
