/** Items 0 … count − 1 split by which labels cover them: two items are in one part when the same labels do. */
interface Partition {
  /** Part of each item; parts are numbered by their first item. */
  readonly partOf: Int32Array;
  /** Labels of each part, in the order they were given. */
  readonly parts: readonly (readonly number[])[];
}

/** Cost: items + the sum of the members of all labels. `membersOf` lists the items that a label covers, each once. */
export function partition(
  count: number,
  labels: readonly number[],
  membersOf: (label: number) => readonly number[],
): Partition {
  const tree = new LabelTree(count);
  for (const label of labels) for (const item of membersOf(label)) tree.cover(item, label);
  return tree.parts();
}

/** In place of a label; labels may be negative, but none is this small. */
const NO_LABEL = -(2 ** 30);

/** Subsets of labels as paths of a tree; each item stands at the node of the labels seen so far that cover it. */
class LabelTree {
  private readonly node: Int32Array;
  /** By node; node 0 is the empty subset. */
  private readonly parent = [-1];
  private readonly labelOf = [NO_LABEL];
  private readonly childOf = [-1];
  private readonly childLabel = [NO_LABEL];

  constructor(count: number) {
    this.node = new Int32Array(count);
  }

  /** All items of a label come before those of the next one. */
  cover(item: number, label: number): void {
    const { node, childOf, childLabel } = this;
    const from = node[item]!;
    if (childLabel[from] !== label) {
      childLabel[from] = label;
      childOf[from] = this.parent.length;
      this.parent.push(from);
      this.labelOf.push(label);
      childOf.push(-1);
      childLabel.push(NO_LABEL);
    }
    node[item] = childOf[from]!;
  }

  /** The node of each item becomes its part. */
  parts(): Partition {
    const { node, parent, labelOf } = this;
    const partOfNode = new Int32Array(parent.length).fill(-1);
    const parts: number[][] = [];
    for (let item = 0; item < node.length; item++) {
      const at = node[item]!;
      if (partOfNode[at] === -1) {
        partOfNode[at] = parts.length;
        const path: number[] = [];
        for (let up = at; up > 0; up = parent[up]!) path.push(labelOf[up]!);
        parts.push(path.reverse());
      }
      node[item] = partOfNode[at]!;
    }
    return { partOf: node, parts };
  }
}

/** Items 0 … count − 1 as runs of consecutive ones that the same labels cover; neighbours may be in one part. */
interface RunPartition {
  /** First item after each run, ascending, the last is `count`. */
  readonly ends: Int32Array;
  /** Part of each run; parts are numbered by their first item. */
  readonly partOf: Int32Array;
  readonly parts: Partition['parts'];
}

/** Partitions of the same items by one set of labels after the other; each costs what its runs of items do. */
export class RunPartitioner {
  private readonly count: number;
  /** A bit for each item where a run begins or has just ended; all zero between two calls. */
  private readonly edges: Int32Array;
  /** By such an item: number of the run that begins there. */
  private readonly runAt: Int32Array;

  constructor(count: number) {
    this.count = count;
    this.edges = new Int32Array((count >> 5) + 1);
    this.runAt = new Int32Array(count + 1);
  }

  /** As `partition`; `runsOf`: see runsOfLabels. */
  split(labels: readonly number[], runsOf: (label: number) => readonly number[]): RunPartition {
    const { runAt } = this;
    const runs = labels.map(runsOf);
    const ends = this.cut(runs);
    const tree = new LabelTree(ends.length);
    runs.forEach((own, i) => {
      const label = labels[i]!;
      for (let at = 0; at < own.length; at += 2) {
        const end = runAt[own[at + 1]!]!;
        for (let run = runAt[own[at]!]!; run < end; run++) tree.cover(run, label);
      }
    });
    return { ends, ...tree.parts() };
  }

  /** Ends of the runs between all edges of `runs`; numbers them in `runAt`. */
  private cut(runs: readonly (readonly number[])[]): Int32Array {
    const { edges, runAt, count } = this;
    for (const own of runs) for (const edge of own) edges[edge >> 5]! |= 1 << (edge & 31);
    edges[count >> 5]! |= 1 << (count & 31);
    edges[0]! &= ~1;
    runAt[0] = 0;
    const ends: number[] = [];
    for (let word = 0; word < edges.length; word++) {
      for (let bits = edges[word]!; bits !== 0; bits &= bits - 1) {
        const edge = (word << 5) | (31 - Math.clz32(bits & -bits));
        ends.push(edge);
        runAt[edge] = ends.length;
      }
      edges[word] = 0;
    }
    return Int32Array.from(ends);
  }
}

/** Place of the first of the ascending `values` that is not less than `value`. */
export function firstAtLeast(values: Int32Array, value: number): number {
  let low = 0;
  for (let high = values.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (values[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * For each of `count` labels, the items whose label set holds it, as runs of consecutive ones: first item of each and
 * the one after its last.
 */
export function runsOfLabels(count: number, sets: readonly Int32Array[]): readonly (readonly number[])[] {
  const runs = Array.from({ length: count }, (): number[] => []);
  for (let item = 0; item < sets.length; item++) {
    const set = sets[item]!;
    for (let i = 0; i < set.length; i++) {
      const own = runs[set[i]!]!;
      if (own[own.length - 1] === item) own[own.length - 1] = item + 1;
      else own.push(item, item + 1);
    }
  }
  return runs;
}

/** For each of `count` labels, the items whose label set holds it: the inverse of `sets`, ascending. */
export function invertSets(count: number, sets: readonly Int32Array[]): readonly (readonly number[])[] {
  const members = Array.from({ length: count }, (): number[] => []);
  for (let item = 0; item < sets.length; item++) {
    const set = sets[item]!;
    for (let i = 0; i < set.length; i++) members[set[i]!]!.push(item);
  }
  return members;
}
