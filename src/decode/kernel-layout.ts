// What the two sides of the decode kernel share, in the words that both languages have. Words of the parameter block,
// u32 each, and of a row of the field table: byte offsets. decode/kernel.ts writes them, src/kernel reads them.

/** Byte address of the text; 64 readable bytes stand before it, 64 behind its window. */
export const TEXT = 0;
/** Byte address of the delimiter offsets (u32, from the start of the text). */
export const DELIMITERS = 4;
/** Byte address of the field table. */
export const FIELD_TABLE = 8;
/** Fields of a record. */
export const FIELD_COUNT = 12;
/** Field that holds log-status, or NO_FIELD. */
export const STATUS_FIELD = 16;
/** 1 when the first field could swallow an ISO time: it is checked then. */
export const FIRST_IS_TEXT = 20;
/** Columns that every row has. */
export const PRESENT = 24;
export const REJECT_REASON = 28;
/** Present bits of a row without nulls. */
export const PRESENT_ALL = 32;
/** Where the text's first byte stands in the caller's bytes: added to carried offsets. */
export const TEXT_BASE = 36;
/** Longest line, bytes. */
export const LINE_BYTES_MAX = 40;
/** Values that the caller has to look at (see later.ts): byte address, capacity, and (out) count. */
export const LATER = 44;
export const LATER_MAX = 48;
export const LATER_COUNT = 52;
/** Interface table: byte address, slots − 1. */
export const INTERFACES = 56;
export const INTERFACE_MASK = 60;
/** IPv4 patterns, see address.ts. */
export const PATTERNS = 64;
/** Out: bytes taken, and lines among them that are no rows. */
export const TAKEN = 68;
export const NODATA = 72;
export const SKIPDATA = 76;
/**
 * Byte address of masks: zeros, 0xff from MASKS + TAILS_AT on, zeros again from MASKS + HEADS_AT on. A vector loaded
 * n bytes before HEADS_AT keeps the first n bytes of an id, half a vector loaded n bytes behind MASKS the last n of a
 * number.
 */
export const MASKS = 80;
export const TAILS_AT = 8;
export const HEADS_AT = 40;
export const MASKS_BYTES = 72;

export const NO_FIELD = 0xffff_ffff;

/** A row of the field table. */
export const FIELD_BYTES = 32;
export const FIELD_KIND = 0;
export const FIELD_COLUMN = 4;
export const FIELD_BIT = 8;
/** Columns of the carried bytes: offset and length; 0 = not carried. */
export const FIELD_OFFSETS = 12;
export const FIELD_LENGTHS = 16;
/** The caller's number of the field, handed back in `later`. */
export const FIELD_OP = 20;

/** Values of FIELD_KIND. */
export const KIND_TEXT = 0;
export const KIND_U8 = 1;
export const KIND_U16 = 2;
export const KIND_U64 = 3;
export const KIND_SECONDS = 4;
export const KIND_ADDRESS = 5;
export const KIND_INTERFACE = 6;
export const KIND_ACTION = 7;
export const KIND_STATUS = 8;
export const KIND_DIRECTION = 9;
/** Only whether it is there counts. */
export const KIND_SERVICE = 10;
export const KIND_REJECT_REASON = 11;
/** Checked numbers without a column. */
export const KIND_CHECKED_U8 = 12;
export const KIND_CHECKED_U64 = 13;
