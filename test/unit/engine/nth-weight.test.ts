import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nthWeight } from '../../../src/engine/nth-weight.ts';

const weight = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 2 ** 40 }),
  fc.constantFrom(0, 1, 2 ** 53, 2 ** 60, Number.MAX_VALUE),
);

test('is what a sort would find', () => {
  fc.assert(
    fc.property(fc.array(weight, { minLength: 1, maxLength: 300 }), fc.nat(), (weights, pick) => {
      const nth = pick % weights.length;
      const sorted = [...weights].sort((a, b) => a - b);
      expect(nthWeight(Float64Array.from(weights), nth)).toBe(sorted[nth]);
    }),
    { seed: 20_261_126 },
  );
});
