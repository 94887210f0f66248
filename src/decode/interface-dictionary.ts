import { FlowtrieError } from '../model/errors.ts';

const UTF8 = new TextDecoder();

/** First size of the slot table and of the byte store; both double when full. */
const SLOTS_FIRST = 1024;
const BYTES_FIRST = 32 * 1024;

/** An account has 5,000 interfaces a region by default: what holds more than this is no flow log. */
const INTERFACES_MAX = 1_048_576;
const INTERFACE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Interface ids of one input or of several, by code in order of first appearance. Hashed and compared on bytes, four at
 * a time: no string per record. Throws FlowtrieError when an input brings more new ones than INTERFACES_MAX or
 * INTERFACE_BYTES_MAX.
 */
export class InterfaceDictionary {
  private slots = new Int32Array(SLOTS_FIRST).fill(-1);
  private starts = new Uint32Array(SLOTS_FIRST / 2 + 1);
  private store = new Uint8Array(BYTES_FIRST);
  private storeView = new DataView(this.store.buffer);
  private source: Uint8Array = this.store;
  private sourceView: DataView = this.storeView;
  private readonly names: string[] = [];
  private last = -1;
  /** Ids and bytes that were known when the input at hand began: its limits do not count them. */
  private sizeBefore = 0;
  private bytesBefore = 0;

  get size(): number {
    return this.names.length;
  }

  /** Bytes of all ids. */
  get bytes(): number {
    return this.starts[this.names.length]!;
  }

  /** Another input begins: what is known stays known. */
  beginInput(): void {
    this.sizeBefore = this.size;
    this.bytesBefore = this.bytes;
  }

  /** The id of a code. */
  name(code: number): string {
    return this.names[code] ?? '';
  }

  /**
   * Code of the id in bytes[from, to). Records of one interface often follow each other: the last id is tried
   * first.
   */
  codeOf(bytes: Uint8Array, from: number, to: number): number {
    if (bytes !== this.source) {
      this.source = bytes;
      this.sourceView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const { last, slots } = this;
    if (last >= 0 && this.equals(last, from, to)) return last;
    const mask = slots.length - 1;
    let slot = hash(this.sourceView, from, to) & mask;
    for (;;) {
      const code = slots[slot]!;
      if (code < 0) break;
      if (this.equals(code, from, to)) {
        this.last = code;
        return code;
      }
      slot = (slot + 1) & mask;
    }
    return this.append(slot, from, to);
  }

  private equals(code: number, from: number, to: number): boolean {
    const { sourceView, storeView } = this;
    const start = this.starts[code]!;
    const length = this.starts[code + 1]! - start;
    if (length !== to - from) return false;
    let i = length;
    // from the end: ids differ there, not in `eni-0`
    for (; i >= 4; i -= 4) {
      if (sourceView.getInt32(from + i - 4, true) !== storeView.getInt32(start + i - 4, true)) return false;
    }
    for (; i > 0; i--) if (this.source[from + i - 1] !== this.store[start + i - 1]) return false;
    return true;
  }

  private append(slot: number, from: number, to: number): number {
    const code = this.names.length;
    const start = this.starts[code]!;
    const end = start + (to - from);
    if (code - this.sizeBefore === INTERFACES_MAX || end - this.bytesBefore > INTERFACE_BYTES_MAX) {
      const limit = `${INTERFACES_MAX} interface ids or ${INTERFACE_BYTES_MAX} bytes of them`;
      throw new FlowtrieError('input', `expected at most ${limit} in one input, got more: no flow log`);
    }
    while (end > this.store.length) this.grow();
    this.store.set(this.source.subarray(from, to), start);
    this.starts[code + 1] = end;
    // a TextDecoder refuses shared memory: decode the copy
    this.names.push(UTF8.decode(this.store.subarray(start, end)));
    this.slots[slot] = code;
    this.last = code;
    if ((code + 1) * 2 >= this.slots.length) this.rehash();
    return code;
  }

  private grow(): void {
    const larger = new Uint8Array(this.store.length * 2);
    larger.set(this.store);
    this.store = larger;
    this.storeView = new DataView(larger.buffer);
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1);
    const starts = new Uint32Array(slots.length / 2 + 1);
    starts.set(this.starts);
    for (let code = 0; code < this.names.length; code++) {
      let slot = hash(this.storeView, starts[code]!, starts[code + 1]!) & (slots.length - 1);
      while (slots[slot]! >= 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = code;
    }
    this.slots = slots;
    this.starts = starts;
  }
}

/**
 * Multiply and fold, four bytes a step; the last step overlaps the one before when the length is no multiple of
 * four.
 */
function hash(view: DataView, from: number, to: number): number {
  let h = to - from;
  if (h < 4) {
    for (let i = from; i < to; i++) h = Math.imul(h ^ view.getUint8(i), 0x9e37_79b1);
    return h ^ (h >>> 15);
  }
  for (let i = from; i < to - 4; i += 4) {
    h = Math.imul(h ^ view.getInt32(i, true), 0x9e37_79b1);
    h ^= h >>> 15;
  }
  h = Math.imul(h ^ view.getInt32(to - 4, true), 0x9e37_79b1);
  return h ^ (h >>> 15);
}
