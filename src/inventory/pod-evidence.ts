import { formatAddress } from '../model/ip.ts';
import type { Facts } from './facts.ts';
import { podIdentity } from './inventory.ts';
import type { DescribedPod, PodSpan } from './pods.ts';

/** Pods that one version of the inventory shows; `at` = its instant, null = documents of every version. */
export interface Snapshot {
  readonly at: number | null;
  readonly facts: Pick<Facts, 'pods'>;
}

/** Sources that show who is there at one time, and nothing of when that ended. */
const SNAPSHOTS: readonly DescribedPod['source'][] = ['list', 'ipamd'];

/**
 * All pods of all versions: histories as they are, lists put one after the other. A pod that a later list no longer
 * shows, or shows at another address, was certainly there until the last list with it, and possibly until the next.
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

/** A pod at an address as lists one after the other show it, none between them at other addresses only. */
interface Stay {
  /** As the last of these lists shows it, with this one address. */
  pod: DescribedPod;
  readonly first: number;
  last: number;
  /** The last list before them that shows the pod: elsewhere. */
  readonly elsewhere: Showing | null;
}

interface Showing {
  readonly index: number;
  /** Latest start that the list tells of the pod. */
  readonly start: number;
}

interface DatedList {
  readonly at: number;
  readonly listed: readonly DescribedPod[];
}

/** Lists of one source, ascending in time. */
function inSuccession(lists: readonly DatedList[]): DescribedPod[] {
  return staysIn(lists).map(({ pod, first, last, elsewhere }) => {
    const [seen, next] = [lists[last]?.at, lists[last + 1]?.at];
    const [since, before] = [lists[first]?.at, lists[elsewhere?.index ?? -1]?.at];
    const spans = pod.spans.map((told) => {
      const hasMoved = elsewhere !== null && since !== undefined && before !== undefined;
      const span = hasMoved ? movedSpan(pod, told, before, since, elsewhere.start) : told;
      if (seen === undefined || next === undefined || span.end !== Number.POSITIVE_INFINITY) return span;
      // a list that was fetched a little after its version's instant shows pods that began meanwhile
      return { ...span, end: Math.max(span.start, Math.min(seen, next)), softEnd: Math.max(span.start, next) };
    });
    return { ...pod, spans };
  });
}

function staysIn(lists: readonly DatedList[]): Stay[] {
  const stays: Stay[] = [];
  const latest = new Map<string, Stay>();
  const shown = new Map<string, Showing>();
  lists.forEach(({ listed }, index) => {
    for (const pod of listed) {
      const elsewhere = shown.get(podIdentity(pod)) ?? null;
      for (const span of pod.spans) {
        const key = `${podIdentity(pod)} ${formatAddress(span.address)}`;
        const stay = latest.get(key);
        if (stay !== undefined && (stay.last === index || stay.last === elsewhere?.index)) {
          stay.pod = { ...pod, spans: [span] };
          stay.last = index;
        } else {
          const begun = { pod: { ...pod, spans: [span] }, first: index, last: index, elsewhere };
          stays.push(begun);
          latest.set(key, begun);
        }
      }
    }
    for (const pod of listed) {
      // an empty podIP says nothing
      if (pod.spans.length > 0)
        shown.set(podIdentity(pod), { index, start: Math.max(...pod.spans.map((s) => s.start)) });
    }
  });
  return stays;
}

/**
 * A pod that moved (a sandbox made anew) came after the list that shows it elsewhere, by the next at the latest. Only
 * what that list did not tell yet is a time of this address; ipamd's times always are.
 */
function movedSpan({ source }: DescribedPod, span: PodSpan, before: number, since: number, told: number): PodSpan {
  if (source === 'ipamd' && Number.isFinite(span.start)) return span;
  const begun = span.start > Math.max(before, told) ? span.start : Math.max(span.start, since);
  const start = Math.min(begun, span.end);
  return { ...span, start, softStart: Math.min(Math.max(span.softStart, before), start) };
}

/** Pods that may matter to records that begin in [from, to): windows are ten minutes at most, times a minute late. */
export function podsWithin(pods: readonly DescribedPod[], from: number | null, to: number | null): DescribedPod[] {
  if (from === null && to === null) return [...pods];
  const [first, last] = [(from ?? Number.NEGATIVE_INFINITY) - MARGIN, (to ?? Number.POSITIVE_INFINITY) + MARGIN];
  return pods.filter((pod) => pod.spans.some((span) => span.softEnd > first && span.softStart < last));
}

/** Seconds. */
const MARGIN = 3600;
