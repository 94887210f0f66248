import { type FlowBatch, Present } from '../model/flow.ts';

/** Unix seconds between which the records of a task lie; Infinity and −Infinity when none has a time. */
export interface RecordTimes {
  readonly first: number;
  readonly last: number;
}

/** From the earliest start to the latest end of a batch. */
export function timesOf({ rows, present, start, end }: FlowBatch): RecordTimes {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows; i++) {
    const bits = present[i]!;
    if ((bits & Present.start) === 0) continue;
    if (start[i]! < first) first = start[i]!;
    const until = (bits & Present.end) !== 0 ? end[i]! : start[i]!;
    if (until > last) last = until;
  }
  return { first, last };
}
