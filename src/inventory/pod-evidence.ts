import { formatAddress } from '../model/ip.ts';
import type { Facts } from './facts.ts';
import type { DescribedPod } from './pods.ts';

/** Pods that one version of the inventory shows; `at` = its instant, null = documents of every version. */
export interface Snapshot {
  readonly at: number | null;
  readonly facts: Pick<Facts, 'pods'>;
}

/** Sources that show who is there at one time, and nothing of when that ended. */
const SNAPSHOTS: readonly DescribedPod['source'][] = ['list', 'ipamd'];

/**
 * All pods of all versions: histories as they are, lists put one after the other. A pod that a later list no longer
 * shows was certainly there until the last list with it, and possibly until the next one without.
 */
export function podEvidence(snapshots: readonly Snapshot[]): DescribedPod[] {
  const pods: DescribedPod[] = [];
  for (const { facts } of snapshots) for (const pod of facts.pods) if (!isSnapshot(pod)) pods.push(pod);
  for (const source of SNAPSHOTS) {
    const lists = snapshots.map(({ at, facts }) => ({ at, pods: facts.pods.filter((pod) => pod.source === source) }));
    for (const pod of lists.flatMap((list) => (list.at === null ? list.pods : []))) pods.push(pod);
    const dated = lists.flatMap(({ at, pods: listed }) => (at === null || listed.length === 0 ? [] : [{ at, listed }]));
    for (const pod of inSuccession(dated)) pods.push(pod);
  }
  return pods;
}

function isSnapshot({ source }: DescribedPod): boolean {
  return SNAPSHOTS.includes(source);
}

/** Lists of one source, ascending in time. */
function inSuccession(
  lists: readonly { readonly at: number; readonly listed: readonly DescribedPod[] }[],
): DescribedPod[] {
  const lastSeen = new Map<string, { pod: DescribedPod; index: number }>();
  lists.forEach(({ listed }, index) => {
    for (const pod of listed) {
      for (const span of pod.spans) {
        const key = `${pod.uid ?? `${pod.namespace}/${pod.name}`} ${formatAddress(span.address)}`;
        lastSeen.set(key, { pod: { ...pod, spans: [span] }, index });
      }
    }
  });
  return [...lastSeen.values()].map(({ pod, index }) => {
    const [seen, next] = [lists[index]?.at, lists[index + 1]?.at];
    if (seen === undefined || next === undefined) return pod;
    const spans = pod.spans.map((span) => {
      if (span.end !== Number.POSITIVE_INFINITY) return span;
      // a list that was fetched a little after its version's instant shows pods that began meanwhile
      return { ...span, end: Math.max(span.start, Math.min(seen, next)), softEnd: Math.max(span.start, next) };
    });
    return { ...pod, spans };
  });
}

/** Pods that may matter to records that begin in [from, to): windows are ten minutes at most, times a minute late. */
export function podsWithin(pods: readonly DescribedPod[], from: number | null, to: number | null): DescribedPod[] {
  if (from === null && to === null) return [...pods];
  const [first, last] = [(from ?? Number.NEGATIVE_INFINITY) - MARGIN, (to ?? Number.POSITIVE_INFINITY) + MARGIN];
  return pods.filter((pod) => pod.spans.some((span) => span.softEnd > first && span.softStart < last));
}

/** Seconds. */
const MARGIN = 3600;
