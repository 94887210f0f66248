import { formatInstant } from '../inventory/instant.ts';
import type { Inventory, PodInterval } from '../inventory/inventory.ts';
import { formatAddress } from '../model/ip.ts';
import { atlasOf, isSampled } from './atlas.ts';

/**
 * Whether a pod has its address at an instant; null = as the newest documents tell: a terminal phase ends it, though
 * its object and its podIP stay (kubernetes #98611) and the address may be another's.
 */
export function holdsAt(inventory: Inventory, pod: PodInterval, atSeconds: number | null): boolean {
  if (atSeconds !== null) return pod.startSeconds <= atSeconds && atSeconds < pod.endSeconds;
  if (pod.endSeconds === Number.POSITIVE_INFINITY) return true;
  // samples end with the export: who is in the last of them has not ended
  return isSampled(pod) && pod.softEndSeconds > atlasOf(inventory).lastSampleSeconds;
}

/** Every interval of a pod by `namespace/name`, the first first. */
export function intervalsOf(inventory: Inventory, text: string): PodInterval[] {
  const slash = text.indexOf('/');
  if (slash <= 0) return [];
  const [namespace, name] = [text.slice(0, slash), text.slice(slash + 1)];
  return inventory.pods.filter((pod) => pod.namespace === namespace && pod.name === name);
}

/** Why a pod of the inventory has no address at an instant, null = now; `undefined`: no pod has that name. */
export function absenceText(inventory: Inventory, text: string, atSeconds: number | null): string | undefined {
  const intervals = intervalsOf(inventory, text);
  const nearest = intervals.findLast((pod) => atSeconds === null || pod.startSeconds <= atSeconds) ?? intervals[0];
  if (nearest === undefined) return undefined;
  const { address, startSeconds, endSeconds } = nearest;
  const from = Number.isFinite(startSeconds) ? ` from ${formatInstant(startSeconds)}` : '';
  const until = Number.isFinite(endSeconds) ? ` until ${formatInstant(endSeconds)}` : '';
  const held = `it held ${formatAddress(address)}${from}${until}`;
  if (atSeconds !== null) return `pod '${text}' has no address at ${formatInstant(atSeconds)}: ${held}`;
  return `pod '${text}' has ended: ${held}; --at asks about an earlier time`;
}
