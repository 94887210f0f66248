import type { Intervals } from './address-class.ts';
import { BlockPool } from './block-pool.ts';

/**
 * IPv4: 16-8-8 bits, leaf-pushed, equal blocks stored once. An entry is a class, or with `pointerBit` the index of a
 * block of the next level: bit 15 of a u16 while all counts fit, else the sign bit of an i32. `leaf` holds
 * `fullLeaves` blocks of 256 entries, then blocks of 16 where nothing is finer than a /28; see leafIndex.
 */
export interface Trie4 {
  readonly root: Uint16Array | Int32Array;
  readonly inner: Uint16Array | Int32Array;
  readonly leaf: Uint16Array | Int32Array;
  readonly fullLeaves: number;
  readonly pointerBit: number;
}

/** While building, marks the pointer to a block of 16 entries. */
const COARSE = 0x2000_0000;

const U16_POINTER = 0x8000;
const I32_POINTER = 0x8000_0000 | 0;

/** `classCount` = number of address classes of both families. */
export function buildTrie4(intervals: Intervals, classCount: number): Trie4 {
  return new Trie4Builder().build(intervals, classCount);
}

const ROOTS = 65536;
const NOTHING: Intervals = { count: 1, starts: new Uint32Array(4), classes: Int32Array.of(-1) };

/** Builds a trie and, from the second time on, only what has changed of it; blocks out of use stay until then. */
export class Trie4Builder {
  private readonly root = new Int32Array(ROOTS);
  private readonly inner = new BlockPool(256);
  private readonly leaf = new BlockPool(256);
  private readonly coarse = new BlockPool(16);
  private readonly innerBlock = new Int32Array(256);
  private readonly leafBlock = new Int32Array(256);
  private readonly coarseBlock = new Int32Array(16);
  private built = NOTHING;
  private encodedBefore: Trie4 | undefined;

  build(intervals: Intervals, classCount: number): Trie4 {
    const changed = changedRoots(this.built, intervals);
    this.built = intervals;
    let i = 0;
    for (let high = 0; high < ROOTS; high++) {
      if (changed[high] === 0) continue;
      while (endOf(intervals, i) <= high * ROOTS) i++;
      this.root[high] =
        endOf(intervals, i) >= (high + 1) * ROOTS ? intervals.classes[i]! : this.branch(intervals, i, high * ROOTS);
    }
    return this.encoded(classCount, changed);
  }

  /** Pointer to the inner block of the 65,536 addresses from `base` on, which begin in interval `i`. */
  private branch(intervals: Intervals, first: number, base: number): number {
    const { innerBlock, leafBlock, coarseBlock } = this;
    const { classes } = intervals;
    let i = first;
    for (let middle = 0; middle < 256; middle++) {
      const from = base + middle * 256;
      while (endOf(intervals, i) <= from) i++;
      if (endOf(intervals, i) >= from + 256) {
        innerBlock[middle] = classes[i]!;
        continue;
      }
      let edges = 0;
      for (let at = from; at < from + 256; ) {
        while (endOf(intervals, i) <= at) i++;
        const end = Math.min(endOf(intervals, i), from + 256);
        leafBlock.fill(classes[i]!, at - from, end - from);
        edges |= end;
        at = end;
      }
      if ((edges & 15) !== 0) {
        innerBlock[middle] = ~this.leaf.put(leafBlock);
        continue;
      }
      for (let high = 0; high < 16; high++) coarseBlock[high] = leafBlock[high << 4]!;
      innerBlock[middle] = ~(this.coarse.put(coarseBlock) | COARSE);
    }
    return ~this.inner.put(innerBlock);
  }

  /** Entries that the trie before had are copied from it where they would not be others today. */
  private encoded(classCount: number, changed: Uint8Array): Trie4 {
    const { inner, leaf, coarse, encodedBefore: before } = this;
    const isNarrow = Math.max(classCount, inner.count, leaf.count + coarse.count) <= U16_POINTER;
    const pointerBit = isNarrow ? U16_POINTER : I32_POINTER;
    // blocks of 16 are numbered after those of 256: one more of these moves them all
    const isSame = before?.pointerBit === pointerBit && before.fullLeaves === leaf.count;
    const table = (length: number, known?: Trie4['leaf']): Trie4['leaf'] => {
      const entries = isNarrow ? new Uint16Array(length) : new Int32Array(length);
      if (isSame && known !== undefined) entries.set(known);
      return entries;
    };
    const root = table(ROOTS, before?.root);
    for (let high = 0; high < ROOTS; high++) {
      if (!isSame || changed[high] === 1) root[high] = encode(this.root[high]!, pointerBit, leaf.count);
    }
    const innerTable = table(inner.count * 256, before?.inner);
    const blocks = inner.contents();
    for (let i = isSame ? before.inner.length : 0; i < blocks.length; i++) {
      innerTable[i] = encode(blocks[i]!, pointerBit, leaf.count);
    }
    const leafTable = table(leaf.count * 256 + coarse.count * 16, before?.leaf);
    if (!isSame) leafTable.set(leaf.contents());
    const coarseFrom = isSame ? before.leaf.length - leaf.count * 256 : 0;
    leafTable.set(coarse.contents().subarray(coarseFrom), leaf.count * 256 + coarseFrom);
    this.encodedBefore = { root, inner: innerTable, leaf: leafTable, fullLeaves: leaf.count, pointerBit };
    return this.encodedBefore;
  }
}

/** First address after interval `i`, up to 2^32. */
function endOf({ count, starts }: Intervals, i: number): number {
  return i + 1 < count ? starts[(i + 1) * 4]! : 2 ** 32;
}

/** By the upper 16 bits: 1 where some address has another class than before. */
function changedRoots(before: Intervals, after: Intervals): Uint8Array {
  const changed = new Uint8Array(ROOTS);
  for (let i = 0, j = 0, at = 0; at < 2 ** 32; ) {
    const end = Math.min(endOf(before, i), endOf(after, j));
    if (before.classes[i] !== after.classes[j]) changed.fill(1, at / ROOTS, Math.ceil(end / ROOTS));
    if (endOf(before, i) === end) i++;
    if (endOf(after, j) === end) j++;
    at = end;
  }
  return changed;
}

/**
 * While building, a negative entry ~n is a pointer to block n, with COARSE to block n of those after the first
 * `fullLeaves`.
 */
function encode(entry: number, pointerBit: number, fullLeaves: number): number {
  if (entry >= 0) return entry;
  return pointerBit | ((~entry & COARSE) === 0 ? ~entry : (~entry & ~COARSE) + fullLeaves);
}

/**
 * IPv6: 16-bit root, then nodes of 16 entries over 4 bits each. A run of nodes in which all entries but one agree is
 * one chain: it compares several nibbles at once. Entries: ≥ 0 class, < 0 pointer ~(index × 2 + (chain ? 1 : 0)).
 * `nodes` and `chains` hold 16 words an element (one cache line); see ChainWord.
 */
interface Trie6 {
  readonly root: Int32Array;
  readonly nodes: Int32Array;
  readonly chains: Int32Array;
}

/** Words of a chain; the rest of its 16 is zero. */
export const ChainWord = {
  /** First nibble after the run. */
  end: 0,
  /** Class of addresses that leave the run. */
  fallback: 1,
  /** Entry for those that follow it. */
  child: 2,
  /** Four words of nibbles of the run, then four of their mask. */
  value: 3,
  mask: 7,
} as const;

interface Chain {
  readonly start: number;
  readonly end: number;
  readonly fallback: number;
  readonly child: number;
  /** An address inside the run. */
  readonly path: readonly number[];
}

/** An entry that is final, or a chain that the node above may still lengthen. */
type Branch = number | Chain;

export function buildTrie6(intervals: Intervals): Trie6 {
  const builder = new Trie6Builder(intervals);
  const { count, starts, classes } = intervals;
  const root = new Int32Array(65536);
  let at = 0;
  for (let high = 0; high < 65536; high++) {
    let last = at;
    while (last + 1 < count && starts[(last + 1) * 4]! >>> 16 === high) last++;
    const first = last > at && builder.startsBlock(at + 1, 4) ? at + 1 : at;
    root[high] = first === last ? classes[first]! : builder.emit(builder.build(first, last, 4, [high << 16, 0, 0, 0]));
    at = last;
  }
  return { root, nodes: builder.nodes.contents(), chains: builder.chains.contents() };
}

class Trie6Builder {
  readonly nodes = new BlockPool(16);
  readonly chains = new BlockPool(16);
  private readonly starts: Uint32Array;
  private readonly classes: Int32Array;

  constructor(intervals: Intervals) {
    this.starts = intervals.starts;
    this.classes = intervals.classes;
  }

  /** True when interval `i` starts at the base of a block of `nibbles` nibbles: all later ones are zero. */
  startsBlock(i: number, nibbles: number): boolean {
    for (let nibble = nibbles; nibble < 32; nibble++) if (this.nibbleOf(i, nibble) !== 0) return false;
    return true;
  }

  /**
   * Branch of the block whose first `nibble` nibbles are those of `path`. Interval `first` holds its base; first + 1 …
   * last start inside it.
   */
  build(first: number, last: number, nibble: number, path: readonly number[]): Branch {
    const entries: Branch[] = [];
    let at = first;
    for (let value = 0; value < 16; value++) {
      let end = at;
      while (end < last && this.nibbleOf(end + 1, nibble) === value) end++;
      const begin = end > at && this.startsBlock(at + 1, nibble + 1) ? at + 1 : at;
      const below = begin === end ? this.classes[begin]! : undefined;
      entries.push(below ?? this.build(begin, end, nibble + 1, withNibble(path, nibble, value)));
      at = end;
    }
    return this.chainOf(entries, nibble, path) ?? this.putNode(entries);
  }

  /** The final entry of a branch. */
  emit(branch: Branch): number {
    if (typeof branch === 'number') return branch;
    const words = new Int32Array(16);
    words[ChainWord.end] = branch.end;
    words[ChainWord.fallback] = branch.fallback;
    words[ChainWord.child] = branch.child;
    for (let nibble = branch.start; nibble < branch.end; nibble++) {
      const word = nibble >> 3;
      const mask = 15 << (28 - 4 * (nibble & 7));
      words[ChainWord.mask + word]! |= mask;
      words[ChainWord.value + word]! |= branch.path[word]! & mask;
    }
    return ~((this.chains.put(words) << 1) | 1);
  }

  private putNode(entries: readonly Branch[]): number {
    return ~(this.nodes.put(Int32Array.from(entries, (branch) => this.emit(branch))) << 1);
  }

  /** The chain that stands for `entries` when all but one are the same class; undefined when they are not. */
  private chainOf(entries: readonly Branch[], nibble: number, path: readonly number[]): Chain | undefined {
    const fallback = entries[0] === entries[1] || entries[0] === entries[2] ? entries[0] : entries[1];
    if (typeof fallback !== 'number' || fallback < 0) return undefined;
    const odd = entries.findIndex((entry) => entry !== fallback);
    if (entries.findLastIndex((entry) => entry !== fallback) !== odd) return undefined;
    const branch = entries[odd]!;
    if (typeof branch !== 'number' && branch.fallback === fallback) return { ...branch, start: nibble };
    const child = this.emit(branch);
    return { start: nibble, end: nibble + 1, fallback, child, path: withNibble(path, nibble, odd) };
  }

  private nibbleOf(i: number, nibble: number): number {
    return (this.starts[i * 4 + (nibble >> 3)]! >>> (28 - 4 * (nibble & 7))) & 15;
  }
}

function withNibble(path: readonly number[], nibble: number, value: number): readonly number[] {
  return path.map((word, w) => (w === nibble >> 3 ? word | (value << (28 - 4 * (nibble & 7))) : word));
}
