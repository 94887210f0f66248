import { strict as assert } from 'node:assert';

/**
 * Seeded random numbers: xoshiro128** (Blackman and Vigna), its state filled by splitmix32 from seed and stream.
 * The same seed and stream give the same numbers on every machine; two streams of one seed are independent.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(seed: number, stream: number) {
    let state = (Math.imul(seed, 0x9e37_79b1) ^ Math.imul(stream + 1, 0x85eb_ca6b)) | 0;
    const word = (): number => {
      state = (state + 0x9e37_79b9) | 0;
      let z = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
      return (z ^ (z >>> 15)) | 0;
    };
    this.a = word();
    this.b = word();
    this.c = word();
    this.d = word() | 1; // the state must not be all zeros
  }

  /** A u32. */
  next(): number {
    const product = Math.imul(this.b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** A whole number in [0, count). */
  below(count: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * count);
  }

  /** A whole number in [from, to]. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability * 0x1_0000_0000;
  }

  /** `digits` hexadecimal digits, as in AWS ids. */
  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.next().toString(16).padStart(8, '0');
    return text.slice(0, digits);
  }
}

/** `list[index]`, which must exist: an index of this room's own making. */
export function element<T>(list: readonly T[], index: number): T {
  const found = list[index];
  // no assert(): it would build its message on every call
  return found === undefined ? assert.fail(`index ${index} of a list of ${list.length}`) : found;
}

/** Cumulative Zipf weights of ranks 1…count with exponent `s`, the last one 1; for `drawRank`. */
export function zipfTable(count: number, s: number): Float64Array {
  const table = new Float64Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) {
    total += 1 / (i + 1) ** s;
    table[i] = total;
  }
  for (let i = 0; i < count; i++) table[i] = (table[i] ?? 0) / total;
  return table;
}

/** Index drawn by a cumulative table. */
export function drawRank(random: Random, table: Float64Array): number {
  const x = random.next() / 0x1_0000_0000;
  let low = 0;
  let high = table.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((table[middle] ?? 1) > x) high = middle;
    else low = middle + 1;
  }
  return low;
}
