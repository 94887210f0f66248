import { type FlowBatch, Present } from '../model/flow.ts';
import { Direction, Effective, Kind, Role, RoleBasis, type VerdictBatch } from '../model/verdict.ts';
import { FlowWord, NO_ENI, TWIN_STRETCH } from '../pods/twin-flow.ts';
import { TWIN_ADDRESSES_MAX, TWIN_WINDOW_SECONDS, type TwinTable } from '../pods/twins.ts';
import { ENI_STRIDE, EniWord } from '../rules/view.ts';
import { Hidden, NO_ADDRESS, type Scratch, UNASKED, type VersionTables } from './tables.ts';

/** Where the second pass finds what is known of a record's twins. */
export interface Twins {
  readonly table: TwinTable;
  /**
   * Set when the table did not fit into memory: fills `table.answer` with what was found out before about the record in
   * `table.flow`. Every record that can be paired is asked about once, in the order of the first pass.
   */
  readonly next: (() => void) | null;
}

const NEEDED = Present.interfaceId | Present.start | Present.srcPort | Present.dstPort | Present.protocol;

/**
 * Describes a row as the twin table wants it; false when it cannot be paired: interface or direction not known, no
 * window or one too long, IPv6 (nothing is hidden there), or both ends on one interface. The role is left to the
 * caller. The words are written from `at` on.
 */
function describe(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  i: number,
  words: Uint32Array,
  at = 0,
): boolean {
  const bits = flow.present[i]!;
  const eni = scratch.eni[i]!;
  const direction = verdicts.direction[i]!;
  if ((bits & NEEDED) !== NEEDED || eni < 0 || direction === Direction.unknown) return false;
  if (scratch.src6[i]! >= 0 || scratch.dst6[i]! >= 0) return false;
  if (scratch.srcClass[i] === NO_ADDRESS || scratch.dstClass[i] === NO_ADDRESS) return false;
  const start = flow.start[i]!;
  const end = (bits & Present.end) !== 0 ? flow.end[i]! : start;
  if (Math.abs(end - start) > TWIN_WINDOW_SECONDS) return false;
  const egress = direction === Direction.egress;
  const remoteEntry = egress ? scratch.dstEntry[i]! : scratch.srcEntry[i]!;
  const remoteEni = remoteEntry < 0 ? -1 : tables.pods.entryEni[remoteEntry]!;
  if (remoteEni === eni) return false;
  words[at + FlowWord.eni] = tables.eniNumber[eni]!;
  words[at + FlowWord.remoteEni] = remoteEni < 0 ? NO_ENI : tables.eniNumber[remoteEni]!;
  words[at + FlowWord.protocol] = flow.protocol[i]!;
  words[at + FlowWord.local] = localAddress(verdicts, scratch, tables, eni, egress, i);
  words[at + FlowWord.remote] = egress ? scratch.dst4[i]! : scratch.src4[i]!;
  words[at + FlowWord.localPort] = egress ? flow.srcPort[i]! : flow.dstPort[i]!;
  words[at + FlowWord.remotePort] = egress ? flow.dstPort[i]! : flow.srcPort[i]!;
  words[at + FlowWord.start] = Math.min(start, end);
  words[at + FlowWord.end] = Math.max(start, end);
  words[at + FlowWord.egress] = egress ? 1 : 0;
  return true;
}

/** The side's own address, 0 where the record only shows the interface's: hidden pods, and the far end of a NAT. */
function localAddress(
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  eni: number,
  egress: boolean,
  i: number,
): number {
  if ((scratch.hidden[i]! & (egress ? Hidden.src : Hidden.dst)) !== 0) return 0;
  const effective = egress ? verdicts.srcEffective[i]! : verdicts.dstEffective[i]!;
  const kind = tables.rules.eni[eni * ENI_STRIDE + EniWord.kind]!;
  if (kind === Kind.natGateway && effective === Effective.record) return 0;
  return egress ? scratch.src4[i]! : scratch.dst4[i]!;
}

/** Takes what does not fit into the table. */
export interface PairSpill {
  record(flow: Uint32Array): void;
  question(flow: Uint32Array, version: number): void;
}

/**
 * Adds the rows that may be somebody's twin or reverse record, as they stand without pairing: placed, attributed and
 * through the ladder. False when the table is full.
 */
export function publishRows(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  table: TwinTable,
  from: number,
  to: number,
): boolean {
  let count = 0;
  for (let i = from; i < to; i++) {
    const at = count * FlowWord.count;
    if (!describe(flow, verdicts, scratch, tables, i, table.flow, at) || !isEvidence(verdicts, i, table.flow, at))
      continue;
    if (++count < TWIN_STRETCH) continue;
    if (!table.addAll(count)) return false;
    count = 0;
  }
  return table.addAll(count);
}

/** The same to files; every row that can be paired asks, since the second pass must ask in the same order. */
export function spillRows(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  version: number,
  words: Uint32Array,
  spill: PairSpill,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    if (!describe(flow, verdicts, scratch, tables, i, words)) continue;
    spill.question(words, version);
    if (isEvidence(verdicts, i, words)) spill.record(words);
  }
}

/**
 * Sets the role of a described row; false when it can tell nobody anything. Toward an address that no interface owns
 * there is no twin, and a reverse record tells a role only by its flags or by a pod's own listener.
 */
function isEvidence(verdicts: VerdictBatch, i: number, words: Uint32Array, at = 0): boolean {
  const basis = verdicts.roleBasis[i]!;
  const told = basis === RoleBasis.flags || basis === RoleBasis.listener;
  words[at + FlowWord.role] = told ? verdicts.role[i]! : Role.unknown;
  if (words[at + FlowWord.remoteEni] !== NO_ENI || basis === RoleBasis.flags) return true;
  return told && (words[at + FlowWord.egress] === 1 ? verdicts.srcKind[i] : verdicts.dstKind[i]) === Kind.pod;
}

/**
 * Twins of the rows whose own side is hidden: their addresses go to `twinCount` and `twinAddress`, the roles they tell
 * to `pairRoles`; the role step asks for other rows when it needs to.
 */
export function pairRows(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  twins: Twins | null,
  from: number,
  to: number,
): void {
  scratch.twinCount.fill(0, from, to);
  scratch.pairRoles.fill(twins === null || !flow.judged ? 0 : UNASKED, from, to);
  if (twins === null || !flow.judged) return;
  if (twins.next === null) askTable(flow, verdicts, scratch, tables, twins.table, Asked.hidden, from, to);
  else takeAnswers(flow, verdicts, scratch, tables, twins.table, twins.next, from, to);
}

/** Takes what was found out before, of every row that can be paired. */
function takeAnswers(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  table: TwinTable,
  next: () => void,
  from: number,
  to: number,
): void {
  const { answer } = table;
  for (let i = from; i < to; i++) {
    scratch.pairRoles[i] = 0;
    if (!describe(flow, verdicts, scratch, tables, i, table.flow)) continue;
    next();
    scratch.pairRoles[i] = answer.roles;
    if (scratch.hidden[i] !== 0) keepAddresses(scratch, table, i);
  }
}

function keepAddresses({ twinCount, twinAddress }: Scratch, { answer }: TwinTable, i: number): void {
  twinCount[i] = answer.count;
  const count = Math.min(answer.count, TWIN_ADDRESSES_MAX);
  for (let a = 0; a < count; a++) twinAddress[i * TWIN_ADDRESSES_MAX + a] = answer.addresses[a]!;
}

/** Rows that are asked about. */
const Asked = {
  /** Own side hidden. */
  hidden: 0,
  /** Without a role, and not asked about yet. */
  roleless: 1,
} as const;

/** Rows of the stretch at work. */
const rows = new Uint32Array(TWIN_STRETCH);

/** Asks the table about rows, a stretch at a time. */
function askTable(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  table: TwinTable,
  asked: number,
  from: number,
  to: number,
): void {
  const { hidden, pairRoles } = scratch;
  let count = 0;
  for (let i = from; i < to; i++) {
    const isAsked =
      asked === Asked.hidden ? hidden[i] !== 0 : verdicts.roleBasis[i] === RoleBasis.none && pairRoles[i] === UNASKED;
    if (!isAsked) continue;
    pairRoles[i] = 0;
    if (!describe(flow, verdicts, scratch, tables, i, table.flow, count * FlowWord.count)) continue;
    rows[count] = i;
    if (++count < TWIN_STRETCH) continue;
    answerStretch(scratch, tables, table, asked, count);
    count = 0;
  }
  answerStretch(scratch, tables, table, asked, count);
}

function answerStretch(scratch: Scratch, tables: VersionTables, table: TwinTable, asked: number, count: number): void {
  table.warm(count);
  for (let k = 0; k < count; k++) {
    const i = rows[k]!;
    findTwins(table, tables, scratch.eni[i]!, k * FlowWord.count);
    scratch.pairRoles[i] = table.answer.roles;
    if (asked === Asked.hidden) keepAddresses(scratch, table, i);
  }
}

/** Sets `pairRoles` of the rows without a role: what their twins and reverse records tell. */
export function askRoles(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  { table, next }: Twins,
  from: number,
  to: number,
): void {
  if (next === null) askTable(flow, verdicts, scratch, tables, table, Asked.roleless, from, to);
}

/** Roles that the twin and the reverse record of a row tell, as bits: 1 request, 2 reply. */
function rolesByPair(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  twins: Twins,
  i: number,
): number {
  if (scratch.pairRoles[i] !== UNASKED) return scratch.pairRoles[i]!;
  const { table } = twins;
  if (!describe(flow, verdicts, scratch, tables, i, table.flow)) return 0;
  findTwins(table, tables, scratch.eni[i]!);
  return table.answer.roles;
}

/**
 * Asks the table about the record at word `at` of `table.flow`, logged by interface `eni`. What is sent to an address
 * that nobody owns may have gone through a NAT gateway of the VPC: its record toward the client is a twin as well,
 * since it shows the client's address and ports.
 */
export function findTwins(table: TwinTable, tables: VersionTables, eni: number, at = 0): void {
  const { flow } = table;
  const vpc = tables.rules.eni[eni * ENI_STRIDE + EniWord.vpc]!;
  table.begin();
  table.find(tables.pods, vpc, eni, at);
  if (flow[at + FlowWord.remoteEni] !== NO_ENI || flow[at + FlowWord.local] !== 0 || vpc < 0) return;
  for (const nat of tables.natGateways) {
    if (nat === eni || tables.rules.eni[nat * ENI_STRIDE + EniWord.vpc] !== vpc) continue;
    flow[at + FlowWord.remoteEni] = tables.eniNumber[nat]!;
    table.find(tables.pods, vpc, eni, at);
  }
  flow[at + FlowWord.remoteEni] = NO_ENI;
}

/**
 * Copies to `second` what pairing says of rows, so that another version judges them by the same twins: as the version
 * in force (`tables`) finds them, whether the table is in memory or its answers came from a file.
 */
export function pairAgain(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  twins: Twins | null,
  second: Scratch,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    if (twins !== null) scratch.pairRoles[i] = rolesByPair(flow, verdicts, scratch, tables, twins, i);
    second.pairRoles[i] = scratch.pairRoles[i]!;
    second.twinCount[i] = scratch.twinCount[i]!;
    const first = i * TWIN_ADDRESSES_MAX;
    for (let a = first; a < first + TWIN_ADDRESSES_MAX; a++) second.twinAddress[a] = scratch.twinAddress[a]!;
  }
}
