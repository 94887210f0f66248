/** What one partition tells of the time up to which records have come. */
export interface Progress {
  /** Nothing more is known to wait in the partition. */
  caughtUp(): boolean;
  /** Latest end of a record read from it, Unix seconds; −Infinity = none yet. */
  latestEnd: number;
  /** Called when the watermark may have moved. */
  moved(): void;
}

/**
 * Event time that all partitions of this process have reached: the clock where nothing waits, else the latest record
 * read of the partition that is furthest behind. A record stamped in the future moves it no further than the clock.
 */
export class Watermark {
  private readonly partitions = new Set<Progress>();

  join(progress: Progress): void {
    this.partitions.add(progress);
  }

  leave(progress: Progress): void {
    if (this.partitions.delete(progress)) this.tell();
  }

  /** Unix seconds. */
  seconds(): number {
    const now = Date.now() / 1000;
    let least = now;
    for (const partition of this.partitions) {
      if (!partition.caughtUp()) least = Math.min(least, partition.latestEnd);
    }
    return least;
  }

  /** A partition has read records up to this end. */
  reached(progress: Progress, end: number): void {
    if (!(end > progress.latestEnd)) return;
    progress.latestEnd = end;
    this.tell();
  }

  private tell(): void {
    for (const partition of this.partitions) partition.moved();
  }
}
