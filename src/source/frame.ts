import type { ColumnBatch } from '../model/column-batch.ts';
import { LINE_BYTES_MAX, type Malformed, QUARANTINE_BYTES_MAX } from '../model/ledger.ts';
import type { RecordBlock } from '../model/record-block.ts';

/** Bytes read at once. */
export const READ_BYTES: number = 1024 * 1024;

const NEWLINE = 10;

/**
 * Whole lines, valid until the next slice is asked for; records of an input that is no text; or one line that never was
 * whole, to be counted where it stands between the lines before and after it.
 */
export type FramedSlice =
  | { readonly kind: 'lines'; readonly bytes: Uint8Array }
  | { readonly kind: 'records'; readonly block: RecordBlock }
  | { readonly kind: 'broken'; readonly reason: Malformed; readonly text: Uint8Array };

/** What a decoder takes: also rows of an input that is stored as columns, or how many of them are not wanted. */
export type Slice =
  | FramedSlice
  | { readonly kind: 'columns'; readonly columns: ColumnBatch }
  | { readonly kind: 'skipped'; readonly rows: number };

/** Cuts the bytes of an input into slices. */
export interface Framer {
  /** Yields what `chunk` makes whole. The chunk may be overwritten when the generator has ended. */
  push(chunk: Uint8Array): Generator<FramedSlice>;
  /** What is left at the end; `cut` = why the input ended early, null when it is whole. */
  finish(cut: Malformed | null): Generator<FramedSlice>;
}

/**
 * Cuts a stream of bytes at record ends. Lines that lie whole in a chunk are handed on where they are; only the
 * line that a chunk's end cuts is copied, until its end comes. A line longer than LINE_BYTES_MAX is stepped over as
 * it streams by, with only its head kept.
 */
export class LineFramer implements Framer {
  /** The cut line so far, one byte more than the longest line for its newline. */
  private readonly carry = new Uint8Array(LINE_BYTES_MAX + 1);
  private carried = 0;
  /** Head of the overlong line being stepped over. */
  private overlong: Uint8Array | undefined;

  *push(chunk: Uint8Array): Generator<FramedSlice> {
    let at = 0;
    if (this.carried > 0 || this.overlong !== undefined) {
      const newline = chunk.indexOf(NEWLINE);
      at = newline < 0 ? chunk.length : newline + 1;
      this.extend(chunk.subarray(0, newline < 0 ? at : newline));
      if (newline < 0) return;
      yield this.cutLine();
    }
    const whole = chunk.lastIndexOf(NEWLINE) + 1;
    if (whole > at) yield { kind: 'lines', bytes: chunk.subarray(at, whole) };
    if (chunk.length > Math.max(at, whole)) this.extend(chunk.subarray(Math.max(at, whole)));
  }

  /** The last line, when it has no newline: whole, or broken for the reason `cut` where the input ended early. */
  *finish(cut: Malformed | null): Generator<FramedSlice> {
    if (this.carried === 0 && this.overlong === undefined) return;
    const text = this.carry.subarray(0, this.carried);
    if (cut !== null && this.overlong === undefined) yield { kind: 'broken', reason: cut, text };
    else yield this.cutLine();
    this.carried = 0;
  }

  private extend(piece: Uint8Array): void {
    if (this.overlong !== undefined) return;
    const { carried } = this;
    if (carried + piece.length <= LINE_BYTES_MAX) {
      this.carry.set(piece, carried);
      this.carried += piece.length;
      return;
    }
    const head = new Uint8Array(QUARANTINE_BYTES_MAX);
    head.set(this.carry.subarray(0, Math.min(carried, head.length)));
    if (carried < head.length) head.set(piece.subarray(0, head.length - carried), carried);
    this.overlong = head;
    this.carried = 0;
  }

  private cutLine(): FramedSlice {
    const { carry, carried, overlong } = this;
    this.carried = 0;
    this.overlong = undefined;
    if (overlong !== undefined) return { kind: 'broken', reason: 'line-too-long', text: overlong };
    carry[carried] = NEWLINE;
    return { kind: 'lines', bytes: carry.subarray(0, carried + 1) };
  }
}
