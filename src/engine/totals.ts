import { strict as assert } from 'node:assert';
import { formatIpv4, formatIpv6 } from '../model/ip.ts';
import { addLedger, createLedger, type Ledger, ledgerSum } from '../model/ledger.ts';
import { ATTRIBUTION, DRIFT, DRIFT_CAUSE, KIND, PATH, ROLE_BASIS, VERDICT } from '../model/verdict.ts';
import { matchesOf } from '../rules/catalog.ts';
import { groupLabel } from './owner-groups.ts';
import {
  Evidence,
  NEVER,
  REJECT_WORDS,
  TALKER4_WORDS,
  TALKER6_WORDS,
  type VersionCounts,
  WORKLOAD_WORDS,
} from './tally.ts';
import type { TaskResult } from './task.ts';
import { TopGroups } from './top.ts';
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
  readonly workloads: TopGroups = new TopGroups(WORKLOAD_WORDS, (key) => this.workloadLabel(key));
  readonly talkers4: TopGroups = new TopGroups(TALKER4_WORDS, (key) => this.talker4Label(key));
  readonly talkers6: TopGroups = new TopGroups(TALKER6_WORDS, (key) => this.talker6Label(key));
  readonly rejects: TopGroups = new TopGroups(REJECT_WORDS, (key) => this.rejectLabel(key));
  agreeOnPolicy = 0;
  /** Bytes of all inputs. */
  read = 0;
  private versions: readonly CompiledVersion[];

  constructor(versions: readonly CompiledVersion[]) {
    this.versions = versions;
  }

  /** The results that come next were judged by these versions; what was counted before keeps its words. */
  useVersions(versions: readonly CompiledVersion[]): void {
    if (versions === this.versions) return;
    for (const groups of [this.workloads, this.talkers4, this.talkers6, this.rejects]) groups.settle();
    this.versions = versions;
  }

  add(result: TaskResult): void {
    const { counts, ledger } = result;
    assert.equal(ledgerSum(ledger), ledger.lines, `ledger law broken in task ${result.seq}`);
    addLedger(this.ledger, ledger);
    this.read += result.read;
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
    this.workloads.add(counts.workloads);
    this.talkers4.add(counts.talkers4);
    this.talkers6.add(counts.talkers6);
    this.rejects.add(counts.rejects);
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
    const stride = 1 + Evidence.words;
    for (let i = 0; i < counts.cells.length; i += stride) {
      const cell = counts.cells[i]!;
      const decider = view.cellRule[cell]!;
      if (decider >= 0) addEvidence(totals(decider), counts.cells, i + 1);
      const hits = counts.cells[i + 1 + Evidence.hits]!;
      for (const match of matchesOf(view, cell)) if (match.certain) totals(match.rule).matched += hits;
    }
    for (let i = 0; i < counts.routes.length; i += stride) {
      const route = totals(counts.routes[i]!);
      addEvidence(route, counts.routes, i + 1);
      route.matched += counts.routes[i + 1 + Evidence.hits]!;
    }
  }

  private workloadLabel(key: Uint32Array): string {
    const { groupLabels } = this.versionOf(key);
    return [groupLabel(groupLabels, key[1]!), groupLabel(groupLabels, key[2]!)].join(LABEL_SEPARATOR);
  }

  private talker4Label(key: Uint32Array): string {
    const address = key[2] === 0 ? '' : formatIpv4(key[2]!);
    return [address, groupLabel(this.versionOf(key).groupLabels, key[1]!)].join(LABEL_SEPARATOR);
  }

  private talker6Label(key: Uint32Array): string {
    return [addressText(key, 1), groupLabel(this.versionOf(key).groupLabels, key[1]!)].join(LABEL_SEPARATOR);
  }

  private rejectLabel(key: Uint32Array): string {
    const version = this.versionOf(key);
    const service = key[REJECT_WORDS - 2]!;
    return [
      addressText(key, 1),
      groupLabel(version.groupLabels, key[1]!),
      addressText(key, 7),
      groupLabel(version.groupLabels, key[7]!),
      String(service >>> 8),
      String(service & 255),
      ruleText(version, key[REJECT_WORDS - 1]! | 0),
    ].join(LABEL_SEPARATOR);
  }

  private versionOf(key: Uint32Array): CompiledVersion {
    return this.versions[key[0]!]!;
  }
}

/** Adds the Evidence words at `at` to what is known of a deciding rule. */
function addEvidence(rule: RuleTotals, words: readonly number[], at: number): void {
  rule.decided += words[at + Evidence.hits]!;
  rule.bytes += words[at + Evidence.bytes]!;
  const first = words[at + Evidence.first]!;
  if (first === NEVER) return;
  const last = words[at + Evidence.last]!;
  rule.firstSeen = Math.min(rule.firstSeen ?? first, first);
  rule.lastSeen = Math.max(rule.lastSeen ?? last, last);
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
