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
  membersOf: (label: number) => Int32Array,
): Partition {
  // A node is a subset of the labels seen so far, a leaf of the tree `parent`; node 0 is the empty subset.
  const node = new Int32Array(count);
  const parent = [-1];
  const labelOf = [-1];
  const childOf = [-1];
  const childLabel = [-1];
  for (const label of labels) {
    for (const item of membersOf(label)) {
      const from = node[item]!;
      if (childLabel[from] !== label) {
        childLabel[from] = label;
        childOf[from] = parent.length;
        parent.push(from);
        labelOf.push(label);
        childOf.push(-1);
        childLabel.push(-1);
      }
      node[item] = childOf[from]!;
    }
  }
  const partOfNode = new Int32Array(parent.length).fill(-1);
  const parts: number[][] = [];
  for (let item = 0; item < count; item++) {
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

/** For each of `count` labels, the items whose label set holds it: the inverse of `sets`, ascending. */
export function invertSets(count: number, sets: readonly Int32Array[]): readonly Int32Array[] {
  const sizes = new Int32Array(count);
  for (const set of sets) for (const label of set) sizes[label]!++;
  const members = Array.from(sizes, (size) => new Int32Array(size));
  sizes.fill(0);
  sets.forEach((set, item) => {
    for (const label of set) members[label]![sizes[label]!++] = item;
  });
  return members;
}
