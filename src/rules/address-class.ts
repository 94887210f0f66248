import { type Cidr, formatCidr } from '../model/ip.ts';
import { ListPool } from './list-pool.ts';

/** Every IPv4 and every IPv6 address, as labels: always present, so that no class holds addresses of both families. */
const ANY: readonly Cidr[] = [
  { family: 4, words: [0], length: 0 },
  { family: 6, words: [0, 0, 0, 0], length: 0 },
];

/**
 * Labels: the distinct sets of addresses that rules speak about. A CIDR is one label whoever uses it; a group or the
 * entries of one length of a prefix list are one label however many addresses they have.
 */
export class AddressLabels {
  readonly cidrs: (readonly Cidr[])[] = [];
  private readonly byKey = new Map<string, number>();

  constructor() {
    for (const any of ANY) this.cidr(any);
  }

  cidr(cidr: Cidr): number {
    return this.union(formatCidr(cidr), [cidr]);
  }

  /** Name of each label: a CIDR, or what the union was called. */
  names(): readonly string[] {
    return [...this.byKey.keys()];
  }

  /** Label of all addresses of `family`. */
  any(family: 4 | 6): number {
    return family === 4 ? 0 : 1;
  }

  /** The union of `cidrs` under a name of its own; the first contents given to a name stay. */
  union(key: string, cidrs: readonly Cidr[]): number {
    let label = this.byKey.get(key);
    if (label === undefined) {
      label = this.cidrs.length;
      this.byKey.set(key, label);
      this.cidrs.push(cidrs);
    }
    return label;
  }
}

/**
 * The addresses of one family cut at every edge of every label. `starts`: 4 big-endian words an interval, ascending,
 * the first all zero (IPv4 uses the first word only); `classes`: class of each interval, neighbours differ.
 */
export interface Intervals {
  readonly count: number;
  readonly starts: Uint32Array;
  readonly classes: Int32Array;
}

export interface AddressClasses {
  /** Labels of each class, ascending; classes of IPv4 come first. */
  readonly labelSets: readonly Int32Array[];
  readonly intervals4: Intervals;
  readonly intervals6: Intervals;
}

/** Addresses covered by exactly the same labels are one class: no rule can tell them apart. */
export function classifyAddresses(labels: AddressLabels): AddressClasses {
  const pool = new ListPool();
  const labelSets: Int32Array[] = [];
  const intern = (active: readonly number[]): number => {
    const cls = pool.put(active, active.length);
    if (cls === labelSets.length) labelSets.push(new Int32Array(active));
    return cls;
  };
  const intervals4 = sweep(collectEdges(labels, 4), labels.cidrs.length, intern);
  const intervals6 = sweep(collectEdges(labels, 6), labels.cidrs.length, intern);
  const numbers = orderClasses(labels.names(), labelSets);
  const ordered: Int32Array[] = [];
  labelSets.forEach((set, cls) => {
    ordered[numbers[cls]!] = set;
  });
  for (const { classes } of [intervals4, intervals6]) {
    for (let i = 0; i < classes.length; i++) classes[i] = numbers[classes[i]!]!;
  }
  return { labelSets: ordered, intervals4, intervals6 };
}

/**
 * New number of each class. Classes that share their commonest labels stand together: a rule set, which knows few
 * labels, then has long runs of equal rows and many equal pages. The order depends on names and contents of labels.
 */
function orderClasses(names: readonly string[], labelSets: readonly Int32Array[]): Int32Array {
  const uses = new Int32Array(names.length);
  for (const set of labelSets) for (const label of set) uses[label]!++;
  const byUse = names.map((_, label) => label);
  // the labels of all addresses come first: IPv4 stands before IPv6
  byUse.splice(0, ANY.length);
  byUse.sort((a, b) => uses[b]! - uses[a]! || (names[a]! < names[b]! ? -1 : 1));
  const rank = new Int32Array(names.length);
  [0, 1, ...byUse].forEach((label, i) => {
    rank[label] = i;
  });
  const keys = labelSets.map((set) => set.map((label) => rank[label]!).sort());
  const order = new Uint32Array(keys.length).map((_, cls) => cls);
  order.sort((a, b) => compareKeys(keys[a]!, keys[b]!));
  const numbers = new Int32Array(keys.length);
  order.forEach((cls, number) => {
    numbers[cls] = number;
  });
  return numbers;
}

function compareKeys(a: Int32Array, b: Int32Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** Where a prefix of a label begins (`delta` 1) or has just ended (−1); 4 words of address each. */
interface Edges {
  readonly family: 4 | 6;
  readonly words: Uint32Array;
  readonly labels: Int32Array;
  readonly deltas: Int8Array;
  readonly count: number;
}

function collectEdges(labels: AddressLabels, family: 4 | 6): Edges {
  let capacity = 0;
  for (const cidrs of labels.cidrs) capacity += 2 * cidrs.length;
  const words = new Uint32Array(capacity * 4);
  const labelOf = new Int32Array(capacity);
  const deltas = new Int8Array(capacity);
  let count = 0;
  labels.cidrs.forEach((cidrs, label) => {
    for (const cidr of cidrs) {
      if (cidr.family !== family) continue;
      putWords(words, count * 4, cidr);
      labelOf[count] = label;
      deltas[count++] = 1;
      putWords(words, count * 4, cidr);
      if (!addOneAt(words, count * 4, cidr.length)) continue;
      labelOf[count] = label;
      deltas[count++] = -1;
    }
  });
  return { family, words, labels: labelOf, deltas, count };
}

function putWords(to: Uint32Array, offset: number, { words }: Cidr): void {
  for (let i = 0; i < words.length; i++) to[offset + i] = words[i]!;
}

/** Adds the size of a /length block to the 128-bit number at `offset`; false (and zero) when it runs over the top. */
function addOneAt(words: Uint32Array, offset: number, length: number): boolean {
  if (length === 0) return false;
  let word = (length - 1) >> 5;
  let sum = words[offset + word]! + 2 ** (31 - ((length - 1) & 31));
  words[offset + word] = sum;
  while (sum > 0xffff_ffff && word > 0) {
    word--;
    sum = words[offset + word]! + 1;
    words[offset + word] = sum;
  }
  return sum <= 0xffff_ffff;
}

function sweep(edges: Edges, labelCount: number, intern: (active: readonly number[]) => number): Intervals {
  const { words, labels, deltas, count } = edges;
  const order = edgeOrder(edges);
  const depth = new Int32Array(labelCount);
  const active: number[] = [];
  const starts = new Uint32Array(count * 4);
  const classes: number[] = [];
  for (let i = 0; i < count; ) {
    const at = order[i]! * 4;
    for (; i < count && compareWords(words, order[i]! * 4, words, at) === 0; i++) {
      const label = labels[order[i]!]!;
      const before = depth[label]!;
      depth[label] = before + deltas[order[i]!]!;
    }
    updateActive(active, depth, edges, order, at, i);
    const cls = intern(active);
    if (cls === classes[classes.length - 1]) continue;
    for (let word = 0; word < 4; word++) starts[classes.length * 4 + word] = words[at + word]!;
    classes.push(cls);
  }
  return { count: classes.length, starts: starts.slice(0, classes.length * 4), classes: Int32Array.from(classes) };
}

/** Numbers of the edges by address. */
function edgeOrder({ words, count, family }: Edges): Uint32Array {
  if (family === 4 && count <= 2 ** 20) {
    // address × 2^20 + number is exact in a double, and numbers sort without a call for each comparison
    const keys = new Float64Array(count);
    for (let i = 0; i < count; i++) keys[i] = words[i * 4]! * 2 ** 20 + i;
    keys.sort();
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[i] = keys[i]! % 2 ** 20;
    return order;
  }
  return new Uint32Array(count).map((_, i) => i).sort((a, b) => compareWords(words, a * 4, words, b * 4));
}

/** Brings the sorted list of labels in force up to date with `depth`, for the labels of the edges at one address. */
function updateActive(
  active: number[],
  depth: Int32Array,
  edges: Edges,
  order: Uint32Array,
  at: number,
  to: number,
): void {
  for (let i = to - 1; i >= 0 && compareWords(edges.words, order[i]! * 4, edges.words, at) === 0; i--) {
    const label = edges.labels[order[i]!]!;
    let low = 0;
    for (let high = active.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (active[middle]! < label) low = middle + 1;
      else high = middle;
    }
    const present = active[low] === label;
    if (depth[label]! > 0 && !present) active.splice(low, 0, label);
    else if (depth[label] === 0 && present) active.splice(low, 1);
  }
}

function compareWords(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
  for (let w = 0; w < 4; w++) if (a[i + w] !== b[j + w]) return a[i + w]! < b[j + w]! ? -1 : 1;
  return 0;
}
