const LATIN1 = new TextDecoder('latin1');

/** First size of the slot table and of the byte store; both double when full. */
const SLOTS_FIRST = 1024;
const BYTES_FIRST = 32 * 1024;

/**
 * Interface ids of one input, by code in order of first appearance. Hashed and compared on bytes: no string per record.
 * Grows with the number of distinct interfaces, which an account bounds (5,000 a region by default).
 */
export class InterfaceDictionary {
  private slots = new Int32Array(SLOTS_FIRST).fill(-1);
  private starts = new Uint32Array(SLOTS_FIRST / 2 + 1);
  private store = new Uint8Array(BYTES_FIRST);
  private readonly names: string[] = [];
  private last = -1;

  get size(): number {
    return this.names.length;
  }

  /** The id of a code. */
  name(code: number): string {
    return this.names[code] ?? '';
  }

  /** Code of the id in bytes[from, to). Records of one interface often follow each other: the last id is tried first. */
  codeOf(bytes: Uint8Array, from: number, to: number): number {
    if (this.last >= 0 && this.equals(this.last, bytes, from, to)) return this.last;
    const mask = this.slots.length - 1;
    let slot = hash(bytes, from, to) & mask;
    for (;;) {
      const code = this.slots[slot]!;
      if (code < 0) break;
      if (this.equals(code, bytes, from, to)) {
        this.last = code;
        return code;
      }
      slot = (slot + 1) & mask;
    }
    return this.append(slot, bytes, from, to);
  }

  private equals(code: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.starts[code]!;
    const length = this.starts[code + 1]! - start;
    if (length !== to - from) return false;
    const { store } = this;
    for (let i = 0; i < length; i++) if (store[start + i] !== bytes[from + i]) return false;
    return true;
  }

  private append(slot: number, bytes: Uint8Array, from: number, to: number): number {
    const code = this.names.length;
    const start = this.starts[code]!;
    while (start + (to - from) > this.store.length) this.store = grown(this.store);
    this.store.set(bytes.subarray(from, to), start);
    this.starts[code + 1] = start + (to - from);
    // a TextDecoder refuses shared memory: decode the copy
    this.names.push(LATIN1.decode(this.store.subarray(start, start + (to - from))));
    this.slots[slot] = code;
    this.last = code;
    if ((code + 1) * 2 >= this.slots.length) this.rehash();
    return code;
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1);
    const starts = new Uint32Array(slots.length / 2 + 1);
    starts.set(this.starts);
    for (let code = 0; code < this.names.length; code++) {
      let slot = hash(this.store, starts[code]!, starts[code + 1]!) & (slots.length - 1);
      while (slots[slot]! >= 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = code;
    }
    this.slots = slots;
    this.starts = starts;
  }
}

function grown(store: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(store.length * 2);
  larger.set(store);
  return larger;
}

/** FNV-1a over the bytes, mixed so that the low bits depend on all. */
function hash(bytes: Uint8Array, from: number, to: number): number {
  let h = 0x811c_9dc5;
  for (let i = from; i < to; i++) h = Math.imul(h ^ bytes[i]!, 0x0100_0193);
  return h ^ (h >>> 15);
}
