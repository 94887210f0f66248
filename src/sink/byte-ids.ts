import { grown, type Texts } from './chunk-data.ts';

const SLOTS_AT_FIRST = 1024;

/** Byte values numbered from 1 in order of appearance; 0 = none. */
export class ByteIds {
  private bytes: Uint8Array<ArrayBuffer> = new Uint8Array(SLOTS_AT_FIRST);
  private view = new DataView(this.bytes.buffer);
  private ends: Int32Array<ArrayBuffer> = new Int32Array(SLOTS_AT_FIRST >> 1);
  private hashes: Int32Array<ArrayBuffer> = new Int32Array(SLOTS_AT_FIRST >> 1);
  private slots: Int32Array<ArrayBuffer> = new Int32Array(SLOTS_AT_FIRST);
  private count = 0;

  /** Ids in use, 0 included. */
  get size(): number {
    return this.count + 1;
  }

  /** Bytes held. */
  get byteLength(): number {
    return this.ends[this.count]!;
  }

  /** True when `id` is that of the value. */
  is(id: number, source: DataView, from: number, count: number): boolean {
    if (id === 0) return false;
    const start = this.ends[id - 1]!;
    if (this.ends[id]! - start !== count) return false;
    const { view } = this;
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      if (view.getInt32(start + i, true) !== source.getInt32(from + i, true)) return false;
    }
    for (; i < count; i++) if (view.getUint8(start + i) !== source.getUint8(from + i)) return false;
    return true;
  }

  /** The id of the value, a new one if it is new. `count` > 0. */
  find(source: DataView, from: number, count: number): number {
    let h = count;
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      h = Math.imul(h ^ source.getInt32(from + i, true), 0x85eb_ca6b);
      h ^= h >>> 15;
    }
    for (; i < count; i++) h = Math.imul(h ^ source.getUint8(from + i), 0x0100_0193);
    h ^= h >>> 15;
    const mask = this.slots.length - 1;
    for (let slot = h & mask; ; slot = (slot + 1) & mask) {
      const id = this.slots[slot]!;
      if (id === 0) return this.add(h, source, from, count);
      if (this.hashes[id] === h && this.is(id, source, from, count)) return id;
    }
  }

  /** Bytes that are no UTF-8 become U+FFFD. */
  text(id: number): string | null {
    if (id === 0) return null;
    return Buffer.from(this.bytes.buffer, this.ends[id - 1]!, this.ends[id]! - this.ends[id - 1]!).toString('utf8');
  }

  /** All values in order of their ids, as they came. */
  all(): Texts {
    return { offsets: this.ends.subarray(0, this.count + 1), bytes: this.bytes.subarray(0, this.byteLength) };
  }

  reset(): void {
    this.slots.fill(0);
    this.count = 0;
  }

  private add(hash: number, source: DataView, from: number, count: number): number {
    const id = ++this.count;
    if (id >= this.ends.length) this.grow();
    const start = this.ends[id - 1]!;
    if (start + count > this.bytes.length) {
      this.bytes = grown(this.bytes, start + count, (n) => new Uint8Array(n));
      this.view = new DataView(this.bytes.buffer);
    }
    this.bytes.set(new Uint8Array(source.buffer, source.byteOffset + from, count), start);
    this.ends[id] = start + count;
    this.hashes[id] = hash;
    this.place(id);
    return id;
  }

  private place(id: number): void {
    const mask = this.slots.length - 1;
    let slot = this.hashes[id]! & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = id;
  }

  private grow(): void {
    const [ends, hashes] = [new Int32Array(this.ends.length * 2), new Int32Array(this.ends.length * 2)];
    ends.set(this.ends);
    hashes.set(this.hashes);
    this.ends = ends;
    this.hashes = hashes;
    this.slots = new Int32Array(this.slots.length * 2);
    for (let id = 1; id < this.count; id++) this.place(id);
  }
}
