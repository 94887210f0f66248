import { Attribution } from '../model/verdict.ts';
import type { PodMapView } from './pod-map.ts';

/** Share of the owned seconds of a window above which the pod that held the address longest is taken. */
const CLEAR_SHARE = 0.9;

/** Mark of an IPv4 entry in PodMapView.entryLength. */
export const IPV4_ENTRY = 4;
export const ANY_VPC = -1;

export function hashKey(vpc: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
  let h = Math.imul(vpc ^ (length << 16), 0x9e37_79b1);
  h = Math.imul(h ^ w0, 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 15) ^ w1, 0xc2b2_ae35);
  h = Math.imul(h ^ (h >>> 13) ^ w2, 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 15) ^ w3, 0xc2b2_ae35);
  return h ^ (h >>> 16);
}

function find4(view: PodMapView, vpc: number, address: number): number {
  const { slots, entryVpc, entryWords, entryLength } = view;
  const mask = slots.length - 1;
  for (let slot = hashKey(vpc, 0, 0, 0, address, IPV4_ENTRY) & mask; ; slot = (slot + 1) & mask) {
    const entry = slots[slot]!;
    if (entry < 0) return -1;
    if (entryWords[entry * 4 + 3] === address && entryVpc[entry] === vpc && entryLength[entry] === IPV4_ENTRY) return entry;
  }
}

function find6(view: PodMapView, vpc: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
  const { slots, entryVpc, entryWords, entryLength } = view;
  const mask = slots.length - 1;
  for (let slot = hashKey(vpc, w0, w1, w2, w3, length) & mask; ; slot = (slot + 1) & mask) {
    const entry = slots[slot]!;
    if (entry < 0) return -1;
    const at = entry * 4;
    if (
      entryWords[at + 3] === w3 &&
      entryWords[at + 2] === w2 &&
      entryWords[at + 1] === w1 &&
      entryWords[at] === w0 &&
      entryVpc[entry] === vpc &&
      entryLength[entry] === length
    ) {
      return entry;
    }
  }
}

/**
 * Entry of an IPv4 address (u32) seen from VPC `vpc` (−1 = not known), −1 = nobody's. Inside the VPC's own CIDRs only its
 * own interfaces answer; outside, the one VPC of the inventory that holds the address.
 */
export function ownerEntry4(view: PodMapView, vpc: number, address: number): number {
  if (vpc >= 0) {
    const entry = find4(view, vpc, address);
    if (entry >= 0 || isInVpc(view, vpc, address)) return entry;
  }
  return find4(view, ANY_VPC, address);
}

function isInVpc(view: PodMapView, vpc: number, address: number): boolean {
  const { vpcFirst, vpcCidrs } = view;
  for (let i = vpcFirst[vpc]!; i < vpcFirst[vpc + 1]!; i++) {
    if (((address ^ vpcCidrs[2 * i]!) & vpcCidrs[2 * i + 1]!) === 0) return true;
  }
  return false;
}

/** Entry of an IPv6 address in four big-endian u32 words: the address itself, else a delegated prefix that contains it. */
export function ownerEntry6(view: PodMapView, vpc: number, w0: number, w1: number, w2: number, w3: number): number {
  for (const scope of vpc >= 0 ? [vpc, ANY_VPC] : [ANY_VPC]) {
    const entry = find6(view, scope, w0, w1, w2, w3, 128);
    if (entry >= 0) return entry;
    for (const length of view.prefixLengths) {
      const prefix = find6(
        view,
        scope,
        (w0 & wordMask(length)) >>> 0,
        (w1 & wordMask(length - 32)) >>> 0,
        (w2 & wordMask(length - 64)) >>> 0,
        (w3 & wordMask(length - 96)) >>> 0,
        length,
      );
      if (prefix >= 0) return prefix;
    }
  }
  return -1;
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
 * `exact`: one pod over the whole window. Otherwise the seconds held decide: `inferred` for at least CLEAR_SHARE of
 * those owned by anybody, else `candidates` (the pod returned held it longest; ties: the earlier).
 */
export function resolvePod(view: PodMapView, entry: number, start: number, end: number): number {
  const { entryFirst, intervalStart, intervalEnd, intervalPod } = view;
  const from = Math.min(start, end);
  const to = Math.max(start, end, from + 1);
  attribution = Attribution.none;
  let best = -1;
  let bestSeconds = 0;
  let owned = 0;
  const last = entryFirst[entry + 1]!;
  for (let i = firstEndingAfter(view, entryFirst[entry]!, last, from); i < last && intervalStart[i]! < to; i++) {
    const seconds = Math.min(intervalEnd[i]!, to) - Math.max(intervalStart[i]!, from);
    owned += seconds;
    if (seconds > bestSeconds) {
      bestSeconds = seconds;
      best = intervalPod[i]!;
    }
  }
  if (best < 0) return -1;
  if (bestSeconds === to - from) attribution = Attribution.exact;
  else attribution = bestSeconds >= CLEAR_SHARE * owned ? Attribution.inferred : Attribution.candidates;
  return best;
}

/** First interval of [low, high) that ends after `second`. */
function firstEndingAfter(view: PodMapView, low: number, high: number, second: number): number {
  const { intervalEnd } = view;
  let a = low;
  let b = high;
  while (a < b) {
    const middle = (a + b) >>> 1;
    if (intervalEnd[middle]! > second) b = middle;
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

/** Pods that held the entry's address in the window, ascending by index; cold. */
export function podsAt(view: PodMapView, entry: number, start: number, end: number): number[] {
  const { entryFirst, intervalStart, intervalEnd, intervalPod } = view;
  return overlapping(entryFirst[entry]!, entryFirst[entry + 1]!, intervalStart, intervalEnd, intervalPod, start, end);
}

/** Pods on the interface in the window, hostNetwork pods included on a node's primary one, ascending by index; cold. */
export function podsOnInterface(view: PodMapView, eni: number, start: number, end: number): number[] {
  return overlapping(view.eniFirst[eni]!, view.eniFirst[eni + 1]!, view.eniStart, view.eniEnd, view.eniPod, start, end);
}

function overlapping(
  first: number,
  last: number,
  starts: Uint32Array,
  ends: Uint32Array,
  pods: Int32Array,
  start: number,
  end: number,
): number[] {
  const from = Math.min(start, end);
  const to = Math.max(start, end, from + 1);
  const found = new Set<number>();
  for (let i = first; i < last; i++) if (starts[i]! < to && ends[i]! > from) found.add(pods[i]!);
  return [...found].sort((a, b) => a - b);
}
