import { type FlowBatch, Present } from '../model/flow.ts';
import {
  Direction,
  Drift,
  DriftCause,
  Kind,
  Path,
  Role,
  routeKindCode,
  Verdict,
  type VerdictBatch,
} from '../model/verdict.ts';
import { MatchFlag } from '../rules/catalog.ts';
import { InterfaceFact, type InterfaceFacts, openBit, RuleFact } from '../rules/interface-facts.ts';
import type { Scratch, VersionTables } from './tables.ts';

/** The version that judged a run of rows, and another that judged the same rows anew. */
export interface Comparison {
  readonly tables: VersionTables;
  readonly verdicts: VerdictBatch;
  readonly scratch: Scratch;
  readonly other: VersionTables;
  readonly otherVerdicts: VerdictBatch;
  readonly otherScratch: Scratch;
  /** Unix seconds at which what the other version says ended; null = it is a later one. */
  readonly endedSeconds: number | null;
}

const TCP = 6;
const UDP = 17;
const FIN_OR_RST = 1 | 4;
const SYN = 2;
const IGW = routeKindCode('igw');
const NAT = routeKindCode('nat');
const EIGW = routeKindCode('eigw');

/**
 * Longest idle time a tracked TCP connection may have (EC2 User Guide, "Idle connection tracking timeout"): so long
 * after a change an accepted packet may be explained by the rules before it. Busy connections may live longer; that is
 * not claimed.
 */
const TRACKED_SECONDS_MAX = 432_000;

/** True while the drift of a row has no cause yet. */
export function isUnexplained(verdicts: VerdictBatch, i: number): boolean {
  const drift = verdicts.drift[i]!;
  if (drift !== Drift.unexpectedAccept && drift !== Drift.unexpectedReject) return false;
  return verdicts.driftCause[i] === DriftCause.null;
}

/** What the record and its own version explain: a packet after the close, VPC Block Public Access. */
export function nameOwnCause(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  i: number,
): void {
  if (verdicts.drift[i] !== Drift.unexpectedReject) return;
  if (isBlocked(verdicts, scratch, tables.facts, i)) verdicts.driftCause[i] = DriftCause.bpa;
  else if (hasFlags(flow, i) && (flow.tcpFlags[i]! & FIN_OR_RST) !== 0 && (flow.tcpFlags[i]! & SYN) === 0) {
    // what ends a connection and was refused came after the connection was closed ("Flow log record fields", action)
    verdicts.driftCause[i] = DriftCause.latePacket;
  }
}

function hasFlags(flow: FlowBatch, i: number): boolean {
  const bits = flow.present[i]!;
  return (bits & Present.tcpFlags) !== 0 && (bits & Present.protocol) !== 0 && flow.protocol[i] === TCP;
}

function isBlocked(verdicts: VerdictBatch, scratch: Scratch, facts: InterfaceFacts, i: number): boolean {
  const flags = facts.flags[scratch.eni[i]!]!;
  if (verdicts.direction[i] !== Direction.egress) {
    return (flags & InterfaceFact.blockedIn) !== 0 && verdicts.path[i] === Path.internet;
  }
  const kind = verdicts.routeKind[i];
  if (kind === IGW) return (flags & InterfaceFact.blockedOut) !== 0;
  return (kind === NAT || kind === EIGW) && (flags & InterfaceFact.blockedNat) !== 0;
}

/**
 * Names the cause of row `i` when the other version explains it: it agrees with the log, or (an earlier one) its
 * security groups let the connection in while the rules that refuse it now were not in force yet: tracked connections
 * keep passing after a change (EC2 User Guide, "Security group connection tracking"). False = it explains nothing.
 */
export function nameCauseByVersion(flow: FlowBatch, comparison: Comparison, i: number): boolean {
  const { verdicts, otherVerdicts } = comparison;
  if (isTracked(flow, comparison, i)) {
    verdicts.driftCause[i] = DriftCause.trackedBeforeChange;
    return true;
  }
  if (otherVerdicts.drift[i] !== Drift.agree) return false;
  verdicts.driftCause[i] = staleCause(comparison, i);
  return true;
}

function isTracked(flow: FlowBatch, comparison: Comparison, i: number): boolean {
  const { verdicts, otherVerdicts, endedSeconds } = comparison;
  if (endedSeconds === null || verdicts.drift[i] !== Drift.unexpectedAccept) return false;
  if (verdicts.sgVerdict[i] !== Verdict.deny || verdicts.naclVerdict[i] === Verdict.deny) return false;
  if (otherVerdicts.sgVerdict[i] !== Verdict.allow) return false;
  if (flow.start[i]! - endedSeconds > TRACKED_SECONDS_MAX) return false;
  // a SYN was sent after the change: the connection is younger than the rules
  if (hasFlags(flow, i) && (flow.tcpFlags[i]! & SYN) !== 0) return false;
  return !isUntracked(flow, comparison, i);
}

/**
 * TCP and UDP that a rule for any address lets in while the other direction is open for any address and port is not
 * tracked, unless what it passes tracks always: NAT gateways, load balancers, endpoints ("Untracked connections").
 */
function isUntracked(
  flow: FlowBatch,
  { verdicts, other, otherVerdicts, otherScratch }: Comparison,
  i: number,
): boolean {
  const protocol = flow.protocol[i]!;
  if (protocol !== TCP && protocol !== UDP) return false;
  const egress = otherVerdicts.direction[i] === Direction.egress;
  const peerKind = egress ? verdicts.dstKind[i] : verdicts.srcKind[i];
  if (verdicts.path[i] === Path.nat || peerKind === Kind.loadBalancer || peerKind === Kind.vpcEndpoint) return false;
  const requestEgress = egress === (otherVerdicts.role[i] !== Role.reply);
  const family6 = (egress ? otherScratch.dst6[i]! : otherScratch.src6[i]!) >= 0;
  const response = openBit(!requestEgress, family6, protocol === UDP);
  if ((other.facts.open[otherScratch.eni[i]!]! & response) === 0) return false;
  const { matchOffset, matchList } = other.rules.sections;
  const cell = otherScratch.sgCell[i]!;
  for (let at = matchOffset[cell]!; at < matchOffset[cell + 1]!; at++) {
    if ((matchList[at]! & MatchFlag.maybe) !== 0) continue;
    if ((other.facts.rules[matchList[at]! >> MatchFlag.bits]! & RuleFact.anyAddress) !== 0) return true;
  }
  return false;
}

/**
 * What differs between two versions of which one agrees: the interface's groups; the members of a referenced group
 * while the rule stands in both; else the rules.
 */
function staleCause(comparison: Comparison, i: number): number {
  const { tables, verdicts, scratch, other, otherVerdicts, otherScratch } = comparison;
  if (tables.facts.groups[scratch.eni[i]!] !== other.facts.groups[otherScratch.eni[i]!])
    return DriftCause.staleInventory;
  const allowsHere = verdicts.sgVerdict[i] === Verdict.allow;
  if (allowsHere !== (otherVerdicts.sgVerdict[i] === Verdict.allow)) {
    const [from, to, rule] = allowsHere
      ? [tables.facts, other.facts, verdicts.sgRule[i]!]
      : [other.facts, tables.facts, otherVerdicts.sgRule[i]!];
    const isReference = rule >= 0 && (from.rules[rule]! & RuleFact.groupReference) !== 0;
    if (isReference && holds(to.sortedDigests, from.ruleDigests[rule]!)) return DriftCause.membershipChanged;
  }
  return DriftCause.staleRules;
}

/** Binary search. */
function holds(sorted: Int32Array, digest: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < digest) low = middle + 1;
    else high = middle;
  }
  return low < sorted.length && sorted[low] === digest;
}
