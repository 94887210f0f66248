import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { copyShared } from '../model/shared-copy.ts';
import type { Encoded, Part } from '../sink/part.ts';
import { releaseSlot, type SlotMemory, takeSlot } from './slot-memory.ts';

/** What one task writes, appended to as batches are done; the main thread takes it up in task order. */
export interface OpenPart {
  write(pieces: Encoded): void;
  /** null = nothing was written. */
  close(): Part | null;
}

/** Where the parts of a run are kept. */
export interface PartPlace {
  /** null = there are no files: a part is in memory of its own, whatever its length. */
  readonly folder: string | null;
  /** Parts that fit into a slot stay in memory; null = all are files. */
  readonly memory: SlotMemory | null;
}

export function openPart({ folder, memory }: PartPlace, name: string): OpenPart {
  return folder === null ? new MemoryPart() : new SlotPart(join(folder, name), memory);
}

/** Shared memory travels between threads by reference; the pieces are copied into it when their sum is known. */
class MemoryPart implements OpenPart {
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

/** In a slot of shared memory as long as it fits, else in a file. */
class SlotPart implements OpenPart {
  private readonly path: string;
  private readonly memory: SlotMemory | null;
  private slot: number | null;
  private length = 0;
  private fd: number | null = null;

  constructor(path: string, memory: SlotMemory | null) {
    this.path = path;
    this.memory = memory;
    this.slot = memory === null ? null : takeSlot(memory);
  }

  write(pieces: Encoded): void {
    for (const bytes of pieces) {
      const { memory, slot } = this;
      if (memory !== null && slot !== null) {
        const kept = Buffer.from(memory.bytes, slot, memory.slotBytes);
        if (this.length + bytes.length <= kept.length) {
          copyShared(bytes, kept, this.length);
          this.length += bytes.length;
          continue;
        }
        this.append(kept.subarray(0, this.length));
        this.slot = null;
        releaseSlot(memory, slot);
      }
      this.append(bytes);
    }
  }

  private append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.fd ??= openSync(this.path, 'w');
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at, bytes.length - at);
  }

  close(): Part | null {
    if (this.memory !== null && this.slot !== null) {
      return { memory: { bytes: this.memory.bytes, offset: this.slot, length: this.length, ends: [] } };
    }
    if (this.fd === null) return null;
    closeSync(this.fd);
    return { path: this.path };
  }
}
