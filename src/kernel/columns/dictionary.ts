import { i32At, put32, u32At } from '../classify/cells';

/** The code of a value that the chunk has not met. What is null has the code −1 from the start. */
const UNMET: i32 = -2;

/** A dictionary under construction, as `sink/chunk-dictionary.ts` lays it out. */
@unmanaged
class Dictionary {
  /** i32 by id: the number of its value, 0 = null, −1 = not known yet. */
  valueOf: usize;
  /** i32 by value: its code, UNMET, or −1 = null. */
  codeOf: usize;
  /** u32 by code: its value. */
  met: usize;
  /** Codes so far. */
  count: u32;
  /** Rows without one. */
  nulls: u32;
}

@inline
function codeOf(dictionary: Dictionary, value: u32): i32 {
  const code = i32At(dictionary.codeOf, value);
  return code == UNMET ? meet(dictionary, value) : code;
}

function meet(dictionary: Dictionary, value: u32): i32 {
  const code = dictionary.count;
  put32(dictionary.codeOf, value, code);
  put32(dictionary.met, code, value);
  dictionary.count = code + 1;
  return code;
}

/**
 * Ids of the rows from `from` on → codes, in order of appearance. Returns the row that it stopped before, as nobody
 * knows the value of its id yet.
 */
export function encode(dictionary: Dictionary, ids: usize, codes: usize, from: u32, rows: u32): u32 {
  const valueOf = dictionary.valueOf;
  let nulls: u32 = 0;
  let i = from;
  for (; i < rows; i++) {
    const value = i32At(valueOf, u32At(ids, i));
    if (value < 0) break;
    const code = codeOf(dictionary, value);
    put32(codes, i, code);
    nulls -= code >> 31;
  }
  dictionary.nulls += nulls;
  return i;
}

/** The same where every id is a value of its own. */
export function encodeDistinct(dictionary: Dictionary, ids: usize, codes: usize, rows: u32): void {
  let nulls: u32 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const code = codeOf(dictionary, u32At(ids, i));
    put32(codes, i, code);
    nulls -= code >> 31;
  }
  dictionary.nulls += nulls;
}

/** Codes of a batch's dictionary → those of the file's, in place; `ids` has one more than these, by code. */
export function mapCodes(codes: usize, rows: u32, ids: usize): void {
  for (let i: u32 = 0; i < rows; i++) put32(codes, i, u32At(ids, u32At(codes, i)) - 1);
}
