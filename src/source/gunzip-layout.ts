/** Parameter block and memory of the inflate kernel (src/kernel/inflate): byte offsets of u32, and what they mean. */

/** Next bit of the input: byte address × 8 + bit. */
export const IN_BIT = 0;
/** End of the input; at least INPUT_MARGIN bytes behind it are zero. */
export const IN_END = 4;
/** 1 = nothing follows the input. */
export const IN_LAST = 8;
/** Next byte of the output. */
export const OUT = 12;
/** Output address from which on `inflate` returns; OUTPUT_MARGIN bytes behind it may be overwritten. */
export const OUT_LIMIT = 16;
/** First byte that a distance may reach. */
export const OUT_FIRST = 20;
/** What the next bits are: one of the AT values. */
export const AT = 24;
/** 1 = the block is the last one. */
export const FINAL = 28;
/** Bytes of a stored block that are still to come. */
export const STORED = 32;

export const AT_BLOCK = 0;
export const AT_STORED = 1;
export const AT_SYMBOLS = 2;
/** The last block is done; IN_BIT is where its bits end. */
export const AT_END = 3;

/** What `inflate` returns. */
export const MORE_INPUT = 0;
export const OUTPUT_FULL = 1;
export const DONE = 2;
/** From here on: what is wrong, an index into the messages of source/gunzip. */
export const WRONG = 16;
export const WRONG_END = 16;
export const WRONG_BLOCK_TYPE = 17;
export const WRONG_STORED = 18;
export const WRONG_COUNTS = 19;
export const WRONG_PRECODE = 20;
export const WRONG_REPEAT = 21;
export const WRONG_NO_END = 22;
export const WRONG_SYMBOLS = 23;
export const WRONG_DISTANCES = 24;
export const WRONG_SYMBOL = 25;
export const WRONG_DISTANCE = 26;
export const WRONG_TOO_FAR = 27;

/** Zero bytes behind the input, and what may be left unread while more follows: longer than a block's header. */
export const INPUT_MARGIN = 1024;
/** What one step may write beyond OUT_LIMIT: the longest match, copied by vectors. */
export const OUTPUT_MARGIN = 512;

/** The compiler puts its constants (a table of 19 bytes) in front of it. */
export const PARAMETERS = 4096;
/** Tables of the kernel, 14 KiB. */
export const WORK = 8192;
/** First byte behind them. */
export const WORK_END = 32_768;
