import { strict as assert } from 'node:assert';
import { crc32 } from '../model/checksum.ts';
import { createMemory, type KernelFunction, kernelFunctions, PAGE_BYTES } from '../model/kernel.ts';
import * as layout from './gunzip-layout.ts';

/** Compressed bytes held at once; a member's header has to fit. */
const INPUT_BYTES = 128 * 1024;
/** Furthest that a match reaches back. */
const HISTORY_BYTES = 32 * 1024;
/** Inflated bytes handed on at once: with what is made of them they stay in the second-level cache. */
const PIECE_BYTES = 256 * 1024;

const INPUT = layout.WORK_END;
const HISTORY = INPUT + INPUT_BYTES + layout.INPUT_MARGIN;
const PIECE = HISTORY + HISTORY_BYTES;
/** Those of src/kernel/inflate/asconfig.json. */
const MEMORY_PAGES = 8;

/** By result code from WRONG on, in zlib's words. */
const MESSAGES = [
  'unexpected end of file',
  'invalid block type',
  'invalid stored block lengths',
  'too many length or distance symbols',
  'invalid code lengths set',
  'invalid bit length repeat',
  'invalid code -- missing end-of-block',
  'invalid literal/lengths set',
  'invalid distances set',
  'invalid literal/length code',
  'invalid distance code',
  'invalid distance too far back',
] as const;
const CUT = MESSAGES[0];

/**
 * A gzip stream (RFC 1952) inflated piece by piece on the calling thread: any number of members, checksum and length of
 * each checked. What node:zlib takes this takes, with the same words for what is wrong. Zeros up to the end behind a
 * member are padding (tapes, `dd`), as for gzip(1); anything else there is wrong here.
 */
export class Gunzip {
  /** Why nothing more is taken; undefined while all is well. */
  problem: string | undefined;
  private readonly memory: Uint8Array;
  private readonly parameters: Uint32Array;
  private readonly inflate: KernelFunction;
  private stage: 'header' | 'data' | 'trailer' | 'padding' = 'header';
  private members = 0;
  /** Of the member's pieces so far; the length modulo 2^32, as the trailer has it. */
  private checksum = 0;
  private length = 0;

  constructor() {
    const memory = createMemory(MEMORY_PAGES, false);
    const functionOf = kernelFunctions('inflate', memory);
    this.inflate = functionOf('inflate');
    this.memory = new Uint8Array(memory.buffer);
    this.parameters = new Uint32Array(memory.buffer, layout.PARAMETERS, 16);
    assert(PIECE + PIECE_BYTES + layout.OUTPUT_MARGIN <= MEMORY_PAGES * PAGE_BYTES, 'inflate kernel: does not fit');
    functionOf('prepare')();
    this.set(layout.IN_BIT, INPUT * 8);
    this.set(layout.IN_END, INPUT);
    this.set(layout.OUT_LIMIT, PIECE + PIECE_BYTES);
  }

  /** Inflates more bytes of the stream. A piece is valid until the next one is asked for. */
  *write(bytes: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length && this.problem === undefined; ) {
      const room = this.makeRoom();
      const count = Math.min(room.length, bytes.length - at);
      room.set(bytes.subarray(at, at + count));
      at += count;
      yield* this.run(count, false);
    }
  }

  /** Inflates what is left at the end of the stream. */
  *end(): Generator<Uint8Array> {
    yield* this.run(0, true);
  }

  /** Moves what is not read yet to the front of the input; the space behind it. */
  private makeRoom(): Uint8Array {
    const { memory } = this;
    const bit = this.get(layout.IN_BIT);
    const end = this.get(layout.IN_END);
    memory.copyWithin(INPUT, bit >>> 3, end);
    const left = end - (bit >>> 3);
    this.set(layout.IN_BIT, INPUT * 8 + (bit & 7));
    this.set(layout.IN_END, INPUT + left);
    return memory.subarray(INPUT + left, INPUT + INPUT_BYTES);
  }

  private *run(count: number, isLast: boolean): Generator<Uint8Array> {
    const end = this.get(layout.IN_END) + count;
    this.set(layout.IN_END, end);
    this.set(layout.IN_LAST, isLast ? 1 : 0);
    this.memory.fill(0, end, end + layout.INPUT_MARGIN);
    for (let goesOn = true; goesOn && this.problem === undefined; ) {
      if (this.stage === 'header') goesOn = this.readHeader();
      else if (this.stage === 'trailer') goesOn = this.readTrailer();
      else if (this.stage === 'padding') goesOn = this.readPadding();
      else {
        const result = this.inflate(layout.PARAMETERS);
        if (result === layout.MORE_INPUT) return;
        const piece = this.piece();
        if (piece.length > 0) yield piece;
        this.slide();
        if (result === layout.DONE) this.endData();
        else if (result >= layout.WRONG) this.problem = MESSAGES[result - layout.WRONG];
      }
    }
  }

  /** The bytes that were inflated since the last slide. */
  private piece(): Uint8Array {
    const piece = this.memory.subarray(PIECE, this.get(layout.OUT));
    this.checksum = crc32(piece, this.checksum);
    this.length = (this.length + piece.length) >>> 0;
    return piece;
  }

  /** Makes room for the next piece: what matches may reach back to goes in front of it. */
  private slide(): void {
    const out = this.get(layout.OUT);
    this.memory.copyWithin(HISTORY, out - HISTORY_BYTES, out);
    this.set(layout.OUT_FIRST, Math.max(HISTORY, this.get(layout.OUT_FIRST) - (out - PIECE)));
    this.set(layout.OUT, PIECE);
  }

  /** False when more input is needed, or none is left. */
  private readHeader(): boolean {
    const at = this.get(layout.IN_BIT) >>> 3;
    const bytes = this.memory.subarray(at, this.get(layout.IN_END));
    const isLast = this.get(layout.IN_LAST) === 1;
    if (this.members > 0 && bytes.length === 0) return false;
    if (this.members > 0 && bytes[0] === 0) {
      this.stage = 'padding';
      return true;
    }
    const header = parseHeader(bytes);
    if (typeof header === 'string') this.problem = header;
    else if (header > 0) this.beginMember(at + header);
    else if (isLast) this.problem = CUT;
    else if (bytes.length === INPUT_BYTES) this.problem = `no header ends within ${INPUT_BYTES} bytes`;
    return this.stage === 'data';
  }

  /** Takes zeros; false when more input is needed, or none is left. */
  private readPadding(): boolean {
    const at = this.get(layout.IN_BIT) >>> 3;
    const end = this.get(layout.IN_END);
    const other = this.memory.subarray(at, end).findIndex((byte) => byte !== 0);
    if (other >= 0) this.problem = `${end - at - other} bytes or more behind the last member, after zeros`;
    this.set(layout.IN_BIT, end * 8);
    return false;
  }

  private beginMember(at: number): void {
    this.members++;
    this.stage = 'data';
    this.checksum = 0;
    this.length = 0;
    this.set(layout.IN_BIT, at * 8);
    this.set(layout.OUT, PIECE);
    this.set(layout.OUT_FIRST, PIECE);
    this.set(layout.AT, layout.AT_BLOCK);
    this.set(layout.FINAL, 0);
  }

  private endData(): void {
    this.stage = 'trailer';
    this.set(layout.IN_BIT, ((this.get(layout.IN_BIT) + 7) >>> 3) * 8);
  }

  private readTrailer(): boolean {
    const at = this.get(layout.IN_BIT) >>> 3;
    const end = this.get(layout.IN_END);
    const view = new DataView(this.memory.buffer, at, 8);
    if (end - at >= 4 && view.getUint32(0, true) !== this.checksum) this.problem = 'incorrect data check';
    else if (end - at >= 8 && view.getUint32(4, true) !== this.length) this.problem = 'incorrect length check';
    else if (end - at < 8 && this.get(layout.IN_LAST) === 1) this.problem = CUT;
    if (end - at < 8) return false;
    this.set(layout.IN_BIT, (at + 8) * 8);
    this.stage = 'header';
    return true;
  }

  private get(at: number): number {
    return this.parameters[at / 4] ?? 0;
  }

  private set(at: number, value: number): void {
    this.parameters[at / 4] = value;
  }
}

const DEFLATE = 8;
/** Flags of a member's header (RFC 1952, 2.3.1). */
const Flag = { headerCheck: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;
const FIXED_BYTES = 10;

/** Length of the header that the bytes begin with; 0 = they are too few; text = what is wrong, in zlib's words. */
function parseHeader(bytes: Uint8Array): number | string {
  const [first, second, method, flags = 0] = bytes;
  if (bytes.length >= 2 && (first !== 0x1f || second !== 0x8b)) return 'incorrect header check';
  if (bytes.length >= 4 && method !== DEFLATE) return 'unknown compression method';
  if (bytes.length >= 4 && (flags & Flag.reserved) !== 0) return 'unknown header flags set';
  if (bytes.length < FIXED_BYTES) return 0;
  let at = FIXED_BYTES;
  if ((flags & Flag.extra) !== 0) at += 2 + (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256;
  for (const flag of [Flag.name, Flag.comment]) {
    if ((flags & flag) === 0) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) return 0;
    at = end + 1;
  }
  if ((flags & Flag.headerCheck) !== 0) {
    if (bytes.length < at + 2) return 0;
    const check = (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256;
    if ((crc32(bytes.subarray(0, at)) & 0xffff) !== check) return 'header crc mismatch';
    at += 2;
  }
  return at <= bytes.length ? at : 0;
}
