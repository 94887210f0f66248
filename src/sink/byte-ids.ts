import type { Texts } from './chunk-data.ts';
import { type ColumnMemory, MemoryCopy } from './column-memory.ts';

const SLOTS_AT_FIRST = 1024;
const BYTES_AT_FIRST = 4096;

/** Words of `ByteIds` in src/kernel/columns/values.ts, in their order: a test compares them. */
export const BYTE_IDS_WORDS = ['slots', 'mask', 'hashes', 'ends', 'bytes', 'count', 'limit', 'room'] as const;
const COUNT = BYTE_IDS_WORDS.indexOf('count');

/** Byte values numbered from 1 in order of appearance; 0 = none. */
export class ByteIds {
  private readonly memory: ColumnMemory;
  private readonly table: Uint32Array;
  private slots: Uint32Array;
  private hashes: Uint32Array;
  private ends: Int32Array;
  private bytes: Uint8Array;
  private ids: Int32Array;
  private readonly offsets: MemoryCopy<Int32Array>;
  private readonly texts: MemoryCopy<Uint8Array>;

  constructor(memory: ColumnMemory) {
    this.memory = memory;
    this.table = memory.u32(BYTE_IDS_WORDS.length);
    this.slots = memory.u32(SLOTS_AT_FIRST);
    this.hashes = memory.u32(SLOTS_AT_FIRST / 2);
    this.ends = memory.i32(SLOTS_AT_FIRST / 2);
    this.bytes = memory.u8(BYTES_AT_FIRST);
    this.ids = memory.i32(0);
    this.offsets = new MemoryCopy(memory.i32(0));
    this.texts = new MemoryCopy(memory.u8(0));
    this.ends[0] = 0;
    this.reset();
  }

  /** Ids in use, 0 included. */
  get size(): number {
    return this.table[COUNT]! + 1;
  }

  /** Bytes held. */
  get byteLength(): number {
    return this.ends[this.table[COUNT]!]!;
  }

  get areAscii(): boolean {
    return this.memory.kernel.isAscii(this.bytes.byteOffset, this.byteLength) === 1;
  }

  /**
   * Numbers values with `call`, which is given the table and where to begin, and stops in front of a value for which
   * there is no room; `lengthOf` says how many bytes that has.
   */
  number(count: number, call: (table: number, from: number) => number, lengthOf: (index: number) => number): void {
    const at = this.table.byteOffset;
    for (let done = call(at, 0); done < count; done = call(at, done)) this.grow(lengthOf(done));
  }

  /** Texts where the kernel reads them: copied if they lie elsewhere. Valid until the next call. */
  reachable(texts: Texts): Texts {
    const { memory } = this;
    return { offsets: this.offsets.of(memory, texts.offsets), bytes: this.texts.of(memory, texts.bytes) };
  }

  /** Ids of reachable texts, all or those from `from` up to `to`; valid until the next call. */
  numberTexts({ offsets, bytes }: Texts, from = 0, to: number = offsets.length - 1): Int32Array {
    const { memory } = this;
    const count = to - from;
    this.ids = memory.longer(this.ids, count);
    const [at, text, ids] = [offsets.byteOffset + 4 * from, bytes.byteOffset, this.ids.byteOffset];
    this.number(
      count,
      (table, done) => memory.kernel.textIds(table, at, text, ids, done, count),
      (i) => offsets[from + i + 1]! - offsets[from + i]!,
    );
    return this.ids.subarray(0, count);
  }

  /** Bytes that are no UTF-8 become U+FFFD. */
  text(id: number): string | null {
    if (id === 0) return null;
    // shared memory cannot be read as text
    return Buffer.from(this.bytes.slice(this.ends[id - 1]!, this.ends[id]!)).toString('utf8');
  }

  /** All values in order of their ids, as they came; valid until the next is numbered. */
  all(): Texts {
    return { offsets: this.ends.subarray(0, this.size), bytes: this.bytes.subarray(0, this.byteLength) };
  }

  reset(): void {
    this.table[COUNT] = 0;
    this.place();
  }

  /** Room for twice as many ids, or for a value of so many bytes. */
  private grow(bytes: number): void {
    const { memory } = this;
    this.bytes = memory.longer(this.bytes, this.byteLength + bytes);
    if (this.size === this.ends.length) {
      this.hashes = memory.longer(this.hashes, 2 * this.hashes.length);
      this.ends = memory.longer(this.ends, 2 * this.ends.length);
      this.slots = memory.longer(this.slots, 2 * this.slots.length);
    }
    this.place();
    memory.kernel.placeValues(this.table.byteOffset);
  }

  /** Clears the slots and tells the kernel where everything is. */
  private place(): void {
    const { table, slots, hashes, ends, bytes } = this;
    slots.fill(0);
    const places = [slots, hashes, ends, bytes].map((array) => array.byteOffset) as [number, number, number, number];
    const [slotsAt, hashesAt, endsAt, bytesAt] = places;
    table.set([slotsAt, slots.length - 1, hashesAt, endsAt, bytesAt, table[COUNT]!, ends.length - 1, bytes.length]);
  }
}
