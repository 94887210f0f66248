import type { Inventory } from '../inventory/inventory.ts';
import type { Verdict } from '../model/verdict.ts';
import { atlasOf } from './atlas.ts';
import type { Endpoint } from './endpoint.ts';
import type { Ending, ExplainStep } from './explanation.ts';
import { ending, hasArrived, type Trail, type Way } from './way.ts';

/** A layer that the inventory has no documents of is left out. */
export function isDescribed(inventory: Inventory, { layer }: ExplainStep): boolean {
  if (layer === 'policy') return inventory.networkPolicies > 0;
  const kind = { sg: 'SecurityGroups', nacl: 'NetworkAcls', route: 'RouteTables' } as const;
  return inventory.described.has(kind[layer]);
}

/**
 * Any deny → deny (the first in packet order decides); any unknown → unknown; else allow, decided by the first SG rule.
 */
export function joined(
  inventory: Inventory,
  steps: readonly ExplainStep[],
): { readonly verdict: Verdict; readonly decidedBy: string | null } {
  const layers = steps.filter((s) => s.layer !== 'route' && isDescribed(inventory, s));
  const denied = layers.find((s) => s.verdict === 'deny');
  if (denied !== undefined) return { verdict: 'deny', decidedBy: denied.rule };
  if (layers.length === 0 || layers.some((s) => s.verdict === 'unknown'))
    return { verdict: 'unknown', decidedBy: null };
  if (layers.some((s) => s.verdict === 'exempt')) return { verdict: 'exempt', decidedBy: null };
  const allowing = layers.filter((s) => s.verdict === 'allow');
  const decider = allowing.find((s) => s.layer === 'sg') ?? allowing[0];
  return { verdict: 'allow', decidedBy: decider?.rule ?? null };
}

/**
 * Where the packet ends. A deny at either end or on the way outranks all; a packet without a way is lost whatever else
 * is unknown; what is not known to be allowed, or passes an appliance, is not known to arrive.
 */
export function outcomeOf(inventory: Inventory, verdict: Verdict, way: Way, trail: Trail, to: Endpoint): Ending {
  if (verdict === 'deny') return ending('denied', null);
  const between = betweenEnds(inventory, trail.steps);
  if (between?.outcome === 'denied') return between;
  const ended = hasArrived(way) ? arrival(inventory, to) : way;
  if (ended.outcome !== 'delivered' && ended.outcome !== 'left-network') return ended;
  if (trail.doubt !== null) return ending('unknown', trail.doubt);
  return between ?? (verdict === 'unknown' ? ending('unknown', null) : ended);
}

/** What the layers between the ends make of a packet: a deny, else what of them is not known; null = all let it by. */
export function betweenEnds(inventory: Inventory, steps: readonly ExplainStep[]): Ending | null {
  const layers = steps.filter((s) => s.layer !== 'route' && isDescribed(inventory, s));
  const denied = layers.find((s) => s.verdict === 'deny');
  if (denied !== undefined) return ending('denied', `on the way at ${denied.at}: ${denied.rule}`);
  const doubtful = layers.find((s) => s.verdict === 'unknown');
  return doubtful === undefined ? null : doubtAt(doubtful);
}

/** A step that may stop the packet, or lead it elsewhere. */
export function doubtAt({ at, unknown }: ExplainStep): Ending {
  return ending('unknown', `at ${at}: ${unknown?.[0] ?? 'not known'}`);
}

function arrival(inventory: Inventory, { eni, address }: Endpoint): Ending {
  if (eni >= 0) return ending('delivered', null);
  const holders = address === null ? [] : atlasOf(inventory).holders(address);
  const ids = holders.map((holder) => inventory.networkInterfaces[holder]?.id ?? '');
  if (ids.length > 1) return ending('unknown', `several interfaces hold the destination: ${ids.join(', ')}`);
  return ending('unknown', 'no interface of the inventory holds the destination');
}
