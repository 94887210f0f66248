import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../model/errors.ts';
import { copyShared } from '../model/shared-copy.ts';
import type { Encoded, Part, Written } from '../sink/part.ts';
import { releaseSlot, type SlotMemory, takeSlot } from './slot-memory.ts';
import { placeOf, type Turn } from './turn.ts';

/** What one task writes, appended to as batches are done; the main thread takes it up in task order. */
export interface OpenPart {
  write(pieces: Encoded): void;
  /** null = there is none: no file was needed, or it is `written`, or `failure` says why. */
  close(): Part | null;
  /** Once closed: what went into the output itself. */
  readonly written: Written | null;
  /** Once closed: the file that could not be written, and why. */
  readonly failure: string | null;
}

/** Where the parts of a run are kept. */
export interface PartPlace {
  /** null = there are no files: a part is in memory of its own, whatever its length. */
  readonly folder: string | null;
  /** Parts that fit into a slot stay in memory; null = all are files. */
  readonly memory: SlotMemory | null;
  /** The task whose turn it is writes into the output itself; null = none does. */
  readonly turn: Turn | null;
}

export function openPart(place: PartPlace, name: string, seq: number): OpenPart {
  const { folder, memory, turn } = place;
  return folder === null ? new MemoryPart() : new SlotPart(join(folder, name), memory, turn, seq);
}

/** Shared memory travels between threads by reference; the pieces are copied into it when their sum is known. */
class MemoryPart implements OpenPart {
  readonly written = null;
  readonly failure = null;
  private readonly pieces: Uint8Array[] = [];
  private readonly ends: number[] = [];
  private length = 0;

  write(pieces: Encoded): void {
    const before = this.length;
    for (const bytes of pieces) {
      // not slice(): a Buffer would hand out a view of bytes that are overwritten next
      this.pieces.push(new Uint8Array(bytes));
      this.length += bytes.length;
    }
    if (this.length > before) this.ends.push(this.length);
  }

  close(): Part {
    const bytes = new SharedArrayBuffer(this.length);
    const view = Buffer.from(bytes);
    let at = 0;
    for (const piece of this.pieces) {
      copyShared(piece, view, at);
      at += piece.length;
    }
    return { memory: { bytes, offset: 0, length: this.length, ends: this.ends } };
  }
}

const COPY_BYTES = 1 << 20;

/**
 * In a slot of shared memory as long as it fits, else in a file; in the output itself once it is the task's turn, what
 * was kept before in front. Nothing is written any more after a write that failed.
 */
class SlotPart implements OpenPart {
  failure: string | null = null;
  private readonly path: string;
  private readonly memory: SlotMemory | null;
  private readonly turn: Turn | null;
  private readonly seq: number;
  private slot: number | null;
  private length = 0;
  private fd: number | null = null;
  private direct: DirectPart | null = null;

  constructor(path: string, memory: SlotMemory | null, turn: Turn | null, seq: number) {
    this.path = path;
    this.memory = memory;
    this.turn = turn;
    this.seq = seq;
    this.slot = memory === null ? null : takeSlot(memory);
  }

  write(pieces: Encoded): void {
    for (const bytes of pieces) {
      this.direct ??= this.openDirect();
      if (this.direct !== null) this.direct.write(bytes);
      else this.keep(bytes);
    }
  }

  private keep(bytes: Uint8Array): void {
    const { memory, slot } = this;
    if (memory !== null && slot !== null) {
      const kept = Buffer.from(memory.bytes, slot, memory.slotBytes);
      if (this.length + bytes.length <= kept.length) {
        copyShared(bytes, kept, this.length);
        this.length += bytes.length;
        return;
      }
      this.append(kept.subarray(0, this.length));
      this.freeSlot();
    }
    this.append(bytes);
  }

  private append(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.failure !== null) return;
    try {
      this.fd ??= openSync(this.path, 'w+');
      for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at, bytes.length - at);
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.failure = `${this.path}: ${messageOf(error)}`;
  }

  private freeSlot(): void {
    if (this.memory !== null && this.slot !== null) releaseSlot(this.memory, this.slot);
    this.slot = null;
  }

  private openDirect(): DirectPart | null {
    const { turn, memory, slot, fd } = this;
    const place = turn === null ? null : placeOf(turn, this.seq);
    if (turn === null || place === null) return null;
    const direct = new DirectPart(turn.fd, place);
    if (memory !== null && slot !== null) direct.write(new Uint8Array(memory.bytes, slot, this.length));
    this.freeSlot();
    if (fd !== null) {
      try {
        direct.copy(fd);
        rmSync(this.path, { force: true });
      } catch (error) {
        this.fail(error);
      }
    }
    this.closeFile();
    return direct;
  }

  get written(): Written | null {
    return this.direct?.written ?? null;
  }

  close(): Part | null {
    if (this.memory !== null && this.slot !== null) {
      return { memory: { bytes: this.memory.bytes, offset: this.slot, length: this.length, ends: [] } };
    }
    const isFile = this.closeFile();
    return isFile && this.failure === null ? { path: this.path } : null;
  }

  /** True when there was a file. */
  private closeFile(): boolean {
    if (this.fd === null) return false;
    closeSync(this.fd);
    this.fd = null;
    return true;
  }
}

/** Rows of one task in the output, from a place of it on. Nothing is written any more after a write that failed. */
class DirectPart {
  private readonly fd: number;
  private readonly place: number;
  private length = 0;
  private failure: string | null = null;

  constructor(fd: number, place: number) {
    this.fd = fd;
    this.place = place;
  }

  write(bytes: Uint8Array): void {
    if (this.failure !== null) return;
    try {
      for (let at = 0; at < bytes.length; ) {
        const count = writeSync(this.fd, bytes, at, bytes.length - at, this.place + this.length);
        at += count;
        this.length += count;
      }
    } catch (error) {
      this.failure = messageOf(error);
    }
  }

  /** All of an open file. */
  copy(fd: number): void {
    const bytes = new Uint8Array(COPY_BYTES);
    for (let at = 0; ; ) {
      const count = readSync(fd, bytes, 0, COPY_BYTES, at);
      if (count === 0) return;
      this.write(bytes.subarray(0, count));
      at += count;
    }
  }

  get written(): Written {
    return { written: this.length, failure: this.failure };
  }
}
