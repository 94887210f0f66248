/** Addresses that pods take one after the other: the same numbers for every contestant, from arithmetic alone. */
export interface PodWorld {
  readonly addresses: number;
  /** Pods of each address. */
  readonly lives: number;
  readonly queries: number;
}

/** 10.0.0.0 and 2026-01-15T10:00:00Z. */
const BASE = 0x0a00_0000;
const FIRST_SECOND = 1_768_471_200;
/** From one pod's start to the next one's; it lives 60 to 180 s of it, so that an address rests 30 s at least. */
const PERIOD_SECONDS = 210;
export const WINDOW_SECONDS = 60;
/** One query in so many is about an address nobody ever held. */
const MISS_EVERY = 5;

function mix(value: number): number {
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
    const index = mix(2 * q) % world.addresses;
    address[q] = addressOf(q % MISS_EVERY === 0 ? world.addresses + index : index);
    start[q] = FIRST_SECOND + (mix(2 * q + 1) % (world.lives * PERIOD_SECONDS));
  }
  return { address, start };
}

/** Sum of 1 + pod over the queries, pods numbered address by address: every pair of numbers is compared. */
export function expectedSum(world: PodWorld): number {
  const { address, start } = queriesOf(world);
  let sum = 0;
  for (let q = 0; q < world.queries; q++) {
    const index = (address[q] ?? 0) - BASE;
    const from = start[q] ?? 0;
    let best = -1;
    let most = 0;
    for (let life = 0; index < world.addresses && life < world.lives; life++) {
      const held = lifeOf(index, life);
      const seconds = Math.min(held.end, from + WINDOW_SECONDS) - Math.max(held.start, from);
      if (seconds <= most) continue;
      most = seconds;
      best = index * world.lives + life;
    }
    sum += best + 1;
  }
  return sum;
}
