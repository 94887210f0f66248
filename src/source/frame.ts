import { strict as assert } from 'node:assert';
import { LINE_BYTES_MAX, type Malformed, QUARANTINE_BYTES_MAX } from '../model/ledger.ts';

/** Bytes read at once; the framer's buffer holds one such piece and the line it cuts. */
export const READ_BYTES = 1024 * 1024;

const NEWLINE = 10;

/** Whole lines bytes[0, length), valid until the framer is filled again; or one line that never was whole. */
export type Slice =
  | { readonly kind: 'lines'; readonly bytes: Uint8Array }
  | { readonly kind: 'broken'; readonly reason: Malformed; readonly text: Uint8Array };

/**
 * Cuts a stream of bytes at record ends. The bytes of an unfinished line stay in front of the buffer; a line longer than
 * LINE_BYTES_MAX is stepped over as it streams by, with only its head kept.
 */
export class LineFramer {
  private readonly buffer = new Uint8Array(READ_BYTES + LINE_BYTES_MAX + 1);
  private used = 0;
  /** Head of the overlong line being stepped over. */
  private overlong: Uint8Array | undefined;

  /** Takes `chunk` in pieces and yields what became whole. */
  *push(chunk: Uint8Array): Generator<Slice> {
    let at = 0;
    while (at < chunk.length) {
      if (this.overlong !== undefined) {
        const end = chunk.indexOf(NEWLINE, at);
        if (end < 0) return;
        yield { kind: 'broken', reason: 'line-too-long', text: this.overlong };
        this.overlong = undefined;
        at = end + 1;
        continue;
      }
      const piece = chunk.subarray(at, at + this.buffer.length - this.used);
      this.buffer.set(piece, this.used);
      this.used += piece.length;
      at += piece.length;
      const whole = this.buffer.lastIndexOf(NEWLINE, this.used - 1) + 1;
      if (whole > 0) yield { kind: 'lines', bytes: this.buffer.subarray(0, whole) };
      this.keep(whole);
    }
  }

  /** The unfinished last line, when there is one. */
  *finish(cut: Malformed | null): Generator<Slice> {
    if (this.overlong !== undefined) yield { kind: 'broken', reason: 'line-too-long', text: this.overlong };
    else if (this.used > 0 && cut !== null) yield { kind: 'broken', reason: cut, text: this.buffer.subarray(0, this.used) };
    else if (this.used > 0) yield { kind: 'lines', bytes: this.buffer.subarray(0, this.used) };
    this.used = 0;
    this.overlong = undefined;
  }

  private keep(from: number): void {
    this.buffer.copyWithin(0, from, this.used);
    this.used -= from;
    if (this.used > LINE_BYTES_MAX) {
      this.overlong = this.buffer.slice(0, QUARANTINE_BYTES_MAX);
      this.used = 0;
    }
    assert(this.used <= LINE_BYTES_MAX);
  }
}
