import { type FlowBatch, Present, RejectReason, V6_WORDS } from '../model/flow.ts';
import { Action, Direction } from '../model/verdict.ts';
import { NOT_IPV4, parseIpv4, parseIpv6 } from './address-text.ts';
import { type Format, Op } from './format.ts';
import type { InterfaceDictionary } from './interface-dictionary.ts';
import type { LineTokens } from './line-tokens.ts';
import { parseDigits, parseU64 } from './number-text.ts';

/** What became of a line's fields: a row, a line without traffic, or the reason why it is malformed (index + FAULT). */
export const Line = { row: 0, nodata: 1, skipdata: 2, fault: 16 } as const;

/** Indices into MALFORMED. */
const Fault = { number: 1, address: 2, port: 3, protocol: 4, action: 5, status: 6, direction: 7 } as const;

/** Indices into LOG_STATUS. */
const OK_CODE = 1;
const NODATA_CODE = 2;
const SKIPDATA_CODE = 3;

const DASH = 45;
const UPPER_N = 78;
const TWO_32 = 4_294_967_296;

/**
 * The general way: writes the tokens of one line into row `row` of the batch, whatever the line looks like. Returns
 * a code of Line. Every field is checked; but a line that says that it is NODATA or SKIPDATA is that, whatever its
 * other fields hold.
 */
export function decodeRow(
  bytes: Uint8Array,
  tokens: LineTokens,
  format: Format,
  batch: FlowBatch,
  interfaces: InterfaceDictionary,
  row: number,
): number {
  const { plan } = format;
  const { starts, ends, first } = tokens;
  let present = 0;
  batch.rejectReason[row] = RejectReason.null;
  batch.logStatus[row] = 0;
  for (let f = 0; f < plan.length; f++) {
    const op = plan[f]!;
    const from = starts[first + f]!;
    const to = ends[first + f]!;
    if (op === Op.text || isNull(bytes, from, to)) continue;
    const bit = decodeValue(bytes, from, to, op, batch, interfaces, row);
    if (bit < 0) return withoutTraffic(bytes, tokens, plan) ?? Line.fault - bit;
    present |= bit;
  }
  batch.present[row] = present;
  return statusLine(batch.logStatus[row]!);
}

/** The code of a line whose log-status says that it is no record; undefined for all others. */
function withoutTraffic(bytes: Uint8Array, tokens: LineTokens, plan: Uint8Array): number | undefined {
  const f = plan.indexOf(Op.logStatus);
  if (f < 0) return undefined;
  const status = statusCode(bytes, tokens.starts[tokens.first + f]!, tokens.ends[tokens.first + f]!);
  return status > OK_CODE ? statusLine(status) : undefined;
}

/** What a line of this log-status is, when nothing is wrong with it. */
export function statusLine(status: number): number {
  return status <= OK_CODE ? Line.row : status === NODATA_CODE ? Line.nodata : Line.skipdata;
}

/** Stores one value that is not null. Returns its present bits, or minus the index of the fault. */
export function decodeValue(
  bytes: Uint8Array,
  from: number,
  to: number,
  op: number,
  batch: FlowBatch,
  interfaces: InterfaceDictionary,
  row: number,
): number {
  switch (op) {
    case Op.interfaceId:
      batch.interfaceId[row] = interfaces.codeOf(bytes, from, to);
      return Present.interfaceId;
    case Op.vpcId:
      batch.vpcId[row] = interfaces.codeOf(bytes, from, to);
      return Present.vpcId;
    case Op.srcAddr:
    case Op.dstAddr:
    case Op.pktSrcAddr:
    case Op.pktDstAddr:
      return decodeAddress(bytes, from, to, op, batch, row);
    case Op.srcPort:
      return bounded(bytes, from, to, 65_535, batch.srcPort, row) ? Present.srcPort : -Fault.port;
    case Op.dstPort:
      return bounded(bytes, from, to, 65_535, batch.dstPort, row) ? Present.dstPort : -Fault.port;
    case Op.protocol:
      return bounded(bytes, from, to, 255, batch.protocol, row) ? Present.protocol : -Fault.protocol;
    case Op.version:
      return bounded(bytes, from, to, 255, batch.version, row) ? Present.version : -Fault.number;
    case Op.tcpFlags:
      return bounded(bytes, from, to, 255, batch.tcpFlags, row) ? Present.tcpFlags : -Fault.number;
    case Op.packets:
      return parseU64(bytes, from, to, batch.packets, row * 2) ? Present.packets : -Fault.number;
    case Op.bytes:
      return parseU64(bytes, from, to, batch.bytes, row * 2) ? Present.bytes : -Fault.number;
    case Op.start:
      return seconds(bytes, from, to, batch.start, row) ? Present.start : -Fault.number;
    case Op.end:
      return seconds(bytes, from, to, batch.end, row) ? Present.end : -Fault.number;
    case Op.carriedU8:
      return bounded(bytes, from, to, 255, discardedByte, 0) ? 0 : -Fault.number;
    case Op.carriedU64:
      return parseU64(bytes, from, to, discarded, 0) ? 0 : -Fault.number;
    default:
      return decodeWord(bytes, from, to, op, batch, row);
  }
}

/**
 * Stores a number that is stored as one, halves as in NumberValues; the same answers as decodeValue gives for its
 * digits. Fields that are no numbers are answered by −Fault.number: the caller writes the digits and asks decodeValue.
 */
export function storeNumber(low: number, high: number, op: number, batch: FlowBatch, row: number): number {
  switch (op) {
    case Op.srcPort:
      return small(low, high, 65_535, batch.srcPort, row) ? Present.srcPort : -Fault.port;
    case Op.dstPort:
      return small(low, high, 65_535, batch.dstPort, row) ? Present.dstPort : -Fault.port;
    case Op.protocol:
      return small(low, high, 255, batch.protocol, row) ? Present.protocol : -Fault.protocol;
    case Op.version:
      return small(low, high, 255, batch.version, row) ? Present.version : -Fault.number;
    case Op.tcpFlags:
      return small(low, high, 255, batch.tcpFlags, row) ? Present.tcpFlags : -Fault.number;
    case Op.packets:
      batch.packets[2 * row] = low;
      batch.packets[2 * row + 1] = high;
      return Present.packets;
    case Op.bytes:
      batch.bytes[2 * row] = low;
      batch.bytes[2 * row + 1] = high;
      return Present.bytes;
    case Op.start:
      return storeSeconds(high * TWO_32 + low, batch.start, row) ? Present.start : -Fault.number;
    case Op.end:
      return storeSeconds(high * TWO_32 + low, batch.end, row) ? Present.end : -Fault.number;
    case Op.carriedU8:
      return small(low, high, 255, discardedByte, 0) ? 0 : -Fault.number;
    case Op.carriedU64:
      return 0;
    default:
      return -Fault.number;
  }
}

function small(low: number, high: number, max: number, column: Uint8Array | Uint16Array, row: number): boolean {
  if (high !== 0 || low > max) return false;
  column[row] = low;
  return true;
}

/** One of the four addresses. */
function decodeAddress(bytes: Uint8Array, from: number, to: number, op: number, batch: FlowBatch, row: number): number {
  const { v6 } = batch;
  switch (op) {
    case Op.srcAddr:
      return address(bytes, from, to, batch.srcAddr, v6, row, V6_WORDS.srcAddr, Present.srcAddr, Present.srcAddrV6);
    case Op.dstAddr:
      return address(bytes, from, to, batch.dstAddr, v6, row, V6_WORDS.dstAddr, Present.dstAddr, Present.dstAddrV6);
    case Op.pktSrcAddr: {
      const { pktSrcAddr, pktSrcAddrV6 } = Present;
      return address(bytes, from, to, batch.pktSrcAddr, v6, row, V6_WORDS.pktSrcAddr, pktSrcAddr, pktSrcAddrV6);
    }
    default: {
      const { pktDstAddr, pktDstAddrV6 } = Present;
      return address(bytes, from, to, batch.pktDstAddr, v6, row, V6_WORDS.pktDstAddr, pktDstAddr, pktDstAddrV6);
    }
  }
}

/** Fields that hold one of a few words. */
function decodeWord(bytes: Uint8Array, from: number, to: number, op: number, batch: FlowBatch, row: number): number {
  switch (op) {
    case Op.action: {
      const code = actionCode(bytes, from, to);
      batch.action[row] = code;
      return code === Action.null ? -Fault.action : Present.action;
    }
    case Op.logStatus: {
      const code = statusCode(bytes, from, to);
      batch.logStatus[row] = code;
      return code === 0 ? -Fault.status : Present.logStatus;
    }
    case Op.flowDirection: {
      const code = directionCode(bytes, from, to);
      batch.flowDirection[row] = code;
      return code === Direction.unknown ? -Fault.direction : Present.flowDirection;
    }
    case Op.rejectReason:
      batch.rejectReason[row] = rejectReasonCode(bytes, from, to);
      return 0;
    case Op.pktSrcAwsService:
      return Present.pktSrcAwsService;
    default:
      return Present.pktDstAwsService;
  }
}

/** A decimal number of at most `max`; false when it is none. */
function bounded(
  bytes: Uint8Array,
  from: number,
  to: number,
  max: number,
  column: Uint8Array | Uint16Array,
  row: number,
): boolean {
  const value = parseDigits(bytes, from, to);
  if (value < 0 || value > max) return false;
  column[row] = value;
  return true;
}

/** Unix seconds; from 2^32 on the number is milliseconds. */
function seconds(bytes: Uint8Array, from: number, to: number, column: Uint32Array, row: number): boolean {
  return storeSeconds(parseDigits(bytes, from, to), column, row);
}

function storeSeconds(value: number, column: Uint32Array, row: number): boolean {
  const whole = value < TWO_32 ? value : Math.floor(value / 1000);
  if (whole < 0 || whole >= TWO_32) return false;
  column[row] = whole;
  return true;
}

/** Where a checked but carried number goes. */
const discarded = new Uint32Array(2);
const discardedByte = new Uint8Array(1);

function address(
  bytes: Uint8Array,
  from: number,
  to: number,
  column: Uint32Array,
  v6: Uint32Array,
  row: number,
  word: number,
  bit: number,
  v6Bit: number,
): number {
  const ipv4 = parseIpv4(bytes, from, to);
  if (ipv4 !== NOT_IPV4) {
    column[row] = ipv4;
    return bit;
  }
  return parseIpv6(bytes, from, to, v6, row * V6_WORDS.perRow + word) ? bit | v6Bit : -Fault.address;
}

/** `-`, the empty text and pandas' `None` are null. */
export function isNull(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from === 1) return bytes[from] === DASH;
  return to === from || (to - from === 4 && bytes[from] === UPPER_N && isWord(bytes, from, NONE));
}

const word = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const NONE = word('None');
const ACCEPT = word('ACCEPT');
const REJECT = word('REJECT');
const OK = word('OK');
const NODATA = word('NODATA');
const SKIPDATA = word('SKIPDATA');
const INGRESS = word('ingress');
const EGRESS = word('egress');
const BPA = word('BPA');
const EC = word('EC');

/** True when the bytes from `from` on spell the word; the caller checked the length. */
function isWord(bytes: Uint8Array, from: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text[i]) return false;
  return true;
}

function actionCode(bytes: Uint8Array, from: number, to: number): number {
  if (to - from !== 6) return Action.null;
  return isWord(bytes, from, ACCEPT) ? Action.accept : isWord(bytes, from, REJECT) ? Action.reject : Action.null;
}

/** Index into LOG_STATUS; 0 = none of its words. */
function statusCode(bytes: Uint8Array, from: number, to: number): number {
  if (to - from === 2) return isWord(bytes, from, OK) ? OK_CODE : 0;
  if (to - from === 6) return isWord(bytes, from, NODATA) ? NODATA_CODE : 0;
  return to - from === 8 && isWord(bytes, from, SKIPDATA) ? SKIPDATA_CODE : 0;
}

function directionCode(bytes: Uint8Array, from: number, to: number): number {
  if (to - from === 7 && isWord(bytes, from, INGRESS)) return Direction.ingress;
  return to - from === 6 && isWord(bytes, from, EGRESS) ? Direction.egress : Direction.unknown;
}

function rejectReasonCode(bytes: Uint8Array, from: number, to: number): number {
  if (to - from === 3 && isWord(bytes, from, BPA)) return RejectReason.bpa;
  return to - from === 2 && isWord(bytes, from, EC) ? RejectReason.ec : RejectReason.other;
}
