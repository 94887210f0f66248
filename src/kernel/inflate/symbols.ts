import {
  AT,
  AT_BLOCK,
  DONE,
  IN_BIT,
  IN_END,
  IN_LAST,
  MORE_INPUT,
  OUT,
  OUTPUT_FULL,
  OUT_FIRST,
  OUT_LIMIT,
  WRONG_DISTANCE,
  WRONG_END,
  WRONG_SYMBOL,
  WRONG_TOO_FAR,
} from '../../source/gunzip-layout';
import { bitsAt, low } from './bits';
import { DISTANCES, DISTANCE_ROOT_BITS, ROOT_BITS, SYMBOLS } from './layout';
import { END, INVALID, LITERAL_BITS_AT, SPECIAL, TWO } from './tables';

/** Input that the straight loop leaves: it reads whole words. */
const TAIL_BYTES: usize = 32;

/** Symbols of a compressed block, up to its end. */
export function symbols(params: usize): u32 {
  const result = straight(params);
  if (result != MORE_INPUT || load<u32>(params, IN_LAST) == 0) return result;
  return careful(params);
}

@inline
function ended(params: usize, bit: u32, out: usize): u32 {
  store<u32>(params, bit, IN_BIT);
  store<u32>(params, <u32>out, OUT);
  store<u32>(params, AT_BLOCK, AT);
  return DONE;
}

@inline
function stopped(params: usize, bit: u32, out: usize, result: u32): u32 {
  store<u32>(params, bit, IN_BIT);
  store<u32>(params, <u32>out, OUT);
  return result;
}

/** Entry of the symbol at the lowest bits; of a longer code, the pointer to its sub-table. */
@inline
function entryAt(table: usize, bits: u64, rootBits: u32): u32 {
  return load<u32>(table + (<usize>low(bits, rootBits) << 2));
}

@inline
function subEntry(table: usize, bits: u64, entry: u32): u32 {
  return load<u32>(table + (<usize>((entry >> 16) + low(bits, (entry >> 8) & 15)) << 2));
}

/**
 * Length or distance of a valid entry: base value and extra bits. A shift takes the lowest five bits of its count: the
 * code's length, and INVALID, which is clear.
 */
@inline
function valueOf(entry: u32, bits: u64): usize {
  return <usize>((entry >> 16) + (low(bits, entry & 0xff) >> (entry >> 8)));
}

/** Writes the one or two literals of an entry; what stands behind a single one is overwritten later. */
@inline
function putLiterals(out: usize, entry: u32): usize {
  store<u16>(out, <u16>((entry >> 16) & 0x7fff));
  return out + 1 + <usize>((entry & TWO) != 0);
}

/**
 * The loop for all but the last bytes: up to two entries of literals, or a match, from 56 bits or more. `held` counts
 * the bits that `input` stands behind; above them stand bits that will be loaded again: all 64 are the input's after
 * each filling.
 */
function straight(params: usize): u32 {
  const start = load<u32>(params, IN_BIT);
  const first = <usize>load<u32>(params, OUT_FIRST);
  const limit = <usize>load<u32>(params, OUT_LIMIT);
  const end = <usize>load<u32>(params, IN_END);
  const inLimit = end > TAIL_BYTES ? end - TAIL_BYTES : 0;
  let out = <usize>load<u32>(params, OUT);
  let input = <usize>(start >> 3);
  if (input >= inLimit) return MORE_INPUT;
  let bits = load<u64>(input) >> <u64>(start & 7);
  let held: u32 = 56 - (start & 7);
  input += 7;
  bits |= load<u64>(input) << <u64>held;
  input += <usize>((63 - held) >> 3);
  held |= 56;
  let entry = entryAt(SYMBOLS, bits, ROOT_BITS);
  while (out < limit && input < inLimit) {
    if ((entry & SPECIAL) != 0) {
      if ((entry & (END | INVALID)) == 0) {
        bits >>= <u64>ROOT_BITS;
        held -= ROOT_BITS;
        entry = subEntry(SYMBOLS, bits, entry);
      }
      if ((entry & INVALID) != 0) return stopped(params, (<u32>input << 3) - held, out, WRONG_SYMBOL);
      if ((entry & END) != 0) return ended(params, (<u32>input << 3) - held + (entry & 0xff), out);
    }
    if (<i32>entry < 0) {
      bits >>= <u64>(entry & 0xff);
      held -= entry & 0xff;
      out = putLiterals(out, entry);
      entry = entryAt(SYMBOLS, bits, ROOT_BITS);
      if (<i32>entry < 0) {
        bits >>= <u64>(entry & 0xff);
        held -= entry & 0xff;
        out = putLiterals(out, entry);
        entry = entryAt(SYMBOLS, bits, ROOT_BITS);
      }
      bits |= load<u64>(input) << <u64>held;
      input += <usize>((63 - held) >> 3);
      held |= 56;
      continue;
    }
    const length = valueOf(entry, bits);
    bits >>= <u64>(entry & 0xff);
    held -= entry & 0xff;
    entry = entryAt(DISTANCES, bits, DISTANCE_ROOT_BITS);
    if ((entry & SPECIAL) != 0) {
      if ((entry & INVALID) == 0) {
        bits >>= <u64>DISTANCE_ROOT_BITS;
        held -= DISTANCE_ROOT_BITS;
        entry = subEntry(DISTANCES, bits, entry);
      }
      if ((entry & INVALID) != 0) return stopped(params, (<u32>input << 3) - held, out, WRONG_DISTANCE);
    }
    const distance = valueOf(entry, bits);
    bits >>= <u64>(entry & 0xff);
    held -= entry & 0xff;
    if (distance > out - first) return stopped(params, (<u32>input << 3) - held, out, WRONG_TOO_FAR);
    // the next entry is on its way before bits are filled up: of 64 at most 48 are gone
    entry = entryAt(SYMBOLS, bits, ROOT_BITS);
    bits |= load<u64>(input) << <u64>held;
    input += <usize>((63 - held) >> 3);
    held |= 56;
    copyMatch(out, distance, length);
    out += length;
  }
  return stopped(params, (<u32>input << 3) - held, out, out < limit ? MORE_INPUT : OUTPUT_FULL);
}

/** Copies `length` bytes from `distance` before; up to 45 bytes behind them may be overwritten. */
@inline
function copyMatch(out: usize, distance: usize, length: usize): void {
  const end = out + length;
  let from = out - distance;
  if (distance >= 16) {
    // most matches of flow logs are not longer: no branch to guess
    v128.store(out, v128.load(from));
    v128.store(out + 16, v128.load(from + 16));
    v128.store(out + 32, v128.load(from + 32));
    for (out += 48, from += 48; out < end; out += 32, from += 32) {
      v128.store(out, v128.load(from));
      v128.store(out + 16, v128.load(from + 16));
    }
  } else if (distance >= 8) {
    do {
      store<u64>(out, load<u64>(from));
      from += 8;
      out += 8;
    } while (out < end);
  } else if (distance == 1) {
    memory.fill(out, load<u8>(from), length);
  } else {
    do {
      store<u8>(out++, load<u8>(from++));
    } while (out < end);
  }
}

/** A symbol at a time, for the last bytes: none counts whose bits end behind the input. */
function careful(params: usize): u32 {
  const end = load<u32>(params, IN_END) << 3;
  const limit = <usize>load<u32>(params, OUT_LIMIT);
  const first = <usize>load<u32>(params, OUT_FIRST);
  let bit = load<u32>(params, IN_BIT);
  let out = <usize>load<u32>(params, OUT);
  while (out < limit) {
    let at = bit;
    let entry = entryAt(SYMBOLS, bitsAt(at), ROOT_BITS);
    if (isSubTable(entry)) {
      at += ROOT_BITS;
      entry = subEntry(SYMBOLS, bitsAt(at), entry);
    }
    const word = bitsAt(at);
    // the second of two literals may be what the bits behind the input's end seem to say
    if (<i32>entry < 0 && (entry & TWO) != 0 && at + (entry & 0xff) > end) entry = singleOf(entry);
    at += entry & 0xff;
    if (at > end) return stopped(params, bit, out, WRONG_END);
    if (<i32>entry < 0) {
      out = putLiterals(out, entry);
      bit = at;
      continue;
    }
    if ((entry & INVALID) != 0) return stopped(params, bit, out, WRONG_SYMBOL);
    if ((entry & END) != 0) return ended(params, at, out);
    const length = valueOf(entry, word);
    entry = entryAt(DISTANCES, bitsAt(at), DISTANCE_ROOT_BITS);
    if (isSubTable(entry)) {
      at += DISTANCE_ROOT_BITS;
      entry = subEntry(DISTANCES, bitsAt(at), entry);
    }
    const rest = bitsAt(at);
    at += entry & 0xff;
    if (at > end) return stopped(params, bit, out, WRONG_END);
    if ((entry & INVALID) != 0) return stopped(params, bit, out, WRONG_DISTANCE);
    const distance = valueOf(entry, rest);
    if (distance > out - first) return stopped(params, bit, out, WRONG_TOO_FAR);
    copyMatch(out, distance, length);
    out += length;
    bit = at;
  }
  return stopped(params, bit, out, OUTPUT_FULL);
}

/** The first of an entry's two literals. */
@inline
function singleOf(entry: u32): u32 {
  return (entry & 0x80ff_0000) | ((entry >> LITERAL_BITS_AT) & 15);
}

/** Tells a pointer to a sub-table from a literal, whose low bits are only lengths. */
@inline
function isSubTable(entry: u32): bool {
  return <i32>entry >= 0 && (entry & (SPECIAL | END | INVALID)) == SPECIAL;
}
