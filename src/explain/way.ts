import type { Address } from '../model/ip.ts';
import type { RouteKind } from '../model/verdict.ts';
import type { Ending, ExplainStep, Outcome } from './explanation.ts';
import type { Packet, Site } from './scene.ts';

/** How a packet reached the network of its destination; a reply is expected to leave by the same. */
export interface Arrival {
  readonly kind: 'local' | 'pcx' | 'tgw' | 'internet' | 'appliance' | 'outside';
  readonly id: string | null;
}

/** A packet that has come to the VPC of its destination. */
export interface Arrived {
  readonly arrived: Arrival;
  readonly packet: Packet;
  /** Subnet it comes from inside the destination's VPC: that of the sender, an appliance or an attachment. */
  readonly fromSubnetId: string | null;
}

/** Where following a packet leads: to the destination's VPC, or to an end before it. */
export type Way = Arrived | Ending;

export function hasArrived(way: Way): way is Arrived {
  return 'arrived' in way;
}

/** Steps between the two ends, with those of the way back in the order of the way there. */
export class Trail {
  readonly steps: ExplainStep[] = [];
  readonly back: ExplainStep[] = [];
  /** Said once something on the way decides that no document describes. */
  doubt: string | null = null;
  /** Subnet where the packet went into a transit gateway from the sender's own subnet. */
  enteredFromOwnSubnet = false;
  private hops = 0;

  /** False once the way is longer than any that ends: routes lead in a circle. */
  hop(): boolean {
    this.hops++;
    return this.hops <= HOPS_MAX;
  }

  add(...steps: readonly ExplainStep[]): void {
    this.steps.push(...steps);
  }

  /** A step of the way back, met before those of earlier stretches. */
  addBack(...steps: readonly ExplainStep[]): void {
    this.back.push(...steps);
  }
}

/** Gateways and appliances one way may cross; a longer one is a circle. */
const HOPS_MAX = 16;

export function ending(outcome: Outcome, reason: string | null): Ending {
  return { outcome, reason };
}

/** How it ends beyond a NodePort, where it comes as far: what is lost there is lost whatever is unknown before. */
export function beyond(there: Ending | null, here: Ending): Ending {
  if (there === null || (here.outcome !== 'delivered' && here.outcome !== 'unknown')) return here;
  const isLost = there.outcome !== 'delivered' && there.outcome !== 'unknown';
  return here.outcome === 'delivered' || isLost ? there : here;
}

/** Endings that a route alone decides. */
export function endingOfRoute(kind: RouteKind | undefined): Ending | undefined {
  if (kind === 'none') return ending('no-route', null);
  if (kind === 'blackhole') return ending('blackhole', null);
  return undefined;
}

/** Where following goes on: a site, the table in force there and what the packet looks like. */
export interface Stop {
  readonly site: Site;
  /** Index of the route table, −1 = not known. */
  readonly table: number;
  readonly packet: Packet;
  /** Public address of the packet's source, for an internet gateway; undefined = look the interface's up. */
  readonly publicSource?: Address | null;
}
