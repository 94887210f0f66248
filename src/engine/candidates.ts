import { Hidden, type Scratch, type VersionTables } from '../classify/tables.ts';
import { type FlowBatch, Present } from '../model/flow.ts';
import type { Names } from '../model/names.ts';
import { Attribution, type VerdictBatch } from '../model/verdict.ts';
import { podsAt, podsOnInterface } from '../pods/lookup.ts';
import { FOREVER } from '../pods/pod-map.ts';

/**
 * `namespace/pod` of every pod a side of the row may be, null when its attribution is not `candidates`. Rows only;
 * cold.
 */
export function candidateNames(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  names: Names,
  row: number,
  side: 'src' | 'dst',
): readonly string[] | null {
  const attribution = side === 'src' ? verdicts.srcAttribution : verdicts.dstAttribution;
  if (attribution[row] !== Attribution.candidates) return null;
  const timed = ((flow.present[row] ?? 0) & Present.start) !== 0;
  const ended = ((flow.present[row] ?? 0) & Present.end) !== 0;
  const start = timed ? (flow.start[row] ?? 0) : 0;
  const end = timed ? ((ended ? flow.end[row] : flow.start[row]) ?? 0) : FOREVER;
  const hidden = ((scratch.hidden[row] ?? 0) & (side === 'src' ? Hidden.src : Hidden.dst)) !== 0;
  const entry = (side === 'src' ? scratch.srcEntry : scratch.dstEntry)[row] ?? -1;
  const owner = (side === 'src' ? verdicts.srcOwner : verdicts.dstOwner)[row] ?? -1;
  const pods = hidden ? podsOnInterface(tables.pods, owner, start, end) : podsAt(tables.pods, entry, start, end);
  const list = pods.map((pod) => `${names.pods[pod]?.namespace ?? ''}/${names.pods[pod]?.name ?? ''}`);
  return [...new Set(list)];
}
