import type { FlowBatch } from '../model/flow.ts';
import { FlowWord } from '../pods/twin-flow.ts';
import { TWIN_ADDRESSES_MAX, type TwinAnswer, type TwinTable } from '../pods/twins.ts';
import type { Stretch } from './stretch.ts';
import { type Scratch, UNASKED, type VersionTables } from './tables.ts';

/** Where the second pass finds what is known of a record's twins. */
export interface Twins {
  readonly table: TwinTable;
  /**
   * Set when the table did not fit into memory: what was found out before about the flow at word `at`. Every record
   * that can be paired is asked about once, in the order of the first pass.
   */
  readonly next: ((flows: Uint32Array, at: number) => TwinAnswer) | null;
}

/** Rows that are described. */
export const Asked = {
  /** Own side hidden. */
  hidden: 0,
  /** Without a role, and not asked about yet. */
  roleless: 1,
  /** Not asked about yet. */
  unasked: 2,
  /** May be somebody's twin or reverse record. */
  evidence: 3,
  all: 4,
} as const;

type AskedCode = (typeof Asked)[keyof typeof Asked];

/** Describes the rows of [from, to) that are asked about; `take` has a stretch of them at a time, until it says no. */
function inStretches(
  { kernel, batch, stretch }: Scratch,
  tables: VersionTables,
  asked: AskedCode,
  from: number,
  to: number,
  take: (count: number) => boolean,
): boolean {
  for (let row = from; row < to; ) {
    row = kernel.describeRows(batch, tables.address, stretch.at, asked, row, to);
    const count = stretch.count[0]!;
    if (count > 0 && !take(count)) return false;
  }
  return true;
}

/** Takes what does not fit into the table; the flow stands at word `at`. */
export interface PairSpill {
  record(flows: Uint32Array, at: number): void;
  question(flows: Uint32Array, at: number, version: number): void;
}

/**
 * Adds the rows that may be somebody's twin or reverse record, as they stand without pairing: placed, attributed and
 * through the ladder. False when the table is full.
 */
export function publishRows(
  scratch: Scratch,
  tables: VersionTables,
  table: TwinTable,
  from: number,
  to: number,
): boolean {
  const { flows } = scratch.stretch;
  return inStretches(scratch, tables, Asked.evidence, from, to, (count) => table.add(flows, count) === count);
}

/** The same to files; every row that can be paired asks, since the second pass must ask in the same order. */
export function spillRows(
  scratch: Scratch,
  tables: VersionTables,
  version: number,
  spill: PairSpill,
  from: number,
  to: number,
): void {
  const { flows } = scratch.stretch;
  inStretches(scratch, tables, Asked.all, from, to, (count) => {
    for (let at = 0; at < count * FlowWord.count; at += FlowWord.count) {
      spill.question(flows, at, version);
      if (flows[at + FlowWord.evidence] === 1) spill.record(flows, at);
    }
    return true;
  });
}

/**
 * Twins of the rows whose own side is hidden: their addresses go to `twinCount` and `twinAddress`, the roles they tell
 * to `pairRoles`; the role step asks for other rows when it needs to.
 */
export function pairRows(
  { judged }: FlowBatch,
  scratch: Scratch,
  tables: VersionTables,
  twins: Twins | null,
  from: number,
  to: number,
): void {
  scratch.twinCount.fill(0, from, to);
  scratch.pairRoles.fill(twins === null || !judged ? 0 : UNASKED, from, to);
  if (twins === null || !judged) return;
  if (twins.next === null) askRows(scratch, tables, twins.table, Asked.hidden, from, to);
  else takeAnswers(scratch, tables, twins.next, from, to);
}

/** Takes what was found out before, of every row that can be paired. */
function takeAnswers(
  scratch: Scratch,
  tables: VersionTables,
  next: NonNullable<Twins['next']>,
  from: number,
  to: number,
): void {
  const { flows, rows } = scratch.stretch;
  inStretches(scratch, tables, Asked.all, from, to, (count) => {
    for (let k = 0; k < count; k++) {
      const i = rows[k]!;
      const answer = next(flows, k * FlowWord.count);
      scratch.pairRoles[i] = answer.roles;
      if (scratch.hidden[i] === 0) continue;
      scratch.twinCount[i] = answer.count;
      scratch.twinAddress.set(answer.addresses, i * TWIN_ADDRESSES_MAX);
    }
    return true;
  });
}

function askRows(
  scratch: Scratch,
  tables: VersionTables,
  table: TwinTable,
  asked: AskedCode,
  from: number,
  to: number,
): void {
  inStretches(scratch, tables, asked, from, to, () => {
    askStretch(scratch, tables, table, asked === Asked.hidden);
    return true;
  });
}

/**
 * Asks the table about the flows of `scratch.stretch`: `pairRoles` of their rows, and `twinCount` and `twinAddress`
 * when `keeps` says so, gather what is found. What is sent to an address that nobody owns is asked about once more for
 * each NAT gateway of the VPC.
 */
export function askStretch(scratch: Scratch, tables: VersionTables, table: TwinTable, keeps: boolean): void {
  const { kernel, batch, stretch, through } = scratch;
  const ask = ({ at, flows, matches, count }: Stretch): void => {
    table.ask(flows, count[0]!, (found, number) => {
      matches.set(found.subarray(0, number * 2));
      kernel.takeMatches(batch, tables.address, at, number, keeps ? 1 : 0);
    });
  };
  ask(stretch);
  for (const nat of tables.natGateways) {
    if (kernel.throughNat(batch, tables.address, stretch.at, nat, through.at) > 0) ask(through);
  }
}

/** Sets `pairRoles` of the rows without a role: what their twins and reverse records tell. */
export function askRoles(
  scratch: Scratch,
  tables: VersionTables,
  { table, next }: Twins,
  from: number,
  to: number,
): void {
  if (next === null) askRows(scratch, tables, table, Asked.roleless, from, to);
}

/**
 * Copies to `second` what pairing says of rows, so that another version judges them by the same twins: as the version
 * in force (`tables`) finds them, whether the table is in memory or its answers came from a file.
 */
export function pairAgain(
  scratch: Scratch,
  tables: VersionTables,
  twins: Twins | null,
  second: Scratch,
  from: number,
  to: number,
): void {
  if (twins !== null) askRows(scratch, tables, twins.table, Asked.unasked, from, to);
  for (let i = from; i < to; i++) {
    second.pairRoles[i] = scratch.pairRoles[i]!;
    second.twinCount[i] = scratch.twinCount[i]!;
    const first = i * TWIN_ADDRESSES_MAX;
    for (let a = first; a < first + TWIN_ADDRESSES_MAX; a++) second.twinAddress[a] = scratch.twinAddress[a]!;
  }
}
