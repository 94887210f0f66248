import { describe, expect, it } from 'vitest';
import {
  churnTable,
  markedChurn,
  markedScaling,
  markedSoak,
  readResult,
  scalingTable,
  soakBlock,
  soakWords,
} from '../../soak/results.ts';

describe('the figures of the soaks', () => {
  it('in README.md are those of the results', () => {
    expect(markedSoak()).toBe(soakBlock());
  });

  it('in docs/scaling.md are those of the result', () => {
    expect(markedScaling()).toBe(scalingTable(readResult));
  });

  it('in SEMANTICS.md are those of the result', () => {
    expect(markedChurn()).toBe(churnTable(readResult));
  });

  it('tell wrong owners and shares of each history', () => {
    const counts = { records: 2000, sides: 1000, exact: 700, inferred: 200, candidates: 60, none: 40, contained: 60 };
    const told = Object.entries({ ...counts, wrong: 3 }).map(([what, count]) => [`csv: ${what}`, count] as const);
    expect(churnTable(() => Object.fromEntries(told)).split('\n')).toEqual([
      '| history | records | wrong owners | exact  | inferred | candidates | none  |',
      '| ------- | ------- | ------------ | ------ | -------- | ---------- | ----- |',
      '| csv     | 2,000   | 3            | 70.0 % | 20.0 %   | 6.0 %      | 4.0 % |',
    ]);
  });

  it('tell what was lost', () => {
    const result = {
      kafka: '4.4.0',
      memberKills: 50,
      brokerKills: 10,
      rebalances: 9,
      records: 1000,
      lost: 1,
      repeated: 2,
    };
    const words = soakWords((name) => (name === 'exactly-once' ? result : null));
    expect(words).toContain('50 members and 10 brokers killed');
    expect(words).toMatch(/1,000 records: 1 lost, 2 repeated/);
  });
});
