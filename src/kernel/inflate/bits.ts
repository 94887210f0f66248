/** At least 57 bits from a bit address (byte address × 8 + bit) on, the first one lowest. */
@inline
export function bitsAt(bit: u32): u64 {
  return load<u64>(<usize>(bit >> 3)) >> <u64>(bit & 7);
}

/** The lowest `count` bits. */
@inline
export function low(word: u64, count: u32): u32 {
  return <u32>(word & (((<u64>1) << <u64>count) - 1));
}
