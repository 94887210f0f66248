import { type FlowBatch, Present, RejectReason, V6_WORDS } from '../model/flow.ts';
import { LINE_BYTES_MAX } from '../model/ledger.ts';
import { Action, Direction } from '../model/verdict.ts';
import { parseIpv6 } from './address-text.ts';
import { DEFAULT, type Format, isCarried, Op } from './format.ts';
import type { InterfaceDictionary } from './interface-dictionary.ts';
import { isIsoTime } from './line-tokens.ts';
import { parseU64 } from './number-text.ts';

/**
 * The straight way for nearly all lines: one blank between fields, every value valid or `-`, log-status OK. A field
 * function stores its value and returns the offset behind it, REFUSED for anything else; the line is then left to the
 * general way (row.ts), which knows every reason. This file decides nothing: it accepts only what row.ts accepts.
 */
const REFUSED = -1;

const NEWLINE = 10;
const RETURN = 13;
const BLANK = 32;
const DASH = 45;
const DOT = 46;
const ZERO = 48;
const UPPER_N = 78;
/** Below this, one more digit stays below 2^32. */
const U32_TENTH = 429_496_729;

/** Present bit by Op, 0 for a field without a column. */
const BIT = new Uint32Array(256);
for (const [name, op] of Object.entries(Op)) BIT[op] = (Present as Readonly<Record<string, number>>)[name] ?? 0;

/** Present bits of the default fields that have a column. */
const DEFAULT_PRESENT = DEFAULT.plan.reduce((bits, op) => bits | BIT[op]!, 0);
const DEFAULT_FIELDS = DEFAULT.plan.length;
const DEFAULT_CARRIED = DEFAULT.carried.length;

/**
 * Takes records of bytes[from, to) into the batch until one is refused or the batch is full; returns the offset
 * reached. bytes[to − 1] is a newline: it stops every field, so no field looks at `to`.
 */
export function decodePlainRecords(
  bytes: Uint8Array,
  from: number,
  to: number,
  format: Format,
  batch: FlowBatch,
  interfaces: InterfaceDictionary,
  carry: boolean,
): number {
  let at = from;
  while (at < to && batch.rows < batch.capacity) {
    const next = decodeRecord(bytes, at, format, batch, interfaces, carry);
    if (next === REFUSED || next - at > LINE_BYTES_MAX) break;
    at = next;
    batch.rows++;
  }
  return at;
}

function decodeRecord(
  bytes: Uint8Array,
  from: number,
  format: Format,
  batch: FlowBatch,
  interfaces: InterfaceDictionary,
  carry: boolean,
): number {
  const row = batch.rows;
  const { plan } = format;
  const fields = plan.length;
  let p = from;
  if (isIsoTime(bytes, p)) {
    p = textEnd(bytes, p);
    if (bytes[p++] !== BLANK) return REFUSED;
  }
  let f = 0;
  let carried = 0;
  let present = 0;
  batch.present[row] = 0;
  batch.rejectReason[row] = RejectReason.null;
  if (format.beginsWithDefault) {
    p = decodeDefaultFields(bytes, p, batch, interfaces, carry);
    if (p === REFUSED) return REFUSED;
    f = DEFAULT_FIELDS;
    carried = DEFAULT_CARRIED;
    present = DEFAULT_PRESENT;
  }
  for (; f < fields; f++) {
    if (f > 0 && bytes[p++] !== BLANK) return REFUSED;
    const op = plan[f]!;
    const start = p;
    const isNull = bytes[p] === DASH && bytes[p + 1]! <= BLANK;
    if (isNull) {
      p++;
    } else {
      p = decodeField(bytes, p, op, batch, interfaces, row);
      if (p === REFUSED) return REFUSED;
      present |= BIT[op]!;
    }
    if (carry && isCarried(op)) {
      const column = batch.carried[carried++]!;
      column.offset[row] = start;
      column.length[row] = isNull ? 0 : p - start;
    }
  }
  batch.present[row]! |= present;
  if (bytes[p] === RETURN) p++;
  return bytes[p] === NEWLINE ? p + 1 : REFUSED;
}

/** The 14 default fields, none of them null, in a row: what most records begin with or are. */
function decodeDefaultFields(
  bytes: Uint8Array,
  from: number,
  batch: FlowBatch,
  interfaces: InterfaceDictionary,
  carry: boolean,
): number {
  const row = batch.rows;
  let p = small(bytes, from, 255, batch.version, row);
  if (p === REFUSED || bytes[p] !== BLANK) return REFUSED;
  const account = p + 1;
  p = textEnd(bytes, account);
  if (p === REFUSED || bytes[p] !== BLANK || bytes[account] === DASH) return REFUSED;
  if (carry) {
    const column = batch.carried[0]!;
    column.offset[row] = account;
    column.length[row] = p - account;
  }
  const id = p + 1;
  p = textEnd(bytes, id);
  if (p === REFUSED || bytes[p] !== BLANK || bytes[id] === DASH) return REFUSED;
  const idEnd = p;
  p = address(bytes, p + 1, batch.srcAddr, batch, row, V6_WORDS.srcAddr, Present.srcAddrV6);
  if (p === REFUSED || bytes[p] !== BLANK) return REFUSED;
  p = address(bytes, p + 1, batch.dstAddr, batch, row, V6_WORDS.dstAddr, Present.dstAddrV6);
  if (p === REFUSED || bytes[p] !== BLANK) return REFUSED;
  p = small(bytes, p + 1, 65_535, batch.srcPort, row);
  if (p === REFUSED || bytes[p] !== BLANK) return REFUSED;
  p = small(bytes, p + 1, 65_535, batch.dstPort, row);
  if (p === REFUSED || bytes[p] !== BLANK) return REFUSED;
  p = small(bytes, p + 1, 255, batch.protocol, row);
  if (p === REFUSED || bytes[p] !== BLANK) return REFUSED;
  p = u64(bytes, p + 1, batch.packets, row * 2);
  if (p === REFUSED || bytes[p] !== BLANK) return REFUSED;
  p = u64(bytes, p + 1, batch.bytes, row * 2);
  if (p === REFUSED || bytes[p] !== BLANK) return REFUSED;
  p = seconds(bytes, p + 1, batch.start, row);
  if (p === REFUSED || bytes[p] !== BLANK) return REFUSED;
  p = seconds(bytes, p + 1, batch.end, row);
  if (p === REFUSED || bytes[p] !== BLANK) return REFUSED;
  p = action(bytes, p + 1, batch.action, row);
  if (p === REFUSED || bytes[p] !== BLANK) return REFUSED;
  batch.interfaceId[row] = interfaces.codeOf(bytes, id, idEnd);
  return statusOk(bytes, p + 1, batch.logStatus, row);
}

function decodeField(
  bytes: Uint8Array,
  p: number,
  op: number,
  batch: FlowBatch,
  interfaces: InterfaceDictionary,
  row: number,
): number {
  switch (op) {
    case Op.text:
      return textEnd(bytes, p);
    case Op.interfaceId: {
      const end = textEnd(bytes, p);
      if (end !== REFUSED) batch.interfaceId[row] = interfaces.codeOf(bytes, p, end);
      return end;
    }
    case Op.srcAddr:
      return address(bytes, p, batch.srcAddr, batch, row, V6_WORDS.srcAddr, Present.srcAddrV6);
    case Op.dstAddr:
      return address(bytes, p, batch.dstAddr, batch, row, V6_WORDS.dstAddr, Present.dstAddrV6);
    case Op.pktSrcAddr:
      return address(bytes, p, batch.pktSrcAddr, batch, row, V6_WORDS.pktSrcAddr, Present.pktSrcAddrV6);
    case Op.pktDstAddr:
      return address(bytes, p, batch.pktDstAddr, batch, row, V6_WORDS.pktDstAddr, Present.pktDstAddrV6);
    case Op.srcPort:
      return small(bytes, p, 65_535, batch.srcPort, row);
    case Op.dstPort:
      return small(bytes, p, 65_535, batch.dstPort, row);
    case Op.version:
      return small(bytes, p, 255, batch.version, row);
    case Op.protocol:
      return small(bytes, p, 255, batch.protocol, row);
    case Op.tcpFlags:
      return small(bytes, p, 255, batch.tcpFlags, row);
    case Op.packets:
      return u64(bytes, p, batch.packets, row * 2);
    case Op.bytes:
      return u64(bytes, p, batch.bytes, row * 2);
    case Op.start:
      return seconds(bytes, p, batch.start, row);
    case Op.end:
      return seconds(bytes, p, batch.end, row);
    case Op.action:
      return action(bytes, p, batch.action, row);
    case Op.logStatus:
      return statusOk(bytes, p, batch.logStatus, row);
    case Op.flowDirection:
      return flowDirection(bytes, p, batch.flowDirection, row);
    case Op.carriedU8:
      return small(bytes, p, 255, discardedSmall, 0);
    case Op.carriedU64:
      return u64(bytes, p, discarded, 0);
    case Op.pktSrcAwsService:
    case Op.pktDstAwsService:
      return textEnd(bytes, p);
    default:
      return REFUSED;
  }
}

/** Where a checked but carried number goes. */
const discarded = new Uint32Array(2);
const discardedSmall = new Uint8Array(1);

/** Refuses the empty text, and `N…` since that may be pandas' null. */
function textEnd(bytes: Uint8Array, from: number): number {
  let p = from;
  while (bytes[p]! > BLANK) p++;
  return p === from || bytes[from] === UPPER_N ? REFUSED : p;
}

function address(
  bytes: Uint8Array,
  from: number,
  column: Uint32Array,
  batch: FlowBatch,
  row: number,
  word: number,
  v6Bit: number,
): number {
  const end = ipv4(bytes, from, column, row);
  if (end !== REFUSED && bytes[end]! <= BLANK) return end;
  const tokenEnd = textEnd(bytes, from);
  if (tokenEnd === REFUSED || !parseIpv6(bytes, from, tokenEnd, batch.v6, row * V6_WORDS.perRow + word)) return REFUSED;
  batch.present[row]! |= v6Bit;
  return tokenEnd;
}

function ipv4(bytes: Uint8Array, from: number, column: Uint32Array, row: number): number {
  let p = from;
  let value = 0;
  for (let dots = 0; ; dots++) {
    let octet = bytes[p]! - ZERO;
    if (octet < 0 || octet > 9) return REFUSED;
    let digit = bytes[++p]! - ZERO;
    if (octet > 0 && digit >= 0 && digit <= 9) {
      octet = octet * 10 + digit;
      digit = bytes[++p]! - ZERO;
      if (digit >= 0 && digit <= 9) {
        octet = octet * 10 + digit;
        if (octet > 255) return REFUSED;
        p++;
      }
    }
    value = (value << 8) | octet;
    if (dots === 3) break;
    if (bytes[p++] !== DOT) return REFUSED;
  }
  column[row] = value;
  return p;
}

/** A number of at most five digits, bounded. */
function small(bytes: Uint8Array, from: number, max: number, column: Uint8Array | Uint16Array, row: number): number {
  let p = from;
  let value = 0;
  for (; ; p++) {
    const digit = bytes[p]! - ZERO;
    if (digit < 0 || digit > 9) break;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  if (p === from || p - from > 5 || value > max) return REFUSED;
  column[row] = value;
  return p;
}

/** Up to nine digits here: their value stays a machine integer. */
function u64(bytes: Uint8Array, from: number, column: Uint32Array, at: number): number {
  let p = from;
  let value = 0;
  for (; ; p++) {
    const digit = bytes[p]! - ZERO;
    if (digit < 0 || digit > 9) break;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  if (p - from > 9) return parseU64(bytes, from, p, column, at) ? p : REFUSED;
  column[at] = value;
  column[at + 1] = 0;
  return p === from ? REFUSED : p;
}

/** Ten digits are today's seconds; anything else is left to the general way. */
function seconds(bytes: Uint8Array, from: number, column: Uint32Array, row: number): number {
  const to = from + 9;
  let value = 0;
  for (let p = from; p < to; p++) {
    const digit = bytes[p]! - ZERO;
    if (digit < 0 || digit > 9) return REFUSED;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  const digit = bytes[to]! - ZERO;
  if (digit < 0 || digit > 9 || value >= U32_TENTH) return REFUSED;
  column[row] = value * 10 + digit;
  return to + 1;
}

/** ACCEPT or REJECT, by their bytes. */
function action(bytes: Uint8Array, p: number, column: Uint8Array, row: number): number {
  // A C C E P T
  if (bytes[p] === 65 && bytes[p + 1] === 67 && bytes[p + 2] === 67 && bytes[p + 3] === 69 && bytes[p + 4] === 80) {
    column[row] = Action.accept;
    return bytes[p + 5] === 84 ? p + 6 : REFUSED;
  }
  // R E J E C T
  if (bytes[p] === 82 && bytes[p + 1] === 69 && bytes[p + 2] === 74 && bytes[p + 3] === 69 && bytes[p + 4] === 67) {
    column[row] = Action.reject;
    return bytes[p + 5] === 84 ? p + 6 : REFUSED;
  }
  return REFUSED;
}

function statusOk(bytes: Uint8Array, p: number, column: Uint8Array, row: number): number {
  column[row] = 1;
  // O K
  return bytes[p] === 79 && bytes[p + 1] === 75 ? p + 2 : REFUSED;
}

function flowDirection(bytes: Uint8Array, from: number, column: Uint8Array, row: number): number {
  // [in | e] g r e s s
  const ingress = bytes[from] === 105;
  const p = ingress ? from + 2 : from + 1;
  if (ingress ? bytes[from + 1] !== 110 : bytes[from] !== 101) return REFUSED;
  if (bytes[p] !== 103 || bytes[p + 1] !== 114 || bytes[p + 2] !== 101 || bytes[p + 3] !== 115 || bytes[p + 4] !== 115)
    return REFUSED;
  column[row] = ingress ? Direction.ingress : Direction.egress;
  return p + 5;
}
