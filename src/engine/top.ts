/** Labels kept apart over a whole run; beyond, the lighter half by bytes is folded into `others`. */
const LABELS_MAX = 131_072;

export interface Sums {
  records: number;
  bytes: number;
  packets: number;
}

/** Group-by over labels in the main thread, fed with the groups of each task in task order. Bounded by LABELS_MAX. */
export class TopLabels {
  private groups = new Map<string, Sums>();
  readonly others: Sums = { records: 0, bytes: 0, packets: 0 };

  add(label: string, records: number, bytes: number, packets: number): void {
    const sums = this.groups.get(label);
    if (sums !== undefined) {
      sums.records += records;
      sums.bytes += bytes;
      sums.packets += packets;
      return;
    }
    if (this.groups.size >= LABELS_MAX) this.fold();
    this.groups.set(label, { records, bytes, packets });
  }

  addOthers(sums: Readonly<Sums>): void {
    this.others.records += sums.records;
    this.others.bytes += sums.bytes;
    this.others.packets += sums.packets;
  }

  /** The `count` heaviest by `weight`, ties by label. */
  top(count: number, weight: 'records' | 'bytes'): (Sums & { readonly label: string })[] {
    const rows = [...this.groups].map(([label, sums]) => ({ label, ...sums }));
    rows.sort((a, b) => b[weight] - a[weight] || (a.label < b.label ? -1 : 1));
    return rows.slice(0, count);
  }

  private fold(): void {
    const rows = [...this.groups].sort(([a, x], [b, y]) => y.bytes - x.bytes || (a < b ? -1 : 1));
    const keep = new Set(rows.slice(0, LABELS_MAX >> 1).map(([label]) => label));
    for (const [label, sums] of rows) if (!keep.has(label)) this.addOthers(sums);
    this.groups = new Map([...this.groups].filter(([label]) => keep.has(label)));
  }
}
