import type { Address } from '../model/ip.ts';
import type { RouteKind, Verdict } from '../model/verdict.ts';
import type { Endpoint } from './endpoint.ts';
import type { IcmpPacket } from './layer-answer.ts';
import type { ExplainTables } from './tables.ts';

/** What explain asks about: one connection, as its first packet. */
export interface ExplainFlow {
  readonly id: string | null;
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** IANA number; null = not known. */
  readonly protocol: number | null;
  /** null = not known: every port it may be. */
  readonly srcPort: number | null;
  readonly dstPort: number | null;
  readonly icmp: IcmpPacket;
  /** Unix seconds at which pods behind a load balancer are looked up; absent or null = those that have not ended. */
  readonly atSeconds?: number | null;
  /**
   * Set when `from` is a load balancer that passes its client's address on: the source that the destination sees; null
   * = not known.
   */
  readonly passedOn?: Address | null;
  /** Set when `from` is a node that sends on what came to its NodePort: one hop, however the ports are. */
  readonly isOnward?: true;
}

/** One layer at one place, in the order the packet meets them. */
export interface ExplainStep {
  readonly layer: 'policy' | 'sg' | 'nacl' | 'route';
  /** Interface id; on the way also a gateway, attachment or subnet without a known interface. */
  readonly at: string;
  readonly direction: 'ingress' | 'egress';
  /** null on route steps. */
  readonly verdict: Verdict | null;
  readonly rule: string | null;
  /** Every rule that matches (or may match), the deciding one first. */
  readonly matched: readonly string[];
  /** Route steps only. */
  readonly kind?: RouteKind;
  readonly target?: string | null;
  readonly prefix?: string | null;
  /** What was not known, where the verdict or the route is unknown. */
  readonly unknown?: readonly string[];
}

/** Where the packet ends, as far as rules and routes tell. */
export type Outcome = 'delivered' | 'left-network' | 'denied' | 'no-route' | 'blackhole' | 'unreachable' | 'unknown';

/** How a way ends, and why in words where a step does not say it. */
export interface Ending {
  readonly outcome: Outcome;
  readonly reason: string | null;
}

export interface Explanation {
  readonly id: string | null;
  /** Security groups, network ACLs and NetworkPolicies at the ends the inventory knows. */
  readonly verdict: Verdict;
  readonly decided_by: string | null;
  readonly outcome: Outcome;
  readonly reply: { readonly verdict: Verdict; readonly decided_by: string | null };
  readonly steps: readonly ExplainStep[];
  /** Why the outcome is what it is, where no step says it: no attachment in the zone, no public address … */
  readonly reason: string | null;
  /** The reply's way back: its steps in its own order. */
  readonly way_back: WayBack;
  /** Where the sender's node translates the packet: the interface it leaves by and the address it has then. */
  readonly source_nat: SourceNat | null;
  /** Where the destination is a node's address and a NodePort: the Service, whose endpoints are in `forwards`. */
  readonly node_port: NodePortService | null;
  /** Where the destination is a load balancer or a NodePort: the way on to each target that may be picked. */
  readonly forwards: readonly Forward[];
  /** What it may be forwarded to besides, and why that is not followed. */
  readonly unfollowed: readonly string[];
  /** True = inside one node: the packet crosses no interface of the VPC, and no flow log shows it. */
  readonly same_node: boolean;
}

export interface NodePortService {
  /** `namespace/name`. */
  readonly service: string;
  readonly external_traffic_policy: 'Cluster' | 'Local';
  /** Why it comes to none of the endpoints in `forwards`, or not to every one; null = it does. */
  readonly reason: string | null;
}

export interface SourceNat {
  readonly at: string;
  readonly address: string;
  /** Why it is not certain; null = it is. Verdict and outcome hold either way, or are `unknown`. */
  readonly unknown: string | null;
}

export interface WayBack extends Ending {
  readonly steps: readonly ExplainStep[];
}

export type Forwards = Pick<Explanation, 'forwards' | 'unfollowed' | 'node_port'>;

/** How a packet goes on from the interface it is sent to: from a load balancer or a NodePort. */
export interface Onward extends Forwards {
  /** How it ends at a node that answers itself, or beyond it at its endpoints; null = it ends there as anywhere. */
  readonly ended: Ending | null;
  /** How the endpoints' replies come back to the node; null = nothing is sent on. */
  readonly answered: Ending | null;
}

/** Follows one flow; those that forwards lead to are followed the same way. */
export type Explain = (tables: ExplainTables, flow: ExplainFlow) => Explanation;

/** What a forward and an explanation tell alike. */
export type Answer = Omit<Explanation, 'id' | 'source_nat'>;

/** One target of a load balancer, or one endpoint of a NodePort; its other keys mean what an explanation's do. */
export interface Forward extends Answer {
  /** Address, instance id or ARN, as the target group or the EndpointSlice says. */
  readonly target: string;
  readonly port: number | null;
  /** As AWS (`healthy` …) or the EndpointSlice (`ready`, `terminating`) says it; null = not said. */
  readonly health: string | null;
  /** `namespace/name`; null = no pod, or not known. */
  readonly pod: string | null;
  /** Interface id; null = not in the inventory. */
  readonly at: string | null;
  /** Address that the target sees; null = not known. */
  readonly source: string | null;
}
