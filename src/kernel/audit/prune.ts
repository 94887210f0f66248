import { KEPT, MENTIONED } from '../../inventory/audit-layout';
import { DEPTH_MAX, isEscaped, NULL, text, value } from './check';
import { codeOf } from './names';
import { blanks, byteAt, CLOSING, CLOSING_LIST, COLON, COMMA, OPENING, OPENING_LIST, QUOTE } from './tokens';

/** Where the next byte is written. */
let out: usize = 0;
/** Everything that was written, and some of what stands behind it, or'ed. */
let seen: v128 = i8x16.splat(0);

export function restart(to: usize): void {
  out = to;
  seen = i8x16.splat(0);
}

/** One past the last byte that was written. */
@inline
export function written(): usize {
  return out;
}

/** 1 = a byte above 127 may have been written. */
@inline
export function hasWide(): u32 {
  return u32(i8x16.bitmask(seen) != 0);
}

@inline
export function put(byte: u32): void {
  store<u8>(out, <u8>byte);
  out++;
}

@inline
export function putNull(): void {
  store<u32>(out, NULL);
  out += 4;
}

/** Copies whole vectors: what is written too much, the next bytes replace. */
@inline
export function copy(from: usize, to: usize): void {
  let at = out;
  for (let read = from; read < to; read += 16, at += 16) {
    const v = v128.load(read);
    seen = v128.or(seen, v);
    v128.store(at, v);
  }
  out += to - from;
}

/**
 * Writes the value that begins here without members that a list of names does not have. What is left out is looked at
 * like the rest. Where no value of an object is left though it had others, a member without a name says so. Returns one
 * past the value; 0 = a parser would refuse it, or only it knows.
 */
export function pruned(from: usize, names: usize, depth: u32): usize {
  const byte = byteAt(from);
  if (byte == OPENING) return depth == DEPTH_MAX ? 0 : prunedObject(from, names, depth);
  if (byte == OPENING_LIST) return depth == DEPTH_MAX ? 0 : prunedList(from, names, depth);
  const end = value(from, depth);
  if (end != 0) copy(from, end);
  return end;
}

function prunedList(from: usize, names: usize, depth: u32): usize {
  put(OPENING_LIST);
  let at = blanks(from + 1);
  if (byteAt(at) != CLOSING_LIST) {
    while (true) {
      at = pruned(at, names, depth + 1);
      if (at == 0) return 0;
      at = blanks(at);
      const after = byteAt(at);
      if (after == CLOSING_LIST) break;
      if (after != COMMA) return 0;
      put(COMMA);
      at = blanks(at + 1);
    }
  }
  put(CLOSING_LIST);
  return at + 1;
}

function prunedObject(from: usize, names: usize, depth: u32): usize {
  put(OPENING);
  const first = out;
  let hasMore = false;
  let hasRead = false;
  let at = blanks(from + 1);
  if (byteAt(at) != CLOSING) {
    while (true) {
      at = prunedMember(at, names, depth, out == first);
      if (at == 0) return 0;
      hasMore = hasMore || took == NOTHING;
      hasRead = hasRead || took == VALUE;
      at = blanks(at);
      const after = byteAt(at);
      if (after == CLOSING) break;
      if (after != COMMA) return 0;
      at = blanks(at + 1);
    }
    if (hasMore && !hasRead) {
      if (out != first) put(COMMA);
      put(QUOTE);
      put(QUOTE);
      putNothing();
    }
  }
  put(CLOSING);
  return at + 1;
}

/** What was taken of a member. */
const NOTHING: u32 = 0;
const NAME: u32 = 1;
const VALUE: u32 = 2;
let took: u32 = NOTHING;

/** `:0` */
@inline
function putNothing(): void {
  put(COLON);
  put(0x30);
}

function prunedMember(from: usize, names: usize, depth: u32, isFirst: bool): usize {
  if (byteAt(from) != QUOTE) return 0;
  const keyEnd = text(from);
  if (keyEnd == 0 || isEscaped) return 0;
  const colon = blanks(keyEnd);
  if (byteAt(colon) != COLON) return 0;
  const at = blanks(colon + 1);
  took = NOTHING;
  const code = codeOf(names, from + 1, keyEnd - 1);
  if (code == 0) return value(at, depth + 1);
  if (!isFirst) put(COMMA);
  let end: usize = 0;
  if (code == MENTIONED) {
    copy(from, keyEnd);
    putNothing();
    took = NAME;
    return value(at, depth + 1);
  }
  if (code == KEPT) {
    end = value(at, depth + 1);
    if (end != 0) copy(from, end);
  } else {
    copy(from, at);
    end = pruned(at, <usize>code, depth + 1);
  }
  took = VALUE;
  return end;
}
