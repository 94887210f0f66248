import { describe, expect, it } from 'vitest';
import { readHybrid, readPresence } from '../../src/source/parquet/levels.ts';
import { Dice } from '../support/dice.ts';
import { placed, writeHybrid } from '../support/hybrid.ts';

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);

describe('levels and indices of a Parquet page', () => {
  it.each([1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 25, 26, 31, 32])('of %i bits are those that were written', (width) => {
    for (const seed of SEEDS) {
      const dice = new Dice(seed * 64 + width);
      const { values, bytes } = writeHybrid(dice, width, 3);
      const { page, from, to } = placed(dice, bytes);
      const count = dice.below(4) === 0 ? dice.below(values.length) : values.length;
      const wanted = values.slice(0, count).map((value) => value | 0);
      expect([...readHybrid(page, from, to, width, count)], `seed ${seed}`).toEqual(wanted);
    }
  });

  it.each([1, 2, 3])('tell which values are there: levels up to %i', (max) => {
    const width = 32 - Math.clz32(max);
    for (const seed of SEEDS) {
      const dice = new Dice(seed * 4 + max);
      const { values, bytes } = writeHybrid(dice, width, dice.pick([1, 2, 40]));
      const { page, from, to } = placed(dice, bytes);
      const count = dice.below(4) === 0 ? dice.below(values.length) : values.length;
      const there = values.slice(0, count).map((value) => value === max);
      const { present, ends } = readPresence(page, from, to, max, count);
      let at = 0;
      const told = ends.flatMap((end, run) => {
        const length = end - at;
        at = end;
        return new Array<boolean>(length).fill(run % 2 === 0);
      });
      expect(told, `seed ${seed}`).toEqual(there);
      expect(present).toBe(there.filter(Boolean).length);
    }
  });

  it('that end too early are refused, and none is read beyond its end', () => {
    for (const seed of SEEDS) {
      const dice = new Dice(seed);
      const { values, bytes } = writeHybrid(dice, 5, 3);
      const cut = bytes.slice(0, dice.below(bytes.length));
      const { page, from } = placed(dice, cut);
      expect(() => readHybrid(page, from, from + cut.length, 5, values.length)).toThrow(/values expected/);
      expect(() => readPresence(page, from, from + cut.length, 31, values.length)).toThrow(/values expected/);
    }
  });

  it('of any bytes end: with as many values, or an error', () => {
    for (const seed of SEEDS) {
      const dice = new Dice(seed);
      const page = Uint8Array.from({ length: dice.below(60) }, () => dice.pick([0, 1, 2, 3, 255, dice.below(256)]));
      const count = dice.below(5000);
      try {
        expect(readHybrid(page, 0, page.length, 1, count)).toHaveLength(count);
        const { present, ends } = readPresence(page, 0, page.length, 1, count);
        expect(ends.at(-1)).toBe(count);
        expect(present).toBeLessThanOrEqual(count);
        expect([...ends].sort((a, b) => a - b)).toEqual(ends);
      } catch (error) {
        expect((error as Error).message).toMatch(/values expected/);
      }
    }
  });
});
