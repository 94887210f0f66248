import { Sum } from '../engine/group-table.ts';
import type { Sums } from '../engine/top.ts';

/** Groups of one kind kept apart in one window; beyond, the lighter half by bytes is one sum. */
const GROUPS_MAX = 4_096;

/** Groups by label, with what was folded away. */
export class WindowGroups {
  private groups = new Map<string, Sums>();
  private folded = 0;
  private others: Sums = { records: 0, bytes: 0, packets: 0 };

  /** `at`: where the group's sums begin. */
  add(label: string, sums: Float64Array, at: number): void {
    const known = this.groups.get(label);
    const more = { records: sums[at] ?? 0, bytes: sums[at + Sum.bytes] ?? 0, packets: sums[at + Sum.packets] ?? 0 };
    this.groups.set(label, known === undefined ? more : plus(known, more));
    if (this.groups.size > GROUPS_MAX) this.fold();
  }

  /** The `count` heaviest by bytes, ties by label, and the sum of all others. */
  top(count: number): {
    readonly rows: readonly (readonly [string, Sums])[];
    readonly others: Sums & { readonly groups: number };
  } {
    const ranked = [...this.groups].sort(([a, x], [b, y]) => y.bytes - x.bytes || (a < b ? -1 : 1));
    const rest = ranked.slice(count);
    const others = rest.reduce((sum, [, sums]) => plus(sum, sums), this.others);
    return { rows: ranked.slice(0, count), others: { ...others, groups: this.folded + rest.length } };
  }

  private fold(): void {
    const { rows, others } = this.top(GROUPS_MAX / 2);
    this.groups = new Map(rows);
    const { groups, ...sums } = others;
    // a group that comes back after it was folded away is counted as two
    this.folded = groups;
    this.others = sums;
  }
}

function plus(a: Sums, b: Sums): Sums {
  return { records: a.records + b.records, bytes: a.bytes + b.bytes, packets: a.packets + b.packets };
}
