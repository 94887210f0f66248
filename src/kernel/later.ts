import { LATER, LATER_COUNT, LATER_MAX } from '../decode/kernel-layout';

/** Bytes of an entry: row, field op, first and end offset in the text, u32 each. */
const ENTRY_BYTES: usize = 16;

/**
 * Leaves a value to the caller: an interface id that the table does not hold, an address that is no IPv4 one. False
 * when the list is full.
 */
export function leave(params: usize, row: u32, op: u32, from: u32, end: u32): bool {
  const count = load<u32>(params, LATER_COUNT);
  if (count == load<u32>(params, LATER_MAX)) return false;
  const at = <usize>load<u32>(params, LATER) + <usize>count * ENTRY_BYTES;
  store<u32>(at, row);
  store<u32>(at, op, 4);
  store<u32>(at, from, 8);
  store<u32>(at, end, 12);
  store<u32>(params, count + 1, LATER_COUNT);
  return true;
}
