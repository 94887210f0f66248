import { readyAccount } from './account-case.ts';
import { measureFiveTuples } from './classbench-case.ts';
import { EKS_LIKE, eksInventory } from './eks-inventory.ts';
import { type Effort, type Findings, medians } from './findings.ts';
import { AWS_RULES_MAX, generateSet } from './generated-set.ts';
import { judgeLinear } from './linear-groups.ts';
import { ratioOf, takeTurns } from './measure.ts';

const SEED = 1;
/** Interfaces of a generated account, at least: their addresses are the members of its groups. */
const ENIS_MIN = 500;

/**
 * `sets` rule sets of `rules` rules a direction. What AWS allows becomes an account of security groups; more rules in
 * one set than that become an ordered list for the five-tuple matcher.
 */
export function measureGenerated(sets: number, rules: number, budgetBytes: number, effort: Effort): Findings {
  const title = `generated: ${sets.toLocaleString('en-US')} × ${rules.toLocaleString('en-US')} rules`;
  if (rules > AWS_RULES_MAX) {
    const list = generateSet(rules, SEED);
    return { ...measureFiveTuples(title, list, budgetBytes, effort), title: `${title}, ordered list` };
  }
  const size = { ...EKS_LIKE, enis: Math.max(ENIS_MIN, sets), groups: sets, groupChoices: sets };
  const inventory = eksInventory({ ...size, rulesPerGroup: 2 * rules }, SEED);
  const { layers, linear, flows, random, zipf, sample, facts } = readyAccount(title, inventory, effort);
  const { sgIngress: out } = layers.createAnswers(effort.packets);
  const rates = takeTurns(
    [
      { name: 'one layer, random', count: random.count, run: () => layers.judgeOne(random, out) },
      { name: 'one layer, Zipf', count: zipf.count, run: () => layers.judgeOne(zipf, out) },
      { name: 'linear scan, one layer', count: sample, run: () => judgeLinear(linear, flows, sample, out) },
    ],
    effort.rounds,
  );
  return {
    title,
    facts,
    rates: medians(rates),
    ratios: [ratioOf(rates, 'one layer, random', 'linear scan, one layer')],
  };
}

/** The same account with 20 and with `most` rules an interface and direction; AWS allows 1,000. */
export function measureRuleCount(most: number, effort: Effort): Findings {
  const size = { ...EKS_LIKE, enis: 2000, groups: 20, groupChoices: 20 };
  const mostName = `${most.toLocaleString('en-US')} rules`;
  const few = readyAccount('20 rules', eksInventory({ ...size, rulesPerGroup: 40 }, SEED), effort);
  const many = readyAccount(mostName, eksInventory({ ...size, rulesPerGroup: 2 * most }, SEED), effort);
  const out = few.layers.createAnswers(effort.packets);
  const outOfMany = many.layers.createAnswers(effort.packets);
  const rates = takeTurns(
    [
      { name: '20 rules', count: few.random.count, run: () => few.layers.judge(few.random, out) },
      { name: mostName, count: many.random.count, run: () => many.layers.judge(many.random, outOfMany) },
      { name: '20 rules, Zipf', count: few.zipf.count, run: () => few.layers.judge(few.zipf, out) },
      { name: `${mostName}, Zipf`, count: many.zipf.count, run: () => many.layers.judge(many.zipf, outOfMany) },
    ],
    effort.rounds,
  );
  return {
    title: `five layers, 20 groups: 20 and ${mostName} an interface and direction`,
    facts: {
      fewHotBytes: few.view.hotBytes,
      hotBytes: many.view.hotBytes,
      fewCompileMs: few.facts.compileMs ?? 0,
      compileMs: many.facts.compileMs ?? 0,
    },
    rates: medians(rates),
    ratios: [ratioOf(rates, mostName, '20 rules'), ratioOf(rates, `${mostName}, Zipf`, '20 rules, Zipf')],
  };
}
