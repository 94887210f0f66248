/** The look-ups of pods/lookup.ts over the kernel's memory: which pod held an entry's address, and when. */
import { i32At, u32At } from './cells';
import {
  ATTRIBUTION_CANDIDATES,
  ATTRIBUTION_EXACT,
  ATTRIBUTION_INFERRED,
  ATTRIBUTION_NONE,
  ENTRY_COUNT,
  ENTRY_FIRST,
  ENTRY_REACH,
  FOREVER,
  INTERVAL_POD,
  INTERVAL_SOFT,
  INTERVAL_START,
  INTERVAL_STRIDE,
  SOFT_OPEN,
} from './codes';
import { entryRecord, hasListener, podKey, windowEnd } from './owners';
import { ANY_HOST, isElsewhere } from './strays';
import { Tables } from './tables';

const CLEAR_TENTHS: i64 = 9;
/** A record's times may be so much later than its packets, or a little earlier; see pods/lookup.ts. */
const LATE_SECONDS: i64 = 60;
const EARLY_SECONDS: i64 = 5;

/** Attribution code of the last resolvePod: its second result. */
export let attribution: u32 = ATTRIBUTION_NONE;

/** Index of the entry's first interval. */
@inline
export function firstInterval(tables: Tables, entry: u32): u32 {
  return load<u32>(entryRecord(tables, entry), ENTRY_FIRST * 4);
}

@inline
export function intervalsOf(tables: Tables, entry: u32): u32 {
  return load<u32>(entryRecord(tables, entry), ENTRY_COUNT * 4);
}

/** The entry's first interval that ends after `second`; one past its last when there is none. */
@inline
export function intervalAfter(tables: Tables, entry: u32, second: u32): u32 {
  return firstEndingAfter(tables, firstInterval(tables, entry), intervalsOf(tables, entry), second);
}

/**
 * Pod that held the entry's address in the window, −1 = none; `attribution` says how sure. See pods/lookup.ts. `low` is
 * intervalAfter the window's first second.
 */
export function resolvePod(tables: Tables, entry: u32, low: u32, start: u32, end: u32): i32 {
  const from = <i64>min(start, end);
  const to = windowEnd(start, end);
  const first = firstInterval(tables, entry);
  const last = first + intervalsOf(tables, entry);
  // in most logs nearly always: one pod held it before and after the window, and no other interval begins in it
  if (low < last && startOf(tables, low) <= from && endOf(tables, low) >= to && to != FOREVER) {
    if (low + 1 == last || startOf(tables, low + 1) >= to) {
      attribution = ATTRIBUTION_EXACT;
      return podOf(tables, low);
    }
  }
  const reach = load<u32>(entryRecord(tables, entry), ENTRY_REACH * 4);
  // an edge without a bound reaches over its neighbours
  const isOpen = u32((reach & 0xffff) == SOFT_OPEN) | u32(reach >> 16 == SOFT_OPEN);
  const isMany = u32(low + 2 < last) & u32(startOf(tables, low + 2) < to);
  const isTwice = u32(low + 1 < last) & u32(podOf(tables, low) == podOf(tables, low + 1));
  if ((isOpen | isMany | isTwice | u32(to == FOREVER)) != 0) return resolveShared(tables, entry, low, last, from, to);
  return resolveTwo(tables, first, last, low, from, to);
}

/**
 * The same where at most two different pods, those of `low` and the interval behind it, held the address in the window.
 * Soft edges end at the neighbours, so that only the intervals beside these two may reach into it. Nothing tells
 * beforehand how such a window ends: no branches.
 */
@inline
function resolveTwo(tables: Tables, first: u32, last: u32, low: u32, from: i64, to: i64): i32 {
  const start0 = select<i64>(startOf(tables, low), NEVER, low < last);
  const start1 = select<i64>(startOf(tables, low + 1), NEVER, low + 1 < last);
  const start2 = select<i64>(startOf(tables, low + 2), NEVER, low + 2 < last);
  const held0 = secondsWithin(start0, endOf(tables, low), from, to);
  const held1 = secondsWithin(start1, endOf(tables, low + 1), from, to);
  const softStart0 = start0 - <i64>(softOf(tables, low) >> 16);
  const softStart1 = start1 - <i64>(softOf(tables, low + 1) >> 16);
  const softStart2 = start2 - <i64>(softOf(tables, low + 2) >> 16);
  const before = max(low, first + 1) - 1;
  const isBefore = low > first;
  const endBefore = endOf(tables, before);
  const softBefore = select<i64>(endBefore + <i64>(softOf(tables, before) & 0xffff), 0, isBefore);
  const isFirst = held0 >= held1;
  const best = select<i32>(podOf(tables, low), podOf(tables, low + 1), isFirst);
  // seconds in which another one possibly held it
  const doubt0 = softSecondsOf(tables, low, start0, softStart0, from, to);
  const doubt1 = softSecondsOf(tables, low + 1, start1, softStart1, from, to);
  const doubtBefore = select<i64>(0, secondsWithin(endBefore, softBefore, from, to), podOf(tables, before) == best);
  const doubt2 = select<i64>(0, secondsWithin(softStart2, start2, from, to), podOf(tables, low + 2) == best);
  const others = select<i64>(doubt1, doubt0, isFirst) + doubtBefore + doubt2;
  const owned = held0 + held1;
  const isAlone = u32(held1 == 0);
  const isMost = max(held0, held1) * 10 >= (owned + others) * CLEAR_TENTHS;
  const isClear = (isAlone & u32(others == 0)) | u32(isMost);
  const unsure = select<u32>(ATTRIBUTION_INFERRED, ATTRIBUTION_CANDIDATES, isClear != 0);
  const sure = select<u32>(ATTRIBUTION_EXACT, unsure, (isAlone & u32(owned == to - from)) != 0);
  const isPossible = u32(softBefore > from - LATE_SECONDS) | u32(softStart0 < to + EARLY_SECONDS);
  const nobody = select<u32>(ATTRIBUTION_CANDIDATES, ATTRIBUTION_NONE, isPossible != 0);
  const isHeld = held0 > 0;
  attribution = select<u32>(sure, nobody, isHeld);
  return select<i32>(best, -1, isHeld);
}

/** Seconds of [from, to) in the soft parts of an interval that does not begin before the window's first one ends. */
@inline
function softSecondsOf(tables: Tables, i: u32, start: i64, soft: i64, from: i64, to: i64): i64 {
  const end = max(endOf(tables, i), start);
  return secondsWithin(soft, start, from, to) + secondsWithin(end, end + <i64>(softOf(tables, i) & 0xffff), from, to);
}

/** A start of no interval. */
const NEVER: i64 = 0x7fff_ffff_ffff;

function resolveShared(tables: Tables, entry: u32, low: u32, last: u32, from: i64, to: i64): i32 {
  let best: i32 = -1;
  let bestSeconds: i64 = 0;
  let owned: i64 = 0;
  let isAlone = true;
  for (let i = low; i < last && startOf(tables, i) < to; i++) {
    const pod = podOf(tables, i);
    isAlone = isAlone && (best < 0 || pod == best);
    // of a record without times the share of all history says nothing
    if (!isAlone && to == FOREVER) break;
    owned += heldSeconds(tables, i, from, to);
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
    const isPossible = anySoft(tables, entry, low, last, from - LATE_SECONDS, to + EARLY_SECONDS);
    attribution = isPossible ? ATTRIBUTION_CANDIDATES : ATTRIBUTION_NONE;
    return -1;
  }
  let others: i64 = 0;
  const stop = startsBefore(tables, entry, to);
  for (let i = firstReaching(tables, entry, low, from); i < last && startOf(tables, i) < stop; i++) {
    if (podOf(tables, i) != best) others += softSeconds(tables, i, from, to);
  }
  const isMost = to != FOREVER && bestSeconds * 10 >= (owned + others) * CLEAR_TENTHS;
  attribution = (isAlone && others == 0) || isMost ? ATTRIBUTION_INFERRED : ATTRIBUTION_CANDIDATES;
  return best;
}

@inline
function startOf(tables: Tables, interval: u32): i64 {
  return <i64>u32At(tables.intervals, interval * INTERVAL_STRIDE + INTERVAL_START);
}

@inline
function endOf(tables: Tables, interval: u32): i64 {
  return <i64>u32At(tables.intervalEnds, interval);
}

@inline
function podOf(tables: Tables, interval: u32): i32 {
  return i32At(tables.intervals, interval * INTERVAL_STRIDE + INTERVAL_POD);
}

@inline
function softOf(tables: Tables, interval: u32): u32 {
  return u32At(tables.intervals, interval * INTERVAL_STRIDE + INTERVAL_SOFT);
}

/** Seconds of interval `last` and of those before it, from `low` on, that are the same pod's. */
function secondsOfPod(tables: Tables, low: u32, last: u32, from: i64, to: i64): i64 {
  let seconds: i64 = 0;
  for (let i = low; i <= last; i++) {
    if (podOf(tables, i) == podOf(tables, last)) seconds += heldSeconds(tables, i, from, to);
  }
  return seconds;
}

@inline
function heldSeconds(tables: Tables, i: u32, from: i64, to: i64): i64 {
  return secondsWithin(startOf(tables, i), endOf(tables, i), from, to);
}

/** Seconds of [from, to) in [start, end). */
@inline
function secondsWithin(start: i64, end: i64, from: i64, to: i64): i64 {
  return max<i64>(0, min(end, to) - max(start, from));
}

@inline
function softStart(tables: Tables, interval: u32): i64 {
  const edge = softOf(tables, interval) >> 16;
  return edge == SOFT_OPEN ? 0 : startOf(tables, interval) - <i64>edge;
}

@inline
function softEnd(tables: Tables, interval: u32): i64 {
  const edge = softOf(tables, interval) & 0xffff;
  return edge == SOFT_OPEN ? <i64>FOREVER : endOf(tables, interval) + <i64>edge;
}

/** Seconds of [from, to) in the soft parts of an interval. */
@inline
function softSeconds(tables: Tables, interval: u32, from: i64, to: i64): i64 {
  const before = secondsWithin(softStart(tables, interval), startOf(tables, interval), from, to);
  return before + secondsWithin(endOf(tables, interval), softEnd(tables, interval), from, to);
}

function anySoft(tables: Tables, entry: u32, low: u32, last: u32, from: i64, to: i64): bool {
  const stop = startsBefore(tables, entry, to);
  for (let i = firstReaching(tables, entry, low, from); i < last && startOf(tables, i) < stop; i++) {
    if (softStart(tables, i) < to && softEnd(tables, i) > from) return true;
  }
  return false;
}

/** First interval of the entry whose soft end may be after `second`; `low` and those behind it end after it. */
@inline
function firstReaching(tables: Tables, entry: u32, low: u32, second: i64): u32 {
  const first = firstInterval(tables, entry);
  const after = load<u32>(entryRecord(tables, entry), ENTRY_REACH * 4) & 0xffff;
  if (after == SOFT_OPEN) return first;
  let i = low;
  while (i > first && endOf(tables, i - 1) > second - <i64>after) i--;
  return i;
}

/** From this start on no interval of the entry softly starts before `second`. */
@inline
function startsBefore(tables: Tables, entry: u32, second: i64): i64 {
  const before = load<u32>(entryRecord(tables, entry), ENTRY_REACH * 4) >> 16;
  return before == SOFT_OPEN ? <i64>FOREVER + 1 : second + <i64>before;
}

/** Ends that are counted instead of searched: a branch that guesses wrong costs more than a few vectors. */
const COUNTED_MAX: u32 = 32;

/** First of `count` intervals from `first` on that ends after `second`; `first + count` when none does. */
function firstEndingAfter(tables: Tables, first: u32, count: u32, second: u32): u32 {
  const ends = tables.intervalEnds;
  let at = first;
  let left = count;
  while (left > COUNTED_MAX) {
    const half = left >> 1;
    at += select<u32>(half, 0, u32At(ends, at + half - 1) <= second);
    left -= half;
  }
  const seconds = i32x4.splat(second);
  let before = i32x4.splat(0);
  let k: u32 = 0;
  for (; k + 4 <= left; k += 4) {
    before = i32x4.sub(before, i32x4.le_u(v128.load(ends + (<usize>(at + k) << 2)), seconds));
  }
  // of the last vector only those that are the entry's
  const isBefore = i32x4.le_u(v128.load(ends + (<usize>(at + k) << 2)), seconds);
  before = i32x4.sub(before, v128.and(isBefore, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(left - k))));
  const sum = i32x4.extract_lane(before, 0) + i32x4.extract_lane(before, 1);
  return at + sum + i32x4.extract_lane(before, 2) + i32x4.extract_lane(before, 3);
}

/** Loads the words that intervalAfter reads; what they are means nothing. */
@inline
export function touchEnds(tables: Tables, entry: u32): u32 {
  const first = firstInterval(tables, entry);
  // the padding is there where no interval is
  return u32At(tables.intervalEnds, first) ^ u32At(tables.intervalEnds, first + max(intervalsOf(tables, entry), 1) - 1);
}

/** The same for what resolvePod reads: mostly the interval and those beside it. */
@inline
export function touchIntervals(tables: Tables, low: u32): u32 {
  const before = max(low, 1) - 1;
  return u32At(tables.intervals, before * INTERVAL_STRIDE) ^ u32At(tables.intervals, (low + 2) * INTERVAL_STRIDE);
}

/**
 * True when any of the pods that held the entry's address in the window declares to listen on (protocol, port); those
 * said to be on another host than `host` are left out.
 */
export function anyPodListens(
  tables: Tables,
  entry: u32,
  host: i32,
  start: u32,
  end: u32,
  protocol: u32,
  port: u32,
): bool {
  const to = windowEnd(start, end);
  const last = firstInterval(tables, entry) + intervalsOf(tables, entry);
  for (let i = intervalAfter(tables, entry, min(start, end)); i < last && startOf(tables, i) < to; i++) {
    const pod = podOf(tables, i);
    if (host != ANY_HOST && isElsewhere(tables, entry, pod, host)) continue;
    if (hasListener(tables, podKey(pod), protocol, port)) return true;
  }
  return false;
}

/**
 * True when some pod held the entry's address, or possibly did, in the window or within the slack of a record's times;
 * those said to be on another host than `host` are left out.
 */
export function anyPodAt(tables: Tables, entry: u32, host: i32, start: u32, end: u32): bool {
  const from = <i64>min(start, end) - LATE_SECONDS;
  const to = windowEnd(start, end) + EARLY_SECONDS;
  const first = firstInterval(tables, entry);
  const last = first + intervalsOf(tables, entry);
  for (let i = first; i < last; i++) {
    if (softStart(tables, i) >= to || softEnd(tables, i) <= from) continue;
    if (host == ANY_HOST || !isElsewhere(tables, entry, podOf(tables, i), host)) return true;
  }
  return false;
}
