import type { RecordTimes } from '../engine/record-times.ts';

/** What was committed so lately that a restart needs it once more. */
interface Stretch {
  /** Offset of its first message. */
  readonly first: number;
  readonly begunAt: number;
  /** Latest start and end of its records, Unix seconds. */
  latest: number;
}

/** Messages committed within this time are one stretch: bounds their number. */
const STRETCH_MS = 1_000;

/** Offsets of committed messages whose twins or windows are still in memory only. */
export class LaneHistory {
  private readonly stretches: Stretch[] = [];

  add(first: number, { last }: RecordTimes): void {
    const now = Date.now();
    // what claims to end in the future does not pin its message for ever
    const latest = Math.min(last, now / 1000);
    const newest = this.stretches.at(-1);
    if (newest !== undefined && now - newest.begunAt < STRETCH_MS) newest.latest = Math.max(newest.latest, latest);
    else this.stretches.push({ first, begunAt: now, latest });
  }

  /** Offset from which messages with records later than `seconds` are; `next` when there are none before it. */
  since(seconds: number, next: number): number {
    while (this.stretches[0] !== undefined && this.stretches[0].latest < seconds) this.stretches.shift();
    return this.stretches[0]?.first ?? next;
  }
}
