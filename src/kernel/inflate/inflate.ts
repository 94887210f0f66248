/**
 * Raw DEFLATE (RFC 1951) over one piece of input after the other. The state between two calls is the parameter block
 * and the tables of the block at hand; a call ends between two symbols.
 * Compiled to WebAssembly. Refuses exactly what zlib refuses.
 */
import {
  AT,
  AT_BLOCK,
  AT_END,
  AT_STORED,
  AT_SYMBOLS,
  DONE,
  FINAL,
  IN_BIT,
  IN_END,
  IN_LAST,
  INPUT_MARGIN,
  MORE_INPUT,
  OUT,
  OUT_LIMIT,
  OUTPUT_FULL,
  STORED,
  WRONG_BLOCK_TYPE,
  WRONG_END,
  WRONG_STORED,
} from '../../source/gunzip-layout';
import { bitsAt } from './bits';
import { dynamicTables, fixedTables, prepareValues } from './block-tables';
import { symbols } from './symbols';

/** Fills the constant tables; once a memory. */
export function prepare(): void {
  prepareValues();
}

/** Goes on until input is missing, the output is full, the last block has ended, or the data is wrong. */
export function inflate(params: usize): u32 {
  let result = DONE;
  while (result == DONE) {
    const at = load<u32>(params, AT);
    if (at == AT_END) return DONE;
    if (load<u32>(params, OUT) >= load<u32>(params, OUT_LIMIT)) return OUTPUT_FULL;
    if (at == AT_STORED) result = copyStored(params);
    else if (at == AT_SYMBOLS) result = symbols(params);
    else if (load<u32>(params, FINAL) != 0) store<u32>(params, AT_END, AT);
    else if (load<u32>(params, IN_LAST) == 0 && bytesLeft(params) < INPUT_MARGIN) result = MORE_INPUT;
    else result = beginBlock(params);
  }
  return result;
}

function bytesLeft(params: usize): i32 {
  return <i32>load<u32>(params, IN_END) - <i32>(load<u32>(params, IN_BIT) >> 3);
}

/** Header of a block. DONE = the next step can be taken. */
function beginBlock(params: usize): u32 {
  const end = load<u32>(params, IN_END) << 3;
  const head = bitsAt(load<u32>(params, IN_BIT));
  const type = <u32>(head >> 1) & 3;
  const next = load<u32>(params, IN_BIT) + 3;
  if (next > end) return WRONG_END;
  store<u32>(params, <u32>head & 1, FINAL);
  if (type == 0) return beginStored(params, next, end);
  let result: u32 = 0;
  store<u32>(params, next, IN_BIT);
  if (type == 1) fixedTables();
  else if (type == 2) result = dynamicTables(params);
  else return WRONG_BLOCK_TYPE;
  if (load<u32>(params, IN_BIT) > end) return WRONG_END;
  if (result != 0) return result;
  store<u32>(params, AT_SYMBOLS, AT);
  return DONE;
}

function beginStored(params: usize, next: u32, end: u32): u32 {
  const bytes = <usize>((next + 7) >> 3);
  if ((<u32>bytes + 4) << 3 > end) return WRONG_END;
  const length = load<u16>(bytes);
  if (length != <u16>~load<u16>(bytes + 2)) return WRONG_STORED;
  store<u32>(params, (<u32>bytes + 4) << 3, IN_BIT);
  store<u32>(params, length, STORED);
  store<u32>(params, AT_STORED, AT);
  return DONE;
}

function copyStored(params: usize): u32 {
  const left = load<u32>(params, STORED);
  const from = load<u32>(params, IN_BIT) >> 3;
  const out = load<u32>(params, OUT);
  const room = load<u32>(params, OUT_LIMIT) - out;
  let count = min(left, min(load<u32>(params, IN_END) - from, room));
  memory.copy(<usize>out, <usize>from, <usize>count);
  store<u32>(params, (from + count) << 3, IN_BIT);
  store<u32>(params, out + count, OUT);
  store<u32>(params, left - count, STORED);
  if (left == count) {
    store<u32>(params, AT_BLOCK, AT);
    return DONE;
  }
  if (count == room) return OUTPUT_FULL;
  return load<u32>(params, IN_LAST) == 0 ? MORE_INPUT : WRONG_END;
}
