import { type FlowBatch, Present } from '../model/flow.ts';
import { Action, Kind, Role, RoleBasis, type VerdictBatch } from '../model/verdict.ts';
import { anyPodListens, hasListener, hiddenKey, isListenerPort, nodeKey, podKey } from '../pods/listeners.ts';
import { rolesByPair, type Twins } from './pairing.ts';
import { Hidden, type Scratch, type VersionTables } from './tables.ts';
import { windowEnd, windowStart } from './window.ts';

const TCP = 6;
const UDP = 17;
/** tcp-flags of a SYN-ACK, and of a SYN (VPC User Guide, "Flow log record fields"). */
const SYN_ACK = 18;
const SYN = 2;
const FIRST_UNPRIVILEGED_PORT = 1024;
/** Linux's ephemeral range starts here; a client port. */
const FIRST_EPHEMERAL_PORT = 32768;

const LISTENER_BITS = Present.srcPort | Present.dstPort | Present.protocol;

/**
 * Steps 1–4 of the role ladder: what the record itself and declared listeners say, from the surest on down; before step
 * 3 what its twin and its reverse record say, when they agree.
 * Rows that none of them decides stay `unknown`/`none`; step 5 judges both hypotheses where the rules are at hand.
 */
export function decideRole(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  twins: Twins | null,
  from: number,
  to: number,
): void {
  const { present, protocol, srcPort, dstPort, tcpFlags, action } = flow;
  const { role, roleBasis } = verdicts;
  role.fill(Role.unknown, from, to);
  roleBasis.fill(RoleBasis.none, from, to);
  for (let i = from; i < to; i++) {
    const bits = present[i]!;
    const hasPorts = (bits & LISTENER_BITS) === LISTENER_BITS && (protocol[i] === TCP || protocol[i] === UDP);
    const mayBeTcp = (bits & Present.protocol) === 0 || protocol[i] === TCP;
    if (mayBeTcp && (bits & Present.tcpFlags) !== 0 && (tcpFlags[i]! & SYN) !== 0) {
      role[i] = (tcpFlags[i]! & SYN_ACK) === SYN_ACK ? Role.reply : Role.request;
      roleBasis[i] = RoleBasis.flags;
      continue;
    }
    if (hasPorts) {
      const found = roleByListener(flow, verdicts, scratch, tables, i);
      if (found !== Role.unknown) {
        role[i] = found;
        roleBasis[i] = RoleBasis.listener;
        continue;
      }
    }
    if (twins !== null) {
      const roles = rolesByPair(flow, verdicts, scratch, tables, twins, i);
      if (roles === Role.request || roles === Role.reply) {
        role[i] = roles;
        roleBasis[i] = RoleBasis.pair;
        continue;
      }
    }
    if ((bits & Present.action) !== 0 && action[i] === Action.reject) {
      role[i] = Role.request;
      roleBasis[i] = RoleBasis.reject;
      continue;
    }
    if (!hasPorts) continue;
    const found = roleByPort(srcPort[i]!, dstPort[i]!);
    if (found !== Role.unknown) {
      role[i] = found;
      roleBasis[i] = RoleBasis.port;
    }
  }
}

/** Step 2: exactly one side's port is a declared listener of that side. */
function roleByListener(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  i: number,
): number {
  const srcListens = listens(flow, verdicts.srcKind[i]!, verdicts.srcOwner[i]!, scratch, tables, i, false);
  const dstListens = listens(flow, verdicts.dstKind[i]!, verdicts.dstOwner[i]!, scratch, tables, i, true);
  if (srcListens === dstListens) return Role.unknown;
  return dstListens ? Role.request : Role.reply;
}

/**
 * Whose listeners count for a side: the pod's, or any candidate's; those of all pods behind a hidden address; a load
 * balancer's at each of its addresses; a host's at its own (EKS: node ports are reached at the node's address).
 */
function listens(
  flow: FlowBatch,
  kind: number,
  owner: number,
  scratch: Scratch,
  tables: VersionTables,
  i: number,
  destination: boolean,
): boolean {
  const { pods } = tables;
  const protocol = flow.protocol[i]!;
  const port = destination ? flow.dstPort[i]! : flow.srcPort[i]!;
  if (!isListenerPort(pods, protocol, port)) return false;
  const entry = destination ? scratch.dstEntry[i]! : scratch.srcEntry[i]!;
  if (owner < 0) {
    if (kind !== Kind.pod || entry < 0) return false;
    return anyPodListens(pods, entry, windowStart(flow, i), windowEnd(flow, i), protocol, port);
  }
  if ((scratch.hidden[i]! & (destination ? Hidden.dst : Hidden.src)) !== 0) {
    return hasListener(pods, hiddenKey(owner), protocol, port);
  }
  if (kind === Kind.pod) return hasListener(pods, podKey(owner), protocol, port);
  if (kind !== Kind.loadBalancer && pods.entryIsOwn[entry] !== 1) return false;
  return hasListener(pods, nodeKey(owner), protocol, port);
}

/**
 * Step 4: exactly one port below 1024, else exactly one at or above 32768. "The lower port serves" is wrong for
 * NodePorts.
 */
function roleByPort(srcPort: number, dstPort: number): number {
  const srcLow = srcPort < FIRST_UNPRIVILEGED_PORT;
  const dstLow = dstPort < FIRST_UNPRIVILEGED_PORT;
  if (srcLow !== dstLow) return dstLow ? Role.request : Role.reply;
  const srcHigh = srcPort >= FIRST_EPHEMERAL_PORT;
  const dstHigh = dstPort >= FIRST_EPHEMERAL_PORT;
  if (srcHigh !== dstHigh) return srcHigh ? Role.request : Role.reply;
  return Role.unknown;
}
