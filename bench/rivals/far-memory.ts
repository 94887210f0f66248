import { readFileSync } from 'node:fs';
import type { ReadyJob, Turn } from '../measurement.ts';
import { mix, type PodWorld } from '../pod-world.ts';

/** About the bytes of the pod table. */
const WORDS = 20_000_000;
/** One word a cache line. */
const LINE_WORDS = 16;
const LINES = WORDS / LINE_WORDS;

/**
 * What memory costs that no near cache holds: as many loads as there are questions, from random lines. `isChain`: each
 * says where the next one is, so that it waits; otherwise they wait for nothing.
 */
export async function readyFarMemory(turn: Turn, isChain: boolean): Promise<ReadyJob> {
  const { queries } = JSON.parse(readFileSync(turn.files[0] ?? '', 'utf8')) as PodWorld;
  const memory = new Uint32Array(WORDS);
  const order = Uint32Array.from({ length: LINES }, (_, line) => line);
  for (let i = LINES - 1; i > 0; i--) {
    const j = mix(i) % (i + 1);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  order.forEach((line, i) => {
    memory[line * LINE_WORDS] = (order[(i + 1) % LINES] ?? 0) * LINE_WORDS;
  });
  let at = 0;
  return {
    async run() {
      if (isChain) for (let q = 0; q < queries; q++) at = memory[at] ?? 0;
      else for (let q = 0; q < queries; q++) at ^= memory[(mix(q) % LINES) * LINE_WORDS] ?? 0;
      // were it not used, it would not be loaded
      return { records: at < 0 ? 0 : queries };
    },
  };
}
