import { expect, test } from 'vitest';
import { BlockPool } from '../../../src/rules/block-pool.ts';
import { Dice } from '../../support/dice.ts';

/** So many blocks of two words that dozens of pairs share a 32-bit hash, whatever the hash is. */
const BLOCKS = 600_000;

test('equal blocks are one; blocks that only share a hash are not', () => {
  const pool = new BlockPool(2);
  const dice = new Dice(1);
  const block = new Int32Array(2);
  const words = new Int32Array(BLOCKS * 2);
  const indexOf = new Int32Array(BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    block[0] = words[2 * i] = i % 1000;
    block[1] = words[2 * i + 1] = dice.below(2 ** 32) | 0;
    indexOf[i] = pool.put(block);
  }
  const stored = pool.contents();
  let wrong = 0;
  for (let i = 0; i < BLOCKS; i++) {
    const at = (indexOf[i] ?? 0) * 2;
    if (stored[at] !== words[2 * i] || stored[at + 1] !== words[2 * i + 1]) wrong++;
  }
  expect(wrong).toBe(0);
  block.set(words.subarray(0, 2));
  expect(pool.put(block)).toBe(0);
  const distinct = new Set(
    Array.from(indexOf, (_, i) => (words[2 * i] ?? 0) * 2 ** 32 + ((words[2 * i + 1] ?? 0) >>> 0)),
  );
  expect(pool.count).toBe(distinct.size);
});
