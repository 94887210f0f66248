import { describe, expect, it } from 'vitest';
import { markedScaling, markedSoak, readResult, scalingTable, soakBlock, soakWords } from '../../soak/results.ts';

describe('the figures of the soaks', () => {
  it('in README.md are those of the results', () => {
    expect(markedSoak()).toBe(soakBlock());
  });

  it('in docs/scaling.md are those of the result', () => {
    expect(markedScaling()).toBe(scalingTable(readResult));
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
