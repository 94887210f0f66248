import { Hidden, type Scratch, type VersionTables } from '../classify/tables.ts';
import { windowEnd, windowStart } from '../classify/window.ts';
import type { FlowBatch } from '../model/flow.ts';
import type { Names } from '../model/names.ts';
import { Attribution, type VerdictBatch } from '../model/verdict.ts';
import { podsAt, podsOnInterface } from '../pods/lookup.ts';

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
  const start = windowStart(flow, row);
  const end = windowEnd(flow, row);
  const hidden = ((scratch.hidden[row] ?? 0) & (side === 'src' ? Hidden.src : Hidden.dst)) !== 0;
  const entry = (side === 'src' ? scratch.srcEntry : scratch.dstEntry)[row] ?? -1;
  const owner = (side === 'src' ? verdicts.srcOwner : verdicts.dstOwner)[row] ?? -1;
  const pods = hidden ? podsOnInterface(tables.pods, owner, start, end) : podsAt(tables.pods, entry, start, end);
  const list = pods.map((pod) => `${names.pods[pod]?.namespace ?? ''}/${names.pods[pod]?.name ?? ''}`);
  return [...new Set(list)];
}
