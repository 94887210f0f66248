import type { ColumnBatch, ColumnRun, ColumnValues } from '../model/column-batch.ts';
import type { FlowBatch } from '../model/flow.ts';
import { RejectReason, V6_WORDS } from '../model/flow.ts';
import type { ColumnCopies } from './column-copies.ts';
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

/** Rows that follow each other and are records. */
interface Run {
  /** In the columns. */
  readonly first: number;
  readonly rows: number;
  /** In `outcome`. */
  readonly at: number;
  /** In the batch. */
  readonly row: number;
}

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
  private readonly copies: ColumnCopies;
  /** By position: the dictionary last decoded, and for which field. */
  private readonly known: { values: ColumnValues; op: number; decoded: DecodedValues }[] = [];
  private text = new Uint8Array(0);
  private textLength = 0;

  constructor(batch: FlowBatch, interfaces: InterfaceDictionary, copies: ColumnCopies) {
    this.batch = batch;
    this.copies = copies;
    this.interfaces = interfaces;
    this.outcome = new Uint8Array(batch.capacity);
  }

  /**
   * Decodes up to `count` rows from row `from` on into the batch, behind its rows, and returns how many; NODATA and
   * SKIPDATA rows are left out, faulty ones are not. With `carry` the batch must be empty: its text is made anew.
   */
  fill(columns: ColumnBatch, from: number, count: number, format: Format, carry: boolean): number {
    const { batch, outcome } = this;
    const rows = carry ? this.rowsThatFit(columns, from, count, format) : count;
    if (carry) {
      this.text = new Uint8Array(64 * 1024);
      this.textLength = 0;
    }
    this.setAside(columns, from, rows, format);
    let row = batch.rows;
    for (let at = 0; at < rows; at++) {
      let end = at;
      while (end < rows && outcome[end] === Line.row) end++;
      if (end > at) {
        const run = { first: from + at, rows: end - at, at, row };
        this.fillRun(columns, run, format);
        if (carry) this.carryRun(columns, run, format);
      }
      row += end - at;
      at = end;
    }
    if (carry) batch.text = this.text;
    return rows;
  }

  /** Rows whose log-status says that they are no records, whatever their other fields hold. */
  private setAside(columns: ColumnBatch, from: number, rows: number, format: Format): void {
    const { outcome } = this;
    outcome.fill(Line.row, 0, rows);
    const position = format.plan.indexOf(Op.logStatus);
    if (position < 0) return;
    const { codes, values } = columns.columns[position]!;
    const { bits, low } = this.decodedOf(position, values, Op.logStatus);
    for (let i = 0; i < rows; i++) {
      const code = codes[from + i]!;
      if (code >= 0 && bits[code]! > 0) outcome[i] = statusLine(low[code]!);
    }
  }

  private fillRun(columns: ColumnBatch, run: Run, format: Format): void {
    const { batch } = this;
    const { row, rows } = run;
    batch.present.fill(0, row, row + rows);
    batch.rejectReason.fill(RejectReason.null, row, row + rows);
    batch.logStatus.fill(0, row, row + rows);
    let common = 0;
    for (let c = 0; c < format.plan.length; c++) {
      const op = format.plan[c]!;
      const column = columns.columns[c]!;
      if (op === Op.text) continue;
      if (!column.shared) this.decode(column, run, op);
      else common |= this.copy(this.decodedOf(c, column.values, op), column, run, op);
    }
    for (let i = row; i < row + rows; i++) batch.present[i]! |= common;
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
    const decoded = decodeValues(values, op, this.interfaces, this.copies, position);
    this.known[position] = { values, op, decoded };
    return decoded;
  }

  /** Rows of a dictionary. Returns the bits that all of them have and that are not in `present` yet. */
  private copy(values: DecodedValues, { codes, complete }: ColumnRun, run: Run, op: number): number {
    const { common, low, high } = values;
    const { first, rows, row } = run;
    const target = targetOf(op, this.batch);
    if (common < 0 || (!complete && hasNull(codes, first, rows))) {
      this.copyEach(values, codes, run, op);
      return 0;
    }
    if (target === undefined) return common;
    if (values.placed && this.copies.holds(codes)) this.copies.copyAll(codes, first, rows, low, high, target, row);
    else if (high.length > 0) {
      for (let i = 0; i < rows; i++) {
        const code = codes[first + i]!;
        target[2 * (row + i)] = low[code]!;
        target[2 * (row + i) + 1] = high[code]!;
      }
    } else {
      for (let i = 0; i < rows; i++) target[row + i] = low[codes[first + i]!]!;
    }
    return common;
  }

  /** As `copy`, where some values are missing, faulty or unlike the others. */
  private copyEach(values: DecodedValues, codes: Int32Array, run: Run, op: number): void {
    const { batch, outcome } = this;
    const { bits, low, high, v6 } = values;
    const target = targetOf(op, batch);
    const isWide = high.length > 0;
    const word = v6.length > 0 ? wordOf(op) : 0;
    for (let i = 0; i < run.rows; i++) {
      const code = codes[run.first + i]!;
      if (code < 0) continue;
      const bit = bits[code]!;
      const row = run.row + i;
      if (bit < 0) {
        if (outcome[run.at + i] === Line.row) outcome[run.at + i] = Line.fault - bit;
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
  private decode(column: ColumnRun, run: Run, op: number): void {
    const { batch, outcome, interfaces } = this;
    const { codes, values } = column;
    const numeric = isNumeric(op);
    for (let i = 0; i < run.rows; i++) {
      const code = codes[run.first + i]!;
      const row = run.row + i;
      if (code < 0) continue;
      let bit = 0;
      if (values.kind === 'text') {
        const start = values.starts[code]!;
        const end = values.ends[code]!;
        if (!isNull(values.bytes, start, end)) {
          bit = decodeValue(values.bytes, start, end, op, batch, interfaces, row);
        }
      } else if (numeric) {
        bit = storeNumber(values.halves[2 * code]!, values.halves[2 * code + 1]!, op, batch, row);
      } else {
        const digits = digitsOf(values.halves, code, false);
        bit = decodeValue(digits, 0, digits.length, op, batch, interfaces, row);
      }
      if (bit >= 0) batch.present[row]! |= bit;
      else if (outcome[run.at + i] === Line.row) outcome[run.at + i] = Line.fault - bit;
    }
  }

  /** Puts the bytes of carried fields into a text of the batch's own. */
  private carryRun(columns: ColumnBatch, { first, rows, row }: Run, format: Format): void {
    const { batch } = this;
    for (let f = 0; f < format.carried.length; f++) {
      const position = format.carried[f]!;
      const { codes, values } = columns.columns[position]!;
      const column = batch.carried[f]!;
      const isAccount = format.names[position] === 'account-id';
      let lastCode = -1;
      let [offset, length] = [0, 0];
      for (let i = 0; i < rows; i++) {
        const code = codes[first + i]!;
        if (code >= 0 && code !== lastCode) {
          const value = valueBytes(values, code, isAccount);
          offset = this.append(value);
          length = isNull(value, 0, value.length) ? 0 : value.length;
          lastCode = code;
        }
        column.offset[row + i] = offset;
        column.length[row + i] = code < 0 ? 0 : length;
      }
    }
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

function hasNull(codes: Int32Array, from: number, count: number): boolean {
  let signs = 0;
  for (let i = from; i < from + count; i++) signs |= codes[i]!;
  return signs < 0;
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
    ...[
      batch.present,
      batch.interfaceId,
      batch.vpcId,
      batch.srcAddr,
      batch.dstAddr,
      batch.pktSrcAddr,
      batch.pktDstAddr,
    ],
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
