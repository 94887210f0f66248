import type { Verdict } from '../model/verdict.ts';
import type { Ending, ExplainStep } from './explanation.ts';
import { betweenEnds, doubtAt, joined } from './outcome.ts';
import { isInSubnet, type Scene, siteOfEni } from './scene.ts';
import { aclStep, routeStep } from './steps.ts';
import { asymmetryText } from './transit.ts';
import { type Arrived, ending, endingOfRoute, type Trail } from './way.ts';

interface Ends {
  readonly atSource: readonly ExplainStep[];
  readonly atDestination: readonly ExplainStep[];
}

interface JudgedWayBack {
  readonly verdict: Verdict;
  readonly decidedBy: string | null;
  readonly ending: Ending;
  readonly steps: readonly ExplainStep[];
}

/**
 * The reply: security groups pass it by tracking, as they judged the request (EC2 User Guide, "Security group
 * connection tracking"); network ACLs judge it by their own entries and its ports; routes must lead back.
 */
export function wayBack(
  scene: Scene,
  trail: Trail,
  arrived: Arrived | null,
  request: Ending,
  ends: Ends,
): JudgedWayBack {
  const { inventory } = scene.tables;
  const { from, to, passedOn } = scene.flow;
  const tracked = (steps: readonly ExplainStep[]): ExplainStep[] => steps.filter((s) => s.layer !== 'nacl');
  const atDestination: ExplainStep[] = [];
  let way: Ending = ending('delivered', null);
  if (to.eni >= 0) {
    const site = siteOfEni(inventory, to.eni);
    const back = arrived?.packet.source ?? (passedOn === undefined ? from.address : passedOn);
    // toward a transit gateway in its own subnet a workload's packet is judged, from there it is not
    const inward = ends.atDestination.find((s) => s.layer === 'nacl')?.verdict !== 'none';
    const crossed = inward || arrived?.arrived.kind === 'tgw';
    const acl = aclStep(scene, site, 'egress', back, scene.reply, crossed);
    atDestination.push(...tracked(ends.atDestination).reverse(), acl);
    // the network hands replies to a client that a load balancer passed on back to the balancer, whatever routes say
    if (arrived !== null && passedOn === undefined && !isInSubnet(scene, site, back)) {
      const route = routeStep(scene, scene.atlas.routeTableOf(site.subnetId), site.at, back);
      atDestination.push(route);
      way = inventory.described.has('RouteTables') ? endingOfReply(arrived, route) : way;
    }
  }
  const middle = [...trail.back].reverse();
  const atSource: ExplainStep[] = [];
  if (from.eni >= 0) {
    const site = siteOfEni(inventory, from.eni);
    const remote = to.publicAddress ?? to.address;
    const crossed = ends.atSource.find((s) => s.layer === 'nacl')?.verdict !== 'none' && !trail.enteredFromOwnSubnet;
    atSource.push(aclStep(scene, site, 'ingress', remote, scene.reply, crossed));
    atSource.push(...tracked(ends.atSource).reverse());
  }
  const { verdict, decidedBy } = joined(inventory, [...atDestination, ...atSource]);
  const lostOnTheWay = middle.map((step) => endingOfRoute(step.kind)).find((e) => e !== undefined);
  const unrouted = middle.find((step) => step.kind === 'unknown');
  const between = betweenEnds(inventory, middle) ?? (unrouted === undefined ? null : doubtAt(unrouted));
  return {
    verdict,
    decidedBy,
    ending: endingOf(request, verdict, between, lostOnTheWay ?? way),
    steps: [...atDestination, ...middle, ...atSource],
  };
}

/**
 * How the reply ends, by how the request did; `between`: what stops it between the ends or may, null = nothing; `way`:
 * where its own routes lead.
 */
export function endingOf(request: Ending, verdict: Verdict, between: Ending | null, way: Ending): Ending {
  if (request.outcome !== 'delivered' && request.outcome !== 'left-network' && request.outcome !== 'unknown') {
    return ending('unreachable', 'the request does not arrive');
  }
  if (verdict === 'deny') return ending('denied', null);
  if (between?.outcome === 'denied') return between;
  if (way.outcome !== 'delivered') return way;
  if (request.outcome === 'unknown') return ending('unknown', request.reason);
  if (between !== null) return between;
  return verdict === 'unknown' ? ending('unknown', null) : way;
}

/** The reply's first route against the way the request came by. */
function endingOfReply({ arrived, packet }: Arrived, route: ExplainStep): Ending {
  const lost = endingOfRoute(route.kind);
  if (lost !== undefined) return lost;
  if (route.kind === 'unknown') return ending('unknown', route.unknown?.[0] ?? null);
  const isSame =
    arrived.kind === 'outside' ||
    (arrived.kind === 'internet' && route.kind === 'igw') ||
    (arrived.kind === 'local' && route.kind === 'local') ||
    (arrived.kind === route.kind && arrived.id === route.target);
  if (isSame) return ending('delivered', null);
  return ending('unknown', asymmetryText(arrived.id ?? arrived.kind, route, packet.source));
}
