/** Byte addresses in the inflater's memory. `source/inflate-layout.ts` has those that the TypeScript side uses. */
import { WORK } from '../../source/gunzip-layout';

export const ROOT_BITS: u32 = 11;
export const DISTANCE_ROOT_BITS: u32 = 8;
export const LENGTHS_ROOT_BITS: u32 = 7;

/** Largest tables of 288 codes with 11, and of 32 codes with 8 root bits, entries (zlib's `enough`: 2,342 and 402). */
const SYMBOL_ENTRIES: usize = 2400;
const DISTANCE_ENTRIES: usize = 512;

export const SYMBOLS: usize = WORK;
export const DISTANCES: usize = SYMBOLS + SYMBOL_ENTRIES * 4;
/** Table of the code that the code lengths of a block are written in. */
export const PRECODE: usize = DISTANCES + DISTANCE_ENTRIES * 4;
/** Entry of every symbol without its code, see tables. */
export const SYMBOL_VALUES: usize = PRECODE + 128 * 4;
export const DISTANCE_VALUES: usize = SYMBOL_VALUES + 288 * 4;
export const PRECODE_VALUES: usize = DISTANCE_VALUES + 32 * 4;
/** Code lengths of a block: symbols, then distances. */
export const LENGTHS: usize = PRECODE_VALUES + 20 * 4;
export const COUNTS: usize = LENGTHS + 320;
export const OFFSETS: usize = COUNTS + 32;
export const SORTED: usize = OFFSETS + 32;
