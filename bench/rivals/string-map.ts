import { readFileSync } from 'node:fs';
import { formatIpv4 } from '../../src/model/ip.ts';
import type { ReadyJob, Turn } from '../measurement.ts';
import { addressOf, lifeOf, type PodWorld, queriesOf, WINDOW_SECONDS } from '../pod-world.ts';

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
    const lives = Array.from({ length: world.lives }, (_, life) => {
      return { ...lifeOf(index, life), pod: index * world.lives + life };
    });
    byAddress.set(formatIpv4(addressOf(index)), lives);
  }
  const { address, start } = queriesOf(world);
  // a log line has the address as text already: making it is not counted
  const texts = Array.from(address, formatIpv4);
  return {
    async run() {
      let sum = 0;
      texts.forEach((text, q) => {
        const lives = byAddress.get(text);
        if (lives !== undefined) sum += longest(lives, start[q] ?? 0, (start[q] ?? 0) + WINDOW_SECONDS) + 1;
      });
      return { records: texts.length, bytes: sum };
    },
  };
}

function longest(lives: readonly Held[], from: number, to: number): number {
  let low = 0;
  let high = lives.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lives[middle]?.end ?? 0) > from) high = middle;
    else low = middle + 1;
  }
  let best = -1;
  let most = 0;
  for (const { start, end, pod } of lives.slice(low, low + 3)) {
    const seconds = Math.min(end, to) - Math.max(start, from);
    if (seconds > most) [best, most] = [pod, seconds];
  }
  return best;
}
