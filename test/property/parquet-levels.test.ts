import { describe, expect, it } from 'vitest';
import { readHybrid, readPresence } from '../../src/source/parquet/levels.ts';
import { Dice } from '../support/dice.ts';

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);

/** Values as a writer may put them: runs that repeat one, and packed groups of eight, in any mixture. */
interface Written {
  readonly values: readonly number[];
  readonly bytes: readonly number[];
}

function write(dice: Dice, width: number, kinds: number): Written {
  const values: number[] = [];
  const bytes: number[] = [];
  for (let runs = 1 + dice.below(12); runs > 0; runs--) {
    if (dice.below(2) === 0) {
      const length = 1 + dice.below(dice.pick([3, 40, 300]));
      const value = drawn(dice, width, kinds);
      bytes.push(...varint(length * 2));
      for (let byte = 0; byte < Math.ceil(width / 8); byte++) bytes.push(Math.floor(value / 2 ** (8 * byte)) & 0xff);
      for (let i = 0; i < length; i++) values.push(value);
    } else {
      const groups = 1 + dice.below(9);
      const same = dice.below(3) === 0 ? drawn(dice, width, kinds) : undefined;
      const packed = Array.from({ length: groups * 8 }, () => same ?? drawn(dice, width, kinds));
      bytes.push(...varint(groups * 2 + 1), ...pack(packed, width));
      values.push(...packed);
    }
  }
  return { values, bytes };
}

function drawn(dice: Dice, width: number, kinds: number): number {
  const most = 2 ** width - 1;
  return dice.below(kinds) === 0 ? most : dice.below(2) === 0 ? 0 : dice.below(most + 1);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** Bit by bit, the lowest first. */
function pack(values: readonly number[], width: number): number[] {
  const bits = values.flatMap((value) => Array.from({ length: width }, (_, b) => Math.floor(value / 2 ** b) % 2));
  return Array.from({ length: bits.length / 8 }, (_, at) =>
    bits.slice(8 * at, 8 * at + 8).reduce((sum, bit, b) => sum + bit * 2 ** b, 0),
  );
}

/** In the middle of other bytes, or at their very end. */
function placed(dice: Dice, bytes: readonly number[]): { page: Uint8Array; from: number; to: number } {
  const from = dice.below(6);
  const noise = (length: number): number[] => Array.from({ length }, () => dice.below(256));
  const page = Uint8Array.from([...noise(from), ...bytes, ...noise(dice.pick([0, 0, 1, 9]))]);
  return { page, from, to: from + bytes.length };
}

describe('levels and indices of a Parquet page', () => {
  it.each([1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 25, 26, 31, 32])('of %i bits are those that were written', (width) => {
    for (const seed of SEEDS) {
      const dice = new Dice(seed * 64 + width);
      const { values, bytes } = write(dice, width, 3);
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
      const { values, bytes } = write(dice, width, dice.pick([1, 2, 40]));
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
      const { values, bytes } = write(dice, 5, 3);
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
