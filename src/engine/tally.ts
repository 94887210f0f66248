import { placeArray } from '../classify/kernel.ts';
import { type Judge, NO_ADDRESS, type Scratch } from '../classify/tables.ts';
import { type FlowBatch, Present } from '../model/flow.ts';
import type { KernelBlock, KernelHeap } from '../model/kernel-heap.ts';
import {
  Action,
  ATTRIBUTION,
  DRIFT,
  DRIFT_CAUSE,
  KIND,
  PATH,
  ROLE_BASIS,
  VERDICT,
  type VerdictBatch,
} from '../model/verdict.ts';
import { SlotRoom } from './group-room.ts';
import { type Groups, GroupTable, layoutOf } from './group-table.ts';
import { KERNEL_ROW, KernelGroups } from './kernel-groups.ts';
import type { SlotMemory } from './slot-memory.ts';

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
  /** Slot of AnalyzeSetup.groupMemory that the groups lie in, to be given back; null = they lie in none. */
  readonly slot: number | null;
  readonly paths: readonly { readonly records: number; readonly bytes: number }[];
}

/** First second of a rule that was not seen with a time. */
export const NEVER = 0xffff_ffff;

/** Groups a task keeps apart (see GroupTable): hundreds of times what is shown, and small enough for the cache. */
export const WORKLOADS_MAX = 8_192;
export const TALKERS_MAX = 4_096;
const REJECTS_MAX = 4_096;

/** What the rows of a task's groups take at most. */
export const GROUPS_BYTES: number =
  4 *
  ((WORKLOADS_MAX + TALKERS_MAX) * KERNEL_ROW.words +
    TALKERS_MAX * layoutOf(TALKER6_WORDS).words +
    REJECTS_MAX * layoutOf(REJECT_WORDS).words);

/** Words of `VersionCounters` and `Counters` in src/kernel/classify/counters.ts: a test compares their order. */
export const VERSION_COUNTER_WORDS = ['cells', 'routes', 'podGroup', 'eniGroup'] as const;
export const COUNTER_WORDS = [
  'predicted',
  'observed',
  'drift',
  'causes',
  'roleBasis',
  'attribution',
  'kinds',
  'pathRecords',
  'pathBytes',
  'agreeOnPolicy',
  'judged',
  'versions',
  'workloadGroups',
  'talkerGroups',
  'later',
  'laterCount',
] as const;
type CounterWord = (typeof COUNTER_WORDS)[number];
const WORD = Object.fromEntries(COUNTER_WORDS.map((name, i) => [name, i])) as Record<CounterWord, number>;

/** Words of a row that is left to the tables of longer keys: row, source group, destination group. */
const LATER_WORDS = 3;

const TWO_32 = 4_294_967_296;

/** Evidence of one inventory version within a task: Evidence.words f64 a cell (and a route), one trip to memory. */
interface VersionTally {
  readonly cells: Float64Array;
  readonly routes: Float64Array;
}

/**
 * The counters of one worker: fed a batch at a time, drained once a task. They lie in the memory of the kernel, which
 * counts; here are the tables of longer keys, that few rows go to, and what happens when one is full. Hit counts of
 * rules are kept per cell and expanded to rules by the main thread, so they cost the hot path one increment. Counts
 * are u32: a task has fewer than 2^32 rows.
 */
export class Tally {
  /** What its counters take of the kernel's memory. */
  readonly blocks: readonly KernelBlock[];
  private readonly versions: readonly VersionTally[];
  private readonly workloads: KernelGroups;
  private readonly talkers4: KernelGroups;
  private readonly talkers6 = new GroupTable(TALKER6_WORDS, TALKERS_MAX);
  private readonly rejects = new GroupTable(REJECT_WORDS, REJECTS_MAX);
  private readonly predicted: Uint32Array;
  private readonly observed: Uint32Array;
  private readonly drift: Uint32Array;
  private readonly causes: Uint32Array;
  private readonly roleBasis: Uint32Array;
  private readonly attribution: Uint32Array;
  private readonly kinds: Uint32Array;
  private readonly pathRecords: Uint32Array;
  private readonly pathBytes: Float64Array;
  private readonly later: Uint32Array;
  private readonly words: Uint32Array;
  private classified = 0;
  private notJudged = 0;

  constructor(judge: Judge, groups: readonly OwnerGroups[], heap: KernelHeap, rowsMax: number) {
    const blocks: KernelBlock[] = [];
    const take = (bytes: number): KernelBlock => {
      const block = heap.take(bytes);
      blocks.push(block);
      return block;
    };
    const counts = (length: number): Uint32Array => {
      const { buffer, at } = take(length * 4);
      return new Uint32Array(buffer, at, length).fill(0);
    };
    const sums = (length: number): Float64Array => {
      const { buffer, at } = take(length * 8);
      return new Float64Array(buffer, at, length).fill(0);
    };
    this.blocks = blocks;
    this.versions = judge.versions.map(({ rules }) => ({
      cells: cleared(sums(rules.cellCount * Evidence.words)),
      routes: cleared(sums(rules.ruleCount * Evidence.words)),
    }));
    this.workloads = new KernelGroups(WORKLOADS_MAX, take);
    this.talkers4 = new KernelGroups(TALKERS_MAX, take);
    this.predicted = counts(VERDICT.length);
    this.observed = counts(3 * VERDICT.length);
    this.drift = counts(DRIFT.length);
    this.causes = counts(DRIFT_CAUSE.length);
    this.roleBasis = counts(ROLE_BASIS.length);
    this.attribution = counts(ATTRIBUTION.length);
    this.kinds = counts(KIND.length);
    this.pathRecords = counts(PATH.length);
    this.pathBytes = sums(PATH.length);
    this.later = counts(rowsMax * LATER_WORDS);
    const versions = counts(judge.versions.length * VERSION_COUNTER_WORDS.length);
    this.versions.forEach(({ cells, routes }, v) => {
      const { pod, eni } = groups[v] ?? { pod: new Int32Array(0), eni: new Int32Array(0) };
      const placed = [pod, eni].map((column) => {
        const block = placeArray(heap, column);
        blocks.push(block);
        return block.at;
      });
      versions.set([cells.byteOffset, routes.byteOffset, ...placed], v * VERSION_COUNTER_WORDS.length);
    });
    this.words = counts(COUNTER_WORDS.length);
    this.words.set(COUNTER_WORDS.map((name) => this.wordOf(name, versions)));
  }

  private wordOf(name: CounterWord, versions: Uint32Array): number {
    switch (name) {
      case 'agreeOnPolicy':
      case 'judged':
      case 'laterCount':
        return 0;
      case 'versions':
        return versions.byteOffset;
      case 'workloadGroups':
        return this.workloads.address;
      case 'talkerGroups':
        return this.talkers4.address;
      default:
        return this[name].byteOffset;
    }
  }

  add(flow: FlowBatch, verdicts: VerdictBatch, scratch: Scratch): void {
    const { kernel, batch } = scratch;
    const counters = this.words.byteOffset;
    const { rows } = flow;
    if (flow.judged) {
      this.classified += rows;
      kernel.countVerdicts(batch, counters, rows);
      kernel.countRules(batch, counters, rows);
    } else {
      this.notJudged += rows;
    }
    this.words[WORD.judged] = flow.judged ? 1 : 0;
    this.words[WORD.laterCount] = 0;
    kernel.countGroups(batch, counters, rows);
    this.addLater(flow, verdicts, scratch);
  }

  /** Rows that were rejected, or come from an IPv6 address. */
  private addLater(flow: FlowBatch, verdicts: VerdictBatch, scratch: Scratch): void {
    const { later } = this;
    const { action, bytes, packets, present } = flow;
    const end = this.words[WORD.laterCount]! * LATER_WORDS;
    for (let at = 0; at < end; at += LATER_WORDS) {
      const i = later[at]!;
      const from = later[at + 1]!;
      const to = later[at + 2]!;
      const bits = present[i]!;
      const sumBytes = (bits & Present.bytes) !== 0 ? bytes[2 * i]! + bytes[2 * i + 1]! * TWO_32 : 0;
      const sumPackets = (bits & Present.packets) !== 0 ? packets[2 * i]! + packets[2 * i + 1]! * TWO_32 : 0;
      if (scratch.src6[i]! >= 0)
        this.addTalker6(flow, scratch.src6[i]!, verdicts.version[i]!, from, sumBytes, sumPackets);
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

  /** Everything counted since the last drain; groups lie in a slot of `memory` while one is free. */
  drain(memory: SlotMemory | null): TaskCounts {
    const room = new SlotRoom(memory);
    const paths = PATH.map((_, p) => ({ records: this.pathRecords[p]!, bytes: this.pathBytes[p]! }));
    const counts: TaskCounts = {
      classified: this.classified,
      notJudged: this.notJudged,
      predicted: take(this.predicted),
      observed: take(this.observed),
      drift: take(this.drift),
      causes: take(this.causes),
      roleBasis: take(this.roleBasis),
      agreeOnPolicy: this.words[WORD.agreeOnPolicy]!,
      attribution: take(this.attribution),
      kinds: take(this.kinds),
      versions: this.versions.map(drainVersion).filter((v) => v.cells.length + v.routes.length > 0),
      workloads: this.workloads.drain(room.give),
      talkers4: this.talkers4.drain(room.give),
      talkers6: this.talkers6.drain(room.give),
      rejects: this.rejects.drain(room.give),
      slot: room.slot,
      paths,
    };
    this.pathRecords.fill(0);
    this.pathBytes.fill(0);
    this.words[WORD.agreeOnPolicy] = 0;
    this.classified = 0;
    this.notJudged = 0;
    return counts;
  }
}

function take(counters: Uint32Array): number[] {
  const values = Array.from(counters);
  counters.fill(0);
  return values;
}

function cleared(words: Float64Array): Float64Array {
  for (let at = Evidence.first; at < words.length; at += Evidence.words) words[at] = NEVER;
  return words;
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
