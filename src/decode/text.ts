import { strict as assert } from 'node:assert';
import type { ColumnBatch } from '../model/column-batch.ts';
import type { CarriedColumn, FlowBatch } from '../model/flow.ts';
import {
  countMalformed,
  createLedger,
  type Ledger,
  LINE_BYTES_MAX,
  MALFORMED,
  type Malformed,
} from '../model/ledger.ts';
import { type RecordBlock, recordText } from '../model/record-block.ts';
import { ColumnDecoder, moveRows } from './column-decoder.ts';
import { DEFAULT, type Format, formatOf, sameFields, sameHeading, TGW_DEFAULT } from './format.ts';
import type { InterfaceDictionary } from './interface-dictionary.ts';
import { type Decoded, DecodeKernel } from './kernel.ts';
import { createLineTokens, type LineTokens, scanLine, TOKENS_MAX } from './line-tokens.ts';
import { decodeRow, isNull, Line } from './row.ts';
import { headerOf, isTransitGateway } from './special-line.ts';
import { TableLine, unquotedEnd } from './table-line.ts';

/** Most lines that the general way takes at a stretch after refusals: odd text is not tried twice a line. */
const GENERAL_LINES_MAX = 64;

const NEWLINE = 10;

export interface FlowDecoderOptions {
  /** Format in force at the first line. */
  readonly format: Format;
  /** Rows are wanted: keep where the bytes of every field without a column stand. */
  readonly carry: boolean;
  readonly capacity?: number;
  /** A kernel that no other decoder uses meanwhile; absent = one of its own. */
  readonly kernel?: DecodeKernel;
  /**
   * Told of every malformed line: 1-based number within this decoder, reason, the line's bytes (valid during the
   * call).
   */
  readonly onMalformed?: (line: number, reason: Malformed, text: Uint8Array) => void;
}

/**
 * Decodes the lines of one input into a FlowBatch, again and again. A header switches the format; a line that is no
 * record is counted for what it is. No string, object or BigInt is made per record.
 */
export class FlowDecoder {
  readonly batch: FlowBatch;
  /** Lines, headers, blank, nodata, skipdata and malformed; rows are counted by who reads the batch. */
  readonly ledger: Ledger = createLedger();
  readonly interfaces: InterfaceDictionary;
  private readonly first: Format;
  private current: Format;
  /** The format in force for lines: records by name come with their own in between. */
  private ofLines: Format;
  /** Names of the last record block and their format. */
  private blockNames: readonly string[] = [];
  private blockFormat: Format = DEFAULT;
  /** Whether the straight way may be tried: it must never take a header for a record. */
  private straight = false;
  /** Reads odd lines where the header in force is parted by commas or tabs. */
  private table: TableLine | undefined;
  private readonly carry: boolean;
  private readonly onMalformed: FlowDecoderOptions['onMalformed'];
  private readonly tokens: LineTokens = createLineTokens();
  private columnDecoder: ColumnDecoder | undefined;
  private readonly columns = new Map<string, CarriedColumn>();
  private readonly tables = { commas: new TableLine(','), tabs: new TableLine('\t') };
  private readonly kernel: DecodeKernel;
  private readonly decoded: Decoded = { at: 0, lines: 0, nodata: 0, skipdata: 0 };
  /** Lines that go the general way before the kernel is tried again, and how many will after its next refusal. */
  private generalLines = 0;
  private nextGeneralLines = 1;

  constructor(options: FlowDecoderOptions) {
    this.kernel = options.kernel ?? new DecodeKernel(options.capacity);
    this.interfaces = this.kernel.begin();
    this.batch = this.kernel.batch;
    this.carry = options.carry;
    this.onMalformed = options.onMalformed;
    this.first = options.format;
    this.current = options.format;
    this.ofLines = options.format;
    this.useFormat(options.format);
  }

  /** The format in force for lines. */
  get format(): Format {
    return this.ofLines;
  }

  /** The format of the rows in the batch. */
  get rowFormat(): Format {
    return this.current;
  }

  /** True when a header (or a bare transit gateway record) brought another format than the first. */
  get formatChanged(): boolean {
    return !sameHeading(this.ofLines, this.first);
  }

  /**
   * Decodes whole lines of bytes[from, to) until the batch is full, another format begins behind rows of this one,
   * or `to` is reached; returns the position reached. The range ends at a record end; only a file's last line may
   * lack its newline. Carried values stand in `bytes`: with `carry`, the batch must be taken before other bytes are
   * given.
   */
  decode(bytes: Uint8Array, from: number, to: number): number {
    const { batch, tokens } = this;
    if (this.current !== this.ofLines) {
      if (batch.rows > 0) return from;
      this.useFormat(this.ofLines);
    }
    assert(!this.carry || batch.rows === 0 || batch.text === bytes);
    batch.text = bytes;
    this.table?.clear();
    const wholeEnd = bytes.lastIndexOf(NEWLINE, to - 1) + 1;
    let at = from;
    while (at < to && batch.rows < batch.capacity) {
      if (this.straight && this.generalLines === 0 && at < wholeEnd && batch.text === bytes) {
        const end = this.table === undefined ? wholeEnd : unquotedEnd(bytes, at, wholeEnd);
        if (at < end) at = this.decodeStraight(bytes, at, end);
      }
      if (at === to || batch.rows === batch.capacity) break;
      if (this.generalLines > 0) this.generalLines--;
      scanLine(bytes, at, to, tokens);
      if (!this.takeLine(bytes, at)) break;
      at = tokens.next;
    }
    return at;
  }

  /**
   * Decodes records from row `from` on until the batch is full or must be taken first (they have other fields than the
   * rows in it); returns the row reached. Each record is a line of the ledger.
   */
  decodeRecords(block: RecordBlock, from: number): number {
    const { batch, tokens, ledger } = this;
    const format = this.formatOfBlock(block);
    if (format !== this.current) {
      if (batch.rows > 0) return from;
      this.useFormat(format);
    }
    assert(!this.carry || batch.rows === 0 || batch.text === block.bytes);
    batch.text = block.bytes;
    const fields = format.names.length;
    let row = from;
    for (; row < block.rows && batch.rows < batch.capacity; row++) {
      const first = row * fields;
      let start = first === 0 ? 0 : block.ends[first - 1]!;
      for (let f = 0; f < fields; f++) {
        tokens.starts[f] = start;
        start = block.ends[first + f]!;
        tokens.ends[f] = start;
      }
      tokens.first = 0;
      tokens.count = fields;
      tokens.end = start;
      ledger.lines++;
      const fault = this.takeRecord(block.bytes);
      if (fault !== null) this.reject(fault, recordText(block, row));
    }
    return row;
  }

  /** The straight way, as far as it goes. The line it stops at goes the general way, more when it stops at once. */
  private decodeStraight(bytes: Uint8Array, from: number, to: number): number {
    const { decoded, ledger } = this;
    try {
      this.kernel.decode(bytes, from, to, decoded);
    } finally {
      // also of an input that ends in the middle: rows of its first windows are in the batch
      ledger.lines += decoded.lines;
      ledger.nodata += decoded.nodata;
      ledger.skipdata += decoded.skipdata;
    }
    this.nextGeneralLines = decoded.lines > 0 ? 1 : Math.min(this.nextGeneralLines * 2, GENERAL_LINES_MAX);
    this.generalLines = decoded.at < to ? this.nextGeneralLines : 0;
    return decoded.at;
  }

  /** As decodeRecords, for rows that come as columns. */
  decodeColumns(columns: ColumnBatch, from: number): number {
    const { batch, ledger } = this;
    const format = this.formatOfBlock(columns);
    if (format !== this.current) {
      if (batch.rows > 0) return from;
      this.useFormat(format);
    }
    if (this.carry && batch.rows > 0) return from;
    this.columnDecoder ??= new ColumnDecoder(batch, this.interfaces, this.kernel.copies);
    const { outcome } = this.columnDecoder;
    // where the next record stands in the batch before faulty ones in front of it are taken out
    let filled = batch.rows;
    const room = Math.min(columns.rows - from, batch.capacity - filled);
    const rows = this.columnDecoder.fill(columns, from, room, format, this.carry);
    for (let i = 0; i < rows; i++) {
      let end = i;
      while (end < rows && outcome[end] === Line.row) end++;
      if (end > i) moveRows(batch, filled, filled + end - i, batch.rows);
      batch.rows += end - i;
      filled += end - i;
      ledger.lines += end - i;
      i = end;
      if (i === rows) break;
      ledger.lines++;
      if (outcome[i]! < Line.fault) {
        this.countIdle(outcome[i]!);
      } else {
        filled++;
        this.reject(faultOf(outcome[i]!), this.columnDecoder.rowText(columns, from + i, format));
      }
    }
    return from + rows;
  }

  /** Another input begins: the format is the first one again. The batch must have been taken. */
  restart(): void {
    assert(this.batch.rows === 0);
    this.useLineFormat(this.first);
  }

  /** Starts a new batch. */
  clear(): void {
    this.batch.rows = 0;
  }

  /** Counts records that were left out before anyone read them: their times are not wanted. */
  countSkipped(rows: number): void {
    this.ledger.lines += rows;
    this.ledger.filtered += rows;
  }

  /** Counts a line that never reached the decoder whole: too long, or cut off by the end of a damaged file. */
  countBroken(reason: Malformed, text: Uint8Array): void {
    this.ledger.lines++;
    this.reject(reason, text);
  }

  /** False when the line must wait until the batch is taken: it switches the format. */
  private takeLine(bytes: Uint8Array, from: number): boolean {
    const { batch, tokens, ledger } = this;
    if (tokens.end - from > LINE_BYTES_MAX) {
      this.countBroken('line-too-long', bytes.subarray(from, tokens.end));
      return true;
    }
    if (tokens.count === 0) {
      ledger.lines++;
      ledger.blank++;
      return true;
    }
    const header = headerOf(bytes, from, tokens, this.table !== undefined);
    if (header !== undefined) {
      const same = sameHeading(header, this.current);
      if (!same && batch.rows > 0) return false;
      ledger.lines++;
      ledger.headers++;
      if (!same) this.useLineFormat(header);
      return true;
    }
    const fields = this.current.names.length;
    const values = this.table?.valuesOf(bytes, from, tokens, this.current.names);
    if (values !== undefined) return this.takeValues(values, bytes, from);
    if (tokens.count !== fields) {
      // a record of a transit gateway begins its format where no header is in force and the default was assumed
      if (!isTransitGateway(bytes, tokens) || !sameHeading(this.current, DEFAULT)) {
        ledger.lines++;
        this.reject('field-count', bytes.subarray(from, tokens.end));
        return true;
      }
      if (batch.rows > 0) return false;
      this.useLineFormat(TGW_DEFAULT);
    }
    // carried fields of the rows so far stand in the bytes of values
    if (batch.text !== bytes) return false;
    ledger.lines++;
    const fault = this.takeRecord(bytes);
    if (fault !== null) this.reject(fault, bytes.subarray(from, tokens.end));
    return true;
  }

  /** As takeLine, for a line whose values are not where the line is: carried fields are told from one place only. */
  private takeValues(values: readonly string[], bytes: Uint8Array, from: number): boolean {
    const { batch, tokens, table, carry } = this;
    assert(table !== undefined);
    if (carry && batch.rows > 0 && batch.text === bytes) return false;
    if (!carry) table.clear();
    if (!table.keep(values, tokens)) return false;
    this.ledger.lines++;
    const fault = this.takeRecord(table.bytes);
    if (fault !== null) this.reject(fault, bytes.subarray(from, tokens.end));
    if (carry && batch.rows > 0) batch.text = table.bytes;
    return true;
  }

  /** Takes the tokens as a row or a line without traffic, or tells what is wrong with them. */
  private takeRecord(bytes: Uint8Array): Malformed | null {
    const { batch } = this;
    const outcome = this.rowOutcome(bytes);
    if (outcome === Line.row) {
      if (this.carry) this.carryFields(bytes, batch.rows);
      batch.rows++;
    } else if (outcome >= Line.fault) {
      return faultOf(outcome);
    } else {
      this.countIdle(outcome);
    }
    return null;
  }

  /** Decodes the tokens into the next row. A line that ends the input (too many interfaces) was not read. */
  private rowOutcome(bytes: Uint8Array): number {
    const { batch, tokens } = this;
    try {
      return decodeRow(bytes, tokens, this.current, batch, this.interfaces, batch.rows);
    } catch (error) {
      this.ledger.lines--;
      throw error;
    }
  }

  /** Counts a line that says that there was no traffic, or that records were skipped. */
  private countIdle(outcome: number): void {
    if (outcome === Line.nodata) this.ledger.nodata++;
    else this.ledger.skipdata++;
  }

  private carryFields(bytes: Uint8Array, row: number): void {
    const { starts, ends, first } = this.tokens;
    const { carried } = this.current;
    for (let c = 0; c < carried.length; c++) {
      const from = starts[first + carried[c]!]!;
      const to = ends[first + carried[c]!]!;
      const column = this.batch.carried[c]!;
      column.offset[row] = from;
      column.length[row] = isNull(bytes, from, to) ? 0 : to - from;
    }
  }

  private reject(reason: Malformed, text: Uint8Array): void {
    countMalformed(this.ledger, reason);
    this.onMalformed?.(this.ledger.lines, reason, text);
  }

  /** The format of a block; blocks of one input mostly have the same names. Fields beyond TOKENS_MAX are dropped. */
  private formatOfBlock(block: { readonly names: readonly string[] }): Format {
    if (block.names !== this.blockNames) {
      const format = formatOf(block.names);
      if (!sameFields(format, this.blockFormat)) this.blockFormat = format;
      this.blockNames = block.names;
    }
    return this.blockFormat;
  }

  private useLineFormat(format: Format): void {
    this.ofLines = format;
    this.useFormat(format);
  }

  private useFormat(format: Format): void {
    this.current = format;
    this.generalLines = 0;
    const known = this.kernel.useFormat(format, this.carry);
    this.straight = known && format.names.length > 1 && format.headerProof;
    this.batch.judged = !format.tgw;
    const { parting } = format;
    this.table = parting === 'commas' || parting === 'tabs' ? this.tables[parting] : undefined;
    if (!this.carry || known) return;
    const { capacity } = this.batch;
    this.batch.carried = format.carried.map((index) => {
      const name = format.names[index] ?? '';
      let column = this.columns.get(name);
      if (column === undefined) {
        column = { name, offset: new Uint32Array(capacity), length: new Uint32Array(capacity) };
        if (this.columns.size < TOKENS_MAX) this.columns.set(name, column);
      }
      return column;
    });
  }
}

function faultOf(outcome: number): Malformed {
  return MALFORMED[outcome - Line.fault] ?? 'number';
}
