import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { isUnexplained, nameCauseByVersion, nameOwnCause } from './cause.ts';
import { createJudged } from './judged.ts';
import { pairAgain, type Twins } from './pairing.ts';
import { decideRoles } from './roles.ts';
import { type InterfaceNames, type Judge, placeInterfaces, type Scratch } from './tables.ts';

/** Versions asked before and after the one in force; a watched inventory has hundreds. */
const VERSIONS_ASKED_MAX = 8;

/** A batch with all that judges it. */
export interface JudgedBatch {
  readonly flow: FlowBatch;
  readonly verdicts: VerdictBatch;
  readonly scratch: Scratch;
  readonly judge: Judge;
  readonly dictionary: InterfaceNames;
  readonly twins: Twins | null;
}

/**
 * Gives each row whose action is not what was predicted its cause, and `agreeing` the version that explains it: first
 * what the record tells by itself, then the nearest earlier versions, then the later ones. Runs of drifting rows are
 * judged anew as they are; a row that agrees costs one comparison.
 */
export function nameCauses(batch: JudgedBatch, version: number, from: number, to: number): void {
  const { flow, verdicts, scratch, judge } = batch;
  const tables = judge.versions[version]!;
  for (let i = from; i < to; i++) {
    if (isUnexplained(verdicts, i)) nameOwnCause(flow, verdicts, scratch, tables, i);
  }
  if (judge.versions.length === 1) return;
  for (let i = from; i < to; i++) {
    if (!isUnexplained(verdicts, i)) continue;
    let end = i + 1;
    while (end < to && isUnexplained(verdicts, end)) end++;
    askVersions(batch, version, i, end);
    i = end;
  }
}

function askVersions(batch: JudgedBatch, version: number, from: number, to: number): void {
  const last = Math.min(batch.judge.versions.length - 1, version + VERSIONS_ASKED_MAX);
  let open = to - from;
  for (let asked = version - 1; asked >= 0 && asked >= version - VERSIONS_ASKED_MAX && open > 0; asked--) {
    open -= askVersion(batch, version, asked, from, to);
  }
  for (let asked = version + 1; asked <= last && open > 0; asked++) {
    open -= askVersion(batch, version, asked, from, to);
  }
}

/** Judges a run by another version; the number of rows that it explains. */
function askVersion(batch: JudgedBatch, version: number, asked: number, from: number, to: number): number {
  const { flow, verdicts, scratch, judge } = batch;
  scratch.second ??= createJudged(scratch.kernel, flow);
  const { second } = scratch;
  pairAgain(scratch, judge.versions[version]!, batch.twins, second.scratch, from, to);
  judgeAgain(batch, second.verdicts, second.scratch, asked, from, to);
  const comparison = {
    tables: judge.versions[version]!,
    verdicts,
    scratch,
    other: judge.versions[asked]!,
    otherVerdicts: second.verdicts,
    otherScratch: second.scratch,
    endedSeconds: asked < version ? judge.versions[asked + 1]!.validFromSeconds : null,
  };
  let explained = 0;
  for (let i = from; i < to; i++) {
    if (!isUnexplained(verdicts, i) || !nameCauseByVersion(flow, comparison, i)) continue;
    verdicts.agreeing[i] = asked + 1;
    explained++;
  }
  return explained;
}

function judgeAgain(
  { flow, judge, dictionary, twins }: JudgedBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  version: number,
  from: number,
  to: number,
): void {
  const tables = judge.versions[version]!;
  const codes = judge.interfaces[version]!.resolve(dictionary);
  placeInterfaces(flow, scratch, codes, from, to);
  const { kernel, batch } = scratch;
  kernel.placeAddresses(batch, tables.address, from, to);
  kernel.decideDirection(batch, tables.address, from, to);
  kernel.attribute(batch, tables.address, from, to);
  decideRoles(verdicts, scratch, tables, twins, from, to);
  kernel.judgeLayers(batch, tables.address, from, to);
  kernel.decideDrift(batch, from, to);
}
