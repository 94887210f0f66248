import { readFileSync } from 'node:fs';
import { formatIpv4 } from '../../src/model/ip.ts';
import type { ReadyJob, Turn } from '../measurement.ts';
import {
  addressOf,
  doubtOf,
  EARLY_SECONDS,
  Found,
  FoundSums,
  foundOf,
  LATE_SECONDS,
  lifeOf,
  overlap,
  type PodWorld,
  queriesOf,
  SOFT_AFTER,
  SOFT_BEFORE,
  WINDOW_SECONDS,
} from '../pod-world.ts';

interface Held {
  readonly start: number;
  readonly end: number;
  readonly pod: number;
}

/** The usual way: intervals as objects in a Map by the text of the address, binary search by time. */
export async function readyStringMap(turn: Turn): Promise<ReadyJob> {
  const world = JSON.parse(readFileSync(turn.files[0] ?? '', 'utf8')) as PodWorld;
  const byAddress = new Map<string, Held[]>();
  for (let index = 0; index < world.addresses; index++) {
    const lives: Held[] = [];
    for (let life = 0; life < world.lives; life++) {
      const { start, end } = lifeOf(index, life);
      lives.push({ start, end, pod: index * world.lives + life });
    }
    byAddress.set(textOf(addressOf(index)), lives);
  }
  const { address, start } = queriesOf(world);
  // a log line has the address as text already: making it is not counted
  const texts = Array.from(address, textOf);
  return {
    async run() {
      const sums = new FoundSums();
      texts.forEach((text, q) => {
        const lives = byAddress.get(text);
        const from = start[q] ?? 0;
        if (lives === undefined) sums.add(Found.none, -1);
        else ask(lives, from, from + WINDOW_SECONDS, sums);
      });
      return sums.claims(texts.length);
    },
  };
}

/** One flat string, as a decoder makes it: a joined one is slower to look up. */
function textOf(address: number): string {
  return Buffer.from(formatIpv4(address), 'latin1').toString('latin1');
}

/** Beyond the last one. */
const NOBODY: Held = { start: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY, pod: -1 };

function ask(lives: readonly Held[], from: number, to: number, sums: FoundSums): void {
  let low = 0;
  let high = lives.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lives[middle]?.end ?? 0) > from) high = middle;
    else low = middle + 1;
  }
  let [best, most, owned, holders] = [-1, 0, 0, 0];
  let next = low;
  for (let held = lives[next]; held !== undefined && held.start < to; held = lives[++next]) {
    const seconds = overlap(held.start, held.end, from, to);
    owned += seconds;
    holders++;
    if (seconds > most) [best, most] = [held.pod, seconds];
  }
  let doubt = 0;
  let isPossible = false;
  // who softly reaches into the window is a neighbour of those who hold it
  for (let i = Math.max(0, low - 1); i <= next; i++) {
    const { start, end, pod } = lives[i] ?? NOBODY;
    if (pod !== best) doubt += doubtOf(start, end, from, to);
    isPossible ||= start - SOFT_BEFORE < to + EARLY_SECONDS && end + SOFT_AFTER > from - LATE_SECONDS;
  }
  sums.add(foundOf(holders, most, owned, doubt, isPossible), best);
}
