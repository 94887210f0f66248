import { expect, test } from 'vitest';
import { parseInstant } from '../../../src/inventory/instant.ts';

/** The day of the text before is remembered: every one of these is read in front of and behind the others. */
const TEXTS: readonly (readonly [text: string, seconds: number | undefined])[] = [
  ['none-00-00T00:00:00Z', undefined],
  ['1970-01-01T00:00:01Z', 1],
  ['2024-12-20T16:49:51.123456Z', 1_734_713_391.123],
  ['2024-12-20t16:49:51+00:00', 1_734_713_391],
  ['2024-12-21T16:49:51Z', 1_734_799_791],
  ['2024-02-29T00:00:00Z', 1_709_164_800],
  ['2023-02-29T00:00:00Z', undefined],
  ['2024-12-20T24:00:00Z', undefined],
  ['2024-12-20T1 :00:00Z', undefined],
  ['2024-12-20T16:49:5', undefined],
  ['2024-12-20T16:49:51', undefined],
  ['2024-12-2 T16:49:51Z', undefined],
];

test('a time is the same whatever was read before it', () => {
  for (const [first, firstSeconds] of TEXTS) {
    for (const [text, seconds] of TEXTS) {
      expect(parseInstant(first), first).toBe(firstSeconds);
      expect(parseInstant(text), `${text} behind ${first}`).toBe(seconds);
    }
  }
});
