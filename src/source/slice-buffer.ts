import { LINE_BYTES_MAX, type Malformed, QUARANTINE_BYTES_MAX } from '../model/ledger.ts';
import type { RecordBlock } from '../model/record-block.ts';
import type { FramedSlice } from './frame.ts';

/** Bytes of one slice; one line or record more may follow. */
const SLICE_BYTES = 256 * 1024;

/** Records of one block. */
const BLOCK_ROWS = 4096;

const NEWLINE = 10;

/** What an envelope or a document holds, in order. */
export interface SliceTarget {
  /** One message: a line, or several that end in newlines. An empty one is a blank line. */
  message(text: Uint8Array): void;
  /** One record; values are as the log writes them, '' = null. */
  record(names: readonly string[], values: readonly string[]): void;
  broken(reason: Malformed, text: Uint8Array): void;
}

/** Gathers messages and records into slices of a size that is worth a decoder's call; the order is kept. */
export class SliceBuffer implements SliceTarget {
  private slices: FramedSlice[] = [];
  private text = new Uint8Array(SLICE_BYTES);
  private length = 0;
  private block: BlockBuffer | undefined;

  /** Slices that are full, and with `last` everything. Valid for good: their memory is not used again. */
  take(last: boolean): FramedSlice[] {
    if (last) this.close();
    const { slices } = this;
    this.slices = [];
    return slices;
  }

  message(text: Uint8Array): void {
    this.closeBlock();
    for (let at = 0; at < text.length || at === 0; ) {
      const newline = text.indexOf(NEWLINE, at);
      const end = newline < 0 ? text.length : newline;
      if (end - at > LINE_BYTES_MAX) this.broken('line-too-long', text.subarray(at, at + QUARANTINE_BYTES_MAX));
      else this.line(text.subarray(at, end));
      at = end + 1;
    }
  }

  record(names: readonly string[], values: readonly string[]): void {
    this.closeText();
    if (this.block !== undefined && !sameNames(this.block.names, names)) this.closeBlock();
    this.block ??= new BlockBuffer(names);
    this.block.add(values);
    if (this.block.isFull) this.closeBlock();
  }

  broken(reason: Malformed, text: Uint8Array): void {
    this.close();
    this.slices.push({ kind: 'broken', reason, text: new Uint8Array(text.subarray(0, QUARANTINE_BYTES_MAX)) });
  }

  private line(text: Uint8Array): void {
    if (this.length + text.length + 1 > this.text.length) this.closeText();
    this.text.set(text, this.length);
    this.length += text.length;
    this.text[this.length++] = NEWLINE;
  }

  private close(): void {
    this.closeText();
    this.closeBlock();
  }

  private closeText(): void {
    if (this.length === 0) return;
    this.slices.push({ kind: 'lines', bytes: this.text.subarray(0, this.length) });
    this.text = new Uint8Array(SLICE_BYTES);
    this.length = 0;
  }

  private closeBlock(): void {
    if (this.block === undefined) return;
    this.slices.push({ kind: 'records', block: this.block.close() });
    this.block = undefined;
  }
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, i) => name === b[i]));
}

/** A RecordBlock in the making. */
class BlockBuffer {
  readonly names: readonly string[];
  private readonly ends: Uint32Array;
  private readonly parts: Buffer[] = [];
  private rows = 0;
  private length = 0;

  constructor(names: readonly string[]) {
    this.names = names;
    this.ends = new Uint32Array(BLOCK_ROWS * names.length);
  }

  get isFull(): boolean {
    return this.rows === BLOCK_ROWS || this.length >= SLICE_BYTES;
  }

  add(values: readonly string[]): void {
    const { names, ends } = this;
    let at = this.rows * names.length;
    let end = this.length;
    for (let f = 0; f < names.length; f++) {
      const value = values[f] ?? '';
      end += Buffer.byteLength(value);
      ends[at++] = end;
    }
    this.parts.push(Buffer.from(values.slice(0, names.length).join('')));
    this.length = end;
    this.rows++;
  }

  close(): RecordBlock {
    const { names, rows } = this;
    return {
      names,
      rows,
      bytes: Buffer.concat(this.parts, this.length),
      ends: this.ends.slice(0, rows * names.length),
    };
  }
}
