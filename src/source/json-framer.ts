import { LINE_BYTES_MAX } from '../model/ledger.ts';

/** Longest JSON document that is read, in bytes: far above the largest payload of a CloudWatch subscription. */
export const DOCUMENT_BYTES_MAX: number = 64 * 1024 * 1024;

/** Deepest nesting of a document that is read. */
const DEPTH_MAX = 64;

const NEWLINE = 10;
const BLANK = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Where the framer stands. */
const Place = { between: 0, document: 1, line: 2 } as const;

/** What stood last inside a document: only behind some of them may an object begin. */
const Last = { open: 0, comma: 1, colon: 2, value: 3 } as const;

export interface FrameTarget {
  /** The text of one object or, inside a list, of one string; valid during the call. */
  document(text: Uint8Array): void;
  /** A line between documents that begins none; valid during the call. */
  line(text: Uint8Array): void;
  /** Text that began a document and is none, or is too long or too deep to be read; valid during the call. */
  broken(text: Uint8Array): void;
}

/**
 * Cuts a stream of JSON into objects: one a line, printed over many lines, one behind the other with nothing between,
 * or the elements of a list of any length (the list is stepped over, never held). Other lines between them are handed
 * on as lines. A document that is cut off ends at the next line that can only begin another one, so that a
 * damaged line does not take the rest of a file with it.
 */
export class JsonFramer {
  private readonly target: FrameTarget;
  /** The unfinished document or line so far, up to its bound. */
  private carried: Uint8Array[] = [];
  private carriedBytes = 0;
  private place: number = Place.between;
  private listDepth = 0;
  /** Open containers of the document: 1 = object, 0 = list. */
  private readonly isObject = new Uint8Array(DEPTH_MAX + 1);
  private depth = 0;
  private last: number = Last.open;
  private inString = false;
  private escaped = false;
  /** Nothing but blanks since the last newline. */
  private atLineStart = false;
  /** Too long or too deep: stepped over without being held. */
  private unreadable = false;

  constructor(target: FrameTarget) {
    this.target = target;
  }

  /** Takes the next bytes; they may be overwritten when the call is over. */
  push(chunk: Uint8Array): void {
    let start = 0;
    for (let at = 0; at < chunk.length; ) {
      if (this.place === Place.between) {
        start = this.skip(chunk, at);
        at = start;
      } else if (this.place === Place.document) {
        at = this.scan(chunk, at);
        if (this.place === Place.document) break;
        start = at;
      } else {
        const newline = chunk.indexOf(NEWLINE, at);
        if (newline < 0) break;
        this.endLine(chunk.subarray(start, newline));
        start = newline;
        at = newline;
      }
    }
    if (this.place !== Place.between) this.carry(chunk.subarray(start));
  }

  /** The end of the input: an unfinished document is broken, a line may lack its newline. */
  finish(): void {
    if (this.place === Place.document) this.endDocument(new Uint8Array(0), false);
    else if (this.place === Place.line) this.endLine(new Uint8Array(0));
  }

  /** Steps over what stands between documents; returns the offset at which one, or a line, begins. */
  private skip(chunk: Uint8Array, from: number): number {
    let at = from;
    for (; at < chunk.length; at++) {
      const c = chunk[at] ?? 0;
      if (c <= BLANK || c === COMMA) continue;
      if (c === OPEN_LIST) this.listDepth++;
      else if (c === CLOSE_LIST && this.listDepth > 0) this.listDepth--;
      else if (!isMarkByte(c)) break;
    }
    if (at === chunk.length) return at;
    const isString = chunk[at] === QUOTE && this.listDepth > 0;
    this.place = chunk[at] === OPEN_OBJECT || isString ? Place.document : Place.line;
    this.depth = 0;
    this.last = Last.open;
    this.inString = false;
    this.escaped = false;
    this.atLineStart = false;
    this.unreadable = false;
    return at;
  }

  /** Goes on through a document; returns the offset behind its end, or the chunk's length when it goes on. */
  private scan(chunk: Uint8Array, from: number): number {
    const start = from;
    for (let at = from; at < chunk.length; at++) {
      const c = chunk[at] ?? 0;
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (c === BACKSLASH) this.escaped = true;
        else if (c === QUOTE) {
          this.inString = false;
          this.last = Last.value;
          if (this.depth === 0) return this.endDocument(chunk.subarray(start, at + 1), true, at + 1);
        } else if (c === NEWLINE) return this.endDocument(chunk.subarray(start, at), false, at);
        continue;
      }
      if (c <= BLANK) {
        if (c === NEWLINE) this.atLineStart = true;
        continue;
      }
      if (c === OPEN_OBJECT && this.atLineStart && !this.mayOpen())
        return this.endDocument(chunk.subarray(start, at), false, at);
      this.atLineStart = false;
      if (this.structure(c)) return this.endDocument(chunk.subarray(start, at + 1), true, at + 1);
    }
    return chunk.length;
  }

  /** Takes a byte outside strings; true when it ends the document. */
  private structure(c: number): boolean {
    if (c === QUOTE) this.inString = true;
    else if (c === OPEN_OBJECT || c === OPEN_LIST) {
      this.depth++;
      if (this.depth <= DEPTH_MAX) this.isObject[this.depth] = c === OPEN_OBJECT ? 1 : 0;
      else this.unreadable = true;
      this.last = Last.open;
    } else if (c === CLOSE_OBJECT || c === CLOSE_LIST) {
      this.depth--;
      this.last = Last.value;
      return this.depth <= 0;
    } else this.last = c === COMMA ? Last.comma : c === COLON ? Last.colon : Last.value;
    return false;
  }

  /** Whether an object may begin here inside the document. */
  private mayOpen(): boolean {
    if (this.depth === 0 || this.depth > DEPTH_MAX) return true;
    return this.isObject[this.depth] === 1 ? this.last === Last.colon : this.last !== Last.value;
  }

  private endDocument(rest: Uint8Array, whole: boolean, next = 0): number {
    const { unreadable } = this;
    const text = this.joined(rest);
    this.place = Place.between;
    if (whole && !unreadable && text.length <= DOCUMENT_BYTES_MAX) this.target.document(text);
    else this.target.broken(text);
    return next;
  }

  private endLine(rest: Uint8Array): void {
    const text = this.joined(rest);
    this.place = Place.between;
    this.target.line(text);
  }

  private carry(piece: Uint8Array): void {
    const bound = this.place === Place.line ? LINE_BYTES_MAX + 1 : DOCUMENT_BYTES_MAX;
    const kept = piece.subarray(0, Math.max(0, bound - this.carriedBytes));
    if (kept.length < piece.length) this.unreadable = true;
    if (kept.length === 0) return;
    // a Buffer's own slice() would not copy
    this.carried.push(new Uint8Array(kept));
    this.carriedBytes += kept.length;
  }

  private joined(rest: Uint8Array): Uint8Array {
    if (this.carriedBytes === 0) return rest;
    const text = Buffer.concat([...this.carried, rest]);
    this.carried = [];
    this.carriedBytes = 0;
    return text;
  }
}

/** A byte of the UTF-8 byte order mark. */
function isMarkByte(c: number): boolean {
  return c === 0xef || c === 0xbb || c === 0xbf;
}
