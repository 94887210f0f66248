import { type FlowBatch, Present } from '../model/flow.ts';
import { FOREVER } from '../pods/pod-map.ts';

const TIMES = Present.start | Present.end;

/** Unix second at which the record's window begins: `start`, else `end`, else it may have been any second. */
export function windowStart(flow: FlowBatch, row: number): number {
  const bits = flow.present[row]! & TIMES;
  return bits === 0 ? 0 : (bits & Present.start) !== 0 ? flow.start[row]! : flow.end[row]!;
}

/** End of the window (exclusive; FOREVER = no time is logged); one time alone is an instant. */
export function windowEnd(flow: FlowBatch, row: number): number {
  const bits = flow.present[row]! & TIMES;
  return bits === 0 ? FOREVER : (bits & Present.end) !== 0 ? flow.end[row]! : flow.start[row]!;
}
