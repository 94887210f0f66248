import type { FlowBatch } from '../model/flow.ts';
import { V6_WORDS } from '../model/flow.ts';
import { formatIpv6 } from '../model/ip.ts';
import type { AddressField } from './rows.ts';
import { TextBuffer } from './text-buffer.ts';

/** Words of an address: family, then one word or four. */
const STRIDE = 5;
const SLOTS_AT_FIRST = 4096;

function hash(word: number): number {
  const h = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b);
  return h ^ (h >>> 13);
}

/** The addresses of one chunk, numbered from 1 in order of appearance; 0 = no address. */
export class AddressIds {
  private words: Uint32Array<ArrayBuffer> = new Uint32Array(STRIDE * (SLOTS_AT_FIRST >> 1));
  private slots: Int32Array<ArrayBuffer> = new Int32Array(SLOTS_AT_FIRST);
  private count = 0;
  /** Text of each id; the first stands for none. */
  readonly texts: TextBuffer = new TextBuffer();

  constructor() {
    this.texts.addText('');
  }

  /** Ids in use, 0 included. */
  get size(): number {
    return this.count + 1;
  }

  /**
   * Ids of a field of each row, into ids[at …]. `like`: ids of another field that mostly holds the same addresses, to
   * look at first.
   */
  number(
    flow: FlowBatch,
    field: AddressField,
    ids: Int32Array,
    at: number,
    like: AddressField | null,
    known: Int32Array,
  ): void {
    const { present, rows } = flow;
    const values = field.values(flow);
    const others = like?.values(flow) ?? values;
    const same = like === null ? 0 : field.bit | like.bit;
    const mask = like === null ? 0 : same | field.v6Bit | like.v6Bit;
    const v6Bit = field.bit | field.v6Bit;
    for (let i = 0; i < rows; i++) {
      const bits = present[i]!;
      if (like !== null && (bits & mask) === same && values[i] === others[i]) ids[at + i] = known[at + i]!;
      else if ((bits & v6Bit) === field.bit) ids[at + i] = this.ipv4(values[i]!);
      else ids[at + i] = (bits & field.bit) === 0 ? 0 : this.ipv6(flow.v6, i * V6_WORDS.perRow + field.v6Word);
    }
  }

  ipv4(word: number): number {
    const { slots, words } = this;
    const mask = slots.length - 1;
    for (let slot = hash(word) & mask; ; slot = (slot + 1) & mask) {
      const id = slots[slot]!;
      if (id === 0) break;
      if (words[id * STRIDE + 1] === word && words[id * STRIDE] === 4) return id;
    }
    this.texts.addIpv4(word);
    return this.add(4, word, 0, 0, 0);
  }

  private ipv6(v6: Uint32Array, from: number): number {
    const { slots, words } = this;
    const [w0, w1, w2, w3] = [v6[from]!, v6[from + 1]!, v6[from + 2]!, v6[from + 3]!];
    const mask = slots.length - 1;
    for (let slot = hash(w0 ^ hash(w1 ^ hash(w2 ^ hash(w3)))) & mask; ; slot = (slot + 1) & mask) {
      const id = slots[slot]!;
      if (id === 0) break;
      const at = id * STRIDE;
      if (words[at] !== 6 || words[at + 1] !== w0) continue;
      if (words[at + 2] === w1 && words[at + 3] === w2 && words[at + 4] === w3) return id;
    }
    this.texts.addText(formatIpv6(w0, w1, w2, w3));
    return this.add(6, w0, w1, w2, w3);
  }

  reset(): void {
    this.slots.fill(0);
    this.count = 0;
    this.texts.clear();
    this.texts.addText('');
  }

  private add(family: number, w0: number, w1: number, w2: number, w3: number): number {
    const id = ++this.count;
    if ((id + 1) * STRIDE > this.words.length) this.grow();
    const { words } = this;
    const at = id * STRIDE;
    words[at] = family;
    words[at + 1] = w0;
    words[at + 2] = w1;
    words[at + 3] = w2;
    words[at + 4] = w3;
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
