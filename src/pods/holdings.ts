import { type InventoryWarning, POD_SOURCES, type PodInterval } from '../inventory/inventory.ts';
import { formatAddress } from '../model/ip.ts';

/**
 * One stretch of time in which a pod certainly held an address, [start, end), and possibly did, [softStart, softEnd);
 * Unix seconds as u32, FOREVER = open.
 */
export interface Holding {
  softStart: number;
  start: number;
  end: number;
  softEnd: number;
  readonly pod: number;
}

/** Overlaps that are told one by one. */
const TOLD_MAX = 1000;

/**
 * Holdings of an address, ascending in start and in end. Intervals of one pod that touch are one. Of two that overlap
 * the one from the more trusted source keeps its time; of equal ones the earlier ends where the later possibly begins;
 * two that begin together both stay, for nothing tells which is right. Soft edges reach no further than the neighbours.
 */
export function separateHoldings(
  holdings: readonly Holding[],
  pods: readonly PodInterval[],
  warnings: InventoryWarning[],
): readonly Holding[] {
  const list = holdings.length === 1 ? [...holdings] : trustedFirst(unite(holdings, pods), pods, warnings);
  let isCut = false;
  for (let i = 1; i < list.length; i++) {
    const later = list[i];
    for (let j = i - 1; later !== undefined && j >= 0; j--) {
      const earlier = list[j];
      if (earlier === undefined || earlier.end <= later.start) break;
      warnAboutOverlap(earlier, later, pods, warnings);
      if (earlier.start === later.start) continue;
      earlier.end = Math.max(earlier.start + 1, Math.min(earlier.end, later.softStart));
      isCut = true;
    }
  }
  // of several that begin together one may have been cut to end first
  if (isCut) list.sort(ascending);
  clipSoftEdges(list);
  return list;
}

function unite(holdings: readonly Holding[], pods: readonly PodInterval[]): Holding[] {
  const sorted = [...holdings].sort(ascending);
  const united: Holding[] = [];
  const latest = new Map<string, number>();
  for (const holding of sorted) {
    const name = `${pods[holding.pod]?.namespace}/${pods[holding.pod]?.name}`;
    const at = latest.get(name) ?? -1;
    const last = united[at];
    const [a, b] = [pods[last?.pod ?? -1], pods[holding.pod]];
    if (last === undefined || a === undefined || b === undefined || !isSamePod(a, b) || holding.start > last.end) {
      latest.set(name, united.length);
      united.push({ ...holding });
      continue;
    }
    const end = Math.max(last.end, holding.end);
    const softEnd = Math.max(last.softEnd, holding.softEnd);
    const softStart = Math.min(last.softStart, holding.softStart);
    united[at] = { softStart, start: last.start, end, softEnd, pod: better(pods, last.pod, holding.pod) };
  }
  return identified(united, pods).sort(ascending);
}

/**
 * Of two intervals of one pod the one with a uid comes from the API and knows the pod's ports; of two without one that
 * which names the node: no pod moves.
 */
function better(pods: readonly PodInterval[], one: number, other: number): number {
  const [a, b] = [pods[one], pods[other]];
  if (a === undefined || b === undefined || a.uid !== null) return one;
  return b.uid !== null || (b.isNodeTold && !a.isNodeTold) ? other : one;
}

/** All stretches of one pod carry one index: who held an address longest is asked of pods, not of stretches. */
function identified(holdings: readonly Holding[], pods: readonly PodInterval[]): Holding[] {
  const known = new Map<string, number[]>();
  const nameOf = (pod: number): string => `${pods[pod]?.namespace}/${pods[pod]?.name}`;
  const same = (pod: number): number[] => {
    const b = pods[pod];
    return (known.get(nameOf(pod)) ?? []).filter((other) => {
      const a = pods[other];
      return a !== undefined && b !== undefined && isSamePod(a, b);
    });
  };
  for (const { pod } of holdings) known.set(nameOf(pod), [...(known.get(nameOf(pod)) ?? []), pod]);
  return holdings.map((holding) => ({
    ...holding,
    pod: same(holding.pod).reduce((a, b) => better(pods, a, b)),
  }));
}

function ascending(a: Holding, b: Holding): number {
  return a.start - b.start || a.end - b.end || a.pod - b.pod;
}

/** A source without uids may know more of the same pod. */
function isSamePod(a: PodInterval, b: PodInterval): boolean {
  const sameName = a.namespace === b.namespace && a.name === b.name;
  return sameName && (a.uid === null || b.uid === null || a.uid === b.uid);
}

/** Takes from less trusted sources the time that more trusted ones give to others. */
function trustedFirst(list: readonly Holding[], pods: readonly PodInterval[], warnings: InventoryWarning[]): Holding[] {
  const ranks = list.map((holding) => POD_SOURCES.indexOf(pods[holding.pod]?.sources[0] ?? 'list'));
  if (ranks.every((rank) => rank === ranks[0])) return [...list];
  const kept: Holding[] = [];
  const order = list.map((_, i) => i).sort((a, b) => (ranks[a] ?? 0) - (ranks[b] ?? 0) || a - b);
  for (const index of order) {
    const holding = list[index];
    if (holding === undefined) continue;
    for (const other of kept) {
      if (other.end <= holding.start || holding.end <= other.start) continue;
      if (POD_SOURCES.indexOf(pods[other.pod]?.sources[0] ?? 'list') === ranks[index]) continue;
      warnAboutTrust(other, holding, pods, warnings);
      if (holding.start < other.start) {
        holding.end = Math.max(holding.start, Math.min(other.softStart, holding.end));
        holding.softEnd = Math.min(holding.softEnd, Math.max(holding.end, other.start));
      } else {
        holding.start = Math.min(other.end, holding.end);
        holding.softStart = Math.max(holding.softStart, holding.start);
      }
    }
    if (holding.start < holding.end) kept.push(holding);
  }
  return kept.sort(ascending);
}

function clipSoftEdges(list: readonly Holding[]): void {
  list.forEach((holding, i) => {
    const [before, after] = [list[i - 1], list[i + 1]];
    holding.softStart = Math.min(Math.max(holding.softStart, before?.end ?? 0), holding.start);
    if (after !== undefined) holding.softEnd = Math.min(holding.softEnd, after.start);
    holding.softEnd = Math.max(holding.softEnd, holding.end);
  });
}

function warnAboutTrust(
  trusted: Holding,
  other: Holding,
  pods: readonly PodInterval[],
  warnings: InventoryWarning[],
): void {
  const [a, b] = [pods[trusted.pod], pods[other.pod]];
  // a list or a checkpoint does not know ends: that the next pod came is no contradiction
  if (a === undefined || b === undefined || b.endSeconds === Number.POSITIVE_INFINITY) return;
  const outcome = `${a.sources[0]} is believed, not ${b.sources[0]}`;
  tell(a, b, `both hold ${formatAddress(b.address)}: ${outcome}`, warnings);
}

function warnAboutOverlap(
  earlier: Holding,
  later: Holding,
  pods: readonly PodInterval[],
  warnings: InventoryWarning[],
): void {
  const [a, b] = [pods[earlier.pod], pods[later.pod]];
  if (a === undefined || b === undefined) return;
  // ipamd knows no ends: that the next pod came tells the earlier one's
  if (a.sources[0] === 'ipamd' && a.endSeconds === Number.POSITIVE_INFINITY) return;
  const outcome =
    earlier.start < later.start
      ? 'the earlier one is taken to end where the later begins'
      : 'nothing tells whose it is while both do';
  tell(a, b, `both hold ${formatAddress(b.address)}: ${outcome}`, warnings);
}

function tell(a: PodInterval, b: PodInterval, what: string, warnings: InventoryWarning[]): void {
  if (warnings.length > TOLD_MAX) return;
  const path = formatAddress(b.address);
  if (warnings.length === TOLD_MAX) {
    warnings.push({ message: `more than ${TOLD_MAX} overlaps of pods: the rest is not told`, file: 'pods', path: '' });
    return;
  }
  const message = `pods ${a.namespace}/${a.name} and ${b.namespace}/${b.name} ${what}`;
  warnings.push({ message, file: 'pods', path });
}
