import { strict as assert } from 'node:assert';
import { createGrowingMemory, type KernelMemory, PAGE_BYTES } from './kernel.ts';

/** Bytes at the start that nobody gets: an address of 0 means nothing. */
const RESERVED_BYTES = 1024;
/** What is handed out begins at a multiple of it: a cache line. */
const ALIGNMENT = 64;

/** A stretch of the memory. */
export interface KernelBlock {
  /** Byte address, which is also the offset in `buffer`. */
  readonly at: number;
  readonly bytes: number;
  readonly buffer: SharedArrayBuffer;
}

/**
 * The memory of one worker's kernels, handed out in blocks: columns, tables and counters lie side by side, so that one
 * module reads what another wrote. It grows and never shrinks; views of it stay valid when it grows, as it is shared.
 * What is given back is taken again by the next block that fits: the inventories of a stream replace each other.
 */
export class KernelHeap {
  readonly memory: KernelMemory;
  private next = RESERVED_BYTES;
  private free: KernelBlock[] = [];
  /** Every growth makes another object of the same memory. */
  private readonly buffers = new WeakSet<object>();

  constructor() {
    this.memory = createGrowingMemory();
  }

  /** Zeros on first use; a block that was used before has what was left in it. */
  take(bytes: number): KernelBlock {
    const size = Math.ceil(Math.max(bytes, 1) / ALIGNMENT) * ALIGNMENT;
    const fitting = this.free.findIndex((block) => block.bytes >= size);
    const [block] = fitting < 0 ? [] : this.free.splice(fitting, 1);
    if (block === undefined) return this.extend(size);
    if (block.bytes > size) this.free.push({ ...block, at: block.at + size, bytes: block.bytes - size });
    return { ...block, bytes: size };
  }

  /** True when views of the buffer are views of this memory. */
  holds(buffer: object): boolean {
    return this.buffers.has(buffer);
  }

  give(blocks: readonly KernelBlock[]): void {
    const all = [...this.free, ...blocks].sort((a, b) => a.at - b.at);
    this.free = [];
    for (const block of all) {
      const last = this.free.at(-1);
      if (last !== undefined && last.at + last.bytes === block.at) {
        this.free[this.free.length - 1] = { ...block, at: last.at, bytes: last.bytes + block.bytes };
      } else this.free.push(block);
    }
  }

  private extend(size: number): KernelBlock {
    const at = this.next;
    this.next += size;
    const missing = this.next - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE_BYTES));
    const { buffer } = this.memory;
    assert(buffer instanceof SharedArrayBuffer);
    this.buffers.add(buffer);
    return { at, bytes: size, buffer };
  }
}
