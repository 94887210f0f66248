import { strict as assert } from 'node:assert';
import { basename } from 'node:path';
import { createFiveTuples, type FiveTupleRule, type FiveTuples, type Prefix4 } from './classbench.ts';
import { type Effort, type Findings, medians } from './findings.ts';
import { compileFiveTuples, type FiveTupleMatcher } from './five-tuple.ts';
import { linearRules, matchLinear } from './linear-five-tuple.ts';
import { ratioOf, takeTurns, timed } from './measure.ts';
import { compilePrefixes, lookUpPrefixes4, type PrefixColumns } from './prefix-table.ts';
import { drawPackets } from './trace.ts';

/** Seed of the random trace; the Zipf one is drawn with the next. */
export const RANDOM_SEED = 9;

/** Measures one five-tuple rule set: random and Zipf traces, the linear scan verified equal first, the bound beside. */
export function measureFiveTuples(
  path: string,
  rules: readonly FiveTupleRule[],
  budgetBytes: number,
  effort: Effort,
): Findings {
  const built = timed(() => compileFiveTuples(rules, budgetBytes));
  const matcher = built.value;
  const linear = linearRules(rules);
  const sample = Math.min(effort.packets, Math.max(64, Math.floor(effort.linearSteps / rules.length)));
  const random = drawPackets(rules, effort.packets, false, RANDOM_SEED);
  const zipf = drawPackets(rules, effort.packets, true, RANDOM_SEED + 1);
  let matched = 0;
  for (const packets of [random, zipf]) matched += verifyEqual(matcher, linear, packets, sample);
  const out = new Int32Array(effort.packets);
  const sources = compilePrefixes(prefixColumns(rules.map((rule) => rule.src)));
  const destinations = compilePrefixes(prefixColumns(rules.map((rule) => rule.dst)));
  const rates = takeTurns(
    [
      { name: 'flowtrie, random', count: random.count, run: () => matcher.match(random, out) },
      { name: 'flowtrie, Zipf', count: zipf.count, run: () => matcher.match(zipf, out) },
      {
        name: 'addresses only, random',
        count: random.count,
        run: () => {
          lookUpPrefixes4(sources, random.src, out);
          lookUpPrefixes4(destinations, random.dst, out);
        },
      },
      { name: 'linear scan, random', count: sample, run: () => matchLinear(linear, random, 0, sample, out) },
    ],
    effort.rounds,
  );
  return {
    title: `${basename(path)}: ${rules.length.toLocaleString('en-US')} five-tuple rules`,
    facts: {
      rules: rules.length,
      tier: matcher.tier,
      budgetBytes,
      tables: matcher.tables,
      bytes: matcher.bytes,
      compileMs: built.ms,
      verified: 2 * sample,
      matchedShare: matched / (2 * sample),
    },
    rates: medians(rates),
    ratios: [
      ratioOf(rates, 'flowtrie, random', 'addresses only, random'),
      ratioOf(rates, 'flowtrie, random', 'linear scan, random'),
    ],
  };
}

/** Prefixes of one side of all rules, for the bound: longest-prefix match of both addresses. */
function prefixColumns(prefixes: readonly Prefix4[]): PrefixColumns {
  const words = Uint32Array.from(prefixes, ({ base }) => base);
  const lengths = Uint8Array.from(prefixes, ({ length }) => length);
  return { family: 4, count: prefixes.length, words, lengths };
}

/** Throws unless matcher and linear scan agree on the first `sample` packets; returns how many matched. */
function verifyEqual(matcher: FiveTupleMatcher, linear: Int32Array, packets: FiveTuples, sample: number): number {
  const some = { ...createFiveTuples(0), ...packets, count: sample };
  const got = new Int32Array(sample);
  const expected = new Int32Array(sample);
  matcher.match(some, got);
  matchLinear(linear, some, 0, sample, expected);
  assert.deepEqual(got, expected, 'the compiled rules and the linear scan disagree');
  return expected.reduce((sum, rule) => sum + (rule >= 0 ? 1 : 0), 0);
}
