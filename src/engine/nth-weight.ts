/** Upper bits of a weight by which most are told apart: sign, exponent, one bit of the fraction. */
const BIN_SHIFT = 19;
const BINS = 2 ** (32 - BIN_SHIFT);

/**
 * Value that would stand at index `nth` if the weights (not negative, no NaN) were sorted. Floats of one sign sort as
 * their bits do: their upper bits are counted, and only those of one bin are compared. Linear, unlike a sort.
 */
export function nthWeight(weights: Float64Array, nth: number): number {
  const upper = new Uint32Array(weights.buffer, weights.byteOffset, weights.length * 2);
  const counts = new Uint32Array(BINS);
  for (let i = 1; i < upper.length; i += 2) counts[upper[i]! >>> BIN_SHIFT]!++;
  let bin = 0;
  let before = 0;
  while (before + counts[bin]! <= nth) before += counts[bin++]!;
  const alike = new Float64Array(counts[bin]!);
  let found = 0;
  for (let i = 0; i < weights.length; i++) {
    if (upper[2 * i + 1]! >>> BIN_SHIFT === bin) alike[found++] = weights[i]!;
  }
  return alike.sort()[nth - before]!;
}
