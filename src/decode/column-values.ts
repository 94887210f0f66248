import type { ColumnValues } from '../model/column-batch.ts';
import { createFlowBatch, Present, V6_WORDS } from '../model/flow.ts';
import type { ColumnCopies } from './column-copies.ts';
import { Op } from './format.ts';
import type { InterfaceDictionary } from './interface-dictionary.ts';
import { decodeValue, isNull, storeNumber } from './row.ts';

/** Digits of an account id: a number has lost its leading zeros. */
const ACCOUNT_DIGITS = 12;

const TWO_32 = 0x1_0000_0000n;

/** The distinct values of a dictionary, decoded for one field. */
export interface DecodedValues {
  /** Present bits, or minus the fault of row.ts; 0 = null, or nothing to store. */
  readonly bits: Int32Array;
  /** The bits of every value, where they are the same for all and none is faulty or IPv6; else −1. */
  readonly common: number;
  /** The kernel can read `low` and `high`. */
  readonly placed: boolean;
  readonly low: Uint32Array;
  /** Second half of u64 fields. */
  readonly high: Uint32Array;
  /** Four words a value, for addresses. */
  readonly v6: Uint32Array;
}

export function countOf(values: ColumnValues): number {
  return values.kind === 'text' ? values.starts.length : values.halves.length / 2;
}

/** Text of value `i` as a log line would have it; account ids with all their digits. */
export function digitsOf(halves: Uint32Array, i: number, isAccount: boolean): Uint8Array {
  const low = halves[2 * i]!;
  const high = halves[2 * i + 1]!;
  const text = high === 0 ? String(low) : String(BigInt(high) * TWO_32 + BigInt(low));
  return Buffer.from(isAccount ? text.padStart(ACCOUNT_DIGITS, '0') : text);
}

/** Numbers are stored as they are in the fields that hold numbers. */
export function isNumeric(op: number): boolean {
  return (op >= Op.srcPort && op <= Op.end) || op === Op.version || op === Op.tcpFlags || op >= Op.carriedU8;
}

/** Where one value is decoded before it is copied. */
const single = createFlowBatch(1);

/** Decodes every value of a dictionary once; the rows then only copy. */
export function decodeValues(
  values: ColumnValues,
  op: number,
  interfaces: InterfaceDictionary,
  copies: ColumnCopies,
  position: number,
): DecodedValues {
  const count = countOf(values);
  const isAddress = op >= Op.srcAddr && op <= Op.pktDstAddr;
  const isWide = op === Op.packets || op === Op.bytes;
  const tables = copies.room(position, count, isWide ? 2 : 1);
  const decoded = {
    placed: copies.holds(tables),
    common: 0,
    bits: new Int32Array(count),
    low: tables.subarray(0, count),
    high: tables.subarray(count),
    v6: new Uint32Array(isAddress ? 4 * count : 0),
  };
  const column = op === Op.text ? undefined : columnOf(op);
  for (let i = 0; i < count; i++) {
    const bits = decodeOne(values, i, op, interfaces);
    decoded.bits[i] = bits;
    if (bits <= 0 && op !== Op.rejectReason) {
      // the room was used before
      decoded.low[i] = 0;
      continue;
    }
    decoded.low[i] = column === undefined ? 0 : column[0]!;
    if (isWide) decoded.high[i] = column?.[1] ?? 0;
    if (isAddress) for (let w = 0; w < 4; w++) decoded.v6[4 * i + w] = single.v6[wordOf(op) + w]!;
  }
  const [first = 0] = decoded.bits;
  decoded.common = first >= 0 && (first & V6_BITS) === 0 && decoded.bits.every((bits) => bits === first) ? first : -1;
  return decoded;
}

function decodeOne(values: ColumnValues, i: number, op: number, interfaces: InterfaceDictionary): number {
  if (op === Op.text) return 0;
  if (values.kind === 'number') {
    const { halves } = values;
    if (isNumeric(op)) return storeNumber(halves[2 * i]!, halves[2 * i + 1]!, op, single, 0);
    const digits = digitsOf(halves, i, false);
    return decodeValue(digits, 0, digits.length, op, single, interfaces, 0);
  }
  const from = values.starts[i]!;
  const to = values.ends[i]!;
  single.rejectReason[0] = 0;
  if (isNull(values.bytes, from, to)) return 0;
  return decodeValue(values.bytes, from, to, op, single, interfaces, 0);
}

/** The column that a field's value stands in. */
function columnOf(op: number): Uint8Array | Uint16Array | Uint32Array | Int32Array | undefined {
  return targetOf(op, single);
}

/** The column of a batch that a field fills; undefined for fields that are only checked or carried. */
export function targetOf(
  op: number,
  batch: ReturnType<typeof createFlowBatch>,
): Uint8Array | Uint16Array | Uint32Array | Int32Array | undefined {
  switch (op) {
    case Op.version:
      return batch.version;
    case Op.interfaceId:
      return batch.interfaceId;
    case Op.vpcId:
      return batch.vpcId;
    case Op.srcAddr:
      return batch.srcAddr;
    case Op.dstAddr:
      return batch.dstAddr;
    case Op.pktSrcAddr:
      return batch.pktSrcAddr;
    case Op.pktDstAddr:
      return batch.pktDstAddr;
    case Op.srcPort:
      return batch.srcPort;
    case Op.dstPort:
      return batch.dstPort;
    case Op.protocol:
      return batch.protocol;
    case Op.packets:
      return batch.packets;
    case Op.bytes:
      return batch.bytes;
    case Op.start:
      return batch.start;
    case Op.end:
      return batch.end;
    case Op.action:
      return batch.action;
    case Op.logStatus:
      return batch.logStatus;
    case Op.tcpFlags:
      return batch.tcpFlags;
    case Op.flowDirection:
      return batch.flowDirection;
    case Op.rejectReason:
      return batch.rejectReason;
    default:
      return undefined;
  }
}

/** Word of an address inside a row of `v6`. */
export function wordOf(op: number): number {
  if (op === Op.srcAddr) return V6_WORDS.srcAddr;
  if (op === Op.dstAddr) return V6_WORDS.dstAddr;
  return op === Op.pktSrcAddr ? V6_WORDS.pktSrcAddr : V6_WORDS.pktDstAddr;
}

/** The bits that say that an address is IPv6. */
export const V6_BITS: number = Present.srcAddrV6 | Present.dstAddrV6 | Present.pktSrcAddrV6 | Present.pktDstAddrV6;
