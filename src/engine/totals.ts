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

/** Cell, or route rule, → its Evidence words. */
interface VersionEvidence {
  readonly cells: Map<number, number[]>;
  readonly routes: Map<number, number[]>;
}

/** Cells and routes whose evidence is kept, some 100 bytes each: an inventory may have thousands of versions. */
const EVIDENCE_MAX = 500_000;

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
  readonly workloads: TopGroups = new TopGroups(WORKLOAD_WORDS, (key) => this.workloadLabel(key));
  readonly talkers4: TopGroups = new TopGroups(TALKER4_WORDS, (key) => this.talker4Label(key));
  readonly talkers6: TopGroups = new TopGroups(TALKER6_WORDS, (key) => this.talker6Label(key));
  readonly rejects: TopGroups = new TopGroups(REJECT_WORDS, (key) => this.rejectLabel(key));
  agreeOnPolicy = 0;
  /** Bytes of all inputs. */
  read = 0;
  private versions: readonly CompiledVersion[];
  /** By id; without what `evidence` holds. */
  private readonly settledRules = new Map<string, RuleTotals>();
  /** By version. */
  private readonly evidence = new Map<number, VersionEvidence>();
  private evidenceSize = 0;

  constructor(versions: readonly CompiledVersion[]) {
    this.versions = versions;
  }

  /** The results that come next were judged by these versions; what was counted before keeps its words. */
  useVersions(versions: readonly CompiledVersion[]): void {
    if (versions === this.versions) return;
    for (const groups of [this.workloads, this.talkers4, this.talkers6, this.rejects]) groups.settle();
    this.settleRules();
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
    for (const version of counts.versions) this.addEvidence(version);
    this.workloads.add(counts.workloads);
    this.talkers4.add(counts.talkers4);
    this.talkers6.add(counts.talkers6);
    this.rejects.add(counts.rejects);
  }

  /** Evidence of the rules that decided or matched, by id. */
  get rules(): ReadonlyMap<string, RuleTotals> {
    this.settleRules();
    return this.settledRules;
  }

  private addEvidence({ version, cells, routes }: VersionCounts): void {
    let known = this.evidence.get(version);
    if (known === undefined) {
      known = { cells: new Map(), routes: new Map() };
      this.evidence.set(version, known);
    }
    const before = known.cells.size + known.routes.size;
    joinEvidence(known.cells, cells);
    joinEvidence(known.routes, routes);
    this.evidenceSize += known.cells.size + known.routes.size - before;
    if (this.evidenceSize > EVIDENCE_MAX) this.settleRules();
  }

  /** Which rules a cell stands for is looked up once, not for every task. */
  private settleRules(): void {
    for (const [version, evidence] of this.evidence) this.addRules(version, evidence);
    this.evidence.clear();
    this.evidenceSize = 0;
  }

  private addRules(version: number, { cells, routes }: VersionEvidence): void {
    const { view, catalog } = this.versions[version]!;
    const totals = (rule: number): RuleTotals => {
      const { id, layer } = catalog.rules[rule]!;
      let found = this.settledRules.get(id);
      if (found === undefined) {
        found = { id, layer, decided: 0, matched: 0, bytes: 0, firstSeen: null, lastSeen: null };
        this.settledRules.set(id, found);
      }
      return found;
    };
    for (const [cell, sums] of cells) {
      const decider = view.cellRule[cell]!;
      if (decider >= 0) addToRule(totals(decider), sums);
      for (const match of matchesOf(view, cell)) if (match.certain) totals(match.rule).matched += sums[Evidence.hits]!;
    }
    for (const [rule, sums] of routes) {
      const route = totals(rule);
      addToRule(route, sums);
      route.matched += sums[Evidence.hits]!;
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

/** Adds Evidence words to what is known of a deciding rule. */
function addToRule(rule: RuleTotals, sums: readonly number[]): void {
  rule.decided += sums[Evidence.hits]!;
  rule.bytes += sums[Evidence.bytes]!;
  const first = sums[Evidence.first]!;
  if (first === NEVER) return;
  rule.firstSeen = Math.min(rule.firstSeen ?? first, first);
  const last = sums[Evidence.last]!;
  rule.lastSeen = Math.max(rule.lastSeen ?? last, last);
}

/** Adds runs of an index and its Evidence words. */
function joinEvidence(known: Map<number, number[]>, runs: readonly number[]): void {
  for (let i = 0; i < runs.length; i += 1 + Evidence.words) {
    const sums = known.get(runs[i]!);
    if (sums === undefined) {
      known.set(runs[i]!, runs.slice(i + 1, i + 1 + Evidence.words));
      continue;
    }
    sums[Evidence.hits]! += runs[i + 1 + Evidence.hits]!;
    sums[Evidence.bytes]! += runs[i + 1 + Evidence.bytes]!;
    sums[Evidence.first] = Math.min(sums[Evidence.first]!, runs[i + 1 + Evidence.first]!);
    sums[Evidence.last] = Math.max(sums[Evidence.last]!, runs[i + 1 + Evidence.last]!);
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
