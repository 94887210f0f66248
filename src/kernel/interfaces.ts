import { leave } from './later';
import { HEADS_AT, INTERFACE_MASK, INTERFACES, MASKS } from '../decode/kernel-layout';
import { isNull } from './words';
import { clearBit } from './numbers';

/**
 * The table of known interface ids, open addressing: 32 bytes of the id (zeros behind a shorter one), its length, its
 * code + 1 (0 = free slot). Longer ids, and those that find no slot nearby, are the caller's to look up.
 */
const SLOT_BYTES: usize = 48;
const SLOT_LENGTH: usize = 32;
const SLOT_CODE: usize = 36;
const ID_BYTES_MAX: u32 = 32;
/** Slots looked at. */
const PROBES: u32 = 8;

/** Bytes [0, length) of the 16 at `from + 16 × half`, zeros behind; `heads`: where masks of no byte begin. */
@inline
function idHalf(from: usize, heads: usize, length: u32, half: usize): v128 {
  return v128.and(v128.load(from + (half << 4)), v128.load(heads - length + (half << 4)));
}

@inline
function hashOf(low: v128, high: v128): u32 {
  let h = i64x2.extract_lane(low, 0) * 0x9e37_79b9_7f4a_7c15;
  h = (h ^ (h >> 29) ^ i64x2.extract_lane(low, 1)) * 0xbf58_476d_1ce4_e5b9;
  h = (h ^ (h >> 29) ^ i64x2.extract_lane(high, 0)) * 0x94d0_49bb_1331_11eb;
  return <u32>((h ^ i64x2.extract_lane(high, 1)) >> 32);
}

/**
 * Tells the table the code of the id at text[from, from + length), which may be told more than once: every record of a
 * window has a new id looked up. Full neighbourhoods stay as they are.
 */
export function remember(params: usize, from: usize, length: u32, code: u32): void {
  if (length > ID_BYTES_MAX) return;
  const heads = <usize>load<u32>(params, MASKS) + HEADS_AT;
  const low = idHalf(from, heads, length, 0);
  const high = idHalf(from, heads, length, 1);
  const mask = load<u32>(params, INTERFACE_MASK);
  const table = <usize>load<u32>(params, INTERFACES);
  let slot = hashOf(low, high) & mask;
  for (let probe: u32 = 0; probe < PROBES; probe++, slot = (slot + 1) & mask) {
    const at = table + <usize>slot * SLOT_BYTES;
    const known = load<u32>(at, SLOT_CODE);
    if (known == code + 1) return;
    if (known != 0) continue;
    v128.store(at, low);
    v128.store(at, high, 16);
    store<u32>(at, length, SLOT_LENGTH);
    store<u32>(at, code + 1, SLOT_CODE);
    return;
  }
}

/** Codes of interface ids; unknown ones are left to the caller. `op` 0: the line gives no row, nobody wants them. */
export function interfaceColumn(
  params: usize,
  text: usize,
  d: usize,
  step: usize,
  rows: u32,
  row: u32,
  column: usize,
  present: usize,
  bit: u32,
  op: u32,
): u32 {
  if (op == 0) return rows;
  const heads = <usize>load<u32>(params, MASKS) + HEADS_AT;
  const mask = load<u32>(params, INTERFACE_MASK);
  const table = <usize>load<u32>(params, INTERFACES);
  for (let i: u32 = 0; i < rows; i++, d += step) {
    const start = load<u32>(d - 4) + 1;
    const stop = load<u32>(d);
    const from = text + start;
    const length = stop - start;
    if (isNull(from, text + stop)) {
      clearBit(present, i, bit);
      continue;
    }
    let found: u32 = 0;
    if (length <= ID_BYTES_MAX) {
      const low = idHalf(from, heads, length, 0);
      const high = idHalf(from, heads, length, 1);
      let slot = hashOf(low, high) & mask;
      for (let probe: u32 = 0; probe < PROBES; probe++, slot = (slot + 1) & mask) {
        const at = table + <usize>slot * SLOT_BYTES;
        const code = load<u32>(at, SLOT_CODE);
        if (code == 0) break;
        const differs = v128.or(v128.xor(low, v128.load(at)), v128.xor(high, v128.load(at, 16)));
        if (v128.any_true(differs) || load<u32>(at, SLOT_LENGTH) != length) continue;
        found = code;
        break;
      }
    }
    if (found != 0) store<u32>(column + (<usize>i << 2), found - 1);
    else if (!leave(params, row + i, op, start, stop)) return i;
  }
  return rows;
}
