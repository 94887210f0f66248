import { strict as assert } from 'node:assert';
import { formatIpv4, formatIpv6 } from '../model/ip.ts';
import { addLedger, createLedger, type Ledger, ledgerSum } from '../model/ledger.ts';
import { ATTRIBUTION, DRIFT, DRIFT_CAUSE, KIND, PATH, ROLE_BASIS, VERDICT } from '../model/verdict.ts';
import { matchesOf } from '../rules/catalog.ts';
import { type Groups, Sum } from './group-table.ts';
import { groupLabel } from './owner-groups.ts';
import { NEVER, REJECT_WORDS, TALKER_WORDS, type TaskCounts, type VersionCounts, WORKLOAD_WORDS } from './tally.ts';
import type { TaskResult } from './task.ts';
import { TopLabels } from './top.ts';
import type { CompiledVersion } from './versions.ts';

/** Evidence about one rule over all versions that contain it (by id). */
export interface RuleTotals {
  readonly id: string;
  readonly layer: string;
  decided: number;
  matched: number;
  bytes: number;
  /** Unix seconds; null = never seen with a time. */
  firstSeen: number | null;
  lastSeen: number | null;
}

/** Separates the parts of a label; occurs in no id, name or address. */
export const LABEL_SEPARATOR = '\u0000';

/**
 * The run's counters: task results are added strictly in input order, so they are the same for any number of threads.
 */
export class Totals {
  readonly ledger: Ledger = createLedger();
  readonly predicted: Float64Array = new Float64Array(VERDICT.length);
  readonly observed: Float64Array = new Float64Array(3 * VERDICT.length);
  readonly drift: Float64Array = new Float64Array(DRIFT.length);
  readonly causes: Float64Array = new Float64Array(DRIFT_CAUSE.length);
  readonly roleBasis: Float64Array = new Float64Array(ROLE_BASIS.length);
  readonly attribution: Float64Array = new Float64Array(ATTRIBUTION.length);
  readonly kinds: Float64Array = new Float64Array(KIND.length);
  readonly paths: { records: number; bytes: number }[] = PATH.map(() => ({ records: 0, bytes: 0 }));
  readonly rules: Map<string, RuleTotals> = new Map();
  readonly workloads: TopLabels = new TopLabels();
  readonly talkers: TopLabels = new TopLabels();
  readonly rejects: TopLabels = new TopLabels();
  agreeOnPolicy = 0;
  private readonly versions: readonly CompiledVersion[];

  constructor(versions: readonly CompiledVersion[]) {
    this.versions = versions;
  }

  add(result: TaskResult): void {
    const { counts, ledger } = result;
    assert.equal(ledgerSum(ledger), ledger.lines, `ledger law broken in task ${result.seq}`);
    addLedger(this.ledger, ledger);
    this.agreeOnPolicy += counts.agreeOnPolicy;
    addInto(this.predicted, counts.predicted);
    addInto(this.observed, counts.observed);
    addInto(this.drift, counts.drift);
    addInto(this.causes, counts.causes);
    addInto(this.roleBasis, counts.roleBasis);
    addInto(this.attribution, counts.attribution);
    addInto(this.kinds, counts.kinds);
    counts.paths.forEach((path, p) => {
      this.paths[p]!.records += path.records;
      this.paths[p]!.bytes += path.bytes;
    });
    for (const version of counts.versions) this.addRules(version);
    this.addGroups(counts);
  }

  private addRules(counts: VersionCounts): void {
    const { view, catalog } = this.versions[counts.version]!;
    const totals = (rule: number): RuleTotals => {
      const { id, layer } = catalog.rules[rule]!;
      let found = this.rules.get(id);
      if (found === undefined) {
        found = { id, layer, decided: 0, matched: 0, bytes: 0, firstSeen: null, lastSeen: null };
        this.rules.set(id, found);
      }
      return found;
    };
    for (let i = 0; i < counts.cells.length; i += 2) {
      const cell = counts.cells[i]!;
      const hits = counts.cells[i + 1]!;
      const decider = view.cellRule[cell]!;
      if (decider >= 0) totals(decider).decided += hits;
      for (const match of matchesOf(view, cell)) if (match.certain) totals(match.rule).matched += hits;
    }
    for (let i = 0; i < counts.routes.length; i += 2) {
      const route = totals(counts.routes[i]!);
      route.decided += counts.routes[i + 1]!;
      route.matched += counts.routes[i + 1]!;
    }
    for (let i = 0; i < counts.rules.length; i += 4) {
      const rule = totals(counts.rules[i]!);
      const [bytes = 0, first = NEVER, last = 0] = counts.rules.slice(i + 1, i + 4);
      rule.bytes += bytes;
      if (first === NEVER) continue;
      rule.firstSeen = Math.min(rule.firstSeen ?? first, first);
      rule.lastSeen = Math.max(rule.lastSeen ?? last, last);
    }
  }

  private addGroups(counts: TaskCounts): void {
    const { workloads, talkers, rejects } = counts;
    this.addLabels(this.workloads, workloads, WORKLOAD_WORDS, (labels, key) => [
      groupLabel(labels, key[1]!),
      groupLabel(labels, key[2]!),
    ]);
    this.addLabels(this.talkers, talkers, TALKER_WORDS, (labels, key) => [
      addressText(key, 1),
      groupLabel(labels, key[1]!),
    ]);
    this.addLabels(this.rejects, rejects, REJECT_WORDS, (labels, key, version) => [
      addressText(key, 1),
      groupLabel(labels, key[1]!),
      addressText(key, 7),
      groupLabel(labels, key[7]!),
      String(key[REJECT_WORDS - 2]! >>> 8),
      String(key[REJECT_WORDS - 2]! & 255),
      ruleText(version, key[REJECT_WORDS - 1]! | 0),
    ]);
  }

  private addLabels(
    into: TopLabels,
    groups: Groups,
    words: number,
    label: (labels: readonly string[], key: Uint32Array, version: CompiledVersion) => readonly string[],
  ): void {
    for (let g = 0; g < groups.size; g++) {
      const key = groups.keys.subarray(g * words, (g + 1) * words);
      const version = this.versions[key[0]!]!;
      const text = label(version.groupLabels, key, version).join(LABEL_SEPARATOR);
      const at = g * Sum.perGroup;
      into.add(text, groups.sums[at]!, groups.sums[at + Sum.bytes]!, groups.sums[at + Sum.packets]!);
    }
    into.addOthers(groups.others);
  }
}

function addInto(total: Float64Array, part: readonly number[]): void {
  part.forEach((n, i) => {
    total[i]! += n;
  });
}

/** Address of a side in a group key (see tally: group, family, four words). */
function addressText(key: Uint32Array, at: number): string {
  const family = key[at + 1]!;
  if (family === 4) return formatIpv4(key[at + 2]!);
  return family === 6 ? formatIpv6(key[at + 2]!, key[at + 3]!, key[at + 4]!, key[at + 5]!) : '';
}

function ruleText(version: CompiledVersion, rule: number): string {
  if (rule >= 0) return version.catalog.rules[rule]?.id ?? '';
  return rule === -2 ? 'implicit-deny' : '';
}
