/** Elements of a column by index. */
@inline
export function u8At(column: usize, i: u32): u32 {
  return load<u8>(column + <usize>i);
}

@inline
export function u16At(column: usize, i: u32): u32 {
  return load<u16>(column + (<usize>i << 1));
}

@inline
export function u32At(column: usize, i: u32): u32 {
  return load<u32>(column + (<usize>i << 2));
}

@inline
export function i32At(column: usize, i: u32): i32 {
  return load<i32>(column + (<usize>i << 2));
}

@inline
export function put8(column: usize, i: u32, value: u32): void {
  store<u8>(column + <usize>i, <u8>value);
}

@inline
export function put32(column: usize, i: u32, value: i32): void {
  store<i32>(column + (<usize>i << 2), value);
}

/** A count that is stored as two u32 halves, as f64: exact below 2^53. */
@inline
export function countAt(column: usize, i: u32): f64 {
  return <f64>load<u64>(column + (<usize>i << 3));
}
