/** What `engine/tally.ts` lays out, word by word in this order. */

/** A table of sums by three key words, see `engine/kernel-groups.ts`: open addressing. */
@unmanaged
export class Groups {
  slots: usize;
  mask: u32;
  rows: usize;
  size: u32;
  capacity: u32;
  /** For folding: a u64 a row, and u32 counters. */
  weights: usize;
  bins: usize;
  /** Sums of the groups that were folded away, 3 f64. */
  others: usize;
}

/** One inventory version: evidence of its cells and of its routes, and the group of every pod and interface. */
@unmanaged
export class VersionCounters {
  cells: usize;
  routes: usize;
  podGroup: usize;
  eniGroup: usize;
}

@unmanaged
export class Counters {
  /** u32 by code. */
  predicted: usize;
  observed: usize;
  drift: usize;
  causes: usize;
  roleBasis: usize;
  attribution: usize;
  kinds: usize;
  pathRecords: usize;
  /** f64 by code. */
  pathBytes: usize;
  agreeOnPolicy: u32;
  judged: u32;
  /** VersionCounters, one after the other. */
  versions: usize;
  workloadGroups: usize;
  talkerGroups: usize;
  /** Rows that other tables count: row, source group, destination group. */
  later: usize;
  laterCount: u32;

  @inline
  get workloads(): Groups {
    return changetype<Groups>(this.workloadGroups);
  }

  @inline
  get talkers(): Groups {
    return changetype<Groups>(this.talkerGroups);
  }
}
