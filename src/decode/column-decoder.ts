import type { ColumnBatch, ColumnRun, ColumnValues } from '../model/column-batch.ts';
import type { FlowBatch } from '../model/flow.ts';
import { RejectReason, V6_WORDS } from '../model/flow.ts';
import {
  countOf,
  type DecodedValues,
  decodeValues,
  digitsOf,
  isNumeric,
  targetOf,
  V6_BITS,
  wordOf,
} from './column-values.ts';
import { type Format, Op } from './format.ts';
import type { InterfaceDictionary } from './interface-dictionary.ts';
import { decodeValue, isNull, Line, statusLine, storeNumber } from './row.ts';

/** Bytes of carried values at which a batch is cut: values have no bound of their own here. */
const CARRIED_BYTES = 8 * 1024 * 1024;

/**
 * Writes rows that come as columns into a FlowBatch, a column at a time. A dictionary's values are decoded once, its
 * rows only copy. Answers are those of row.ts, whose functions decode every value.
 */
export class ColumnDecoder {
  /** What became of each row of the last fill: a code of Line. */
  readonly outcome: Uint8Array;
  private readonly batch: FlowBatch;
  private readonly interfaces: InterfaceDictionary;
  /** By position: the dictionary last decoded, and for which field. */
  private readonly known: { values: ColumnValues; op: number; decoded: DecodedValues }[] = [];
  private text = new Uint8Array(0);
  private textLength = 0;

  constructor(batch: FlowBatch, interfaces: InterfaceDictionary) {
    this.batch = batch;
    this.interfaces = interfaces;
    this.outcome = new Uint8Array(batch.capacity);
  }

  /**
   * Decodes up to `count` rows from row `from` on into the batch, behind its rows; returns how many. With `carry` the
   * batch must be empty: its text is made anew.
   */
  fill(columns: ColumnBatch, from: number, count: number, format: Format, carry: boolean): number {
    const { batch, outcome } = this;
    const base = batch.rows;
    const rows = carry ? this.carryFields(columns, from, count, format) : count;
    batch.present.fill(0, base, base + rows);
    batch.rejectReason.fill(RejectReason.null, base, base + rows);
    batch.logStatus.fill(0, base, base + rows);
    outcome.fill(Line.row, 0, rows);
    for (let c = 0; c < format.plan.length; c++) {
      const op = format.plan[c]!;
      const run = columns.columns[c]!;
      if (op === Op.text) continue;
      if (run.shared) this.copy(this.decodedOf(c, run.values, op), run.codes, from, rows, op, base);
      else this.decode(run, from, rows, op, base);
    }
    for (let i = 0; i < rows; i++) {
      const status = statusLine(batch.logStatus[base + i]!);
      if (outcome[i] === Line.row || status !== Line.row) outcome[i] = status;
    }
    return rows;
  }

  /** Text of a row as a line would have it, for who looks into malformed ones. */
  rowText(columns: ColumnBatch, row: number, format: Format): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let c = 0; c < columns.columns.length; c++) {
      if (c > 0) parts.push(BLANK);
      parts.push(valueText(columns.columns[c]!, row, format.names[c] === 'account-id'));
    }
    return Buffer.concat(parts);
  }

  private decodedOf(position: number, values: ColumnValues, op: number): DecodedValues {
    const known = this.known[position];
    if (known?.values === values && known.op === op) return known.decoded;
    const decoded = decodeValues(values, op, this.interfaces);
    this.known[position] = { values, op, decoded };
    return decoded;
  }

  /** Rows of a dictionary. */
  private copy(values: DecodedValues, codes: Int32Array, from: number, rows: number, op: number, base: number): void {
    const { batch, outcome } = this;
    const { bits, low, high, v6 } = values;
    const target = targetOf(op, batch);
    const isWide = high.length > 0;
    const word = v6.length > 0 ? wordOf(op) : 0;
    for (let i = 0; i < rows; i++) {
      const code = codes[from + i]!;
      if (code < 0) continue;
      const bit = bits[code]!;
      const row = base + i;
      if (bit < 0) {
        if (outcome[i] === Line.row) outcome[i] = Line.fault - bit;
        continue;
      }
      batch.present[row]! |= bit;
      if (target === undefined) continue;
      if (isWide) {
        target[2 * row] = low[code]!;
        target[2 * row + 1] = high[code]!;
      } else if ((bit & V6_BITS) !== 0) {
        for (let w = 0; w < 4; w++) batch.v6[row * V6_WORDS.perRow + word + w] = v6[4 * code + w]!;
      } else {
        target[row] = low[code]!;
      }
    }
  }

  /** Rows whose values stand one behind the other. */
  private decode(run: ColumnRun, from: number, rows: number, op: number, base: number): void {
    const { batch, outcome, interfaces } = this;
    const { codes, values } = run;
    const numeric = isNumeric(op);
    for (let i = 0; i < rows; i++) {
      const code = codes[from + i]!;
      if (code < 0) continue;
      let bit = 0;
      if (values.kind === 'text') {
        const start = values.starts[code]!;
        const end = values.ends[code]!;
        if (!isNull(values.bytes, start, end)) {
          bit = decodeValue(values.bytes, start, end, op, batch, interfaces, base + i);
        }
      } else if (numeric) {
        bit = storeNumber(values.halves[2 * code]!, values.halves[2 * code + 1]!, op, batch, base + i);
      } else {
        const digits = digitsOf(values.halves, code, false);
        bit = decodeValue(digits, 0, digits.length, op, batch, interfaces, base + i);
      }
      if (bit >= 0) batch.present[base + i]! |= bit;
      else if (outcome[i] === Line.row) outcome[i] = Line.fault - bit;
    }
  }

  /** Puts the bytes of carried fields into a text of the batch's own; returns the rows that fit. */
  private carryFields(columns: ColumnBatch, from: number, count: number, format: Format): number {
    const { batch } = this;
    this.text = new Uint8Array(64 * 1024);
    this.textLength = 0;
    const rows = this.rowsThatFit(columns, from, count, format);
    for (let f = 0; f < format.carried.length; f++) {
      const position = format.carried[f]!;
      const run = columns.columns[position]!;
      const column = batch.carried[f]!;
      const isAccount = format.names[position] === 'account-id';
      let lastCode = -1;
      let [offset, length] = [0, 0];
      for (let i = 0; i < rows; i++) {
        const code = run.codes[from + i]!;
        if (code >= 0 && code !== lastCode) {
          const value = valueBytes(run.values, code, isAccount);
          offset = this.append(value);
          length = isNull(value, 0, value.length) ? 0 : value.length;
          lastCode = code;
        }
        column.offset[i] = offset;
        column.length[i] = code < 0 ? 0 : length;
      }
    }
    batch.text = this.text;
    return rows;
  }

  private rowsThatFit(columns: ColumnBatch, from: number, count: number, format: Format): number {
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      for (const position of format.carried) {
        const { codes, values } = columns.columns[position]!;
        const code = codes[from + i]!;
        if (code >= 0 && values.kind === 'text') bytes += values.ends[code]! - values.starts[code]!;
      }
      if (bytes > CARRIED_BYTES) return i + 1;
    }
    return count;
  }

  private append(value: Uint8Array): number {
    const offset = this.textLength;
    if (offset + value.length > this.text.length) {
      const larger = new Uint8Array(2 * (offset + value.length));
      larger.set(this.text);
      this.text = larger;
    }
    this.text.set(value, offset);
    this.textLength += value.length;
    return offset;
  }
}

const BLANK = Uint8Array.of(32);
const DASH = Uint8Array.of(45);

function valueBytes(values: ColumnValues, code: number, isAccount: boolean): Uint8Array {
  if (values.kind === 'number') return digitsOf(values.halves, code, isAccount);
  return values.bytes.subarray(values.starts[code]!, values.ends[code]!);
}

function valueText(run: ColumnRun, row: number, isAccount: boolean): Uint8Array {
  const code = run.codes[row]!;
  return code < 0 || code >= countOf(run.values) ? DASH : valueBytes(run.values, code, isAccount);
}

/** Moves rows [from, end) of the batch to an earlier place, over rows that are no records. */
export function moveRows(batch: FlowBatch, from: number, end: number, to: number): void {
  if (from === to) return;
  const { v6, packets, bytes, carried } = batch;
  const ones = [
    ...[batch.present, batch.interfaceId, batch.srcAddr, batch.dstAddr, batch.pktSrcAddr, batch.pktDstAddr],
    ...[batch.srcPort, batch.dstPort, batch.protocol, batch.start, batch.end, batch.action, batch.logStatus],
    ...[batch.tcpFlags, batch.flowDirection, batch.rejectReason, batch.version],
    ...carried.flatMap(({ offset, length }) => [offset, length]),
  ];
  for (const column of ones) shift(column, from, end, to);
  for (const column of [packets, bytes]) shift(column, 2 * from, 2 * end, 2 * to);
  let bits = 0;
  for (let row = to; row < to + end - from; row++) bits |= batch.present[row]!;
  if ((bits & V6_BITS) === 0) return;
  shift(v6, from * V6_WORDS.perRow, end * V6_WORDS.perRow, to * V6_WORDS.perRow);
}

/** As copyWithin, which goes byte by byte over shared memory whose ends are not equally aligned. */
function shift(
  column: Uint8Array | Uint16Array | Uint32Array | Int32Array,
  from: number,
  end: number,
  to: number,
): void {
  const by = from - to;
  for (let at = from; at < end; at++) column[at - by] = column[at]!;
}
