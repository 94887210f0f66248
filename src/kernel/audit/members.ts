import {
  blanks,
  bracketEnd,
  byteAt,
  CLOSING,
  CLOSING_LIST,
  COLON,
  COMMA,
  hasEscape,
  NEWLINE,
  OPENING,
  OPENING_LIST,
  QUOTE,
  textEnd,
} from './tokens';

/** What `member` found. */
export const DOUBT: u32 = 0;
export const MEMBER: u32 = 1;
export const LAST: u32 = 2;

/** Of the member: its key in [keyFrom, keyTo), its value in [valueFrom, valueTo). */
export let keyFrom: usize = 0;
export let keyTo: usize = 0;
export let valueFrom: usize = 0;
export let valueTo: usize = 0;
/** One past the member, or past the bracket that ends the object. */
export let next: usize = 0;

/**
 * The member of an object that stands here, behind the opening bracket (`isFirst`) or behind another member. Texts and
 * brackets are followed, so that a text that is cut off is noticed; what else is wrong inside a value is not. DOUBT
 * when something is not as expected, or the key holds an escape: only a parser knows.
 */
export function member(from: usize, end: usize, isFirst: bool): u32 {
  let at = blanks(from);
  let byte = byteAt(at);
  if (byte == CLOSING) {
    next = at + 1;
    return next <= end ? LAST : DOUBT;
  }
  if (!isFirst) {
    if (byte != COMMA) return DOUBT;
    at = blanks(at + 1);
    byte = byteAt(at);
  }
  if (byte != QUOTE) return DOUBT;
  keyFrom = at + 1;
  keyTo = textEnd(keyFrom, end);
  if (keyTo == 0 || hasEscape) return DOUBT;
  at = blanks(keyTo + 1);
  if (byteAt(at) != COLON) return DOUBT;
  valueFrom = blanks(at + 1);
  byte = byteAt(valueFrom);
  if (byte == QUOTE) {
    const closing = textEnd(valueFrom + 1, end);
    valueTo = closing == 0 ? 0 : closing + 1;
  } else if (byte == OPENING || byte == OPENING_LIST) valueTo = bracketEnd(valueFrom, end);
  else valueTo = wordEnd(valueFrom);
  next = valueTo;
  return valueTo != 0 && valueTo <= end ? MEMBER : DOUBT;
}

/** One past a number, `true`, `false` or `null`, whatever it is; 0 = there is none, or something stands in it. */
function wordEnd(from: usize): usize {
  let at = from;
  while (true) {
    const byte = byteAt(at);
    if (byte == COMMA || byte == CLOSING || byte == CLOSING_LIST || byte <= 32) {
      return at > from && byte != NEWLINE ? at : 0;
    }
    if (byte == QUOTE || byte == OPENING || byte == OPENING_LIST) return 0;
    at++;
  }
}
