import type { Intervals } from '../rules/address-class.ts';
import { buildTrie4, buildTrie6 } from '../rules/address-trie.ts';
import { leafIndex } from '../rules/lookup.ts';

/** Prefixes of one family in columns: `words` big-endian words an address. */
export interface PrefixColumns {
  readonly family: 4 | 6;
  readonly count: number;
  /** 1 (IPv4) or 4 (IPv6) words a prefix, host bits cleared. */
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
}

/** Longest-prefix match: address → number of the prefix + 1, 0 = none. */
export interface PrefixTable {
  readonly family: 4 | 6;
  readonly trie4: ReturnType<typeof buildTrie4> | null;
  readonly trie6: ReturnType<typeof buildTrie6> | null;
  readonly bytes: number;
}

/** Compiles prefixes, in any order, into the tries that rules use. Of equal prefixes the first counts. */
export function compilePrefixes(prefixes: PrefixColumns): PrefixTable {
  const intervals = longestPrefixIntervals(prefixes);
  if (prefixes.family === 4) {
    const trie4 = buildTrie4(intervals, prefixes.count + 1);
    const bytes = trie4.root.byteLength + trie4.inner.byteLength + trie4.leaf.byteLength;
    return { family: 4, trie4, trie6: null, bytes };
  }
  const trie6 = buildTrie6(intervals);
  const bytes = trie6.root.byteLength + trie6.nodes.byteLength + trie6.chains.byteLength;
  return { family: 6, trie4: null, trie6, bytes };
}

/** Order of prefixes by address, shorter ones first: each then follows all that contain it. */
function sortedOrder({ family, count, words, lengths }: PrefixColumns): Uint32Array {
  const order = new Uint32Array(count).map((_, i) => i);
  if (family === 4) {
    // address × 64 + length is exact in a double; sorting numbers needs no call for each comparison
    const keys = new Float64Array(count).map((_, i) => words[i]! * 64 + lengths[i]!);
    return order.sort((a, b) => keys[a]! - keys[b]! || a - b);
  }
  return order.sort((a, b) => {
    for (let w = 0; w < 4; w++) {
      const [x, y] = [words[a * 4 + w]!, words[b * 4 + w]!];
      if (x !== y) return x - y;
    }
    return lengths[a]! - lengths[b]! || a - b;
  });
}

/** Cuts the address space at every edge; the value of a piece is its longest prefix + 1. A stack holds what is open. */
function longestPrefixIntervals(prefixes: PrefixColumns): Intervals {
  const { count, words, lengths } = prefixes;
  const width = prefixes.family === 4 ? 1 : 4;
  const order = sortedOrder(prefixes);
  const starts = new Uint32Array((2 * count + 1) * 4);
  const classes = new Int32Array(2 * count + 1);
  let pieces = 1;
  const begin = (at: Uint32Array, value: number): void => {
    const last = (pieces - 1) * 4;
    const same = at[0] === starts[last] && at[1] === starts[last + 1] && at[2] === starts[last + 2];
    if (same && at[3] === starts[last + 3]) {
      classes[pieces - 1] = value;
      return;
    }
    if (classes[pieces - 1] === value) return;
    starts.set(at, pieces * 4);
    classes[pieces++] = value;
  };
  const open: number[] = [];
  const ends = new Uint32Array(129 * 4);
  const at = new Uint32Array(4);
  /** Closes every open prefix that ends at or before `at`; before = null closes all. */
  const close = (before: Uint32Array | null): void => {
    while (open.length > 0) {
      const end = ends.subarray((open.length - 1) * 4, open.length * 4);
      const isTop = end[0] === 0 && end[1] === 0 && end[2] === 0 && end[3] === 0;
      if (before !== null && (isTop || compareWords(end, before) > 0)) return;
      const boundary = end.slice();
      open.pop();
      if (!isTop) begin(boundary, open.length === 0 ? 0 : open[open.length - 1]! + 1);
    }
  };
  let previous = -1;
  for (const index of order) {
    for (let w = 0; w < width; w++) at[w] = words[index * width + w]!;
    if (previous >= 0 && isSame(prefixes, previous, index, width)) continue;
    previous = index;
    close(at);
    open.push(index);
    writeEnd(ends, (open.length - 1) * 4, at, lengths[index]!);
    begin(at, index + 1);
  }
  close(null);
  return { count: pieces, starts: starts.slice(0, pieces * 4), classes: classes.slice(0, pieces) };
}

function isSame({ words, lengths }: PrefixColumns, a: number, b: number, width: number): boolean {
  if (lengths[a] !== lengths[b]) return false;
  for (let w = 0; w < width; w++) if (words[a * width + w] !== words[b * width + w]) return false;
  return true;
}

/** First address after the block; all zero when it ends at the top of the address space. */
function writeEnd(ends: Uint32Array, offset: number, base: Uint32Array, length: number): void {
  for (let w = 0; w < 4; w++) ends[offset + w] = base[w]!;
  if (length === 0) {
    ends.fill(0, offset, offset + 4);
    return;
  }
  let word = (length - 1) >> 5;
  let sum = ends[offset + word]! + 2 ** (31 - ((length - 1) & 31));
  ends[offset + word] = sum;
  while (sum > 0xffff_ffff && word > 0) {
    word--;
    sum = ends[offset + word]! + 1;
    ends[offset + word] = sum;
  }
}

function compareWords(a: Uint32Array, b: Uint32Array): number {
  for (let w = 0; w < 4; w++) if (a[w] !== b[w]) return a[w]! - b[w]!;
  return 0;
}

/** Addresses of one batch, and the entry that each has reached. */
const BATCH = 1024;
const entries = new Int32Array(BATCH);

/**
 * Looks IPv4 addresses up, one word each. Level by level over a batch: the table is larger than the caches, and without
 * branches between them the loads of a level overlap.
 */
export function lookUpPrefixes4(table: PrefixTable, addresses: Uint32Array, out: Int32Array): void {
  const { trie4 } = table;
  if (trie4 === null) throw new TypeError('a table of IPv6 prefixes');
  const { root, leaf, pointerBit, fullLeaves } = trie4;
  for (let from = 0; from < addresses.length; from += BATCH) {
    const n = Math.min(BATCH, addresses.length - from);
    for (let k = 0; k < n; k++) entries[k] = root[addresses[from + k]! >>> 16]!;
    followInner(trie4, addresses, from, n);
    for (let k = 0; k < n; k++) {
      const entry = entries[k]!;
      const isFinal = (entry & pointerBit) === 0;
      out[from + k] = isFinal ? entry : leaf[leafIndex(fullLeaves, entry & ~pointerBit, addresses[from + k]!)]!;
    }
  }
}

/** Second level, for all: what has ended already reads entry 0 and keeps its own. */
function followInner(
  { inner, pointerBit }: NonNullable<PrefixTable['trie4']>,
  addresses: Uint32Array,
  from: number,
  n: number,
): void {
  if (inner.length === 0) return;
  // the pointer bit becomes the sign
  const shift = Math.clz32(pointerBit);
  for (let k = 0; k < n; k++) {
    const entry = entries[k]!;
    const isPointer = (entry << shift) >> 31;
    const at = ((entry & ~pointerBit) << 8) | ((addresses[from + k]! >>> 8) & 255);
    entries[k] = (inner[at & isPointer]! & isPointer) | (entry & ~isPointer);
  }
}

/** Looks IPv6 addresses up, four words each. */
export function lookUpPrefixes6(table: PrefixTable, addresses: Uint32Array, out: Int32Array): void {
  if (table.trie6 === null) throw new TypeError('a table of IPv4 prefixes');
  const { root, nodes, chains } = table.trie6;
  for (let i = 0; i < out.length; i++) {
    const w0 = addresses[i * 4]!;
    const w1 = addresses[i * 4 + 1]!;
    const w2 = addresses[i * 4 + 2]!;
    const w3 = addresses[i * 4 + 3]!;
    let entry = root[w0 >>> 16]!;
    let nibble = 4;
    while (entry < 0) {
      const at = (~entry >> 1) << 4;
      if ((~entry & 1) === 0) {
        const word = nibble < 8 ? w0 : nibble < 16 ? w1 : nibble < 24 ? w2 : w3;
        entry = nodes[at + ((word >>> (28 - ((nibble & 7) << 2))) & 15)]!;
        nibble++;
        continue;
      }
      const differs =
        ((w0 ^ chains[at + 3]!) & chains[at + 7]!) |
        ((w1 ^ chains[at + 4]!) & chains[at + 8]!) |
        ((w2 ^ chains[at + 5]!) & chains[at + 9]!) |
        ((w3 ^ chains[at + 6]!) & chains[at + 10]!);
      if (differs !== 0) {
        entry = chains[at + 1]!;
        break;
      }
      nibble = chains[at]!;
      entry = chains[at + 2]!;
    }
    out[i] = entry;
  }
}
