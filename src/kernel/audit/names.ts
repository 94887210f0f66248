import {
  NAME_BYTES,
  NAME_BYTES_MAX,
  NAME_CODE,
  NAME_LENGTH,
  NAME_MASKS,
  NAME_STRIDE,
  NAMES_HEAD,
} from '../../inventory/audit-layout';

/** What the bytes in [from, to) stand for in a list of names; 0 = nothing. */
export function codeOf(list: usize, from: usize, to: usize): u32 {
  const length = <u32>(to - from);
  const end = list + NAMES_HEAD + <usize>load<u32>(list) * NAME_STRIDE;
  for (let entry = list + NAMES_HEAD; entry < end; entry += NAME_STRIDE) {
    if (load<u32>(entry, NAME_LENGTH) == length && isName(entry, from, length)) return load<u32>(entry, NAME_CODE);
  }
  return 0;
}

/** Names are no longer than NAME_BYTES_MAX. */
@inline
function isName(entry: usize, from: usize, length: u32): bool {
  const mask = <usize>NAME_MASKS + NAME_BYTES_MAX - <usize>length;
  const a = v128.xor(v128.load(entry, NAME_BYTES), v128.and(v128.load(from), v128.load(mask)));
  const b = v128.xor(v128.load(entry, NAME_BYTES + 16), v128.and(v128.load(from, 16), v128.load(mask, 16)));
  return !v128.any_true(v128.or(a, b));
}
