import { hostToAsk } from '../classify/strays.ts';
import { Hidden, type Scratch, type VersionTables } from '../classify/tables.ts';
import { windowEnd, windowStart } from '../classify/window.ts';
import type { FlowBatch } from '../model/flow.ts';
import type { Names } from '../model/names.ts';
import { Attribution, Direction, type VerdictBatch } from '../model/verdict.ts';
import { ANY_HOST, ownerEntry4, podsAt, podsOnInterface, resolvedAttribution, resolvePod } from '../pods/lookup.ts';
import { Behind, behindSide } from '../pods/snat.ts';
import { TWIN_ADDRESSES_MAX } from '../pods/twins.ts';
import { ENI_STRIDE, EniWord } from '../rules/view.ts';

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
  const behind = behindSide(scratch.behind[row] ?? 0, side);
  if (behind !== Behind.nobody) {
    return namesOf(podsOfNode(tables, owner, behind, start, end), names);
  }
  if (hidden) {
    const twins = podsOfTwins(scratch, tables, row, start, end);
    if (twins !== null) return namesOf(twins, names);
  }
  const isOwn = verdicts.direction[row] === (side === 'src' ? Direction.egress : Direction.ingress);
  const host = isOwn ? hostToAsk(tables, entry, scratch.eni[row] ?? -1) : ANY_HOST;
  const pods = hidden ? podsOnInterface(tables.pods, owner, start, end) : podsAt(tables.pods, entry, start, end, host);
  return namesOf(pods, names);
}

function podsOfNode(tables: VersionTables, eni: number, behind: number, start: number, end: number): number[] {
  const { snat, pods } = tables;
  if (behind === Behind.hostPods)
    return podsOnInterface(pods, eni, start, end).filter((pod) => snat.hostPods[pod] === 1);
  const enis = snat.enis.subarray(snat.first[eni] ?? 0, snat.first[eni + 1] ?? 0);
  const found = Array.from(enis).flatMap((each) => podsOnInterface(pods, each, start, end));
  return found.sort((a, b) => a - b);
}

/** Pods of the addresses that several twins show, null when there are none (or too many to tell apart). */
function podsOfTwins(
  scratch: Scratch,
  tables: VersionTables,
  row: number,
  start: number,
  end: number,
): readonly number[] | null {
  const count = scratch.twinCount[row] ?? 0;
  if (count < 2 || count > TWIN_ADDRESSES_MAX) return null;
  const eni = scratch.eni[row] ?? -1;
  const vpc = tables.rules.eni[eni * ENI_STRIDE + EniWord.vpc] ?? -1;
  const first = row * TWIN_ADDRESSES_MAX;
  const pods = Array.from(scratch.twinAddress.subarray(first, first + count)).flatMap((address) => {
    const entry = ownerEntry4(tables.pods, vpc, address);
    if (entry < 0) return [];
    const pod = resolvePod(tables.pods, entry, start, end);
    if (resolvedAttribution() === Attribution.candidates) return podsAt(tables.pods, entry, start, end);
    return pod < 0 ? [] : [pod];
  });
  return pods.length === 0 ? null : pods.sort((a, b) => a - b);
}

/** Each once, in order. */
function namesOf(pods: readonly number[], names: Names): readonly string[] {
  const list = pods.map((pod) => `${names.pods[pod]?.namespace ?? ''}/${names.pods[pod]?.name ?? ''}`);
  return [...new Set(list)];
}
