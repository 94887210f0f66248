import { type FlowBatch, Present, RejectReason, V6_WORDS } from '../model/flow.ts';
import { Action, Direction } from '../model/verdict.ts';
import { NOT_IPV4, parseIpv4, parseIpv6 } from './address-text.ts';
import { type Format, Op } from './format.ts';
import type { InterfaceDictionary } from './interface-dictionary.ts';
import { parseDigits, parseU64 } from './number-text.ts';
import type { LineTokens } from './line-tokens.ts';

/** What became of a line's fields: a row, a line without traffic, or the reason why it is malformed (index + FAULT). */
export const Line = { row: 0, nodata: 1, skipdata: 2, fault: 16 } as const;

/** Indices into MALFORMED. */
const Fault = { number: 1, address: 2, port: 3, protocol: 4, action: 5, status: 6, direction: 7 } as const;

const DASH = 45;
const NINE = 57;
const TWO_32 = 4_294_967_296;

/** Writes the tokens of one line into row `row` of the batch. Returns a code of Line. */
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
  let status = Line.row as number;
  batch.rejectReason[row] = RejectReason.null;
  for (let f = 0; f < plan.length; f++) {
    const op = plan[f]!;
    if (op === Op.text) continue;
    const from = starts[first + f]!;
    const to = ends[first + f]!;
    if (bytes[from]! > NINE || bytes[from] === DASH || from === to) {
      if (isNull(bytes, from, to)) continue;
    }
    let bit = 0;
    switch (op) {
      case Op.interfaceId:
        batch.interfaceId[row] = interfaces.codeOf(bytes, from, to);
        bit = Present.interfaceId;
        break;
      case Op.srcAddr:
        bit = decodeAddress(bytes, from, to, batch.srcAddr, batch.v6, row, V6_WORDS.srcAddr, Present.srcAddr, Present.srcAddrV6);
        break;
      case Op.dstAddr:
        bit = decodeAddress(bytes, from, to, batch.dstAddr, batch.v6, row, V6_WORDS.dstAddr, Present.dstAddr, Present.dstAddrV6);
        break;
      case Op.srcPort:
      case Op.dstPort: {
        const port = parseDigits(bytes, from, to);
        if (port < 0 || port > 65_535) return Line.fault + Fault.port;
        if (op === Op.srcPort) batch.srcPort[row] = port;
        else batch.dstPort[row] = port;
        bit = op === Op.srcPort ? Present.srcPort : Present.dstPort;
        break;
      }
      case Op.packets:
        if (!parseU64(bytes, from, to, batch.packets, row * 2)) return Line.fault + Fault.number;
        bit = Present.packets;
        break;
      case Op.bytes:
        if (!parseU64(bytes, from, to, batch.bytes, row * 2)) return Line.fault + Fault.number;
        bit = Present.bytes;
        break;
      case Op.start:
      case Op.end: {
        let seconds = parseDigits(bytes, from, to);
        if (seconds < 0) return Line.fault + Fault.number;
        if (seconds >= TWO_32) seconds = Math.floor(seconds / 1000);
        if (seconds >= TWO_32) return Line.fault + Fault.number;
        if (op === Op.start) batch.start[row] = seconds;
        else batch.end[row] = seconds;
        bit = op === Op.start ? Present.start : Present.end;
        break;
      }
      case Op.logStatus: {
        const code = statusCode(bytes, from, to);
        if (code < 0) return Line.fault + Fault.status;
        batch.logStatus[row] = code;
        if (code > 1) status = code === 2 ? Line.nodata : Line.skipdata;
        bit = Present.logStatus;
        break;
      }
      default:
        bit = decodeSmall(bytes, from, to, op, batch, row);
    }
    if (bit < 0) return Line.fault - bit;
    present |= bit;
  }
  batch.present[row] = present;
  return status;
}

/** Fields of one byte and closed words. Returns the present bit, or minus the index of the fault. */
function decodeSmall(bytes: Uint8Array, from: number, to: number, op: number, batch: FlowBatch, row: number): number {
  switch (op) {
    case Op.protocol: {
      const value = parseDigits(bytes, from, to);
      if (value < 0 || value > 255) return -Fault.protocol;
      batch.protocol[row] = value;
      return Present.protocol;
    }
    case Op.action: {
      const code = actionCode(bytes, from, to);
      if (code === Action.null) return -Fault.action;
      batch.action[row] = code;
      return Present.action;
    }
    case Op.flowDirection: {
      const code = directionCode(bytes, from, to);
      if (code === Direction.unknown) return -Fault.direction;
      batch.flowDirection[row] = code;
      return Present.flowDirection;
    }
    case Op.version:
    case Op.tcpFlags:
    case Op.carriedU8: {
      const value = parseDigits(bytes, from, to);
      if (value < 0 || value > 255) return -Fault.number;
      if (op === Op.version) batch.version[row] = value;
      else if (op === Op.tcpFlags) batch.tcpFlags[row] = value;
      return op === Op.version ? Present.version : op === Op.tcpFlags ? Present.tcpFlags : 0;
    }
    case Op.carriedU64:
      return parseU64(bytes, from, to, discarded, 0) ? 0 : -Fault.number;
    case Op.pktSrcAddr:
      return decodeAddress(bytes, from, to, batch.pktSrcAddr, batch.v6, row, V6_WORDS.pktSrcAddr, Present.pktSrcAddr, Present.pktSrcAddrV6);
    case Op.pktDstAddr:
      return decodeAddress(bytes, from, to, batch.pktDstAddr, batch.v6, row, V6_WORDS.pktDstAddr, Present.pktDstAddr, Present.pktDstAddrV6);
    case Op.pktSrcAwsService:
      return Present.pktSrcAwsService;
    case Op.pktDstAwsService:
      return Present.pktDstAwsService;
    default:
      batch.rejectReason[row] = rejectReasonCode(bytes, from, to);
      return 0;
  }
}

/** Where a checked but carried number goes. */
const discarded = new Uint32Array(2);

function decodeAddress(
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
  const address = parseIpv4(bytes, from, to);
  if (address !== NOT_IPV4) {
    column[row] = address;
    return bit;
  }
  return parseIpv6(bytes, from, to, v6, row * V6_WORDS.perRow + word) ? bit | v6Bit : -Fault.address;
}

/** `-`, the empty text and pandas' `None` are null. */
export function isNull(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from === 1) return bytes[from] === DASH;
  return to === from || (to - from === 4 && bytes[from] === 78 && isWord(bytes, from, NONE));
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

/** Index into LOG_STATUS, −1 = none of its words. */
function statusCode(bytes: Uint8Array, from: number, to: number): number {
  if (to - from === 2) return isWord(bytes, from, OK) ? 1 : -1;
  if (to - from === 6) return isWord(bytes, from, NODATA) ? 2 : -1;
  return to - from === 8 && isWord(bytes, from, SKIPDATA) ? 3 : -1;
}

function directionCode(bytes: Uint8Array, from: number, to: number): number {
  if (to - from === 7 && isWord(bytes, from, INGRESS)) return Direction.ingress;
  return to - from === 6 && isWord(bytes, from, EGRESS) ? Direction.egress : Direction.unknown;
}

function rejectReasonCode(bytes: Uint8Array, from: number, to: number): number {
  if (to - from === 3 && isWord(bytes, from, BPA)) return RejectReason.bpa;
  return to - from === 2 && isWord(bytes, from, EC) ? RejectReason.ec : RejectReason.other;
}
