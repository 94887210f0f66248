import { BATCH_ROWS } from '../decode/kernel.ts';
import { type FlowBatch, Present } from '../model/flow.ts';
import { Kind, NO_RULE, type VerdictBatch } from '../model/verdict.ts';
import { type Groups, GroupTable } from './group-table.ts';
import { type RecordTimes, timesOf } from './record-times.ts';
import { OWNERLESS, type OwnerGroups } from './tally.ts';

/** Key words. The first is the window's number, the record's start by the window's length. */
/** window, version, source group, destination group */
export const PAIR_WORDS = 4;
/** window, version, deciding rule */
export const RULE_WORDS = 3;
/** window, CodeKind, code */
export const CODE_WORDS = 3;

export const CodeKind = { path: 0, drift: 1 } as const;

/** Window of records without a start. */
export const UNDATED = 0xffff_ffff;

/** What one task counted by window. The groups of a kind may come in several parts: nothing is folded away here. */
export interface WindowCounts {
  readonly times: RecordTimes;
  readonly pairs: readonly Groups[];
  readonly rules: readonly Groups[];
  readonly codes: readonly Groups[];
}

/** Groups of a table before it is put aside: a batch always has room. */
const GROUPS_MAX: number = 2 * BATCH_ROWS;
/** The codes of a row are two groups. */
const CODES_MAX: number = 4 * BATCH_ROWS;

const TWO_32 = 4_294_967_296;

/** Counts of one worker by window: workload pairs, deciding rules, paths and drift. */
export class WindowTally {
  private readonly seconds: number;
  private readonly groups: readonly OwnerGroups[];
  private readonly pairs = new Parts(PAIR_WORDS, GROUPS_MAX);
  private readonly rules = new Parts(RULE_WORDS, GROUPS_MAX);
  private readonly codes = new Parts(CODE_WORDS, CODES_MAX);
  private first = Number.POSITIVE_INFINITY;
  private last = Number.NEGATIVE_INFINITY;

  constructor(seconds: number, groups: readonly OwnerGroups[]) {
    this.seconds = seconds;
    this.groups = groups;
  }

  add(flow: FlowBatch, verdicts: VerdictBatch): void {
    const { first, last } = timesOf(flow);
    this.first = Math.min(this.first, first);
    this.last = Math.max(this.last, last);
    const pairs = this.pairs.withRoom(flow.rows);
    const rules = this.rules.withRoom(flow.rows);
    const codes = this.codes.withRoom(2 * flow.rows);
    const { key } = pairs;
    const { present, bytes, packets, start } = flow;
    for (let i = 0; i < flow.rows; i++) {
      const bits = present[i]!;
      const window = (bits & Present.start) !== 0 ? Math.floor(start[i]! / this.seconds) : UNDATED;
      const version = verdicts.version[i]!;
      const { pod, eni } = this.groups[version]!;
      const sumBytes = (bits & Present.bytes) !== 0 ? bytes[2 * i]! + bytes[2 * i + 1]! * TWO_32 : 0;
      const sumPackets = (bits & Present.packets) !== 0 ? packets[2 * i]! + packets[2 * i + 1]! * TWO_32 : 0;
      key[0] = window;
      key[1] = version;
      key[2] = groupOf(pod, eni, verdicts.srcKind[i]!, verdicts.srcOwner[i]!);
      key[3] = groupOf(pod, eni, verdicts.dstKind[i]!, verdicts.dstOwner[i]!);
      pairs.add(sumBytes, sumPackets);
      addThree(codes, window, CodeKind.path, verdicts.path[i]!, sumBytes, sumPackets);
      if (!flow.judged) continue;
      addThree(codes, window, CodeKind.drift, verdicts.drift[i]!, sumBytes, sumPackets);
      const rule = verdicts.decidedBy[i]!;
      if (rule !== NO_RULE) addThree(rules, window, version, rule >>> 0, sumBytes, sumPackets);
    }
  }

  /** Everything counted since the last drain. */
  drain(): WindowCounts {
    const times = { first: this.first, last: this.last };
    this.first = Number.POSITIVE_INFINITY;
    this.last = Number.NEGATIVE_INFINITY;
    return { times, pairs: this.pairs.drain(), rules: this.rules.drain(), codes: this.codes.drain() };
  }
}

function addThree(
  table: GroupTable,
  first: number,
  second: number,
  third: number,
  bytes: number,
  packets: number,
): void {
  const { key } = table;
  key[0] = first;
  key[1] = second;
  key[2] = third;
  table.add(bytes, packets);
}

/** Group of an end: that of its owner, or of its kind when nobody owns it. */
function groupOf(pod: Int32Array, eni: Int32Array, kind: number, owner: number): number {
  if (owner < 0) return OWNERLESS + kind;
  return kind === Kind.pod ? pod[owner]! : eni[owner]!;
}

/** A table that is put aside before it is full. */
class Parts {
  private readonly table: GroupTable;
  private done: Groups[] = [];

  constructor(words: number, capacity: number) {
    this.table = new GroupTable(words, capacity);
  }

  /** The table, with room for so many groups more. */
  withRoom(groups: number): GroupTable {
    if (this.table.room < groups) this.done.push(this.table.drain());
    return this.table;
  }

  drain(): Groups[] {
    const parts = [...this.done, this.table.drain()].filter(({ size }) => size > 0);
    this.done = [];
    return parts;
  }
}
