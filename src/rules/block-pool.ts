/**
 * Blocks of `width` i32 words stored once each: equal contents get the same index. A hash only proposes; every hit is
 * compared word by word, so two different blocks never share an index.
 */
export class BlockPool {
  readonly width: number;
  private words: Int32Array;
  private size = 0;
  /** Hash → newest block with it; `older` chains the blocks of equal hash. */
  private readonly newest = new Map<number, number>();
  private readonly older: number[] = [];

  constructor(width: number) {
    this.width = width;
    this.words = new Int32Array(width * 64);
  }

  /** Number of distinct blocks. */
  get count(): number {
    return this.size;
  }

  /** Index of the block equal to the first `width` words of `block`. */
  put(block: Int32Array): number {
    const hash = hashOf(block, this.width);
    const first = this.newest.get(hash);
    for (let at = first ?? -1; at >= 0; at = this.older[at]!) if (this.equals(at, block)) return at;
    const index = this.size++;
    if (this.size * this.width > this.words.length) {
      const grown = new Int32Array(this.words.length * 2);
      grown.set(this.words);
      this.words = grown;
    }
    for (let i = 0; i < this.width; i++) this.words[index * this.width + i] = block[i]!;
    this.older.push(first ?? -1);
    this.newest.set(hash, index);
    return index;
  }

  /** All blocks, in index order; a view that the next `put` may outdate. */
  contents(): Int32Array {
    return this.words.subarray(0, this.size * this.width);
  }

  private equals(index: number, block: Int32Array): boolean {
    const base = index * this.width;
    for (let i = 0; i < this.width; i++) if (this.words[base + i] !== block[i]) return false;
    return true;
  }
}

function hashOf(block: Int32Array, width: number): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < width; i++) {
    hash = Math.imul(hash ^ block[i]!, 0x0100_0193);
    hash ^= hash >>> 15;
  }
  return hash;
}
