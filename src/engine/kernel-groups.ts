import type { KernelBlock } from '../model/kernel-heap.ts';
import { FRESH, type GroupRoom } from './group-room.ts';
import { drained, type Groups, type RowLayout, Sum, slotsFor } from './group-table.ts';

/** Words of `Groups` in src/kernel/classify/counters.ts, in its order: a test compares them. */
export const GROUPS_WORDS = ['slots', 'mask', 'rows', 'size', 'capacity', 'weights', 'bins', 'others'] as const;
const SIZE_WORD = GROUPS_WORDS.indexOf('size');

/** A row of src/kernel/classify/groups.ts in 32 bytes: bytes and packets as f64, records and the key as u32. */
export const KERNEL_ROW: RowLayout = { words: 8, key: 5, records: 4, bytes: 0, packets: 1 };

/** u32 counters of src/kernel/classify/groups.ts. */
const BINS = 2048;

/**
 * The GroupTable that src/kernel/classify/groups.ts fills and folds, by keys of three u32 words. A group is one run of
 * bytes, so that it is one trip to memory.
 */
export class KernelGroups {
  private readonly slots: Int32Array;
  private readonly rows: Float64Array;
  private readonly others: Float64Array;
  /** What the kernel knows of the table, see GROUPS_WORDS; the size is kept there alone. */
  private readonly words32: Uint32Array;

  constructor(capacity: number, take: (bytes: number) => KernelBlock) {
    const count = slotsFor(capacity);
    const slots = take(count * 4);
    this.slots = new Int32Array(slots.buffer, slots.at, count).fill(-1);
    const rows = take(capacity * KERNEL_ROW.words * 4);
    this.rows = new Float64Array(rows.buffer, rows.at, (capacity * KERNEL_ROW.words) / 2);
    const others = take(Sum.perGroup * 8);
    this.others = new Float64Array(others.buffer, others.at, Sum.perGroup).fill(0);
    const known = take(GROUPS_WORDS.length * 4);
    this.words32 = new Uint32Array(known.buffer, known.at, GROUPS_WORDS.length);
    const scratch = [take(capacity * 8).at, take(BINS * 4).at];
    this.words32.set([slots.at, count - 1, rows.at, 0, capacity, ...scratch, others.at]);
  }

  /** Byte address of its words, for the kernel. */
  get address(): number {
    return this.words32.byteOffset;
  }

  /** Empties the table into copies, in order of first appearance. */
  drain(room: GroupRoom = FRESH): Groups {
    const [records = 0, bytes = 0, packets = 0] = this.others;
    const groups = drained(this.words32[SIZE_WORD]!, KERNEL_ROW, this.rows, { records, bytes, packets }, room);
    this.others.fill(0);
    this.words32[SIZE_WORD] = 0;
    this.slots.fill(-1);
    return groups;
  }
}
