import type { Intervals } from './address-class.ts';
import { BlockPool } from './block-pool.ts';

/**
 * IPv4: 16-8-8 bits, leaf-pushed, equal blocks stored once. An entry is a class, or with `pointerBit` the index of a
 * block of the next level: bit 15 of a u16 while all counts fit, else the sign bit of an i32. `leaf` holds
 * `fullLeaves` blocks of 256 entries, some of them perhaps not in use, then blocks of 16 where nothing is finer than a
 * /28; see leafIndex.
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
/** Room for blocks of 256 entries that later tries will have: those of 16 stand behind and would all move. */
const SPARE_LEAVES = 32;
const NOTHING: Intervals = { count: 1, starts: new Uint32Array(4), classes: Int32Array.of(-1) };

/** A table of the trie in memory that is used again. */
class TrieTable {
  private entries: Trie4['leaf'] = new Uint16Array(0);

  /** Its first `length` elements; those that the last call of this width gave are as they were. */
  of(length: number, isNarrow: boolean): Trie4['leaf'] {
    const isSame = this.entries instanceof Uint16Array === isNarrow;
    if (!isSame || this.entries.length < length) {
      const room = Math.max(length, isSame ? 2 * this.entries.length : 0);
      const longer = isNarrow ? new Uint16Array(room) : new Int32Array(room);
      if (isSame) longer.set(this.entries);
      this.entries = longer;
    }
    return this.entries.subarray(0, length);
  }
}

/**
 * Builds a trie and, from the second time on, only what has changed of it; blocks out of use stay until then. The
 * tables of a trie are valid until the next one is built.
 */
export class Trie4Builder {
  private readonly root = new Int32Array(ROOTS);
  private readonly inner = new BlockPool(256);
  private readonly leaf = new BlockPool(256);
  private readonly coarse = new BlockPool(16);
  private readonly innerBlock = new Int32Array(256);
  private readonly leafBlock = new Int32Array(256);
  private readonly coarseBlock = new Int32Array(16);
  private readonly tables = { root: new TrieTable(), inner: new TrieTable(), leaf: new TrieTable() };
  private built = NOTHING;
  /** Blocks of 256 entries that `leaf` has room for. */
  private leafRoom = 0;
  private encodedBefore: Trie4 | undefined;
  /** Blocks of that trie. */
  private known = { inner: 0, leaf: 0, coarse: 0 };

  build(intervals: Intervals, classCount: number): Trie4 {
    const changed = changedStretches(this.built, intervals);
    this.built = intervals;
    const roots: number[] = [];
    for (let at = 0, i = 0; at < changed.length; ) {
      const high = Math.floor(changed[at]! / ROOTS);
      const base = high * ROOTS;
      const end = base + ROOTS;
      while (endOf(intervals, i) <= base) i++;
      roots.push(high);
      if (endOf(intervals, i) >= end) this.root[high] = intervals.classes[i]!;
      else {
        this.openBlock(this.root[high]!);
        for (let j = at; j < changed.length && changed[j]! < end; j += 2) {
          this.putBranches(intervals, i, Math.max(changed[j]!, base), Math.min(changed[j + 1]!, end));
        }
        this.root[high] = ~this.inner.put(this.innerBlock);
      }
      while (at < changed.length && changed[at + 1]! <= end) at += 2;
      // what is left of a stretch over several roots
      if (at < changed.length && changed[at]! < end) changed[at] = end;
    }
    return this.encoded(classCount, roots);
  }

  /** Makes `innerBlock` what the root's entry stood for. */
  private openBlock(entry: number): void {
    const { inner, innerBlock } = this;
    if (entry >= 0) innerBlock.fill(entry);
    else innerBlock.set(inner.contents().subarray(~entry * 256, (~entry + 1) * 256));
  }

  /** Entries of `innerBlock` for addresses of one root from `begin` to `end`, which interval `first` is not behind. */
  private putBranches(intervals: Intervals, first: number, begin: number, end: number): void {
    const { innerBlock, leafBlock, coarseBlock } = this;
    const { classes } = intervals;
    let i = first;
    for (let from = begin - (begin % 256); from < end; from += 256) {
      const middle = (from >>> 8) & 255;
      while (endOf(intervals, i) <= from) i++;
      if (endOf(intervals, i) >= from + 256) {
        innerBlock[middle] = classes[i]!;
        continue;
      }
      let edges = 0;
      for (let at = from; at < from + 256; ) {
        while (endOf(intervals, i) <= at) i++;
        const next = Math.min(endOf(intervals, i), from + 256);
        leafBlock.fill(classes[i]!, at - from, next - from);
        edges |= next;
        at = next;
      }
      if ((edges & 15) !== 0) {
        innerBlock[middle] = ~this.leaf.put(leafBlock);
        continue;
      }
      for (let high = 0; high < 16; high++) coarseBlock[high] = leafBlock[high << 4]!;
      innerBlock[middle] = ~(this.coarse.put(coarseBlock) | COARSE);
    }
  }

  /** Entries that would not be others today stay what they were; `roots`: those that were built again. */
  private encoded(classCount: number, roots: readonly number[]): Trie4 {
    const { inner, leaf, coarse, tables, encodedBefore: before } = this;
    if (leaf.count > this.leafRoom) this.leafRoom = leaf.count + (before === undefined ? 0 : SPARE_LEAVES);
    const fullLeaves = this.leafRoom;
    const isNarrow = Math.max(classCount, inner.count, fullLeaves + coarse.count) <= U16_POINTER;
    const pointerBit = isNarrow ? U16_POINTER : I32_POINTER;
    const isSame = before?.pointerBit === pointerBit && before.fullLeaves === fullLeaves;
    const known = isSame ? this.known : { inner: 0, leaf: 0, coarse: 0 };
    const root = tables.root.of(ROOTS, isNarrow);
    if (isSame) for (const high of roots) root[high] = encode(this.root[high]!, pointerBit, fullLeaves);
    else for (let high = 0; high < ROOTS; high++) root[high] = encode(this.root[high]!, pointerBit, fullLeaves);
    const innerTable = tables.inner.of(inner.count * 256, isNarrow);
    const blocks = inner.contents();
    for (let i = known.inner * 256; i < blocks.length; i++) innerTable[i] = encode(blocks[i]!, pointerBit, fullLeaves);
    const leafTable = tables.leaf.of(fullLeaves * 256 + coarse.count * 16, isNarrow);
    leafTable.set(leaf.contents().subarray(known.leaf * 256), known.leaf * 256);
    leafTable.fill(0, leaf.count * 256, fullLeaves * 256);
    leafTable.set(coarse.contents().subarray(known.coarse * 16), fullLeaves * 256 + known.coarse * 16);
    this.known = { inner: inner.count, leaf: leaf.count, coarse: coarse.count };
    this.encodedBefore = { root, inner: innerTable, leaf: leafTable, fullLeaves, pointerBit };
    return this.encodedBefore;
  }
}

/** First address after interval `i`, up to 2^32. */
function endOf({ count, starts }: Intervals, i: number): number {
  return i + 1 < count ? starts[(i + 1) * 4]! : 2 ** 32;
}

/** Addresses that have another class than before, ascending: first of each stretch and the one after its last. */
function changedStretches(before: Intervals, after: Intervals): number[] {
  const changed: number[] = [];
  const [same, sameAtEnd] = sameIntervals(before, after);
  // the last of the same intervals may end elsewhere
  let i = Math.max(same - 1, 0);
  let j = i;
  const stop = sameAtEnd === 0 ? 2 ** 32 : after.starts[(after.count - sameAtEnd) * 4]!;
  for (let at = after.starts[j * 4]!; at < stop; ) {
    const endBefore = endOf(before, i);
    const endAfter = endOf(after, j);
    const end = Math.min(endBefore, endAfter);
    if (before.classes[i] !== after.classes[j]) {
      if (changed[changed.length - 1] === at) changed[changed.length - 1] = end;
      else changed.push(at, end);
    }
    if (endBefore === end) i++;
    if (endAfter === end) j++;
    at = end;
  }
  return changed;
}

/** How many intervals begin at the same address and have the same class: the first ones, and of the others the last. */
function sameIntervals(before: Intervals, after: Intervals): readonly [first: number, last: number] {
  // as signed numbers: unsigned ones above 2^31 would be objects until this code is optimized
  const starts = new Int32Array(before.starts.buffer, before.starts.byteOffset, before.starts.length);
  const startsAfter = new Int32Array(after.starts.buffer, after.starts.byteOffset, after.starts.length);
  const isSame = (i: number, j: number): boolean =>
    starts[i * 4] === startsAfter[j * 4] && before.classes[i] === after.classes[j];
  const shared = Math.min(before.count, after.count);
  let first = 0;
  while (first < shared && isSame(first, first)) first++;
  let last = 0;
  while (last < shared - first && isSame(before.count - 1 - last, after.count - 1 - last)) last++;
  return [first, last];
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
