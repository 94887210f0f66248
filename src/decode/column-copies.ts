import type { KernelFunction } from '../model/kernel.ts';
import type { KernelBlock, KernelHeap } from '../model/kernel-heap.ts';

/** Values of a dictionary whose tables lie in the memory of the kernel, which never shrinks; others are copied here. */
const VALUES_MAX = 1_048_576;

/** The copies of src/kernel/copies.ts, and room for the tables of dictionaries. */
export class ColumnCopies {
  private readonly heap: KernelHeap;
  private readonly copyAllOf: KernelFunction;
  /** The buffer that was asked about last and is the heap's. */
  private held: object | null = null;
  /** By position of the column: from task to task. */
  private readonly rooms: KernelBlock[] = [];

  constructor(heap: KernelHeap, functionOf: (exported: string) => KernelFunction) {
    this.heap = heap;
    this.copyAllOf = functionOf('copyAll');
  }

  /** Room for so many words for each of so many values of the column at a position; what was there is lost. */
  room(position: number, values: number, tables: number): Uint32Array {
    const bytes = values * tables * 4;
    if (values > VALUES_MAX) return new Uint32Array(values * tables);
    let room = this.rooms[position];
    if (room === undefined || room.bytes < bytes) {
      if (room !== undefined) this.heap.give([room]);
      room = this.heap.take(bytes);
      this.rooms[position] = room;
    }
    return new Uint32Array(room.buffer, room.at, values * tables);
  }

  /** Whether the kernel can read the array. */
  holds({ buffer }: Uint32Array | Int32Array): boolean {
    if (buffer === this.held) return true;
    if (!this.heap.holds(buffer)) return false;
    this.held = buffer;
    return true;
  }

  /** Values of rows, none of them null, into a column from an element on. */
  copyAll(
    codes: Int32Array,
    from: number,
    rows: number,
    low: Uint32Array,
    high: Uint32Array,
    target: { readonly byteOffset: number; readonly BYTES_PER_ELEMENT: number },
    row: number,
  ): void {
    const bytes = high.length > 0 ? 8 : target.BYTES_PER_ELEMENT;
    const to = target.byteOffset + row * bytes;
    this.copyAllOf(codes.byteOffset + from * 4, rows, low.byteOffset, high.byteOffset, to, bytes);
  }
}
