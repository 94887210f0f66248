import type { EniKind, Inventory, NetworkInterface } from '../inventory/inventory.ts';
import type { Endpoint } from './endpoint.ts';
import type { Answer, ExplainFlow, ExplainStep, Onward } from './explanation.ts';
import { isOwnAddress } from './node-port.ts';
import { policySteps } from './steps.ts';
import { beyond } from './way.ts';

const INSIDE_NODE = 'inside the node: no interface is crossed, no flow log shows it';

/** A packet whose ends are on one node. */
export interface InsideNode {
  /** Why it may cross interfaces all the same; null = it does not. */
  readonly doubt: string | null;
}

const NODE_KINDS: readonly EniKind[] = ['node-primary', 'node-secondary', 'node-trunk', 'pod-branch'];

/**
 * What pods of one node and the node itself send each other, its kernel hands over (amazon-vpc-cni-k8s,
 * docs/cni-proposal.md, "Pod to Pod"). Only pods with an interface of their own send and receive through it in strict
 * mode (README, POD_SECURITY_GROUP_ENFORCING_MODE). null = the packet leaves the node, or nobody holds an end.
 */
export function insideNodeOf(inventory: Inventory, { from, to }: ExplainFlow): InsideNode | null {
  const [source, target] = [inventory.networkInterfaces[from.eni], inventory.networkInterfaces[to.eni]];
  if (source === undefined || target === undefined || to.publicAddress !== null) return null;
  if (source.instanceId === null || source.instanceId !== target.instanceId) return null;
  if (!isOnNode(source, from) || !isOnNode(target, to)) return null;
  if (source.kind !== 'pod-branch' && target.kind !== 'pod-branch') return { doubt: null };
  const { strictBranches, isTold } = inventory.awsNode;
  if (!isTold) return { doubt: 'branch-mode-unknown: no DaemonSet aws-node is described, or several differ' };
  return strictBranches ? null : { doubt: null };
}

/** A pod, or the node's own address: of those that no pod holds the node knows nothing. */
function isOnNode(eni: NetworkInterface, end: Endpoint): boolean {
  if (!NODE_KINDS.includes(eni.kind)) return false;
  return end.pod !== null || (eni.kind !== 'pod-branch' && isOwnAddress(eni, end));
}

/** NetworkPolicies hold inside a node too, but never stop what the node itself sends (eks.md 5.1). */
export function policiesInside(inventory: Inventory, { from, to }: ExplainFlow): ExplainStep[] {
  if (from.pod === null) return [];
  const at = (end: Endpoint): string => inventory.networkInterfaces[end.eni]?.id ?? '';
  return [...policySteps(inventory, from, at(from), 'egress'), ...policySteps(inventory, to, at(to), 'ingress')];
}

/** What comes of a packet that no interface sees; `onward`: where the node sends it on. */
export function answerInside(steps: readonly ExplainStep[], onward: Onward | null): Answer {
  const isOpen = steps.length > 0;
  const verdict = { verdict: isOpen ? 'unknown' : 'allow', decided_by: null } as const;
  const ended = { outcome: isOpen ? 'unknown' : 'delivered', reason: INSIDE_NODE } as const;
  return {
    ...verdict,
    ...beyond(onward?.ended ?? null, ended),
    reply: verdict,
    steps,
    way_back: { ...beyond(onward?.answered ?? null, ended), steps: [] },
    node_port: onward?.node_port ?? null,
    forwards: onward?.forwards ?? [],
    unfollowed: onward?.unfollowed ?? [],
    same_node: true,
  };
}
