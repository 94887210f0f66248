import { Attribution } from '../model/verdict.ts';
import { isElsewhere } from './elsewhere.ts';
import {
  ENTRY_STRIDE,
  EntryWord,
  FOREVER,
  INTERVAL_STRIDE,
  IntervalWord,
  LENGTH_UNIT,
  type PodMapInterval,
  type PodMapView,
  SOFT_OPEN,
} from './pod-map.ts';

/** Share of the owned seconds of a window from which on the pod that held the address longest is taken, in tenths. */
const CLEAR_TENTHS = 9;

/** Length of an IPv4 entry: no IPv6 prefix length. */
export const IPV4_ENTRY = 255;
/** VPC of a look-up that knows none. */
export const ANY_VPC = -1;
/** Host of a look-up that leaves nobody out. */
export const ANY_HOST = -1;

export function hashKey(vpc: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
  let h = Math.imul(vpc ^ (length << 16), 0x9e37_79b1);
  h = Math.imul(h ^ w0, 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 15) ^ w1, 0xc2b2_ae35);
  h = Math.imul(h ^ (h >>> 13) ^ w2, 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 15) ^ w3, 0xc2b2_ae35);
  return h ^ (h >>> 16);
}

/** EntryWord.space. */
export function spaceOf(vpc: number, length: number): number {
  return length * LENGTH_UNIT + vpc;
}

/** `vpc` −1 finds the entry of any VPC: the caller asks whether it is the only one. */
function find4(view: PodMapView, vpc: number, address: number): number {
  const { entryRecords } = view;
  const slots = vpc < 0 ? view.anySlots : view.slots;
  const mask = slots.length - 1;
  for (let slot = hashKey(vpc, 0, 0, 0, address, IPV4_ENTRY) & mask; ; slot = (slot + 1) & mask) {
    const entry = slots[slot]!;
    if (entry < 0) return -1;
    const at = entry * ENTRY_STRIDE;
    if (entryRecords[at + 3] === address && isOf(entryRecords[at + EntryWord.space]!, vpc, IPV4_ENTRY)) return entry;
  }
}

function isOf(space: number, vpc: number, length: number): boolean {
  return vpc < 0 ? Math.floor(space / LENGTH_UNIT) === length : space === spaceOf(vpc, length);
}

function find6(view: PodMapView, vpc: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
  const { entryRecords } = view;
  const slots = vpc < 0 ? view.anySlots : view.slots;
  const mask = slots.length - 1;
  for (let slot = hashKey(vpc, w0, w1, w2, w3, length) & mask; ; slot = (slot + 1) & mask) {
    const entry = slots[slot]!;
    if (entry < 0) return -1;
    const at = entry * ENTRY_STRIDE;
    if (entryRecords[at + 3] !== w3 || entryRecords[at + 2] !== w2) continue;
    if (entryRecords[at + 1] !== w1 || entryRecords[at] !== w0) continue;
    if (isOf(entryRecords[at + EntryWord.space]!, vpc, length)) return entry;
  }
}

/** The address itself, else the longest delegated prefix that contains it. */
function findOrPrefix6(view: PodMapView, vpc: number, w0: number, w1: number, w2: number, w3: number): number {
  const { prefixLengths } = view;
  let entry = find6(view, vpc, w0, w1, w2, w3, 128);
  for (let i = 0; entry < 0 && i < prefixLengths.length; i++) {
    const length = prefixLengths[i]!;
    const m0 = (w0 & wordMask(length)) >>> 0;
    const m1 = (w1 & wordMask(length - 32)) >>> 0;
    const m2 = (w2 & wordMask(length - 64)) >>> 0;
    entry = find6(view, vpc, m0, m1, m2, (w3 & wordMask(length - 96)) >>> 0, length);
  }
  return entry;
}

/**
 * Entry of an IPv4 address (u32) seen from VPC `vpc` (−1 = not known), −1 = nobody's. Inside the VPC's own CIDRs only
 * its own interfaces and pods answer; outside, the one VPC of the inventory that holds the address. Where no CIDR is
 * known, nothing tells inside from outside.
 */
export function ownerEntry4(view: PodMapView, vpc: number, address: number): number {
  if (vpc >= 0) {
    const entry = find4(view, vpc, address);
    if (entry >= 0 || !isVpcDescribed(view, vpc) || isInVpc4(view, vpc, address)) return entry;
  } else if (view.vpcCidrs.length === 0) return -1;
  const entry = find4(view, ANY_VPC, address);
  return entry >= 0 && view.entryIsOnly[entry] === 1 ? entry : -1;
}

/** The same for an IPv6 address in four big-endian u32 words; a delegated prefix answers for its addresses. */
export function ownerEntry6(view: PodMapView, vpc: number, w0: number, w1: number, w2: number, w3: number): number {
  if (vpc >= 0) {
    const entry = findOrPrefix6(view, vpc, w0, w1, w2, w3);
    if (entry >= 0 || !isVpcDescribed(view, vpc) || isInVpc6(view, vpc, w0, w1, w2, w3)) return entry;
  } else if (view.vpcCidrs.length === 0) return -1;
  // the longest match decides: were a shorter one of another VPC around it, it would not be the only one
  const entry = findOrPrefix6(view, ANY_VPC, w0, w1, w2, w3);
  return entry >= 0 && view.entryIsOnly[entry] === 1 ? entry : -1;
}

/** Every VPC has an IPv4 CIDR: one without any is only named. */
function isVpcDescribed(view: PodMapView, vpc: number): boolean {
  return view.vpcFirst[vpc]! < view.vpcFirst[vpc + 1]!;
}

function isInVpc4(view: PodMapView, vpc: number, address: number): boolean {
  const { vpcFirst, vpcCidrs } = view;
  for (let i = vpcFirst[vpc]!; i < vpcFirst[vpc + 1]!; i++) {
    if (((address ^ vpcCidrs[2 * i]!) & vpcCidrs[2 * i + 1]!) === 0) return true;
  }
  return false;
}

function isInVpc6(view: PodMapView, vpc: number, w0: number, w1: number, w2: number, w3: number): boolean {
  const { vpcFirst6, vpcCidrs6: c } = view;
  for (let at = vpcFirst6[vpc]! * 8; at < vpcFirst6[vpc + 1]! * 8; at += 8) {
    const high = ((w0 ^ c[at]!) & c[at + 4]!) | ((w1 ^ c[at + 1]!) & c[at + 5]!);
    const low = ((w2 ^ c[at + 2]!) & c[at + 6]!) | ((w3 ^ c[at + 3]!) & c[at + 7]!);
    if ((high | low) === 0) return true;
  }
  return false;
}

/** True when the address is the interface's primary private IPv4. */
export function isPrimary4(view: PodMapView, eni: number, address: number): boolean {
  const entry = view.eniPrimaryEntry[eni]!;
  if (entry < 0) return false;
  const at = entry * ENTRY_STRIDE;
  return isOf(view.entryRecords[at + EntryWord.space]!, ANY_VPC, IPV4_ENTRY) && view.entryRecords[at + 3] === address;
}

/** Mask of the first `bits` bits of a word. */
export function wordMask(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits);
}

/** Attribution code of the last resolvePod: a second result without an object. */
let attribution: number = Attribution.none;

export function resolvedAttribution(): number {
  return attribution;
}

/**
 * Pod that held the entry's address in the window [start, end) (an instant counts as its second), −1 = none.
 * `exact`: one pod alone over the whole window. Otherwise the seconds held decide: `inferred` for at least nine tenths
 * of those owned (or possibly owned) by anybody, else `candidates` (the pod returned held it longest; ties: the
 * earlier). −1 with `candidates`: nobody held it for certain, somebody possibly did. Pods said to be on another host
 * than `host` are left out; ANY_HOST = none are.
 */
export function resolvePod(
  view: PodMapView,
  entry: number,
  start: number,
  end: number,
  host: number = ANY_HOST,
): number {
  const { entryRecords, intervalEnds, intervals } = view;
  const from = Math.min(start, end);
  const to = Math.max(start, end, from + 1);
  attribution = Attribution.none;
  let best = -1;
  let bestSeconds = 0;
  let owned = 0;
  let isAlone = true;
  const first = entryRecords[entry * ENTRY_STRIDE + EntryWord.first]!;
  const last = first + entryRecords[entry * ENTRY_STRIDE + EntryWord.count]!;
  const low = firstEndingAfter(intervalEnds, first, last, from);
  const at = low * INTERVAL_STRIDE;
  // nearly always one pod held it before and after the window, and no other interval begins in it
  if (low < last && intervals[at]! <= from && intervalEnds[low]! >= to && to !== FOREVER) {
    const isHere = host < 0 || !isElsewhere(view, entry, intervals[at + IntervalWord.pod]!, host);
    if (isHere && (low + 1 === last || intervals[at + INTERVAL_STRIDE]! >= to)) {
      attribution = Attribution.exact;
      return intervals[at + IntervalWord.pod]!;
    }
  }
  for (let i = low; i < last && startOf(view, i) < to; i++) {
    const pod = podOf(view, i);
    if (host >= 0 && isElsewhere(view, entry, pod, host)) continue;
    isAlone = isAlone && (best < 0 || pod === best);
    // of a record without times the share of all history says nothing
    if (!isAlone && to === FOREVER) break;
    owned += secondsWithin(view, i, from, to);
    const held = isAlone ? owned : secondsOfPod(view, low, i, from, to);
    if (held > bestSeconds) {
      bestSeconds = held;
      best = pod;
    }
  }
  if (isAlone && owned === to - from) {
    attribution = Attribution.exact;
    return best;
  }
  return resolveUnsure(view, entry, first, last, from, to, best, bestSeconds, owned, isAlone, host);
}

export function startOf(view: PodMapView, interval: number): number {
  return view.intervals[interval * INTERVAL_STRIDE]!;
}

export function podOf(view: PodMapView, interval: number): number {
  return view.intervals[interval * INTERVAL_STRIDE + IntervalWord.pod]!;
}

/** Seconds of interval `last` and of those before it, from `low` on, that are the same pod's. */
function secondsOfPod(view: PodMapView, low: number, last: number, from: number, to: number): number {
  let seconds = 0;
  for (let i = low; i <= last; i++) {
    if (podOf(view, i) === podOf(view, last)) seconds += secondsWithin(view, i, from, to);
  }
  return seconds;
}

function secondsWithin(view: PodMapView, i: number, from: number, to: number): number {
  return Math.min(view.intervalEnds[i]!, to) - Math.max(startOf(view, i), from);
}

/** A record's times may be so much later than its packets (VPC User Guide, "Flow log basics"), or a little earlier. */
const LATE_SECONDS = 60;
const EARLY_SECONDS = 5;

/** The window is not one pod's: seconds in which another one possibly held the address count against the best. */
function resolveUnsure(
  view: PodMapView,
  entry: number,
  first: number,
  last: number,
  from: number,
  to: number,
  best: number,
  bestSeconds: number,
  owned: number,
  isAlone: boolean,
  host: number,
): number {
  if (best < 0) {
    const isPossible = anySoft(view, entry, first, last, from - LATE_SECONDS, to + EARLY_SECONDS, host);
    attribution = isPossible ? Attribution.candidates : Attribution.none;
    return -1;
  }
  let others = 0;
  const stop = startsBefore(view, entry, to);
  for (let i = firstReaching(view, entry, first, last, from); i < last && startOf(view, i) < stop; i++) {
    const pod = podOf(view, i);
    if (pod === best || (host >= 0 && isElsewhere(view, entry, pod, host))) continue;
    others += softSeconds(view, i, from, to);
  }
  // of a record without times the share of all history says nothing
  const isClear = (isAlone && others === 0) || (to !== FOREVER && bestSeconds * 10 >= (owned + others) * CLEAR_TENTHS);
  attribution = isClear ? Attribution.inferred : Attribution.candidates;
  return best;
}

/** First interval of the entry whose soft end may be after `second`. */
function firstReaching(view: PodMapView, entry: number, first: number, last: number, second: number): number {
  const after = view.entryRecords[entry * ENTRY_STRIDE + EntryWord.reach]! & 0xffff;
  return after === SOFT_OPEN ? first : firstEndingAfter(view.intervalEnds, first, last, second - after);
}

/** From this start on no interval of the entry softly starts before `second`. */
function startsBefore(view: PodMapView, entry: number, second: number): number {
  const before = view.entryRecords[entry * ENTRY_STRIDE + EntryWord.reach]! >>> 16;
  return before === SOFT_OPEN ? FOREVER + 1 : second + before;
}

/** Start and end of the interval with its soft edges. */
function softStart(view: PodMapView, interval: number): number {
  const edge = view.intervals[interval * INTERVAL_STRIDE + IntervalWord.soft]! >>> 16;
  return edge === SOFT_OPEN ? 0 : startOf(view, interval) - edge;
}

function softEnd(view: PodMapView, interval: number): number {
  const edge = view.intervals[interval * INTERVAL_STRIDE + IntervalWord.soft]! & 0xffff;
  return edge === SOFT_OPEN ? FOREVER : view.intervalEnds[interval]! + edge;
}

/** Seconds of [from, to) in the soft parts of an interval. */
function softSeconds(view: PodMapView, interval: number, from: number, to: number): number {
  const before = Math.min(startOf(view, interval), to) - Math.max(softStart(view, interval), from);
  const after = Math.min(softEnd(view, interval), to) - Math.max(view.intervalEnds[interval]!, from);
  return Math.max(0, before) + Math.max(0, after);
}

function anySoft(
  view: PodMapView,
  entry: number,
  first: number,
  last: number,
  from: number,
  to: number,
  host: number,
): boolean {
  const stop = startsBefore(view, entry, to);
  for (let i = firstReaching(view, entry, first, last, from); i < last; i++) {
    if (startOf(view, i) >= stop) break;
    if (softStart(view, i) >= to || softEnd(view, i) <= from) continue;
    if (host < 0 || !isElsewhere(view, entry, podOf(view, i), host)) return true;
  }
  return false;
}

/** First interval of [low, high) that ends after `second`. */
export function firstEndingAfter(ends: Uint32Array, low: number, high: number, second: number): number {
  let a = low;
  let b = high;
  while (a < b) {
    const middle = (a + b) >>> 1;
    if (ends[middle]! > second) b = middle;
    else a = middle + 1;
  }
  return a;
}

/** True when some pod lives on the interface at some second of the window. */
export function hasPodsOnInterface(view: PodMapView, eni: number, start: number, end: number): boolean {
  const { coverFirst, coverStart, coverEnd } = view;
  const from = Math.min(start, end);
  const to = Math.max(start, end, from + 1);
  let a = coverFirst[eni]!;
  let b = coverFirst[eni + 1]!;
  const last = b;
  while (a < b) {
    const middle = (a + b) >>> 1;
    if (coverEnd[middle]! > from) b = middle;
    else a = middle + 1;
  }
  return a < last && coverStart[a]! < to;
}

/**
 * Pods that held the entry's address in the window or possibly did; when there is none, those that possibly did within
 * the slack of a record's times. Ascending by index; cold.
 */
export function podsAt(view: PodMapView, entry: number, start: number, end: number, host: number = ANY_HOST): number[] {
  const from = Math.min(start, end);
  const to = Math.max(start, end, from + 1);
  const found = podsWithin(view, entry, from, to, host);
  const near = found.size > 0 ? found : podsWithin(view, entry, from - LATE_SECONDS, to + EARLY_SECONDS, host);
  return [...near].sort((a, b) => a - b);
}

/** Every interval of an entry, ascending in start; cold. */
export function intervalsOf(view: PodMapView, entry: number): PodMapInterval[] {
  const { entryRecords, intervalEnds } = view;
  const first = entryRecords[entry * ENTRY_STRIDE + EntryWord.first]!;
  return Array.from({ length: entryRecords[entry * ENTRY_STRIDE + EntryWord.count]! }, (_, k) => {
    const [i, end] = [first + k, intervalEnds[first + k]!];
    return {
      pod: podOf(view, i),
      start: startOf(view, i),
      end,
      softStart: softStart(view, i),
      softEnd: softEnd(view, i),
    };
  });
}

function podsWithin(view: PodMapView, entry: number, from: number, to: number, host: number): Set<number> {
  const { entryRecords } = view;
  const found = new Set<number>();
  const first = entryRecords[entry * ENTRY_STRIDE + EntryWord.first]!;
  const last = first + entryRecords[entry * ENTRY_STRIDE + EntryWord.count]!;
  for (let i = first; i < last; i++) {
    if (softStart(view, i) >= to || softEnd(view, i) <= from) continue;
    const pod = podOf(view, i);
    if (host < 0 || !isElsewhere(view, entry, pod, host)) found.add(pod);
  }
  return found;
}
