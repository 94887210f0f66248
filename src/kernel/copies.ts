/** Rows that hold codes of a dictionary → columns. Tables: one word a value. */

@inline
function valueAt(table: usize, code: usize): u32 {
  return load<u32>(table + (<usize>load<u32>(code) << 2));
}

/** The value of each row into a column of `bytes` bytes; 8 are two words, the second from `high`. No row is null. */
export function copyAll(codes: usize, rows: u32, low: usize, high: usize, target: usize, bytes: u32): void {
  const end = codes + (<usize>rows << 2);
  let to = target;
  if (bytes == 1) for (let at = codes; at < end; at += 4, to += 1) store<u8>(to, <u8>valueAt(low, at));
  else if (bytes == 2) for (let at = codes; at < end; at += 4, to += 2) store<u16>(to, <u16>valueAt(low, at));
  else if (bytes == 4) for (let at = codes; at < end; at += 4, to += 4) store<u32>(to, valueAt(low, at));
  else {
    for (let at = codes; at < end; at += 4, to += 8) {
      store<u32>(to, valueAt(low, at));
      store<u32>(to, valueAt(high, at), 4);
    }
  }
}
