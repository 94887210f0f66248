import { expect, test } from 'vitest';
import type { Intervals } from '../../../src/rules/address-class.ts';
import { buildTrie4, buildTrie6, ChainWord } from '../../../src/rules/address-trie.ts';
import { BlockPool } from '../../../src/rules/block-pool.ts';
import { partition, RunPartitioner, runsOfLabels } from '../../../src/rules/partition.ts';
import { Dice } from '../../support/dice.ts';

function intervals(rows: readonly (readonly [readonly number[], number])[]): Intervals {
  const starts = Uint32Array.from(rows.flatMap(([words]) => [0, 1, 2, 3].map((w) => words[w] ?? 0)));
  return { count: rows.length, starts, classes: Int32Array.from(rows, ([, cls]) => cls) };
}

test('equal blocks share an index; blocks of equal hash but other contents do not', () => {
  const pool = new BlockPool(2);
  const first = pool.put(Int32Array.of(1, 2));
  expect(pool.put(Int32Array.of(1, 2))).toBe(first);
  const all = new Set<number>();
  for (let i = 0; i < 300; i++) for (let j = 0; j < 300; j++) all.add(pool.put(Int32Array.of(i, j * 7919)));
  // 90,000 blocks over 2^32 hashes: about one collision is expected, every one is told apart
  expect(all.size).toBe(90_000);
});

test('a pool compares on a hash hit', () => {
  const pool = new BlockPool(2);
  const seen = new Map<number, readonly number[]>();
  const hash = (a: number, b: number): number => {
    let h = 0x811c_9dc5;
    for (const word of [a, b]) {
      h = Math.imul(h ^ word, 0x0100_0193);
      h ^= h >>> 15;
    }
    return h;
  };
  let collisions = 0;
  for (let i = 0; i < 300_000 && collisions === 0; i++) {
    const pair = [i % 547, Math.imul(i, 0x9e37_79b1)] as const;
    const twin = seen.get(hash(...pair));
    if (twin !== undefined && (twin[0] !== pair[0] || twin[1] !== pair[1])) {
      collisions++;
      expect(pool.put(Int32Array.from(twin))).not.toBe(pool.put(Int32Array.from(pair)));
      expect([...pool.contents()]).toEqual([...twin, ...pair]);
    }
    seen.set(hash(...pair), pair);
  }
  expect(collisions).toBe(1);
});

test('the IPv4 trie falls back to i32 when classes do not fit 15 bits', () => {
  const table = intervals([
    [[0], 0],
    [[0x0a00_0001], 40_000],
    [[0x0a00_0002], 0],
    [[0xffff_0000], 7],
  ]);
  const lookUp = ({ root, inner, leaf, pointerBit }: ReturnType<typeof buildTrie4>, address: number): number => {
    const top = root[address >>> 16] ?? NaN;
    if ((top & pointerBit) === 0) return top;
    const middle = inner[(top & ~pointerBit) * 256 + ((address >>> 8) & 255)] ?? NaN;
    return (middle & pointerBit) === 0 ? middle : (leaf[(middle & ~pointerBit) * 256 + (address & 255)] ?? NaN);
  };
  const wide = buildTrie4(table, 40_001);
  expect(wide.root).toBeInstanceOf(Int32Array);
  const narrow = buildTrie4(
    intervals([
      [[0], 0],
      [[0x0a00_0001], 32_767],
      [[0x0a00_0002], 0],
      [[0xffff_0000], 7],
    ]),
    32_768,
  );
  expect(narrow.root).toBeInstanceOf(Uint16Array);
  for (const [address, cls] of [
    [0, 0],
    [0x0a00_0000, 0],
    [0x0a00_0001, 40_000],
    [0x0a00_0002, 0],
    [0xfffe_ffff, 0],
    [0xffff_0000, 7],
    [0xffff_ffff, 7],
  ] as const) {
    expect(lookUp(wide, address)).toBe(cls);
    expect(lookUp(narrow, address)).toBe(cls === 40_000 ? 32_767 : cls);
  }
});

test('a lone IPv6 address is one chain, not a ladder of nodes', () => {
  const host = [0x2001_0db8, 0x000a_0002, 0, 0x10];
  const trie = buildTrie6(
    intervals([
      [[0], 0],
      [host, 1],
      [[0x2001_0db8, 0x000a_0002, 0, 0x11], 0],
    ]),
  );
  expect(trie.nodes.length).toBe(0);
  expect(trie.chains.length).toBe(16);
  expect([ChainWord.end, ChainWord.fallback, ChainWord.child].map((word) => trie.chains[word])).toEqual([32, 0, 1]);
  expect(trie.root[0x2001]).toBeLessThan(0);
  expect(trie.root[0x2002]).toBe(0);
});

test.each([
  [0, 1],
  [3, -1],
  [-1, -2],
])('parts are the sets of labels (%d, %d) that cover an item, numbered by their first item', (first, second) => {
  const members = new Map([
    [first, [1, 2, 3]],
    [second, [2, 3, 4]],
  ]);
  const { partOf, parts } = partition(6, [first, second], (label) => members.get(label) ?? []);
  expect([...partOf]).toEqual([0, 1, 2, 2, 3, 0]);
  expect(parts).toEqual([[], [first], [first, second], [second]]);
});

test('a partition by runs is that by items, whatever was split before', () => {
  const dice = new Dice(3);
  for (const count of [1, 31, 32, 33, 200]) {
    const byRuns = new RunPartitioner(count);
    for (let round = 0; round < 20; round++) {
      const labels = Array.from({ length: dice.below(8) }, (_, i) => i * 3);
      const members = labels.map(() => {
        const spread = 1 + dice.below(6);
        return Array.from({ length: count }, (_, item) => item).filter(() => dice.below(spread) === 0);
      });
      const membersOf = (label: number): readonly number[] => members[label / 3] ?? [];
      const wanted = partition(count, labels, membersOf);
      const sets = Array.from({ length: count }, (_, item) =>
        Int32Array.from(labels.filter((label) => membersOf(label).includes(item))),
      );
      const runs = runsOfLabels(3 * labels.length, sets);
      const { ends, partOf, parts } = byRuns.split(labels, (label) => runs[label] ?? []);
      const lengths = ends.map((end, run) => end - (ends[run - 1] ?? 0));
      const expanded = [...partOf].flatMap((part, run) => Array<number>(lengths[run] ?? 0).fill(part));
      expect(expanded).toEqual([...wanted.partOf]);
      expect(parts).toEqual(wanted.parts);
    }
  }
});
