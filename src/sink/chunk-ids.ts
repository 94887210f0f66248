import type { FlowBatch } from '../model/flow.ts';
import { V6_WORDS } from '../model/flow.ts';
import { formatIpv4, formatIpv6 } from '../model/ip.ts';
import type { AddressField } from './rows.ts';

/** Words of an address: family, then one word or four. */
const STRIDE = 5;
const SLOTS_AT_FIRST = 4096;
const BYTES_AT_FIRST = 4096;

function hash(word: number): number {
  const h = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b);
  return h ^ (h >>> 13);
}

/** The addresses of one chunk, numbered from 1 in order of appearance; 0 = no address. */
export class AddressIds {
  private words: Uint32Array<ArrayBuffer> = new Uint32Array(STRIDE * (SLOTS_AT_FIRST >> 1));
  private slots: Int32Array<ArrayBuffer> = new Int32Array(SLOTS_AT_FIRST);
  private count = 0;

  /** Ids in use, 0 included. */
  get size(): number {
    return this.count + 1;
  }

  /** Ids of a field of each row. */
  number(flow: FlowBatch, field: AddressField, ids: Int32Array): void {
    const { present, rows, v6 } = flow;
    const values = field.values(flow);
    for (let i = 0; i < rows; i++) {
      const bits = present[i]!;
      if ((bits & field.bit) === 0) ids[i] = 0;
      else if ((bits & field.v6Bit) === 0) ids[i] = this.find(4, values[i]!, 0, 0, 0);
      else {
        const at = i * V6_WORDS.perRow + field.v6Word;
        ids[i] = this.find(6, v6[at]!, v6[at + 1]!, v6[at + 2]!, v6[at + 3]!);
      }
    }
  }

  /** Id of an IPv4 that stands in no field. */
  ipv4(word: number): number {
    return this.find(4, word, 0, 0, 0);
  }

  text(id: number): string | null {
    if (id === 0) return null;
    const at = id * STRIDE;
    const { words } = this;
    if (words[at] === 4) return formatIpv4(words[at + 1]!);
    return formatIpv6(words[at + 1]!, words[at + 2]!, words[at + 3]!, words[at + 4]!);
  }

  reset(): void {
    this.slots.fill(0);
    this.count = 0;
  }

  private find(family: number, w0: number, w1: number, w2: number, w3: number): number {
    const { slots, words } = this;
    const mask = slots.length - 1;
    let slot = hash(family === 4 ? w0 : w0 ^ hash(w1 ^ hash(w2 ^ hash(w3)))) & mask;
    for (; ; slot = (slot + 1) & mask) {
      const id = slots[slot]!;
      if (id === 0) break;
      const at = id * STRIDE;
      if (words[at + 1] !== w0 || words[at] !== family) continue;
      if (family === 4 || (words[at + 2] === w1 && words[at + 3] === w2 && words[at + 4] === w3)) return id;
    }
    const id = ++this.count;
    if ((id + 1) * STRIDE > words.length) this.grow();
    this.words.set([family, w0, w1, w2, w3], id * STRIDE);
    this.place(id);
    return id;
  }

  private place(id: number): void {
    const { slots, words } = this;
    const at = id * STRIDE;
    const w0 = words[at + 1]!;
    const key = words[at] === 4 ? w0 : w0 ^ hash(words[at + 2]! ^ hash(words[at + 3]! ^ hash(words[at + 4]!)));
    const mask = slots.length - 1;
    let slot = hash(key) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = id;
  }

  private grow(): void {
    const words = new Uint32Array(this.words.length * 2);
    words.set(this.words);
    this.words = words;
    this.slots = new Int32Array(this.slots.length * 2);
    for (let id = 1; id < this.count; id++) this.place(id);
  }
}

/** The byte values of one carried column in a chunk, numbered from 1; 0 = null. */
export class ByteIds {
  private bytes: Uint8Array<ArrayBuffer> = new Uint8Array(BYTES_AT_FIRST);
  private ends: Int32Array<ArrayBuffer> = new Int32Array(SLOTS_AT_FIRST >> 1);
  private hashes: Int32Array<ArrayBuffer> = new Int32Array(SLOTS_AT_FIRST >> 1);
  private slots: Int32Array<ArrayBuffer> = new Int32Array(SLOTS_AT_FIRST);
  private count = 0;
  private last = 0;

  get size(): number {
    return this.count + 1;
  }

  /** Bytes held. */
  get byteLength(): number {
    return this.ends[this.count]!;
  }

  number(source: Uint8Array, offset: Uint32Array, length: Uint32Array, rows: number, ids: Int32Array): void {
    for (let i = 0; i < rows; i++) {
      const count = length[i]!;
      if (count === 0) ids[i] = 0;
      else {
        if (!this.equals(this.last, source, offset[i]!, count)) this.last = this.find(source, offset[i]!, count);
        ids[i] = this.last;
      }
    }
  }

  /** Bytes that are no UTF-8 become U+FFFD. */
  text(id: number): string | null {
    if (id === 0) return null;
    return Buffer.from(this.bytes.buffer, this.ends[id - 1]!, this.ends[id]! - this.ends[id - 1]!).toString('utf8');
  }

  reset(): void {
    this.slots.fill(0);
    this.count = 0;
    this.last = 0;
  }

  private equals(id: number, source: Uint8Array, from: number, count: number): boolean {
    if (id === 0) return false;
    const start = this.ends[id - 1]!;
    if (this.ends[id]! - start !== count) return false;
    const { bytes } = this;
    // values of one field differ at their end
    for (let i = count - 1; i >= 0; i--) if (bytes[start + i] !== source[from + i]) return false;
    return true;
  }

  private find(source: Uint8Array, from: number, count: number): number {
    let h = count;
    for (let i = 0; i < count; i++) h = Math.imul(h ^ source[from + i]!, 0x0100_0193);
    h ^= h >>> 15;
    const mask = this.slots.length - 1;
    let slot = h & mask;
    for (; ; slot = (slot + 1) & mask) {
      const id = this.slots[slot]!;
      if (id === 0) break;
      if (this.hashes[id] === h && this.equals(id, source, from, count)) return id;
    }
    const id = ++this.count;
    if (id >= this.ends.length) this.grow();
    const start = this.ends[id - 1]!;
    if (start + count > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(this.bytes.length * 2, start + count));
      bytes.set(this.bytes);
      this.bytes = bytes;
    }
    this.bytes.set(source.subarray(from, from + count), start);
    this.ends[id] = start + count;
    this.hashes[id] = h;
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
