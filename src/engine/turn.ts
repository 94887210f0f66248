import type { DirectFile } from '../sink/part.ts';

/**
 * Whose turn it is to write rows into the output itself: in shared memory the number of a task + 1 (i32, 0 = nobody's),
 * and at byte 8 where in the file it begins (f64).
 */
export interface Turn {
  readonly fd: number;
  readonly words: SharedArrayBuffer;
}

export function createTurn({ fd }: DirectFile): Turn {
  return { fd, words: new SharedArrayBuffer(16) };
}

/** It is the turn of task `seq` until it is another one's; its rows go behind what counts of the file now. */
export function giveTurn({ words }: Turn, seq: number, { length }: DirectFile): void {
  new Float64Array(words, 8)[0] = length;
  Atomics.store(new Int32Array(words), 0, seq + 1);
}

/** Where task `seq` may write; null when it is not its turn. */
export function placeOf({ words }: Turn, seq: number): number | null {
  if (Atomics.load(new Int32Array(words), 0) !== seq + 1) return null;
  return new Float64Array(words, 8)[0] ?? null;
}
