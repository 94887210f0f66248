import { expect, test } from 'vitest';
import { type FiveTupleRule, type Prefix4, readClassBench } from '../../src/bench/classbench.ts';
import { compileFiveTuples, TABLE_BUDGET_BYTES } from '../../src/bench/five-tuple.ts';
import { corpusPath, describeCorpus } from '../support/corpus.ts';
import { Dice } from '../support/dice.ts';
import { edgePackets, firstMatch, type Packet, packetsOf } from '../support/five-tuples.ts';

const PORTS = [0, 1, 22, 80, 81, 443, 1023, 1024, 65534, 65535];

/** Prefixes nest and touch; hosts, everything, and the ends of the address space occur. */
function somePrefix(dice: Dice): Prefix4 {
  const length = dice.pick([0, 0, 1, 2, 8, 9, 15, 16, 17, 20, 24, 25, 30, 31, 32, 32]);
  const address = dice.pick([0x0a00_0000, 0x0a00_ff00, 0x0a01_0000, 0, 0xffff_ff00, 0xc0a8_0000]) + dice.below(256);
  const size = 2 ** (32 - length);
  return { base: Math.floor(address / size) * size, length };
}

function someRule(dice: Dice): FiveTupleRule {
  const ports = (): FiveTupleRule['srcPort'] => {
    if (dice.below(3) === 0) return { from: 0, to: 65535 };
    const [a, b] = [dice.pick(PORTS), dice.pick(PORTS)];
    return { from: Math.min(a, b), to: dice.below(2) === 0 ? Math.min(a, b) : Math.max(a, b) };
  };
  const protocol = dice.pick([
    { value: 0, mask: 0 },
    { value: 6, mask: 255 },
    { value: 17, mask: 255 },
    { value: 1, mask: 255 },
    { value: 4, mask: 0xfc },
  ]);
  return { src: somePrefix(dice), dst: somePrefix(dice), srcPort: ports(), dstPort: ports(), protocol };
}

/** Throws at the first packet that the matcher answers otherwise than the rules read one by one. */
function compareAll(
  rules: readonly FiveTupleRule[],
  packets: readonly Packet[],
  expected: readonly number[],
  budget: number,
): string {
  const matcher = compileFiveTuples(rules, budget);
  const got = new Int32Array(packets.length);
  matcher.match(packetsOf(packets), got);
  const at = expected.findIndex((rule, i) => rule !== got[i]);
  if (at >= 0)
    throw new Error(`${matcher.tier}: packet ${packets[at]?.join(' ')}: expected ${expected[at]}, got ${got[at]}`);
  return matcher.tier;
}

test('every tier finds the first matching rule: random sets, edges of every rule', () => {
  const tiers = new Map<string, number>();
  let matched = 0;
  let compared = 0;
  for (let seed = 0; seed < 60; seed++) {
    const dice = new Dice(seed);
    const rules = Array.from({ length: 1 + dice.below(90) }, () => someRule(dice));
    const packets = rules.flatMap((rule) => edgePackets(rule, dice));
    const expected = packets.map((packet) => firstMatch(rules, packet));
    matched += expected.filter((rule) => rule >= 0).length;
    // no budget at all leaves the hash tables; half of what one table takes leaves the tiers
    for (const budget of [2 ** 30, 700_000, 300_000, 0]) {
      const tier = compareAll(rules, packets, expected, budget);
      tiers.set(tier, (tiers.get(tier) ?? 0) + 1);
      compared += packets.length;
    }
  }
  expect(compared).toBeGreaterThan(150_000);
  expect(matched).toBeGreaterThan(10_000);
  expect([...tiers.keys()].sort()).toEqual(['tuple space', 'two-sided', 'two-sided, tiered']);
  for (const count of tiers.values()) expect(count).toBeGreaterThan(30);
});

describeCorpus('ClassBench filter sets', () => {
  test.each([
    ['acl1_1k', 942, 'two-sided'],
    ['fw1_1k', 857, 'two-sided'],
    ['ipc1_1k', 974, 'two-sided'],
    ['acl1_10k', 9774, 'two-sided'],
    ['fw1_10k', 9379, 'two-sided, tiered'],
    ['ipc1_10k', 9518, 'two-sided, tiered'],
  ])('%s: %d rules, %s, equal to reading rule by rule', async (name, count, tier) => {
    const rules = await readClassBench(corpusPath('classbench', name));
    expect(rules.length).toBe(count);
    const dice = new Dice(7);
    const packets = Array.from({ length: 150 }, () => edgePackets(dice.pick(rules), dice)).flat();
    const expected = packets.map((packet) => firstMatch(rules, packet));
    expect(compareAll(rules, packets, expected, TABLE_BUDGET_BYTES)).toBe(tier);
    expect(compareAll(rules, packets, expected, 0)).toBe('tuple space');
    expect(new Set(expected).size).toBeGreaterThan(100);
  });
});
