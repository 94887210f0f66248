import type { FlowBatch } from '../model/flow.ts';
import { Attribution, Direction, Kind, type VerdictBatch } from '../model/verdict.ts';
import { ANY_HOST, resolvedAttribution, resolvePod } from '../pods/lookup.ts';
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
  if (pod === before && sure === sureBefore) return;
  const [kinds, owners, attributions] = isSrc
    ? [verdicts.srcKind, verdicts.srcOwner, verdicts.srcAttribution]
    : [verdicts.dstKind, verdicts.dstOwner, verdicts.dstAttribution];
  attributions[i] = sure;
  if (pod >= 0) {
    owners[i] = sure === Attribution.candidates ? -1 : pod;
    return;
  }
  // the address is said to be elsewhere, and so are its pods: this interface had it all the same
  kinds[i] = kindOf(tables, eni);
  owners[i] = kinds[i] === Kind.pod ? -1 : eni;
}

/**
 * Host on which a pod must be to be the own side of a record of interface `eni`; ANY_HOST = nothing speaks against any.
 * Only asked where sources contradict each other: the address is another interface's, or pods at it are said to be on
 * another node.
 */
export function hostToAsk(tables: VersionTables, entry: number, eni: number): number {
  const { pods } = tables;
  if (entry < 0 || eni < 0 || (pods.entryIsStray[entry] !== 1 && pods.entryEni[entry] === eni)) return ANY_HOST;
  const kind = kindOf(tables, eni);
  return kind === Kind.node || kind === Kind.pod ? pods.eniHost[eni]! : ANY_HOST;
}

function kindOf({ rules }: VersionTables, eni: number): number {
  return rules.eni[eni * ENI_STRIDE + EniWord.kind]!;
}
