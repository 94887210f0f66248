import { formatAddress } from '../model/ip.ts';
import { formatInstant } from './instant.ts';
import { POD_SOURCES, type PodInterval, type PodSource } from './inventory.ts';
import type { Warn } from './warnings.ts';

/** Sources may differ by so much before it is worth a word: clocks, scrape times, rounding. */
const TOLERANCE_SECONDS = 60;
/** Contradictions that are told one by one. */
const TOLD_MAX = 100;

/**
 * One interval for each stretch of a pod at an address, whoever tells of it. Of several sources the most trusted one
 * that knows the start decides it, the same for the end; what the others say beyond that is reported.
 */
export function mergeIntervals(intervals: readonly PodInterval[], warn: Warn): PodInterval[] {
  const groups = new Map<string, PodInterval[]>();
  for (const interval of intervals) {
    const key = `${interval.namespace}/${interval.name} ${formatAddress(interval.address)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [interval]);
    else group.push(interval);
  }
  const contradictions = new Contradictions(warn);
  const merged: PodInterval[] = [];
  for (const group of groups.values()) {
    if (group.length === 1) merged.push(...group);
    else
      for (const life of livesIn(joinStarts(group)))
        merged.push(life.length === 1 ? only(life) : mergeLife(life, contradictions));
  }
  contradictions.finish();
  return merged;
}

function only(life: readonly PodInterval[]): PodInterval {
  const [interval] = life;
  if (interval === undefined) throw new Error('a life has at least one interval');
  return interval;
}

/** Intervals of one pod that touch are one life; two uids, or two VPCs, are two pods. */
function livesIn(group: readonly PodInterval[]): PodInterval[][] {
  const lives: PodInterval[][] = [];
  const sorted = [...group].sort((a, b) => compare(a.softStartSeconds, b.softStartSeconds) || rank(a) - rank(b));
  // whoever names the pod by uid first: a name alone joins what it touches
  for (const interval of [...sorted.filter((i) => i.uid !== null), ...sorted.filter((i) => i.uid === null)]) {
    const life = lives.find(
      (others) => others.every((o) => isSamePod(o, interval)) && others.some((o) => touch(o, interval)),
    );
    if (life === undefined) lives.push([interval]);
    else life.push(interval);
  }
  return lives;
}

function isSamePod(a: PodInterval, b: PodInterval): boolean {
  return (
    (a.uid === null || b.uid === null || a.uid === b.uid) &&
    (a.vpcId === null || b.vpcId === null || a.vpcId === b.vpcId)
  );
}

function touch(a: PodInterval, b: PodInterval): boolean {
  // one source that tells an end and a start tells that the pod left and came back; rows of a CSV go on
  if (a.sources[0] === b.sources[0] && !isRow(a))
    return a.softStartSeconds < b.softEndSeconds && b.softStartSeconds < a.softEndSeconds;
  return a.softStartSeconds <= b.softEndSeconds && b.softStartSeconds <= a.softEndSeconds;
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function rank(interval: PodInterval): number {
  return POD_SOURCES.indexOf(interval.sources[0] ?? 'list');
}

/** Rows of a CSV with the same start are one interval: one row may know the end, another the node. */
function joinStarts(group: readonly PodInterval[]): PodInterval[] {
  const byStart = new Map<number, PodInterval>();
  for (const row of group.filter(isRow)) {
    const same = byStart.get(row.startSeconds);
    byStart.set(row.startSeconds, same === undefined ? row : together(same, row, Math.min));
  }
  return [...group.filter((interval) => !isRow(interval)), ...byStart.values()];
}

/** Rows of a CSV are one history, none is more trusted than another: rows that touch are one stretch. */
function joinRows(life: readonly PodInterval[]): PodInterval[] {
  const [first, ...rest] = life.filter(isRow);
  if (first === undefined || rest.length === 0) return [...life];
  const joined = rest.reduce((whole, row) => together(whole, row, Math.max), first);
  return [...life.filter((interval) => !isRow(interval)), joined];
}

function isRow({ sources }: PodInterval): boolean {
  return sources[0] === 'csv';
}

function together(a: PodInterval, b: PodInterval, later: (a: number, b: number) => number): PodInterval {
  return {
    ...a,
    workload: a.workload ?? b.workload,
    nodeName: a.nodeName ?? b.nodeName,
    isNodeTold: a.isNodeTold || b.isNodeTold,
    vpcId: a.vpcId ?? b.vpcId,
    startSeconds: Math.min(a.startSeconds, b.startSeconds),
    softStartSeconds: Math.min(a.softStartSeconds, b.softStartSeconds),
    endSeconds: later(a.endSeconds, b.endSeconds),
    softEndSeconds: later(a.softEndSeconds, b.softEndSeconds),
  };
}

function mergeLife(life: readonly PodInterval[], contradictions: Contradictions): PodInterval {
  const byTrust = joinRows(life).sort((a, b) => rank(a) - rank(b) || compare(a.startSeconds, b.startSeconds));
  const best = only(byTrust);
  const first = <K extends keyof PodInterval>(key: K): PodInterval[K] =>
    (byTrust.find((interval) => interval[key] !== null) ?? best)[key];
  // a source that only says "still there" does not know the end
  const begun = byTrust.find((interval) => interval.startSeconds !== Number.NEGATIVE_INFINITY) ?? best;
  const over = byTrust.filter((told) => told.endSeconds !== Number.POSITIVE_INFINITY && !isShownAgain(told, byTrust));
  const ended = over.find((interval) => !isBracketed(interval)) ?? over[0] ?? best;
  const sources = POD_SOURCES.filter((source) => byTrust.some((interval) => interval.sources.includes(source)));
  const listening = byTrust.find((interval) => interval.listeners.length + interval.hostListeners.length > 0) ?? best;
  const serving = byTrust.find((interval) => interval.services.length > 0) ?? best;
  // an earlier end of another source is no earlier than the start
  const start = Math.min(begun.startSeconds, ended.softEndSeconds);
  const merged: PodInterval = {
    ...best,
    uid: first('uid'),
    workload: first('workload'),
    nodeName: first('nodeName'),
    isNodeTold: byTrust.some(({ isNodeTold }) => isNodeTold),
    serviceAccount: first('serviceAccount'),
    vpcId: first('vpcId'),
    eniId: first('eniId'),
    startSeconds: start,
    softStartSeconds: Math.min(begun.softStartSeconds, start),
    endSeconds: Math.max(start, ended.endSeconds),
    softEndSeconds: ended.softEndSeconds,
    sources,
    listeners: listening.listeners,
    hostListeners: listening.hostListeners,
    services: serving.services,
  };
  for (const told of byTrust) contradictions.check(merged, told, begun, ended);
  return merged;
}

/** The end was not seen, only that a later list lacks the pod. */
function isBracketed({ sources, endSeconds, softEndSeconds }: PodInterval): boolean {
  return (sources[0] === 'ipamd' || sources[0] === 'list') && softEndSeconds > endSeconds;
}

/** The end was not seen, and later lists of the source show the pod there. */
function isShownAgain(told: PodInterval, life: readonly PodInterval[]): boolean {
  const isLater = (other: PodInterval): boolean =>
    other.sources[0] === told.sources[0] && other.startSeconds >= told.softEndSeconds;
  return isBracketed(told) && life.some(isLater);
}

/** What a source says that cannot be, given the one that is trusted more. */
class Contradictions {
  private readonly warn: Warn;
  private count = 0;

  constructor(warn: Warn) {
    this.warn = warn;
  }

  check(merged: PodInterval, told: PodInterval, begun: PodInterval, ended: PodInterval): void {
    if (
      told.startSeconds < merged.softStartSeconds - TOLERANCE_SECONDS &&
      told.startSeconds !== Number.NEGATIVE_INFINITY
    )
      this.tell(merged, told, begun, `from ${instant(told.startSeconds)}`, `from ${instant(merged.startSeconds)}`);
    // an open end of a list means "when it was made": what is known of later times wins
    const last = told.endSeconds === Number.POSITIVE_INFINITY ? told.startSeconds : told.endSeconds;
    if (last > merged.softEndSeconds + TOLERANCE_SECONDS)
      this.tell(merged, told, ended, `until ${instant(last)}`, `until ${instant(merged.endSeconds)}`);
  }

  private tell(pod: PodInterval, told: PodInterval, used: PodInterval, said: string, taken: string): void {
    this.count++;
    if (this.count > TOLD_MAX) return;
    const path = `${pod.namespace}/${pod.name}`;
    const claim = `${sourceOf(told)} says that it held ${formatAddress(pod.address)} ${said}`;
    this.warn({ file: 'pods', path }, `pod ${path}: ${claim}, ${sourceOf(used)} ${taken}: the latter is used`);
  }

  finish(): void {
    const more = this.count - TOLD_MAX;
    if (more > 0) this.warn({ file: 'pods', path: '' }, `${more} more contradictions between sources of pod history`);
  }
}

function sourceOf(interval: PodInterval): PodSource {
  return interval.sources[0] ?? 'list';
}

function instant(seconds: number): string {
  return Number.isFinite(seconds) ? formatInstant(seconds) : 'an unknown time';
}
