import type { Claims } from './measurement.ts';

/** Addresses that pods take one after the other: the same numbers for every contestant, from arithmetic alone. */
export interface PodWorld {
  readonly addresses: number;
  /** Pods of each address. */
  readonly lives: number;
  readonly queries: number;
  /** Addresses that are asked about, the first ones; absent = all. */
  readonly asked?: number;
}

/** 10.0.0.0 and 2026-01-15T10:00:00Z. */
const BASE = 0x0a00_0000;
const FIRST_SECOND = 1_768_471_200;
/** From one pod's start to the next one's; it lives 60 to 180 s of it, so that an address rests 30 s at least. */
const PERIOD_SECONDS = 210;
export const WINDOW_SECONDS = 60;
/** One query in so many is about an address nobody ever held. */
const MISS_EVERY = 5;

export function mix(value: number): number {
  let z = Math.imul(value ^ 0x9e37_79b9, 0x85eb_ca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2_ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

export function addressOf(index: number): number {
  return BASE + index;
}

/** Pod number `life` at address `index`, [start, end). */
export function lifeOf(index: number, life: number): { readonly start: number; readonly end: number } {
  const start = FIRST_SECOND + life * PERIOD_SECONDS + (mix(index) % 60);
  return { start, end: start + 60 + (mix(index * 31 + life) % 91) };
}

/** Queries as columns: address (u32) and first second of a window of WINDOW_SECONDS. */
export function queriesOf(world: PodWorld): { readonly address: Uint32Array; readonly start: Uint32Array } {
  const address = new Uint32Array(world.queries);
  const start = new Uint32Array(world.queries);
  for (let q = 0; q < world.queries; q++) {
    const index = mix(2 * q) % (world.asked ?? world.addresses);
    address[q] = addressOf(q % MISS_EVERY === 0 ? world.addresses + index : index);
    start[q] = FIRST_SECOND + (mix(2 * q + 1) % (world.lives * PERIOD_SECONDS));
  }
  return { address, start };
}

/** Seconds of doubt before a start and after an end. */
export const SOFT_BEFORE = 2;
export const SOFT_AFTER = 1;
/** A record's times may be so much later than its packets, or earlier: SEMANTICS.md. */
export const LATE_SECONDS = 60;
export const EARLY_SECONDS = 5;

/** What one query finds: the pod, numbered address by address, where it is named; and how sure that is. */
export const Found = { none: 0, exact: 1, inferred: 2, candidates: 3 } as const;

/**
 * What is claimed of the queries, in the words of Measurement: `bytes` = sum of 1 + pod over those that name one,
 * `accept` = exact, `permitted` = inferred, `reject` = candidates.
 */
export class FoundSums {
  private named = 0;
  private readonly counts = [0, 0, 0, 0];

  add(found: number, pod: number): void {
    this.counts[found] = (this.counts[found] ?? 0) + 1;
    if (found === Found.exact || found === Found.inferred) this.named += pod + 1;
  }

  claims(records: number): Pick<Required<Claims>, 'records' | 'bytes' | 'accept' | 'reject' | 'permitted'> {
    const [, accept = 0, permitted = 0, reject = 0] = this.counts;
    return { records, bytes: this.named, accept, permitted, reject };
  }
}

/** Every query against every pod of its address, straight from the rules of SEMANTICS.md. */
export function expectedClaims(world: PodWorld): Pick<Required<Claims>, 'bytes' | 'accept' | 'reject' | 'permitted'> {
  const { addresses, lives } = world;
  const all = Array.from({ length: addresses * lives }, (_, pod) => lifeOf(Math.floor(pod / lives), pod % lives));
  const starts = Uint32Array.from(all, (one) => one.start);
  const ends = Uint32Array.from(all, (one) => one.end);
  const { address, start } = queriesOf(world);
  const sums = new FoundSums();
  for (let q = 0; q < world.queries; q++) {
    const index = (address[q] ?? 0) - BASE;
    const from = start[q] ?? 0;
    const to = from + WINDOW_SECONDS;
    let [best, most, owned, holders, doubt, bestDoubt, isPossible] = [-1, 0, 0, 0, 0, 0, false];
    for (let pod = index * lives; index < addresses && pod < (index + 1) * lives; pod++) {
      const first = starts[pod] ?? 0;
      const last = ends[pod] ?? 0;
      if (first - SOFT_BEFORE >= to + EARLY_SECONDS || last + SOFT_AFTER <= from - LATE_SECONDS) continue;
      isPossible = true;
      const held = overlap(first, last, from, to);
      const doubted = doubtOf(first, last, from, to);
      doubt += doubted;
      owned += held;
      holders += held > 0 ? 1 : 0;
      if (held <= most) continue;
      most = held;
      best = pod;
      bestDoubt = doubted;
    }
    // of the pod itself it only says when, not who
    sums.add(foundOf(holders, most, owned, doubt - bestDoubt, isPossible), best);
  }
  return sums.claims(world.queries);
}

/** Seconds of the window in which a pod possibly held its address, besides those in which it did. */
export function doubtOf(start: number, end: number, from: number, to: number): number {
  return overlap(start - SOFT_BEFORE, start, from, to) + overlap(end, end + SOFT_AFTER, from, to);
}

export function overlap(a: number, b: number, from: number, to: number): number {
  return Math.max(0, Math.min(b, to) - Math.max(a, from));
}

/** Seconds of the one who held it longest, of all, and of doubt about others. */
export function foundOf(holders: number, most: number, owned: number, doubt: number, isPossible: boolean): number {
  if (holders === 0) return isPossible ? Found.candidates : Found.none;
  if (holders === 1 && owned === WINDOW_SECONDS) return Found.exact;
  const isClear = (holders === 1 && doubt === 0) || most * 10 >= (owned + doubt) * 9;
  return isClear ? Found.inferred : Found.candidates;
}
