import { expect, test } from 'vitest';
import { compilePrefixes, lookUpPrefixes4, type PrefixColumns } from '../../../src/bench/prefix-table.ts';
import { Dice } from '../../support/dice.ts';

function randomPrefixes(dice: Dice, count: number, shortest: number, most: number): PrefixColumns {
  const words = new Uint32Array(count);
  const lengths = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const length = shortest + dice.below(most + 1 - shortest);
    lengths[i] = length;
    words[i] = length === 0 ? 0 : (dice.below(2 ** 32) & (-1 << (32 - length))) >>> 0;
  }
  return { family: 4, count, words, lengths };
}

/** Number of the first of the longest prefixes around an address, + 1; one map a length. */
function longest(prefixes: PrefixColumns): (address: number) => number {
  const maps = Array.from({ length: 33 }, () => new Map<number, number>());
  const key = (address: number, length: number): number => Math.floor(address / 2 ** (32 - length));
  prefixes.lengths.forEach((length, i) => {
    const map = maps[length];
    const at = key(prefixes.words[i] ?? 0, length);
    if (map !== undefined && !map.has(at)) map.set(at, i + 1);
  });
  return (address) => {
    for (let length = 32; length >= 0; length--) {
      const found = maps[length]?.get(key(address, length));
      if (found !== undefined) return found;
    }
    return 0;
  };
}

test.each([
  ['no prefix', 0, 0, 32],
  ['only what the first level answers', 40, 0, 16],
  ['16-bit entries', 2000, 8, 32],
  ['32-bit entries', 33_000, 14, 24],
])('the longest prefix of every edge and of random addresses: %s', (_, count, shortest, most) => {
  const dice = new Dice(count + 1);
  const prefixes = randomPrefixes(dice, count, shortest, most);
  const edges = [...prefixes.words].flatMap((word, i) => {
    const size = 2 ** (32 - (prefixes.lengths[i] ?? 0));
    return [word, word - 1, word + size - 1, word + size];
  });
  const addresses = Uint32Array.from([...edges, ...Array.from({ length: 5000 }, () => dice.below(2 ** 32))]);
  const out = new Int32Array(addresses.length);
  lookUpPrefixes4(compilePrefixes(prefixes), addresses, out);
  const naive = longest(prefixes);
  expect(addresses.findIndex((address, i) => out[i] !== naive(address))).toBe(-1);
});
