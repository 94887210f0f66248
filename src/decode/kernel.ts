import { strict as assert } from 'node:assert';
import {
  type CarriedColumn,
  createFlowBatch,
  type FlowBatch,
  flowBatchBytes,
  Present,
  V6_WORDS,
} from '../model/flow.ts';
import { type KernelFunction, kernelFunctions } from '../model/kernel.ts';
import { KernelHeap } from '../model/kernel-heap.ts';
import { LINE_BYTES_MAX } from '../model/ledger.ts';
import { copyShared } from '../model/shared-copy.ts';
import { parseIpv6 } from './address-text.ts';
import { ColumnCopies } from './column-copies.ts';
import { type Format, isCarried, Op } from './format.ts';
import { InterfaceDictionary } from './interface-dictionary.ts';
import { INTERFACE_BYTES_KEPT, INTERFACES_KEPT, InterfaceSlots } from './interface-slots.ts';
import * as layout from './kernel-layout.ts';

/** Rows of a batch: the columns stay in the second-level cache; larger batches were slower. */
export const BATCH_ROWS = 4096;

/** Text decoded at once: with its columns it stays in the second-level cache. */
const WINDOW_BYTES = 128 * 1024;
/** The kernel loads whole vectors: this much may be read in front of the text and behind it. */
const PADDING_BYTES = 64;
/** Carried fields that the kernel notes; a format with more goes the general way when rows are wanted. */
const CARRIED_MAX = 64;
const LATER_MAX = 16_384;
const LATER_WORDS = 4;
/** Patterns of IPv4 addresses, see src/kernel/address.ts. */
const PATTERNS_BYTES = 16_384;
const PARAMETER_BYTES = 128;
const FIELDS_MAX = 250;
const NEWLINE = 10;

/** What became of one piece of text. */
export interface Decoded {
  /** Offset reached: everything in front of it was taken. */
  at: number;
  lines: number;
  nodata: number;
  skipdata: number;
}

/** A column that fields of a format fill. */
export type ColumnName = keyof typeof Op & keyof FlowBatch;

/** Field kind, present bit and column by op; an op that is not named is text. */
const FIELD_OF_OP: Readonly<Record<number, readonly [kind: number, bit: number, column: ColumnName | null]>> = {
  [Op.version]: [layout.KIND_U8, Present.version, 'version'],
  [Op.interfaceId]: [layout.KIND_INTERFACE, Present.interfaceId, 'interfaceId'],
  [Op.vpcId]: [layout.KIND_INTERFACE, Present.vpcId, 'vpcId'],
  [Op.srcAddr]: [layout.KIND_ADDRESS, Present.srcAddr, 'srcAddr'],
  [Op.dstAddr]: [layout.KIND_ADDRESS, Present.dstAddr, 'dstAddr'],
  [Op.pktSrcAddr]: [layout.KIND_ADDRESS, Present.pktSrcAddr, 'pktSrcAddr'],
  [Op.pktDstAddr]: [layout.KIND_ADDRESS, Present.pktDstAddr, 'pktDstAddr'],
  [Op.srcPort]: [layout.KIND_U16, Present.srcPort, 'srcPort'],
  [Op.dstPort]: [layout.KIND_U16, Present.dstPort, 'dstPort'],
  [Op.protocol]: [layout.KIND_U8, Present.protocol, 'protocol'],
  [Op.packets]: [layout.KIND_U64, Present.packets, 'packets'],
  [Op.bytes]: [layout.KIND_U64, Present.bytes, 'bytes'],
  [Op.start]: [layout.KIND_SECONDS, Present.start, 'start'],
  [Op.end]: [layout.KIND_SECONDS, Present.end, 'end'],
  [Op.action]: [layout.KIND_ACTION, Present.action, 'action'],
  [Op.logStatus]: [layout.KIND_STATUS, Present.logStatus, 'logStatus'],
  [Op.tcpFlags]: [layout.KIND_U8, Present.tcpFlags, 'tcpFlags'],
  [Op.flowDirection]: [layout.KIND_DIRECTION, Present.flowDirection, 'flowDirection'],
  [Op.pktSrcAwsService]: [layout.KIND_SERVICE, Present.pktSrcAwsService, null],
  [Op.pktDstAwsService]: [layout.KIND_SERVICE, Present.pktDstAwsService, null],
  [Op.rejectReason]: [layout.KIND_REJECT_REASON, 0, 'rejectReason'],
  [Op.carriedU8]: [layout.KIND_CHECKED_U8, 0, null],
  [Op.carriedU64]: [layout.KIND_CHECKED_U64, 0, null],
};

/** The columns that a format fills besides `present`. */
export function columnsOf({ plan }: Format): readonly ColumnName[] {
  return Array.from(plan).flatMap((op) => FIELD_OF_OP[op]?.[2] ?? []);
}

/** Ops whose values may be any text: an ISO time in front of the line would be taken for one. */
const ANY_TEXT: readonly number[] = [
  Op.text,
  Op.interfaceId,
  Op.vpcId,
  Op.pktSrcAwsService,
  Op.pktDstAwsService,
  Op.rejectReason,
];

/** Words of V6_WORDS by op, and the present bit of the family. */
const V6: Readonly<Record<number, readonly [word: number, bit: number]>> = {
  [Op.srcAddr]: [V6_WORDS.srcAddr, Present.srcAddrV6],
  [Op.dstAddr]: [V6_WORDS.dstAddr, Present.dstAddrV6],
  [Op.pktSrcAddr]: [V6_WORDS.pktSrcAddr, Present.pktSrcAddrV6],
  [Op.pktDstAddr]: [V6_WORDS.pktDstAddr, Present.pktDstAddrV6],
};

/**
 * The columnar kernel (src/kernel) with its memory: text window, delimiters, tables, and the columns of the batch,
 * which are views of it. One decoder uses it at a time; a worker keeps it from task to task.
 */
export class DecodeKernel {
  readonly batch: FlowBatch;
  readonly copies: ColumnCopies;
  private readonly decodeText: KernelFunction;
  private readonly remember: KernelFunction;
  private readonly parameters: Uint32Array;
  private readonly fields: Uint32Array;
  /** The text window. */
  private readonly text: Buffer;
  private readonly later: Uint32Array;
  private readonly known: InterfaceSlots;
  private dictionary = new InterfaceDictionary();
  private readonly slots: readonly { readonly offset: Uint32Array; readonly length: Uint32Array }[];
  /** Bytes of a line, from those seen last: the next window is cut to the rows that are wanted. */
  private lineBytes = 128;

  constructor(capacity: number = BATCH_ROWS, heap: KernelHeap = new KernelHeap()) {
    assert(capacity > 0 && capacity <= BATCH_ROWS);
    const functionOf = kernelFunctions('decode', heap.memory);
    this.decodeText = functionOf('decode');
    this.remember = functionOf('remember');
    this.copies = new ColumnCopies(heap, functionOf);
    const words = (bytes: number): Uint32Array => {
      const { at, buffer } = heap.take(bytes);
      return new Uint32Array(buffer, at, bytes / 4);
    };
    this.parameters = words(PARAMETER_BYTES);
    this.fields = words(FIELDS_MAX * layout.FIELD_BYTES);
    const window = heap.take(WINDOW_BYTES + 2 * PADDING_BYTES);
    this.text = Buffer.from(window.buffer, window.at + PADDING_BYTES, WINDOW_BYTES);
    const delimiters = heap.take((WINDOW_BYTES + 2 * PADDING_BYTES) * 4).at + PADDING_BYTES;
    const patterns = heap.take(PATTERNS_BYTES).at;
    this.later = words(LATER_MAX * LATER_WORDS * 4);
    this.known = new InterfaceSlots(heap);
    const columns = heap.take(flowBatchBytes(capacity));
    this.batch = createFlowBatch(capacity, columns.buffer, columns.at);
    const carried = (): Uint32Array => words(capacity * 4);
    this.slots = Array.from({ length: CARRIED_MAX }, () => ({ offset: carried(), length: carried() }));
    this.set(layout.TEXT, this.text.byteOffset);
    this.set(layout.DELIMITERS, delimiters);
    this.set(layout.FIELD_TABLE, this.fields.byteOffset);
    this.set(layout.PRESENT, this.batch.present.byteOffset);
    this.set(layout.REJECT_REASON, this.batch.rejectReason.byteOffset);
    this.set(layout.LINE_BYTES_MAX, LINE_BYTES_MAX);
    this.set(layout.LATER, this.later.byteOffset);
    this.set(layout.LATER_MAX, LATER_MAX);
    this.placeInterfaces();
    this.set(layout.PATTERNS, patterns);
    this.set(layout.MASKS, placeMasks(heap));
    functionOf('prepare')(this.parameters.byteOffset);
  }

  /**
   * Starts a new input. Interfaces keep their codes from one to the next, so that thousands of them are not learned
   * again for every task; another dictionary begins when the one at hand holds more than INTERFACES_KEPT, or
   * INTERFACE_BYTES_KEPT of them.
   */
  begin(): InterfaceDictionary {
    this.batch.rows = 0;
    if (this.dictionary.size > INTERFACES_KEPT || this.dictionary.bytes > INTERFACE_BYTES_KEPT) {
      this.dictionary = new InterfaceDictionary();
      this.known.clear();
    }
    this.dictionary.beginInput();
    return this.dictionary;
  }

  /** False when the format's carried fields are too many: its lines go the general way. */
  useFormat(format: Format, carry: boolean): boolean {
    const { plan } = format;
    if (carry && format.carried.length > CARRIED_MAX) return false;
    const row = layout.FIELD_BYTES / 4;
    let present = 0;
    let carried = 0;
    this.fields.fill(0);
    plan.forEach((op, f) => {
      const [kind, bit, name] = FIELD_OF_OP[op] ?? [layout.KIND_TEXT, 0, null];
      present |= bit;
      const slot = carry && isCarried(op) ? this.slots[carried++] : undefined;
      const column = name === null ? 0 : this.batch[name].byteOffset;
      this.fields.set([kind, column, bit, slot?.offset.byteOffset ?? 0, slot?.length.byteOffset ?? 0, op], f * row);
    });
    this.set(layout.FIELD_COUNT, plan.length);
    this.set(layout.STATUS_FIELD, plan.indexOf(Op.logStatus));
    this.set(layout.FIRST_IS_TEXT, ANY_TEXT.includes(plan[0] ?? Op.text) ? 1 : 0);
    this.set(layout.PRESENT_ALL, present);
    if (carry) this.batch.carried = format.carried.map((f, c) => carriedColumn(format.names[f] ?? '', this.slots[c]));
    return true;
  }

  /**
   * Decodes lines of bytes[from, to) until the batch is full or a line is refused. bytes[to − 1] is a newline. Rows are
   * counted in the batch, everything else in `result`.
   */
  decode(bytes: Uint8Array, from: number, to: number, result: Decoded): void {
    const { batch } = this;
    // ids learned so far are met again in the table that they fit
    if (this.known.grow(this.dictionary.size)) this.placeInterfaces();
    result.at = from;
    result.lines = 0;
    result.nodata = 0;
    result.skipdata = 0;
    while (result.at < to && batch.rows < batch.capacity) {
      const most = batch.capacity - batch.rows;
      const wanted = Math.min(WINDOW_BYTES, Math.ceil(most * this.lineBytes * 1.05) + LINE_BYTES_MAX / 64);
      let end = Math.min(result.at + wanted, to);
      if (end < to) end = bytes.lastIndexOf(NEWLINE, end - 1) + 1;
      if (end <= result.at) return;
      this.copy(bytes, result.at, end);
      const rows = this.decodeWindow(end - result.at, most);
      const taken = this.get(layout.TAKEN);
      const dropped = this.get(layout.NODATA) + this.get(layout.SKIPDATA);
      batch.rows += rows;
      result.nodata += this.get(layout.NODATA);
      result.skipdata += this.get(layout.SKIPDATA);
      result.lines += rows + dropped;
      result.at += taken;
      if (taken === 0) return;
      this.lineBytes = taken / (rows + dropped);
      if (result.at < end && rows + dropped < most) return;
    }
  }

  private copy(bytes: Uint8Array, from: number, to: number): void {
    copyShared(bytes.subarray(from, to), this.text, 0);
    this.set(layout.TEXT_BASE, from);
  }

  /** Rows of the window; addresses that prove to be none end it in front of their line. */
  private decodeWindow(length: number, most: number): number {
    const { batch, text } = this;
    const rows = this.decodeText(this.parameters.byteOffset, length, batch.rows, most);
    const wrong = this.finishRows(batch.rows + rows);
    if (wrong < 0) return rows;
    let lines = 0;
    for (let p = 0; p < wrong; p++) if (text[p] === NEWLINE) lines++;
    return this.decodeWindow(length, lines);
  }

  /** Looks up what the kernel left; the text offset of the first value that is not valid, or −1. */
  private finishRows(end: number): number {
    const { batch, dictionary, later, text } = this;
    const count = this.get(layout.LATER_COUNT) * LATER_WORDS;
    let wrong = -1;
    for (let i = 0; i < count; i += LATER_WORDS) {
      const row = later[i]!;
      const op = later[i + 1]!;
      const from = later[i + 2]!;
      const to = later[i + 3]!;
      if (row >= end) continue;
      if (op === Op.interfaceId || op === Op.vpcId) {
        const code = dictionary.codeOf(text, from, to);
        (op === Op.vpcId ? batch.vpcId : batch.interfaceId)[row] = code;
        this.remember(this.parameters.byteOffset, text.byteOffset + from, to - from, code);
        continue;
      }
      const [word, bit] = V6[op]!;
      if (parseIpv6(text, from, to, batch.v6, row * V6_WORDS.perRow + word)) batch.present[row]! |= bit;
      else if (wrong < 0 || from < wrong) wrong = from;
    }
    return wrong;
  }

  private placeInterfaces(): void {
    this.set(layout.INTERFACES, this.known.at);
    this.set(layout.INTERFACE_MASK, this.known.mask);
  }

  private get(at: number): number {
    return this.parameters[at / 4]!;
  }

  private set(at: number, value: number): void {
    this.parameters[at / 4] = value;
  }
}

function placeMasks(heap: KernelHeap): number {
  const { at, buffer } = heap.take(layout.MASKS_BYTES);
  new Uint8Array(buffer, at, layout.MASKS_BYTES).fill(0xff, layout.TAILS_AT, layout.HEADS_AT);
  return at;
}

function carriedColumn(name: string, slot: Omit<CarriedColumn, 'name'> | undefined): CarriedColumn {
  assert(slot !== undefined);
  return { name, ...slot };
}
