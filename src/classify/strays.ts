import type { FlowBatch } from '../model/flow.ts';
import { Attribution, Direction, Effective, Kind, type VerdictBatch } from '../model/verdict.ts';
import { ANY_HOST, podsAt, resolvedAttribution, resolvePod } from '../pods/lookup.ts';
import type { PodMapView } from '../pods/pod-map.ts';
import { ENI_STRIDE, EniWord } from '../rules/view.ts';
import type { Scratch, VersionTables } from './tables.ts';
import { windowEnd, windowStart } from './window.ts';

/**
 * Own sides of records whose pods are said to be on another node than the interface that logged them: such pods are
 * left out. Only the first `count` rows of `listed` are asked about: those where sources contradict each other.
 */
export function leaveOutStrays(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  count: number,
): void {
  for (let k = 0; k < count; k++) leaveOut(flow, verdicts, scratch, tables, scratch.listed[k]!);
}

function leaveOut(flow: FlowBatch, verdicts: VerdictBatch, scratch: Scratch, tables: VersionTables, i: number): void {
  const isSrc = verdicts.direction[i] === Direction.egress;
  const entry = isSrc ? scratch.srcEntry[i]! : scratch.dstEntry[i]!;
  const eni = scratch.eni[i]!;
  const host = hostToAsk(tables, entry, eni);
  if (host === ANY_HOST) return;
  const { pods } = tables;
  const [start, end] = [windowStart(flow, i), windowEnd(flow, i)];
  const before = resolvePod(pods, entry, start, end);
  const sureBefore = resolvedAttribution();
  const pod = resolvePod(pods, entry, start, end, host);
  const sure = resolvedAttribution();
  if (pod === before && sure === sureBefore && !(pod < 0 && isAnyLeftOut(pods, entry, start, end, host))) return;
  const [kinds, owners, attributions, effective] = isSrc
    ? [verdicts.srcKind, verdicts.srcOwner, verdicts.srcAttribution, verdicts.srcEffective]
    : [verdicts.dstKind, verdicts.dstOwner, verdicts.dstAttribution, verdicts.dstEffective];
  // an address that only a twin shows makes nobody certain
  const isPaired = effective[i] === Effective.paired && sure === Attribution.exact;
  attributions[i] = isPaired ? Attribution.inferred : sure;
  if (pod >= 0) {
    owners[i] = sure === Attribution.candidates ? -1 : pod;
    return;
  }
  // the address is said to be elsewhere, and so are its pods: this interface had it all the same
  kinds[i] = kindOf(tables, eni);
  owners[i] = kinds[i] === Kind.pod ? -1 : eni;
}

/** Nobody held the address for certain: true when one of those who possibly did is said to be elsewhere. */
function isAnyLeftOut(pods: PodMapView, entry: number, start: number, end: number, host: number): boolean {
  const left = podsAt(pods, entry, start, end, host);
  return podsAt(pods, entry, start, end).some((pod) => !left.includes(pod));
}

/**
 * Host on which a pod must be to be the own side of a record of interface `eni`; ANY_HOST = nothing speaks against any.
 * Only asked where sources contradict each other: the address is another interface's, or pods at it are said to be on
 * another node.
 */
export function hostToAsk(tables: VersionTables, entry: number, eni: number): number {
  const { pods } = tables;
  if (entry < 0 || eni < 0 || (pods.entryIsStray[entry] !== 1 && pods.entryEni[entry] === eni)) return ANY_HOST;
  return pods.eniHost[eni]!;
}

function kindOf({ rules }: VersionTables, eni: number): number {
  return rules.eni[eni * ENI_STRIDE + EniWord.kind]!;
}
