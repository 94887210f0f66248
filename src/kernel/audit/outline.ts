/** Which lines of an audit log may tell of a pod. */
import {
  API_VERSION,
  CUT,
  CUT_BYTES_MIN,
  DELETE,
  END,
  KIND,
  LIST_EVENT,
  LIST_GROUP,
  LIST_IDLE,
  LIST_MEMBERS,
  LIST_PODS,
  LIST_REFERENCE,
  LIST_STATUS,
  LIST_VERBS,
  NONE,
  OBJECT_REF,
  LISTS,
  PARAMETERS,
  PASSED,
  PATCH,
  REQUEST,
  REQUEST_FROM,
  REQUEST_TO,
  RESOURCE,
  RESPONSE,
  SKIP,
  START,
  SUBRESOURCE,
  UNSURE,
  VERB,
  WHOLE,
} from '../../inventory/audit-layout';
import { DOUBT, keyFrom, keyTo, LAST, MEMBER, member, next, valueFrom, valueTo } from './members';
import { codeOf } from './names';
import { BACKSLASH, blanks, byteAt, lineEnd, OPENING, QUOTE } from './tokens';

/** Members without which nothing is certain. */
const NEEDED: u32 = KIND | API_VERSION | VERB | OBJECT_REF;
/** Bytes of `audit.k8s.io/`. */
const GROUP_LENGTH: usize = 13;

let verb: u32 = 0;
let isPods: bool = false;
let isStatus: bool = false;
let hasSubresource: bool = false;
let requestFrom: usize = 0;
/** One past the request, and the response, of the event that was judged last. */
export let requestTo: usize = 0;
export let responseTo: usize = 0;

@inline
export function listOf(which: usize): usize {
  return <usize>load<u32>(<usize>LISTS + which);
}

/** What the next line of [from, to) is that is not passed over; both begin a line. */
export function nextLine(from: usize, to: usize): u32 {
  let passed: u32 = 0;
  for (let start = from; start < to; ) {
    const end = lineEnd(start);
    const verdict = judge(start, end);
    if (verdict != SKIP) {
      store<u32>(PARAMETERS, passed, PASSED);
      store<u32>(PARAMETERS, <u32>start, START);
      store<u32>(PARAMETERS, <u32>end, END);
      return verdict;
    }
    passed++;
    start = end + 1;
  }
  store<u32>(PARAMETERS, passed, PASSED);
  return NONE;
}

/** What is known of the event whose text begins here; a newline stands at `end`. SKIP only where it is certain. */
export function judge(start: usize, end: usize): u32 {
  if (byteAt(start) != OPENING) return UNSURE;
  let seen: u32 = 0;
  let at = start + 1;
  while (true) {
    const found = member(at, end, at == start + 1);
    if (found == LAST) break;
    if (found == DOUBT) return UNSURE;
    at = next;
    const code = codeOf(listOf(LIST_MEMBERS), keyFrom, keyTo);
    if (code == 0) continue;
    // of two members with one name the last counts
    if ((seen & code) != 0 || !take(code)) return UNSURE;
    seen |= code;
  }
  if (blanks(next) != end || (seen & NEEDED) != NEEDED) return UNSURE;
  if (!isPods || verb == 0) return SKIP;
  if ((seen & REQUEST) == 0) {
    store<u32>(PARAMETERS, 0, REQUEST_FROM);
    return WHOLE;
  }
  if (verb == PATCH && isStatus && isIdle()) return SKIP;
  store<u32>(PARAMETERS, <u32>requestFrom, REQUEST_FROM);
  store<u32>(PARAMETERS, <u32>requestTo, REQUEST_TO);
  const isLong = <u32>(requestTo - requestFrom) >= <u32>CUT_BYTES_MIN;
  // a delete and a binding are told by the request
  return isLong && (seen & RESPONSE) != 0 && verb != DELETE && !hasSubresource ? CUT : WHOLE;
}

/** False when the member is not as expected. */
function take(code: u32): bool {
  if (code == KIND) return wordOf(LIST_EVENT) != 0;
  if (code == API_VERSION) {
    return byteAt(valueFrom) == QUOTE && codeOf(listOf(LIST_GROUP), valueFrom + 1, valueFrom + 1 + GROUP_LENGTH) != 0;
  }
  if (code == VERB) {
    verb = wordOf(LIST_VERBS);
    return isPlainText();
  }
  if (code == OBJECT_REF) return takeReference();
  if (code == REQUEST) {
    requestFrom = valueFrom;
    requestTo = valueTo;
  } else responseTo = valueTo;
  return true;
}

/** What the value stands for in a list of words, when it is one without escapes; 0 = nothing. */
function wordOf(list: usize): u32 {
  return byteAt(valueFrom) == QUOTE ? codeOf(listOf(list), valueFrom + 1, valueTo - 1) : 0;
}

/** The value is a text whose bytes say what it is. */
function isPlainText(): bool {
  if (byteAt(valueFrom) != QUOTE) return false;
  for (let at = valueFrom + 1; at < valueTo; at++) if (byteAt(at) == BACKSLASH) return false;
  return true;
}

function takeReference(): bool {
  if (byteAt(valueFrom) != OPENING) return false;
  const first = valueFrom + 1;
  const end = valueTo;
  const behind = next;
  let at = first;
  let seen: u32 = 0;
  let found: u32 = 0;
  isStatus = false;
  for (; (found = member(at, end, at == first)) == MEMBER; at = next) {
    const code = codeOf(listOf(LIST_REFERENCE), keyFrom, keyTo);
    if (code == 0) continue;
    if ((seen & code) != 0) return false;
    seen |= code;
    if (code == SUBRESOURCE) isStatus = wordOf(LIST_STATUS) != 0;
    else {
      isPods = wordOf(LIST_PODS) != 0;
      if (!isPlainText()) return false;
    }
  }
  hasSubresource = (seen & SUBRESOURCE) != 0;
  next = behind;
  return found == LAST && (seen & RESOURCE) != 0;
}

/** The request holds one status, of conditions alone. */
function isIdle(): bool {
  if (byteAt(requestFrom) != OPENING) return false;
  let from: usize = 0;
  let to: usize = 0;
  let found: u32 = 0;
  const first = requestFrom + 1;
  for (let at = first; (found = member(at, requestTo, at == first)) == MEMBER; at = next) {
    if (codeOf(listOf(LIST_STATUS), keyFrom, keyTo) == 0) continue;
    if (from != 0) return false;
    from = valueFrom;
    to = valueTo;
  }
  if (found != LAST || from == 0 || byteAt(from) != OPENING) return false;
  let keys: u32 = 0;
  for (let at = from + 1; (found = member(at, to, at == from + 1)) == MEMBER; at = next, keys++) {
    if (codeOf(listOf(LIST_IDLE), keyFrom, keyTo) == 0) return false;
  }
  return found == LAST && keys > 0;
}
