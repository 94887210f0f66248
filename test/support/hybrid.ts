import type { Dice } from './dice.ts';

/** Values as a writer may put them: runs that repeat one, and packed groups of eight, in any mixture. */
export interface Written {
  readonly values: readonly number[];
  readonly bytes: readonly number[];
}

/** Runs of `width` bits; every `kinds`th value is the greatest. */
export function writeHybrid(dice: Dice, width: number, kinds: number): Written {
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
export function placed(dice: Dice, bytes: readonly number[]): { page: Uint8Array; from: number; to: number } {
  const from = dice.below(6);
  const noise = (length: number): number[] => Array.from({ length }, () => dice.below(256));
  const page = Uint8Array.from([...noise(from), ...bytes, ...noise(dice.pick([0, 0, 1, 9]))]);
  return { page, from, to: from + bytes.length };
}
