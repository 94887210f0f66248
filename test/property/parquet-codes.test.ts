import { describe, expect, it } from 'vitest';
import type { ColumnValues } from '../../src/model/column-batch.ts';
import { KernelHeap } from '../../src/model/kernel-heap.ts';
import { DictionaryPage } from '../../src/source/parquet/dictionary-page.ts';
import { readHybrid, readPresence } from '../../src/source/parquet/levels.ts';
import { PageKernel, ROWS_MAX } from '../../src/source/parquet/page-kernel.ts';
import { Dice } from '../support/dice.ts';
import { writeHybrid } from '../support/hybrid.ts';

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);
const kernel = PageKernel.over(new KernelHeap());

interface Drawn {
  readonly levels: Uint8Array;
  readonly indices: Uint8Array;
  readonly maxDefinition: number;
  readonly width: number;
  readonly rows: number;
}

/** A page of levels and of indices of `width` bits; as many indices as values are there, or more. */
function draw(dice: Dice, width: number): Drawn {
  const maxDefinition = dice.pick([0, 1, 1, 1, 2, 3]);
  const written = writeHybrid(dice, 32 - Math.clz32(maxDefinition), dice.pick([1, 2, 40]));
  const levels = Uint8Array.from(maxDefinition === 0 ? [] : written.bytes);
  let rows = written.values.length - dice.below(8);
  const bytes: number[] = [width];
  let count = 0;
  while (count < rows) {
    const more = writeHybrid(dice, width, 3);
    count += more.values.length;
    bytes.push(...more.bytes);
  }
  rows = Math.max(0, rows);
  return { levels, indices: Uint8Array.from(bytes), maxDefinition, width, rows };
}

/** What the functions that read whole pages make of it. */
function wholeCodes({ levels, indices, maxDefinition, width, rows }: Drawn): number[] {
  const presence =
    maxDefinition === 0 ? { present: rows, ends: [rows] } : readPresence(levels, 0, levels.length, maxDefinition, rows);
  const values = readHybrid(indices, 1, indices.length, width, presence.present);
  const codes: number[] = [];
  let [at, value] = [0, 0];
  for (const [run, end] of presence.ends.entries()) {
    for (; at < end; at++) codes.push(run % 2 === 0 ? (values[value++] ?? Number.NaN) : -1);
  }
  return codes;
}

/** A dictionary of so many values: what they are matters to nobody here. */
function dictionary(size: number): ColumnValues {
  return { kind: 'number', halves: new Uint32Array(2 * size) };
}

function open(drawn: Drawn, size: number): DictionaryPage {
  return new DictionaryPage(kernel, dictionary(size), drawn.rows, drawn.maxDefinition, drawn.levels, drawn.indices);
}

/** The codes of a page in pieces. */
function pieces(dice: Dice, page: DictionaryPage): number[] {
  const codes: number[] = [];
  while (codes.length < page.rows) {
    const rows = Math.min(page.rows - codes.length, dice.pick([1, 2, 7, 8, 9, 64, ROWS_MAX]));
    const { codes: taken, complete } = page.take(rows);
    expect(taken).toHaveLength(rows);
    if (complete) expect(taken.includes(-1)).toBe(false);
    codes.push(...taken);
  }
  return codes;
}

describe('a page of indices, read in pieces', () => {
  it.each([0, 1, 2, 7, 8, 9, 13, 16, 17, 20])('of %i bits gives the codes of the whole page', (width) => {
    for (const seed of SEEDS) {
      const dice = new Dice(seed * 64 + width);
      const drawn = draw(dice, width);
      const page = open(drawn, 2 ** width);
      expect(pieces(dice, page), `seed ${seed}`).toEqual(wholeCodes(drawn));
      page.release();
    }
  });

  it('refuses an index beyond its dictionary, in whichever piece it is', () => {
    for (const seed of SEEDS) {
      const dice = new Dice(seed);
      const drawn = draw(dice, 9);
      const greatest = Math.max(...wholeCodes(drawn), -1);
      if (greatest < 0) continue;
      const page = open(drawn, greatest);
      expect(() => pieces(dice, page), `seed ${seed}`).toThrow(/outside of a dictionary/);
      page.release();
    }
  });

  it('refuses indices of more than 32 bits', () => {
    expect(() => open({ ...draw(new Dice(1), 3), indices: Uint8Array.of(33, 2, 0) }, 8)).toThrow(/width of 33 bits/);
  });

  it('that is cut ends in an error, and what comes before is right', () => {
    for (const seed of SEEDS) {
      const dice = new Dice(seed);
      const drawn = draw(dice, 11);
      const isLevels = drawn.maxDefinition > 0 && dice.below(2) === 0;
      const cut = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, dice.below(bytes.length));
      const short = isLevels ? { ...drawn, levels: cut(drawn.levels) } : { ...drawn, indices: cut(drawn.indices) };
      const page = open(short, 2 ** 11);
      const wanted = wholeCodes(drawn);
      try {
        // an empty cut has no width either: every index is 0
        const codes = pieces(dice, page);
        if (short.indices.length > 0) expect(codes, `seed ${seed}`).toEqual(wanted);
      } catch (error) {
        expect((error as Error).message).toMatch(/values expected, got \d+$/);
      }
      page.release();
    }
  });

  it('of any bytes ends: with as many codes, or an error', () => {
    for (const seed of SEEDS) {
      const dice = new Dice(seed);
      const noise = (): Uint8Array =>
        Uint8Array.from({ length: dice.below(60) }, () => dice.pick([0, 1, 2, 3, 255, dice.below(256)]));
      const drawn = {
        levels: noise(),
        indices: noise(),
        maxDefinition: dice.below(4),
        width: 0,
        rows: dice.below(9000),
      };
      if ((drawn.indices[0] ?? 0) > 32) continue;
      const page = open(drawn, 1 + dice.below(300));
      try {
        const codes = pieces(dice, page);
        expect(codes.every((code) => code >= -1)).toBe(true);
      } catch (error) {
        expect((error as Error).message).toMatch(/values expected, got \d+$|outside of a dictionary/);
      }
      page.release();
    }
  });

  it('gives its memory back', () => {
    const heap = new KernelHeap();
    const own = PageKernel.over(heap);
    const dice = new Dice(7);
    const drawn = draw(dice, 8);
    const bytes = (): number => heap.take(1).at;
    new DictionaryPage(own, dictionary(256), drawn.rows, drawn.maxDefinition, drawn.levels, drawn.indices).release();
    const before = bytes();
    for (let i = 0; i < 1000; i++) {
      new DictionaryPage(own, dictionary(256), drawn.rows, drawn.maxDefinition, drawn.levels, drawn.indices).release();
    }
    expect(bytes()).toBeLessThan(before + 65_536);
  });
});
