import { type FlowBatch, Present } from '../model/flow.ts';
import { NO_RULE, Role, RoleBasis, routeKindCode, Verdict, type VerdictBatch } from '../model/verdict.ts';
import type { TwinTable } from '../pods/twins.ts';
import { type PairSpill, pairRows, publishRows, spillRows, type Twins } from './pairing.ts';
import { decideRoles } from './roles.ts';
import { leaveOutStrays } from './strays.ts';
import { type InterfaceNames, type Judge, placeInterfaces, type Scratch, type VersionTables } from './tables.ts';
import { nameCauses } from './versions.ts';

/**
 * Fills `verdicts` for every row of `flow`: the straight line place → direction → attribution → role → layers → route →
 * drift → cause, one column pass after the other, over runs of rows that the same inventory version judges.
 * Each row is judged by the version valid at its `start`; without one, and before the first version, by the first.
 */
export function classifyBatch(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  judge: Judge,
  dictionary: InterfaceNames,
  twins: Twins | null = null,
): void {
  const batch = { flow, verdicts, scratch, judge, dictionary, twins };
  const { kernel, batch: columns } = scratch;
  let from = 0;
  while (from < flow.rows) {
    const version = versionOf(judge.versions, flow, from);
    const to = endOfRun(judge.versions, flow, from, version);
    const tables = judge.versions[version]!;
    const codes = judge.interfaces[version]!.resolve(dictionary);
    verdicts.version.fill(version, from, to);
    placeInterfaces(flow, scratch, codes, from, to);
    kernel.placeAddresses(columns, tables.address, from, to);
    kernel.decideDirection(columns, tables.address, from, to);
    pairRows(flow, scratch, tables, twins, from, to);
    kernel.attribute(columns, tables.address, from, to);
    const strays = kernel.listStrays(columns, tables.address, from, to);
    leaveOutStrays(flow, verdicts, scratch, tables, strays);
    kernel.unmaskNodes(columns, tables.address, from, to);
    if (flow.judged) {
      decideRoles(verdicts, scratch, tables, twins, from, to);
      kernel.judgeLayers(columns, tables.address, from, to);
      kernel.decideRoute(columns, tables.address, from, to);
      const unexplained = kernel.decideDrift(columns, from, to);
      verdicts.agreeing.fill(0, from, to);
      if (unexplained > 0) nameCauses(batch, version, from, to);
    } else {
      clearRows(verdicts, scratch, from, to);
    }
    kernel.nameServed(columns, tables.address, judge.namesServices ? 1 : 0, from, to);
    from = to;
  }
}

/**
 * The first pass of pairing over a batch: its rows, as they stand without pairing, go to the twin table, or to `spill`
 * with what the second pass will ask about each. False when the table is full.
 */
export function publishBatch(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  judge: Judge,
  dictionary: InterfaceNames,
  table: TwinTable,
  spill: PairSpill | null,
): boolean {
  if (!flow.judged) return true;
  const { kernel, batch: columns } = scratch;
  let from = 0;
  while (from < flow.rows) {
    const version = versionOf(judge.versions, flow, from);
    const to = endOfRun(judge.versions, flow, from, version);
    const tables = judge.versions[version]!;
    const codes = judge.interfaces[version]!.resolve(dictionary);
    placeInterfaces(flow, scratch, codes, from, to);
    kernel.placeAddresses(columns, tables.address, from, to);
    kernel.decideDirection(columns, tables.address, from, to);
    pairRows(flow, scratch, tables, null, from, to);
    kernel.attribute(columns, tables.address, from, to);
    const strays = kernel.listStrays(columns, tables.address, from, to);
    leaveOutStrays(flow, verdicts, scratch, tables, strays);
    // only what flags and listeners tell is evidence
    kernel.rolesByEvidence(columns, tables.address, from, to);
    if (spill !== null) spillRows(scratch, tables, version, spill, from, to);
    else if (!publishRows(scratch, tables, table, from, to)) return false;
    from = to;
  }
  return true;
}

/** Transit gateway rows are decoded and attributed, never judged. */
function clearRows(verdicts: VerdictBatch, scratch: Scratch, from: number, to: number): void {
  scratch.sgCell.fill(NO_RULE, from, to);
  scratch.naclCell.fill(NO_RULE, from, to);
  verdicts.role.fill(Role.unknown, from, to);
  verdicts.roleBasis.fill(RoleBasis.none, from, to);
  verdicts.sgVerdict.fill(Verdict.none, from, to);
  verdicts.naclVerdict.fill(Verdict.none, from, to);
  verdicts.policyVerdict.fill(Verdict.none, from, to);
  verdicts.sgRule.fill(NO_RULE, from, to);
  verdicts.naclRule.fill(NO_RULE, from, to);
  verdicts.routeKind.fill(routeKindCode('null'), from, to);
  verdicts.route.fill(NO_RULE, from, to);
  verdicts.predicted.fill(Verdict.unknown, from, to);
  verdicts.decidedBy.fill(NO_RULE, from, to);
  verdicts.drift.fill(0, from, to);
  verdicts.driftCause.fill(0, from, to);
  verdicts.agreeing.fill(0, from, to);
  verdicts.path.fill(0, from, to);
}

/** Row behind the run of rows from `from` on that `version` judges. */
function endOfRun(versions: readonly VersionTables[], flow: FlowBatch, from: number, version: number): number {
  if (versions.length === 1) return flow.rows;
  let to = from + 1;
  while (to < flow.rows && versionOf(versions, flow, to) === version) to++;
  return to;
}

function versionOf(versions: readonly VersionTables[], flow: FlowBatch, row: number): number {
  let version = versions.length - 1;
  if (version === 0 || (flow.present[row]! & Present.start) === 0) return 0;
  while (version > 0 && versions[version]!.validFromSeconds > flow.start[row]!) version--;
  return version;
}
