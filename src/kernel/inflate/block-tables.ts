import {
  IN_BIT,
  WRONG_COUNTS,
  WRONG_DISTANCES,
  WRONG_NO_END,
  WRONG_PRECODE,
  WRONG_REPEAT,
  WRONG_SYMBOLS,
} from '../../source/gunzip-layout';
import { bitsAt, low } from './bits';
import {
  DISTANCES,
  DISTANCE_ROOT_BITS,
  DISTANCE_VALUES,
  LENGTHS,
  LENGTHS_ROOT_BITS,
  PRECODE,
  PRECODE_VALUES,
  ROOT_BITS,
  SYMBOLS,
  SYMBOL_VALUES,
} from './layout';
import { END, INVALID, LITERAL, SPECIAL, buildTable, joinLiterals } from './tables';

const SYMBOLS_MAX: u32 = 286;
const DISTANCES_MAX: u32 = 30;
const PRECODE_SYMBOLS: u32 = 19;
const END_OF_BLOCK: usize = 256;

/** Order in which a block gives the lengths of its precode (RFC 1951, 3.2.7). */
const PRECODE_ORDER: StaticArray<u8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Base and extra bits of all lengths and distances (RFC 1951, 3.2.5): one bit more each four, each two codes. */
export function prepareValues(): void {
  for (let i: u32 = 0; i < 256; i++) put(SYMBOL_VALUES, i, LITERAL | (i << 16));
  put(SYMBOL_VALUES, 256, SPECIAL | END);
  let base: u32 = 3;
  for (let i: u32 = 0; i < 28; i++) {
    const extra: u32 = i < 8 ? 0 : (i >> 2) - 1;
    put(SYMBOL_VALUES, 257 + i, (base << 16) | extra);
    base += <u32>1 << extra;
  }
  put(SYMBOL_VALUES, 285, 258 << 16);
  for (let i: u32 = SYMBOLS_MAX; i < 288; i++) put(SYMBOL_VALUES, i, SPECIAL | INVALID);
  base = 1;
  for (let i: u32 = 0; i < DISTANCES_MAX; i++) {
    const extra: u32 = i < 4 ? 0 : (i >> 1) - 1;
    put(DISTANCE_VALUES, i, (base << 16) | extra);
    base += <u32>1 << extra;
  }
  for (let i: u32 = DISTANCES_MAX; i < 32; i++) put(DISTANCE_VALUES, i, SPECIAL | INVALID);
  for (let i: u32 = 0; i < PRECODE_SYMBOLS; i++) put(PRECODE_VALUES, i, i << 16);
}

function put(values: usize, symbol: u32, entry: u32): void {
  store<u32>(values + (<usize>symbol << 2), entry);
}

/** Tables of a block of type 1 (RFC 1951, 3.2.6). */
export function fixedTables(): void {
  memory.fill(LENGTHS, 8, 144);
  memory.fill(LENGTHS + 144, 9, 112);
  memory.fill(LENGTHS + 256, 7, 24);
  memory.fill(LENGTHS + 280, 8, 8);
  buildTable(SYMBOLS, LENGTHS, 288, SYMBOL_VALUES, ROOT_BITS, false);
  joinLiterals(SYMBOLS, ROOT_BITS);
  memory.fill(LENGTHS, 5, 32);
  buildTable(DISTANCES, LENGTHS, 32, DISTANCE_VALUES, DISTANCE_ROOT_BITS, false);
}

/** Tables of a block of type 2, from its header at IN_BIT on; 0 or what is wrong. IN_BIT is where reading ended. */
export function dynamicTables(params: usize): u32 {
  const at = load<u32>(params, IN_BIT);
  const head = bitsAt(at);
  const symbolCount = low(head, 5) + 257;
  const distanceCount = low(head >> 5, 5) + 1;
  const precodeCount = low(head >> 10, 4) + 4;
  store<u32>(params, at + 14, IN_BIT);
  if (symbolCount > SYMBOLS_MAX || distanceCount > DISTANCES_MAX) return WRONG_COUNTS;
  memory.fill(LENGTHS, 0, PRECODE_SYMBOLS);
  for (let i: u32 = 0; i < precodeCount; i++)
    store<u8>(LENGTHS + unchecked(PRECODE_ORDER[i]), <u8>low(bitsAt(at + 14 + 3 * i), 3));
  store<u32>(params, at + 14 + 3 * precodeCount, IN_BIT);
  if (!buildTable(PRECODE, LENGTHS, PRECODE_SYMBOLS, PRECODE_VALUES, LENGTHS_ROOT_BITS, false)) return WRONG_PRECODE;
  if (!readLengths(params, symbolCount + distanceCount)) return WRONG_REPEAT;
  if (load<u8>(LENGTHS + END_OF_BLOCK) == 0) return WRONG_NO_END;
  if (!buildTable(SYMBOLS, LENGTHS, symbolCount, SYMBOL_VALUES, ROOT_BITS, true)) return WRONG_SYMBOLS;
  joinLiterals(SYMBOLS, ROOT_BITS);
  const distances = LENGTHS + symbolCount;
  return buildTable(DISTANCES, distances, distanceCount, DISTANCE_VALUES, DISTANCE_ROOT_BITS, true)
    ? 0
    : WRONG_DISTANCES;
}

/** Code lengths, written in the precode with repeats; false when a repeat has nothing before it or goes too far. */
function readLengths(params: usize, count: u32): bool {
  let at = load<u32>(params, IN_BIT);
  let done: u32 = 0;
  while (done < count) {
    const word = bitsAt(at);
    const entry = load<u32>(PRECODE + (<usize>low(word, LENGTHS_ROOT_BITS) << 2));
    const bits = entry & 0xff;
    const symbol = entry >> 16;
    if (symbol < 16) {
      store<u8>(LENGTHS + done++, <u8>symbol);
      at += bits;
      continue;
    }
    const extra: u32 = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    const times = low(word >> bits, extra) + (symbol == 18 ? 11 : 3);
    at += bits + extra;
    if ((symbol == 16 && done == 0) || done + times > count) {
      store<u32>(params, at, IN_BIT);
      return false;
    }
    memory.fill(LENGTHS + done, symbol == 16 ? load<u8>(LENGTHS + done - 1) : 0, times);
    done += times;
  }
  store<u32>(params, at, IN_BIT);
  return true;
}
