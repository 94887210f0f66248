import { type Judge, NO_ADDRESS, type Scratch } from '../classify/tables.ts';
import { type FlowBatch, Present } from '../model/flow.ts';
import {
  Action,
  ATTRIBUTION,
  DRIFT,
  DRIFT_CAUSE,
  Drift,
  KIND,
  Kind,
  PATH,
  ROLE_BASIS,
  RoleBasis,
  VERDICT,
  type VerdictBatch,
} from '../model/verdict.ts';
import { type Groups, GroupTable } from './group-table.ts';

/** Group numbers of owners in one version: workloads and named interfaces first, then one number per kind. */
export interface OwnerGroups {
  /** Group of each pod (its workload) and of each ENI (node, load balancer …); labels are kept by the main thread. */
  readonly pod: Int32Array;
  readonly eni: Int32Array;
}

/** Group of a side nobody owns: OWNERLESS + kind code. */
export const OWNERLESS = 0x4000_0000;

/** Key words of the group tables. A side is its group, address family (4, 6, 0 = no address) and four address words. */
const SIDE_WORDS = 6;
/** version, source group, destination group */
export const WORKLOAD_WORDS = 3;
/** version, source group, source IPv4 (0 = none): nearly all records, so a short key */
export const TALKER4_WORDS = 3;
/** version, source side with an IPv6 address */
export const TALKER6_WORDS: number = 1 + SIDE_WORDS;
/** version, source side, destination side, destination port × 256 + protocol, deciding rule */
export const REJECT_WORDS: number = 1 + 2 * SIDE_WORDS + 2;

/** Words of what is kept of a cell or a route: f64 each. */
export const Evidence = { hits: 0, bytes: 1, first: 2, last: 3, words: 4 } as const;

/** Evidence of one version, sparse: an idle table of 100 k cells does not travel. Index, then its Evidence words. */
export interface VersionCounts {
  readonly version: number;
  /** Cells that decided. */
  readonly cells: readonly number[];
  /** Route rules. */
  readonly routes: readonly number[];
}

/** Everything one task counted, as plain data. */
export interface TaskCounts {
  readonly classified: number;
  readonly notJudged: number;
  readonly predicted: readonly number[];
  /** observed (null, ACCEPT, REJECT) × predicted, row-major. */
  readonly observed: readonly number[];
  readonly drift: readonly number[];
  readonly causes: readonly number[];
  readonly roleBasis: readonly number[];
  readonly agreeOnPolicy: number;
  readonly attribution: readonly number[];
  readonly kinds: readonly number[];
  readonly versions: readonly VersionCounts[];
  readonly workloads: Groups;
  readonly talkers4: Groups;
  readonly talkers6: Groups;
  readonly rejects: Groups;
  readonly paths: readonly { readonly records: number; readonly bytes: number }[];
}

/** Evidence of one inventory version within a task: Evidence.words f64 a cell (and a route), one trip to memory. */
interface VersionTally {
  readonly cells: Float64Array;
  readonly routes: Float64Array;
}

/** First second of a rule that was not seen with a time. */
export const NEVER = 0xffff_ffff;

/** Groups a task keeps apart (see GroupTable): hundreds of times what is shown, and small enough for the cache. */
const WORKLOADS_MAX = 4_096;
const TALKERS_MAX = 4_096;
const REJECTS_MAX = 4_096;

const TWO_32 = 4_294_967_296;

/**
 * The counters of one worker: fed a batch at a time, drained once a task. Hit counts of rules are kept per cell (32
 * bit, a task has fewer than 2^32 rows) and expanded to rules by the main thread, so they cost the hot path one
 * increment.
 */
export class Tally {
  private readonly versions: readonly VersionTally[];
  private readonly groups: readonly OwnerGroups[];
  private readonly workloads = new GroupTable(WORKLOAD_WORDS, WORKLOADS_MAX);
  private readonly talkers4 = new GroupTable(TALKER4_WORDS, TALKERS_MAX);
  private readonly talkers6 = new GroupTable(TALKER6_WORDS, TALKERS_MAX);
  private readonly rejects = new GroupTable(REJECT_WORDS, REJECTS_MAX);
  private readonly predicted = new Float64Array(VERDICT.length);
  private readonly observed = new Float64Array(3 * VERDICT.length);
  private readonly drift = new Float64Array(DRIFT.length);
  private readonly causes = new Float64Array(DRIFT_CAUSE.length);
  private readonly roleBasis = new Float64Array(ROLE_BASIS.length);
  private readonly attribution = new Float64Array(ATTRIBUTION.length);
  private readonly kinds = new Float64Array(KIND.length);
  private readonly pathRecords = new Float64Array(PATH.length);
  private readonly pathBytes = new Float64Array(PATH.length);
  private agreeOnPolicy = 0;
  private classified = 0;
  private notJudged = 0;

  constructor(judge: Judge, groups: readonly OwnerGroups[]) {
    this.groups = groups;
    this.versions = judge.versions.map(({ rules }) => ({
      cells: evidence(rules.cellCount),
      routes: evidence(rules.ruleCount),
    }));
  }

  add(flow: FlowBatch, verdicts: VerdictBatch, scratch: Scratch): void {
    if (flow.judged) {
      this.classified += flow.rows;
      this.addVerdicts(flow, verdicts);
      this.addRules(flow, verdicts, scratch);
    } else {
      this.notJudged += flow.rows;
    }
    this.addGroups(flow, verdicts, scratch);
  }

  private addVerdicts(flow: FlowBatch, verdicts: VerdictBatch): void {
    const { predicted, observed, drift, causes, roleBasis, pathRecords, pathBytes } = this;
    const { rows, present, action: actions, bytes } = flow;
    const width = VERDICT.length;
    for (let i = 0; i < rows; i++) {
      const bits = present[i]!;
      const action = (bits & Present.action) !== 0 ? actions[i]! : Action.null;
      const verdict = verdicts.predicted[i]!;
      const basis = verdicts.roleBasis[i]!;
      const path = verdicts.path[i]!;
      predicted[verdict]!++;
      observed[action * width + verdict]!++;
      drift[verdicts.drift[i]!]!++;
      causes[verdicts.driftCause[i]!]!++;
      roleBasis[basis]!++;
      if (basis === RoleBasis.policy && verdicts.drift[i] === Drift.agree) this.agreeOnPolicy++;
      pathRecords[path]!++;
      if ((bits & Present.bytes) !== 0) pathBytes[path]! += bytes[2 * i]! + bytes[2 * i + 1]! * TWO_32;
    }
  }

  private addRules(flow: FlowBatch, verdicts: VerdictBatch, scratch: Scratch): void {
    const { sgCell, naclCell } = scratch;
    const { rows, present, start } = flow;
    const { version, route } = verdicts;
    for (let i = 0; i < rows; i++) {
      const { cells, routes } = this.versions[version[i]!]!;
      const bytes = bytesOf(flow, i);
      // NaN for a record without times: its bytes count, its second does not
      const at = (present[i]! & Present.start) !== 0 ? start[i]! : Number.NaN;
      if (sgCell[i]! >= 0) addEvidence(cells, sgCell[i]!, bytes, at);
      if (naclCell[i]! >= 0) addEvidence(cells, naclCell[i]!, bytes, at);
      if (route[i]! >= 0) addEvidence(routes, route[i]!, bytes, at);
    }
  }

  private addGroups(flow: FlowBatch, verdicts: VerdictBatch, scratch: Scratch): void {
    const { attribution, kinds, workloads, talkers4 } = this;
    const { rows, present, action, bytes, packets } = flow;
    const { version, srcKind, dstKind, srcOwner, dstOwner, srcAttribution, dstAttribution } = verdicts;
    const { src4, src6, srcClass } = scratch;
    for (let i = 0; i < rows; i++) {
      const of = version[i]!;
      const { pod, eni } = this.groups[of]!;
      const kindFrom = srcKind[i]!;
      const kindTo = dstKind[i]!;
      const from = groupOf(pod, eni, kindFrom, srcOwner[i]!);
      const to = groupOf(pod, eni, kindTo, dstOwner[i]!);
      const bits = present[i]!;
      const sumBytes = (bits & Present.bytes) !== 0 ? bytes[2 * i]! + bytes[2 * i + 1]! * TWO_32 : 0;
      const sumPackets = (bits & Present.packets) !== 0 ? packets[2 * i]! + packets[2 * i + 1]! * TWO_32 : 0;
      attribution[srcAttribution[i]!]!++;
      attribution[dstAttribution[i]!]!++;
      kinds[kindFrom]!++;
      kinds[kindTo]!++;
      workloads.addThree(of, from, to, sumBytes, sumPackets);
      if (src6[i]! < 0) talkers4.addThree(of, from, srcClass[i] === NO_ADDRESS ? 0 : src4[i]!, sumBytes, sumPackets);
      else this.addTalker6(flow, src6[i]!, of, from, sumBytes, sumPackets);
      if (action[i] === Action.reject && (bits & Present.action) !== 0 && flow.judged)
        this.addReject(flow, verdicts, scratch, i, from, to, sumBytes, sumPackets);
    }
  }

  private addTalker6(
    flow: FlowBatch,
    at: number,
    version: number,
    group: number,
    bytes: number,
    packets: number,
  ): void {
    this.talkers6.key[0] = version;
    writeSide(this.talkers6.key, 1, flow, group, 0, at, true);
    this.talkers6.add(bytes, packets);
  }

  private addReject(
    flow: FlowBatch,
    verdicts: VerdictBatch,
    scratch: Scratch,
    i: number,
    src: number,
    dst: number,
    bytes: number,
    packets: number,
  ): void {
    const { key } = this.rejects;
    key[0] = verdicts.version[i]!;
    // an end with a name needs no address: rejects of a workload's pods are one row
    const showsSrc = src >= OWNERLESS && scratch.srcClass[i] !== NO_ADDRESS;
    const showsDst = dst >= OWNERLESS && scratch.dstClass[i] !== NO_ADDRESS;
    writeSide(key, 1, flow, src, scratch.src4[i]!, scratch.src6[i]!, showsSrc);
    writeSide(key, 1 + SIDE_WORDS, flow, dst, scratch.dst4[i]!, scratch.dst6[i]!, showsDst);
    key[REJECT_WORDS - 2] = flow.dstPort[i]! * 256 + flow.protocol[i]!;
    key[REJECT_WORDS - 1] = verdicts.decidedBy[i]!;
    this.rejects.add(bytes, packets);
  }

  /** Everything counted since the last drain. */
  drain(): TaskCounts {
    const paths = PATH.map((_, p) => ({ records: this.pathRecords[p]!, bytes: this.pathBytes[p]! }));
    const counts: TaskCounts = {
      classified: this.classified,
      notJudged: this.notJudged,
      predicted: take(this.predicted),
      observed: take(this.observed),
      drift: take(this.drift),
      causes: take(this.causes),
      roleBasis: take(this.roleBasis),
      agreeOnPolicy: this.agreeOnPolicy,
      attribution: take(this.attribution),
      kinds: take(this.kinds),
      versions: this.versions.map(drainVersion).filter((v) => v.cells.length + v.routes.length > 0),
      workloads: this.workloads.drain(),
      talkers4: this.talkers4.drain(),
      talkers6: this.talkers6.drain(),
      rejects: this.rejects.drain(),
      paths,
    };
    this.pathRecords.fill(0);
    this.pathBytes.fill(0);
    this.agreeOnPolicy = 0;
    this.classified = 0;
    this.notJudged = 0;
    return counts;
  }
}

function take(counters: Float64Array): number[] {
  const values = Array.from(counters);
  counters.fill(0);
  return values;
}

function bytesOf(flow: FlowBatch, i: number): number {
  return (flow.present[i]! & Present.bytes) !== 0 ? flow.bytes[2 * i]! + flow.bytes[2 * i + 1]! * TWO_32 : 0;
}

function evidence(count: number): Float64Array {
  const words = new Float64Array(count * Evidence.words);
  for (let at = Evidence.first; at < words.length; at += Evidence.words) words[at] = NEVER;
  return words;
}

function addEvidence(words: Float64Array, index: number, bytes: number, at: number): void {
  const base = index * Evidence.words;
  words[base]! += 1;
  words[base + Evidence.bytes]! += bytes;
  if (at < words[base + Evidence.first]!) words[base + Evidence.first] = at;
  if (at > words[base + Evidence.last]!) words[base + Evidence.last] = at;
}

function groupOf(pod: Int32Array, eni: Int32Array, kind: number, owner: number): number {
  if (owner < 0) return OWNERLESS + kind;
  return kind === Kind.pod ? pod[owner]! : eni[owner]!;
}

function writeSide(
  key: Uint32Array,
  at: number,
  flow: FlowBatch,
  group: number,
  address4: number,
  offset6: number,
  present: boolean,
): void {
  key[at] = group;
  key[at + 1] = present ? (offset6 < 0 ? 4 : 6) : 0;
  for (let w = 0; w < 4; w++) key[at + 2 + w] = present && offset6 >= 0 ? flow.v6[offset6 + w]! : 0;
  if (present && offset6 < 0) key[at + 2] = address4;
}

function drainVersion(tally: VersionTally, version: number): VersionCounts {
  return { version, cells: drainEvidence(tally.cells), routes: drainEvidence(tally.routes) };
}

function drainEvidence(words: Float64Array): number[] {
  const drained: number[] = [];
  for (let base = 0; base < words.length; base += Evidence.words) {
    if (words[base] === 0) continue;
    drained.push(base / Evidence.words);
    for (let w = 0; w < Evidence.words; w++) drained.push(words[base + w]!);
    words.fill(0, base, base + Evidence.words);
    words[base + Evidence.first] = NEVER;
  }
  return drained;
}
