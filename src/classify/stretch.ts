import type { KernelHeap } from '../model/kernel-heap.ts';
import { FlowWord, TWIN_STRETCH } from '../pods/twin-flow.ts';
import { MATCHES_MAX } from '../pods/twins.ts';
import { placeWords } from './kernel.ts';

/** Words of `Stretch` in src/kernel/classify/columns.ts, in their order: a test compares them. */
export const STRETCH_WORDS = ['flows', 'rows', 'matches', 'count'] as const;

/** Flows of rows as the twin table takes them, and what it found, in the memory of the kernel that judges. */
export interface Stretch {
  /** Byte address of its words. */
  readonly at: number;
  /** FlowWord.count words each, TWIN_STRETCH of them. */
  readonly flows: Uint32Array;
  /** The row of each flow. */
  readonly rows: Uint32Array;
  /** Two words a match, see pods/twins. */
  readonly matches: Uint32Array;
  /** How many there are, as its only word. */
  readonly count: Uint32Array;
}

export function createStretch(heap: KernelHeap): Stretch {
  const place = (words: number): Uint32Array => {
    const { buffer, at } = heap.take(words * 4);
    return new Uint32Array(buffer, at, words);
  };
  const flows = place(TWIN_STRETCH * FlowWord.count);
  const rows = place(TWIN_STRETCH);
  const matches = place(MATCHES_MAX * 2);
  const addresses = { flows: flows.byteOffset, rows: rows.byteOffset, matches: matches.byteOffset, count: 0 };
  const { buffer, at } = placeWords(heap, STRETCH_WORDS, addresses);
  return { at, flows, rows, matches, count: new Uint32Array(buffer, at + STRETCH_WORDS.indexOf('count') * 4, 1) };
}
