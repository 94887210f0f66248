import { describe, expect, it } from 'vitest';
import { markedSoak, soakBlock } from '../../soak/results.ts';

describe('the figures of the soaks', () => {
  it('in README.md are those of the results', () => {
    expect(markedSoak()).toBe(soakBlock());
    expect(soakBlock()).toContain('0 lost, 0 repeated');
  });
});
