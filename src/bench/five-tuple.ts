import type { FiveTupleRule, FiveTuples } from './classbench.ts';
import { BudgetExceeded } from './port-decision.ts';
import { compileTupleSpace, matchTupleSpace } from './tuple-space.ts';
import { type Cuts, compileTwoSided, matchTwoSided, prepareRules } from './two-sided.ts';

/** What a rule set was compiled to; see compileFiveTuples. */
export type Tier = 'two-sided' | 'two-sided, tiered' | 'tuple space';

export interface FiveTupleMatcher {
  readonly tier: Tier;
  /** Tables that a packet falls through at most. */
  readonly tables: number;
  readonly bytes: number;
  /** First matching rule of each packet, −1 = none, into `out`. */
  match(packets: FiveTuples, out: Int32Array): void;
}

/** Default of what the tables may take, besides the address tries. */
export const TABLE_BUDGET_BYTES: number = 8 * 2 ** 20;

/** Where broad and narrow prefixes part: few networks of that size and above occur in one rule set. */
const TWO_BANDS: Cuts = [16];
/** For sets with many networks of every size. */
const FOUR_BANDS: Cuts = [9, 17, 25];

/**
 * Compiles rules of which the first match decides. One table of source class × destination class where that stays
 * within half the budget; else one table for each mix of broad and narrow prefixes (at most 4, then 16), of which a
 * packet asks one after the other until none can beat what it found; else a hash table for each pair of prefix lengths.
 */
export function compileFiveTuples(rules: readonly FiveTupleRule[], budgetBytes: number): FiveTupleMatcher {
  const prepared = prepareRules(rules);
  const attempts = [
    ['two-sided', [], budgetBytes / 2],
    ['two-sided, tiered', TWO_BANDS, budgetBytes],
    ['two-sided, tiered', FOUR_BANDS, budgetBytes],
  ] as const;
  for (const [tier, cuts, bytes] of attempts) {
    try {
      const compiled = compileTwoSided(prepared, cuts, bytes);
      return {
        tier,
        tables: compiled.tableCount,
        bytes: compiled.bytes,
        match: (packets, out) => matchTwoSided(compiled, packets, out),
      };
    } catch (error) {
      if (!(error instanceof BudgetExceeded)) throw error;
    }
  }
  const compiled = compileTupleSpace(rules);
  return {
    tier: 'tuple space',
    tables: compiled.tuples.length,
    bytes: compiled.bytes,
    match: (packets, out) => matchTupleSpace(compiled, packets, out),
  };
}
