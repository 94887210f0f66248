import {
  FIELD_BYTES,
  FIELD_REQUEST,
  FIELD_RESPONSE,
  FIELDS,
  LIST_EVENT_FIELDS,
  LIST_REQUEST,
  LIST_RESPONSE,
  NAMES,
  PARAMETERS,
  PRUNED,
  WIDE,
} from '../../inventory/audit-layout';
import { DEPTH_MAX, isEscaped, text, value } from './check';
import { codeOf } from './names';
import { listOf, requestTo, responseTo } from './outline';
import { copy, hasWide, pruned, put, putNull, restart, written } from './prune';
import { blanks, byteAt, CLOSING, CLOSING_LIST, COLON, COMMA, OPENING, OPENING_LIST, QUOTE } from './tokens';

/**
 * Writes the fields that are read of the event at `from`, which was judged last and ends the line at `end`, as a list:
 * null for those that are not there, bodies without what nobody reads. What is left out is looked at like the rest: 0
 * where a parser would refuse the line, or where only it knows (keys with escapes). Only a request that is cut out is
 * not looked at. Returns how many bytes were written: there is room for as many as the line has.
 */
export function gather(from: usize, end: usize, isCut: bool): u32 {
  memory.fill(FIELDS, 0, FIELD_BYTES * (FIELD_RESPONSE + 1));
  const last = gathered(from, listOf(LIST_EVENT_FIELDS), 0);
  if (last == 0 || blanks(last) != end) return 0;
  restart(PRUNED);
  put(OPENING_LIST);
  for (let field: usize = 0; field < <usize>FIELD_REQUEST; field++) {
    const at = <usize>load<u32>(entryOf(field));
    if (at == 0) putNull();
    else copy(at, <usize>load<u32>(entryOf(field), 4));
    put(COMMA);
  }
  if (!putBody(FIELD_REQUEST, LIST_REQUEST, requestTo, isCut)) return 0;
  put(COMMA);
  if (!putBody(FIELD_RESPONSE, LIST_RESPONSE, responseTo, false)) return 0;
  put(CLOSING_LIST);
  store<u32>(PARAMETERS, hasWide(), WIDE);
  return <u32>(written() - PRUNED);
}

@inline
function entryOf(field: usize): usize {
  return <usize>FIELDS + field * <usize>FIELD_BYTES;
}

/** False where a parser would refuse the body. */
function putBody(field: usize, list: usize, end: usize, isCut: bool): bool {
  const at = <usize>load<u32>(entryOf(field));
  if (at == 0 || isCut) {
    putNull();
    return true;
  }
  return pruned(at, listOf(list), 1) == end;
}

/** Notes where the fields of an object are; one past it, 0 = it is refused. */
function gathered(from: usize, names: usize, depth: u32): usize {
  if (depth == DEPTH_MAX || byteAt(from) != OPENING) return 0;
  let at = blanks(from + 1);
  if (byteAt(at) == CLOSING) return at + 1;
  while (true) {
    if (byteAt(at) != QUOTE) return 0;
    const keyEnd = text(at);
    if (keyEnd == 0 || isEscaped) return 0;
    const code = codeOf(names, at + 1, keyEnd - 1);
    at = blanks(keyEnd);
    if (byteAt(at) != COLON) return 0;
    at = blanks(at + 1);
    if (code == 0) at = value(at, depth + 1);
    else if (code >= <u32>NAMES) at = gathered(at, <usize>code, depth + 1);
    else at = noted(<usize>code - 1, at, depth + 1);
    if (at == 0) return 0;
    at = blanks(at);
    const after = byteAt(at);
    if (after == CLOSING) return at + 1;
    if (after != COMMA) return 0;
    at = blanks(at + 1);
  }
}

/** Of a name that stands twice the last one counts. Bodies are looked at when they are written. */
@inline
function noted(field: usize, from: usize, depth: u32): usize {
  const end = field == FIELD_REQUEST ? requestTo : field == FIELD_RESPONSE ? responseTo : value(from, depth);
  store<u32>(entryOf(field), <u32>from);
  store<u32>(entryOf(field), <u32>end, 4);
  return end;
}
