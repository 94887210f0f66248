/** The look-ups of pods/lookup.ts over the kernel's memory: who owns an address, and which pod held it when. */
import { i32At, u32At, u8At } from './cells';
import {
  ATTRIBUTION_CANDIDATES,
  ATTRIBUTION_EXACT,
  ATTRIBUTION_INFERRED,
  ATTRIBUTION_NONE,
  ENTRY_COUNT,
  ENTRY_FIRST,
  ENTRY_LENGTH,
  ENTRY_STRIDE,
  ENTRY_VPC,
  FOREVER,
  INTERVAL_STRIDE,
  IPV4_ENTRY,
  SOFT_OPEN,
} from './codes';
import { Tables } from './tables';

const ANY_VPC: i32 = -1;
const CLEAR_TENTHS: i64 = 9;
/** A record's times may be so much later than its packets, or a little earlier; see pods/lookup.ts. */
const LATE_SECONDS: i64 = 60;
const EARLY_SECONDS: i64 = 5;

@inline
function hashKey(vpc: i32, w0: u32, w1: u32, w2: u32, w3: u32, length: u32): u32 {
  let h = (<u32>vpc ^ (length << 16)) * 0x9e37_79b1;
  h = (h ^ w0) * 0x85eb_ca6b;
  h = (h ^ (h >> 15) ^ w1) * 0xc2b2_ae35;
  h = (h ^ (h >> 13) ^ w2) * 0x85eb_ca6b;
  h = (h ^ (h >> 15) ^ w3) * 0xc2b2_ae35;
  return h ^ (h >> 16);
}

/** The VPC asked about last, and what its number adds to the hash of every IPv4 address: nearly all are of one. */
let seededVpc: i32 = ANY_VPC;
let seed: u32 = seedOf(ANY_VPC);

/** The part of hashKey for an IPv4 entry that does not depend on the address: its first three words are 0. */
function seedOf(vpc: i32): u32 {
  let h = (<u32>vpc ^ (IPV4_ENTRY << 16)) * 0x9e37_79b1;
  h *= 0x85eb_ca6b;
  h = (h ^ (h >> 15)) * 0xc2b2_ae35;
  h = (h ^ (h >> 13)) * 0x85eb_ca6b;
  return h ^ (h >> 15);
}

@inline
function hash4(vpc: i32, address: u32): u32 {
  if (vpc != seededVpc) {
    seededVpc = vpc;
    seed = seedOf(vpc);
  }
  const h = (seed ^ address) * 0xc2b2_ae35;
  return h ^ (h >> 16);
}

@inline
function record(tables: Tables, entry: u32): usize {
  return tables.entryRecords + (<usize>(entry * ENTRY_STRIDE) << 2);
}

/** `vpc` −1 finds the entry of any VPC: the caller asks whether it is the only one. */
function find4(tables: Tables, vpc: i32, address: u32): i32 {
  const slots = vpc < 0 ? tables.anySlots : tables.slots;
  const mask = vpc < 0 ? tables.anySlotMask : tables.slotMask;
  let slot = hash4(vpc, address) & mask;
  for (let entry = i32At(slots, slot); entry >= 0; entry = i32At(slots, slot)) {
    const at = record(tables, entry);
    const is = load<u32>(at, 12) == address && load<u32>(at, ENTRY_LENGTH * 4) == IPV4_ENTRY;
    if (is && (vpc < 0 || load<i32>(at, ENTRY_VPC * 4) == vpc)) return entry;
    slot = (slot + 1) & mask;
  }
  return -1;
}

function find6(tables: Tables, vpc: i32, w0: u32, w1: u32, w2: u32, w3: u32, length: u32): i32 {
  const slots = vpc < 0 ? tables.anySlots : tables.slots;
  const mask = vpc < 0 ? tables.anySlotMask : tables.slotMask;
  let slot = hashKey(vpc, w0, w1, w2, w3, length) & mask;
  for (let entry = i32At(slots, slot); entry >= 0; entry = i32At(slots, slot)) {
    const at = record(tables, entry);
    const low = load<u32>(at, 12) == w3 && load<u32>(at, 8) == w2;
    const is = low && load<u32>(at, 4) == w1 && load<u32>(at) == w0 && load<u32>(at, ENTRY_LENGTH * 4) == length;
    if (is && (vpc < 0 || load<i32>(at, ENTRY_VPC * 4) == vpc)) return entry;
    slot = (slot + 1) & mask;
  }
  return -1;
}

@inline
function wordMask(bits: i32): u32 {
  return bits <= 0 ? 0 : bits >= 32 ? 0xffff_ffff : 0xffff_ffff << (32 - bits);
}

/** The address itself, else the longest delegated prefix that contains it. */
function findOrPrefix6(tables: Tables, vpc: i32, at: usize): i32 {
  const w0 = load<u32>(at);
  const w1 = load<u32>(at, 4);
  const w2 = load<u32>(at, 8);
  const w3 = load<u32>(at, 12);
  let entry = find6(tables, vpc, w0, w1, w2, w3, 128);
  for (let i: u32 = 0; entry < 0 && i < tables.prefixLengthCount; i++) {
    const length = i32At(tables.prefixLengths, i);
    const m1 = w1 & wordMask(length - 32);
    const m2 = w2 & wordMask(length - 64);
    entry = find6(tables, vpc, w0 & wordMask(length), m1, m2, w3 & wordMask(length - 96), length);
  }
  return entry;
}

/** Entry of an IPv4 address seen from VPC `vpc` (−1 = not known), −1 = nobody's; see pods/lookup.ts. */
export function ownerEntry4(tables: Tables, vpc: i32, address: u32): i32 {
  if (vpc >= 0) {
    const entry = find4(tables, vpc, address);
    if (entry >= 0 || !isVpcDescribed(tables, vpc) || isInVpc4(tables, vpc, address)) return entry;
  } else if (tables.vpcCidrWords == 0) return -1;
  const entry = find4(tables, ANY_VPC, address);
  return entry >= 0 && u8At(tables.entryIsOnly, entry) == 1 ? entry : -1;
}

/** The same for an IPv6 address whose four words stand at `at`. */
export function ownerEntry6(tables: Tables, vpc: i32, at: usize): i32 {
  if (vpc >= 0) {
    const entry = findOrPrefix6(tables, vpc, at);
    if (entry >= 0 || !isVpcDescribed(tables, vpc) || isInVpc6(tables, vpc, at)) return entry;
  } else if (tables.vpcCidrWords == 0) return -1;
  // the longest match decides: were a shorter one of another VPC around it, it would not be the only one
  const entry = findOrPrefix6(tables, ANY_VPC, at);
  return entry >= 0 && u8At(tables.entryIsOnly, entry) == 1 ? entry : -1;
}

/** Every VPC has an IPv4 CIDR: one without any is only named. */
export function isVpcDescribed(tables: Tables, vpc: u32): bool {
  return i32At(tables.vpcFirst, vpc) < i32At(tables.vpcFirst, vpc + 1);
}

export function isInVpc4(tables: Tables, vpc: u32, address: u32): bool {
  const last = u32At(tables.vpcFirst, vpc + 1);
  for (let i = u32At(tables.vpcFirst, vpc); i < last; i++) {
    if (((address ^ u32At(tables.vpcCidrs, 2 * i)) & u32At(tables.vpcCidrs, 2 * i + 1)) == 0) return true;
  }
  return false;
}

export function isInVpc6(tables: Tables, vpc: u32, at: usize): bool {
  const last = u32At(tables.vpcFirst6, vpc + 1);
  for (let i = u32At(tables.vpcFirst6, vpc); i < last; i++) {
    if (isInBlock6(at, tables.vpcCidrs6 + (<usize>i << 5))) return true;
  }
  return false;
}

/** True when the four address words at `at` lie in the block at `block`: four words of its base, four of its mask. */
export function isInBlock6(at: usize, block: usize): bool {
  let differs: u32 = 0;
  for (let w: usize = 0; w < 16; w += 4) {
    differs |= (load<u32>(at + w) ^ load<u32>(block + w)) & load<u32>(block + w, 16);
  }
  return differs == 0;
}

/** Attribution code of the last resolvePod: its second result. */
export let attribution: u32 = ATTRIBUTION_NONE;

/** Last second of a window (exclusive): an instant counts as its second. */
@inline
export function windowEnd(start: u32, end: u32): i64 {
  return max(<i64>max(start, end), <i64>min(start, end) + 1);
}

/** Pod that held the entry's address in the window, −1 = none; `attribution` says how sure. See pods/lookup.ts. */
export function resolvePod(tables: Tables, entry: u32, start: u32, end: u32): i32 {
  const from = <i64>min(start, end);
  const to = windowEnd(start, end);
  attribution = ATTRIBUTION_NONE;
  const first = load<u32>(record(tables, entry), ENTRY_FIRST * 4);
  const last = first + load<u32>(record(tables, entry), ENTRY_COUNT * 4);
  const low = firstEndingAfter(tables.intervals, first, last, from);
  // nearly always one pod held it before and after the window, and no other interval begins in it
  if (low < last && startOf(tables, low) <= from && endOf(tables, low) >= to && to != FOREVER) {
    if (low + 1 == last || startOf(tables, low + 1) >= to) {
      attribution = ATTRIBUTION_EXACT;
      return podOf(tables, low);
    }
  }
  return resolveShared(tables, entry, first, last, low, from, to);
}

function resolveShared(
  tables: Tables,
  entry: u32,
  first: u32,
  last: u32,
  low: u32,
  from: i64,
  to: i64,
): i32 {
  let best: i32 = -1;
  let bestSeconds: i64 = 0;
  let owned: i64 = 0;
  let isAlone = true;
  for (let i = low; i < last && startOf(tables, i) < to; i++) {
    const pod = podOf(tables, i);
    isAlone = isAlone && (best < 0 || pod == best);
    // of a record without times the share of all history says nothing
    if (!isAlone && to == FOREVER) break;
    owned += secondsWithin(tables, i, from, to);
    const held = isAlone ? owned : secondsOfPod(tables, low, i, from, to);
    if (held > bestSeconds) {
      bestSeconds = held;
      best = pod;
    }
  }
  if (isAlone && owned == to - from) {
    attribution = ATTRIBUTION_EXACT;
    return best;
  }
  if (best < 0) {
    const isPossible = anySoft(tables, entry, first, last, from - LATE_SECONDS, to + EARLY_SECONDS);
    attribution = isPossible ? ATTRIBUTION_CANDIDATES : ATTRIBUTION_NONE;
    return -1;
  }
  let others: i64 = 0;
  if (tables.softEdgeCount > 0) {
    const stop = startsBefore(tables, entry, to);
    for (let i = firstReaching(tables, entry, first, last, from); i < last && startOf(tables, i) < stop; i++) {
      if (podOf(tables, i) != best) others += softSeconds(tables, i, from, to);
    }
  }
  const isMost = to != FOREVER && bestSeconds * 10 >= (owned + others) * CLEAR_TENTHS;
  attribution = (isAlone && others == 0) || isMost ? ATTRIBUTION_INFERRED : ATTRIBUTION_CANDIDATES;
  return best;
}

@inline
function startOf(tables: Tables, interval: u32): i64 {
  return <i64>u32At(tables.intervals, interval * INTERVAL_STRIDE);
}

@inline
function endOf(tables: Tables, interval: u32): i64 {
  return <i64>u32At(tables.intervals, interval * INTERVAL_STRIDE + 1);
}

@inline
export function podOf(tables: Tables, interval: u32): i32 {
  return i32At(tables.intervals, interval * INTERVAL_STRIDE + 2);
}

/** Seconds of interval `last` and of those before it, from `low` on, that are the same pod's. */
function secondsOfPod(tables: Tables, low: u32, last: u32, from: i64, to: i64): i64 {
  let seconds: i64 = 0;
  for (let i = low; i <= last; i++) {
    if (podOf(tables, i) == podOf(tables, last)) seconds += secondsWithin(tables, i, from, to);
  }
  return seconds;
}

@inline
function secondsWithin(tables: Tables, i: u32, from: i64, to: i64): i64 {
  return min(endOf(tables, i), to) - max(startOf(tables, i), from);
}

function softStart(tables: Tables, interval: u32): i64 {
  const edge = tables.softEdgeCount == 0 ? 0 : u32At(tables.softEdges, interval) >> 16;
  return edge == SOFT_OPEN ? 0 : startOf(tables, interval) - <i64>edge;
}

function softEnd(tables: Tables, interval: u32): i64 {
  const edge = tables.softEdgeCount == 0 ? 0 : u32At(tables.softEdges, interval) & 0xffff;
  return edge == SOFT_OPEN ? <i64>FOREVER : endOf(tables, interval) + <i64>edge;
}

/** Seconds of [from, to) in the soft parts of an interval. */
function softSeconds(tables: Tables, interval: u32, from: i64, to: i64): i64 {
  const before = min(startOf(tables, interval), to) - max(softStart(tables, interval), from);
  const after = min(softEnd(tables, interval), to) - max(endOf(tables, interval), from);
  return max<i64>(0, before) + max<i64>(0, after);
}

function anySoft(tables: Tables, entry: u32, first: u32, last: u32, from: i64, to: i64): bool {
  const stop = startsBefore(tables, entry, to);
  for (let i = firstReaching(tables, entry, first, last, from); i < last && startOf(tables, i) < stop; i++) {
    if (softStart(tables, i) < to && softEnd(tables, i) > from) return true;
  }
  return false;
}

/** First interval of the entry whose soft end may be after `second`. */
function firstReaching(tables: Tables, entry: u32, first: u32, last: u32, second: i64): u32 {
  const after = u32At(tables.softReach, entry) & 0xffff;
  return after == SOFT_OPEN ? first : firstEndingAfter(tables.intervals, first, last, second - <i64>after);
}

/** From this start on no interval of the entry softly starts before `second`. */
function startsBefore(tables: Tables, entry: u32, second: i64): i64 {
  const before = u32At(tables.softReach, entry) >> 16;
  return before == SOFT_OPEN ? <i64>FOREVER + 1 : second + <i64>before;
}

/** First interval of [low, high) that ends after `second`. */
function firstEndingAfter(intervals: usize, low: u32, high: u32, second: i64): u32 {
  let a = low;
  let b = high;
  while (a < b) {
    const middle = (a + b) >> 1;
    if (<i64>u32At(intervals, middle * INTERVAL_STRIDE + 1) > second) b = middle;
    else a = middle + 1;
  }
  return a;
}

/** True when some pod lives on the interface at some second of the window. */
export function hasPodsOnInterface(tables: Tables, eni: u32, start: u32, end: u32): bool {
  const from = min(start, end);
  let a = u32At(tables.coverFirst, eni);
  let b = u32At(tables.coverFirst, eni + 1);
  const last = b;
  while (a < b) {
    const middle = (a + b) >> 1;
    if (u32At(tables.coverEnd, middle) > from) b = middle;
    else a = middle + 1;
  }
  return a < last && <i64>u32At(tables.coverStart, a) < windowEnd(start, end);
}

/** Owner keys of the listener table; see pods/listeners.ts. */
const SEEN_BASE: u32 = 0x4000_0000;
const HIDDEN_BASE: u32 = 0x8000_0000;

@inline
export function podKey(pod: u32): u32 {
  return pod + 1;
}

@inline
export function nodeKey(eni: u32): u32 {
  return SEEN_BASE + eni;
}

@inline
export function hiddenKey(eni: u32): u32 {
  return HIDDEN_BASE + eni;
}

/** True when anybody declares to listen on (protocol, port): rules most ports out without asking whose they are. */
@inline
export function isListenerPort(tables: Tables, isUdp: bool, port: u32): bool {
  const bit = (isUdp ? <u32>65_536 : 0) + port;
  return (u8At(tables.listenerPorts, bit >> 3) & (<u32>1 << (bit & 7))) != 0;
}

/** Where (owner key, protocol and port) stands in a table, but for its mask. */
@inline
export function ownerSlot(owner: u32, word: u32): u32 {
  const h = (owner ^ (word * 0x9e37_79b1)) * 0x85eb_ca6b;
  return h ^ (h >> 15);
}

/** True when the owner declares to listen on (protocol, port). */
export function hasListener(tables: Tables, owner: u32, protocol: u32, port: u32): bool {
  const keys = tables.listenerKeys;
  const mask = tables.listenerMask;
  const word = protocol * 65_536 + port;
  let slot = ownerSlot(owner, word) & mask;
  for (let key = u32At(keys, slot * 2); key != 0; key = u32At(keys, slot * 2)) {
    if (key == owner && u32At(keys, slot * 2 + 1) == word) return true;
    slot = (slot + 1) & mask;
  }
  return false;
}

/** True when any of the pods that held the entry's address in the window declares to listen on (protocol, port). */
export function anyPodListens(tables: Tables, entry: u32, start: u32, end: u32, protocol: u32, port: u32): bool {
  const from = <i64>min(start, end);
  const to = windowEnd(start, end);
  const first = load<u32>(record(tables, entry), ENTRY_FIRST * 4);
  const last = first + load<u32>(record(tables, entry), ENTRY_COUNT * 4);
  for (let i = firstEndingAfter(tables.intervals, first, last, from); i < last && startOf(tables, i) < to; i++) {
    if (hasListener(tables, podKey(podOf(tables, i)), protocol, port)) return true;
  }
  return false;
}
