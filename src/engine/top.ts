import { type Groups, GroupTable, Sum } from './group-table.ts';
import { nthWeight } from './nth-weight.ts';

/** Groups kept apart over a whole run; beyond, the lighter half by bytes is folded into `others`. */
const GROUPS_MAX = 65_536;

/** Groups looked at for every row shown: different numbers of one label (versions of an inventory) are joined. */
const LOOKED_AT_PER_ROW = 50;

export interface Sums {
  readonly records: number;
  readonly bytes: number;
  readonly packets: number;
}

const NOTHING: Sums = { records: 0, bytes: 0, packets: 0 };

function plus(a: Sums, b: Sums): Sums {
  return { records: a.records + b.records, bytes: a.bytes + b.bytes, packets: a.packets + b.packets };
}

/** A label with its sums. */
export interface Ranked extends Sums {
  readonly label: string;
}

/** The heaviest groups, and what was folded away. */
export interface Taken {
  readonly rows: readonly Ranked[];
  readonly others: Sums;
}

/** Group-by over the whole run, fed with the groups of each task in task order; words only for what is shown. */
export class TopGroups {
  private readonly table: GroupTable;
  private readonly words: number;
  private readonly label: (key: Uint32Array) => string;
  /** Sums by label of groups whose keys are out of use; bounded as the table is. */
  private readonly settled = new Map<string, Sums>();
  private settledOthers: Sums = NOTHING;

  /** `words`: words of a key; `label`: its text. */
  constructor(words: number, label: (key: Uint32Array) => string) {
    this.table = new GroupTable(words, GROUPS_MAX);
    this.words = words;
    this.label = label;
  }

  add(groups: Groups): void {
    this.table.merge(groups);
  }

  /** The `count` heaviest labels by `weight`, ties by label; and what was folded away. Empties the table. */
  take(count: number, weight: 'records' | 'bytes'): Taken {
    const groups = this.table.drain();
    const stride = groups.layout.words / 2;
    const word = Sum[weight];
    const weights = Float64Array.from({ length: groups.size }, (_, g) => groups.sums[g * stride + word] ?? 0);
    const lookedAt = Math.min(count * LOOKED_AT_PER_ROW, groups.size);
    const least = lookedAt === 0 ? 0 : nthWeight(weights, groups.size - lookedAt);
    const order = Array.from(weights.keys()).filter((g) => (weights[g] ?? 0) >= least);
    order.sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
    const labels = new Map(this.settled);
    for (const g of order.slice(0, lookedAt)) this.addGroup(labels, groups, g);
    const rows = [...labels].map(([label, sums]) => ({ label, ...sums }));
    rows.sort((a, b) => b[weight] - a[weight] || (a.label < b.label ? -1 : 1));
    return { rows: rows.slice(0, count), others: plus(this.settledOthers, groups.others) };
  }

  /** Gives every group its label for good: the numbers in the keys mean something else from now on. */
  settle(): void {
    const groups = this.table.drain();
    this.settledOthers = plus(this.settledOthers, groups.others);
    for (let g = 0; g < groups.size; g++) this.addGroup(this.settled, groups, g);
    if (this.settled.size <= GROUPS_MAX) return;
    const byWeight = [...this.settled].sort(([, a], [, b]) => b.bytes - a.bytes);
    for (const [label, sums] of byWeight.slice(GROUPS_MAX / 2)) {
      this.settled.delete(label);
      this.settledOthers = plus(this.settledOthers, sums);
    }
  }

  private addGroup(labels: Map<string, Sums>, groups: Groups, g: number): void {
    const { words, key } = groups.layout;
    const label = this.label(groups.keys.subarray(g * words + key, g * words + key + this.words));
    const at = (g * words) / 2;
    const [records = 0, bytes = 0, packets = 0] = groups.sums.subarray(at, at + Sum.perGroup);
    labels.set(label, plus(labels.get(label) ?? NOTHING, { records, bytes, packets }));
  }
}
