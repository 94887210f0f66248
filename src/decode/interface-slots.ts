import type { KernelBlock, KernelHeap } from '../model/kernel-heap.ts';

/** Slots to begin with, and at most (6 MB): half of them hold the ids of 65,536 interfaces. */
export const SLOTS_FIRST = 8192;
const SLOTS_MAX = 131_072;
/** As in src/kernel/interfaces.ts. */
export const SLOT_BYTES = 48;

/** Ids, and bytes of them, that are kept from one input to the next. */
export const INTERFACES_KEPT: number = SLOTS_MAX / 2;
export const INTERFACE_BYTES_KEPT: number = 32 * INTERFACES_KEPT;

/**
 * The kernel's table of interface ids that the dictionary knows (src/kernel/interfaces.ts): where it lies and how large
 * it is. An id that it lacks is asked of the dictionary, which knows all, and is remembered then.
 */
export class InterfaceSlots {
  private readonly heap: KernelHeap;
  private block: KernelBlock;
  private count = SLOTS_FIRST;

  constructor(heap: KernelHeap) {
    this.heap = heap;
    this.block = heap.take(SLOTS_FIRST * SLOT_BYTES);
  }

  /** Byte address. */
  get at(): number {
    return this.block.at;
  }

  /** Slots − 1; their number is a power of two. */
  get mask(): number {
    return this.count - 1;
  }

  clear(): void {
    new Uint8Array(this.block.buffer, this.block.at, this.block.bytes).fill(0);
  }

  /** Half of the slots stay free for `ids` ids. True when there is another table, an empty one. */
  grow(ids: number): boolean {
    if (2 * ids <= this.count || this.count === SLOTS_MAX) return false;
    // twice as many as are needed now: a table that was just filled is not soon left again
    while (4 * ids > this.count && this.count < SLOTS_MAX) this.count *= 2;
    this.heap.give([this.block]);
    this.block = this.heap.take(this.count * SLOT_BYTES);
    this.clear();
    return true;
  }
}
