import type { KernelBlock, KernelHeap } from '../model/kernel-heap.ts';
import { ColumnsKernel } from './columns-kernel.ts';

/** Vectors read this far behind what they are asked for. */
const BEHIND_BYTES = 16;

/** Columns. */
export type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array;

/** What an encoder has of a worker's memory: columns that the kernel fills. It is given back all at once. */
export class ColumnMemory {
  readonly kernel: ColumnsKernel;
  private readonly heap: KernelHeap;
  /** By address. */
  private readonly blocks = new Map<number, KernelBlock>();

  constructor(heap: KernelHeap) {
    this.heap = heap;
    this.kernel = new ColumnsKernel(heap);
  }

  u8(length: number): Uint8Array {
    const { buffer, at } = this.take(length);
    return new Uint8Array(buffer, at, length);
  }

  u16(length: number): Uint16Array {
    const { buffer, at } = this.take(2 * length);
    return new Uint16Array(buffer, at, length);
  }

  u32(length: number): Uint32Array {
    const { buffer, at } = this.take(4 * length);
    return new Uint32Array(buffer, at, length);
  }

  i32(length: number): Int32Array {
    const { buffer, at } = this.take(4 * length);
    return new Int32Array(buffer, at, length);
  }

  /** An array of at least `length` with the same beginning; a longer one takes the place of the one given. */
  longer<T extends Numbers>(array: T, length: number): T {
    if (length <= array.length) return array;
    const wanted = Math.max(length, 2 * array.length);
    const longer = this.like(array, wanted);
    this.kernel.copy(longer.byteOffset, array.byteOffset, array.byteLength);
    this.give(array);
    return longer;
  }

  /** True when the kernel reads the array where it is. */
  holds({ buffer }: Numbers): boolean {
    return this.heap.holds(buffer);
  }

  give(array: Numbers): void {
    const block = this.blocks.get(array.byteOffset);
    if (block === undefined) return;
    this.blocks.delete(array.byteOffset);
    this.heap.give([block]);
  }

  release(): void {
    this.heap.give([...this.blocks.values()]);
    this.blocks.clear();
  }

  private like<T extends Numbers>(array: T, length: number): T {
    if (array instanceof Uint8Array) return this.u8(length) as T;
    if (array instanceof Uint16Array) return this.u16(length) as T;
    return (array instanceof Uint32Array ? this.u32(length) : this.i32(length)) as T;
  }

  private take(bytes: number): KernelBlock {
    const block = this.heap.take(bytes + BEHIND_BYTES);
    this.blocks.set(block.at, block);
    return block;
  }
}

/** Arrays that may lie elsewhere, where the kernel reads them: one at a time. */
export class MemoryCopy<T extends Numbers> {
  private copy: T;

  constructor(copy: T) {
    this.copy = copy;
  }

  /** The first `length` elements; valid until the next call. */
  of(memory: ColumnMemory, array: T, length: number = array.length): T {
    if (memory.holds(array)) return array;
    this.copy = memory.longer(this.copy, length);
    this.copy.set(array.subarray(0, length));
    return this.copy.subarray(0, length) as T;
  }
}
