/** A power of two; small, because every rule set has pools of its own. */
const FIRST_CAPACITY = 64;

/**
 * Lists of i32 words stored once each: equal contents get the same index. A hash only proposes; every hit is compared
 * word by word, so two different lists never share an index.
 */
export class ListPool {
  private words = new Int32Array(FIRST_CAPACITY);
  private starts = new Int32Array(FIRST_CAPACITY);
  private size = 0;
  /** Open addressing: index of a list + 1, 0 = free; at least twice as many slots as lists. */
  private slots = new Int32Array(2 * FIRST_CAPACITY);

  /** Number of distinct lists. */
  get count(): number {
    return this.size;
  }

  /** Index of the list equal to the first `length` words of `list`. */
  put(list: ArrayLike<number>, length: number): number {
    const mask = this.slots.length - 1;
    let slot = hashOf(list, length) & mask;
    for (; this.slots[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.equals(this.slots[slot]! - 1, list, length)) return this.slots[slot]! - 1;
    }
    const index = this.size++;
    const from = this.starts[index]!;
    if (from + length > this.words.length) this.words = grown(this.words, from + length);
    for (let i = 0; i < length; i++) this.words[from + i] = list[i]!;
    if (this.size >= this.starts.length) this.starts = grown(this.starts, this.size + 1);
    this.starts[this.size] = from + length;
    this.slots[slot] = this.size;
    if (2 * this.size > mask) this.rehash();
    return index;
  }

  /** Start of each list in `items`, one more than there are lists. */
  offsets(): Int32Array {
    return this.starts.slice(0, this.size + 1);
  }

  /** All lists, one after the other. */
  items(): Int32Array {
    return this.words.slice(0, this.starts[this.size]);
  }

  private equals(index: number, list: ArrayLike<number>, length: number): boolean {
    const from = this.starts[index]!;
    if (this.starts[index + 1]! - from !== length) return false;
    for (let i = 0; i < length; i++) if (this.words[from + i] !== list[i]) return false;
    return true;
  }

  private rehash(): void {
    this.slots = new Int32Array(this.slots.length * 2);
    const mask = this.slots.length - 1;
    for (let index = 0; index < this.size; index++) {
      const list = this.words.subarray(this.starts[index]!, this.starts[index + 1]!);
      let slot = hashOf(list, list.length) & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = index + 1;
    }
  }
}

function grown(array: Int32Array, least: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(array.length * 2, least));
  larger.set(array);
  return larger;
}

function hashOf(list: ArrayLike<number>, length: number): number {
  let hash = 0x811c_9dc5 ^ length;
  for (let i = 0; i < length; i++) {
    hash = Math.imul(hash ^ list[i]!, 0x0100_0193);
    hash ^= hash >>> 15;
  }
  return hash;
}
