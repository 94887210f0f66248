import { describe, expect, test } from 'vitest';
import { verify } from '../../../bench/compare.ts';
import { median } from '../../../bench/measurement.ts';
import { isMet } from '../../../bench/report.ts';

const reference = { records: 2, bytes: 300, accept: 1, reject: 1, permitted: 1, lines: 3, textBytes: 99 };
const contestant = {
  name: 'someone',
  files: [
    { path: 'a.log', reference },
    { path: 'b.log', reference },
  ],
};

describe('verify', () => {
  test('adds the files up and accepts whoever claims less', () => {
    expect(() => verify(contestant, { records: 4, bytes: 600, accept: 2, reject: 2 })).not.toThrow();
    expect(() => verify(contestant, { textBytes: 198 })).not.toThrow();
  });

  test('refuses a wrong claim, one that is no number, and none at all', () => {
    expect(() => verify(contestant, { records: 4, bytes: 601 })).toThrow('someone: expected bytes 600, got 601');
    expect(() => verify(contestant, { lines: Number.NaN })).toThrow('expected lines 6, got NaN');
    expect(() => verify(contestant, {})).toThrow('claims nothing');
  });
});

describe('median', () => {
  test('is the middle, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
});

describe('isMet', () => {
  const comparison = { subject: 'a', rival: 'b', measure: 'rate', min: 1, max: 3 } as const;

  test('looks at the median, in the direction that is wanted', () => {
    expect(isMet({ ...comparison, median: 2, wanted: { bound: 'least', value: 2.5 } })).toBe(false);
    expect(isMet({ ...comparison, median: 2, wanted: { bound: 'most', value: 2.5 } })).toBe(true);
    expect(isMet({ ...comparison, median: 2, wanted: null })).toBe(true);
  });
});
