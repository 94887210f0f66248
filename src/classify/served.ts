import { type FlowBatch, Present } from '../model/flow.ts';
import { Attribution, Kind, NO_SERVICE, Role, RoleBasis, type VerdictBatch } from '../model/verdict.ts';
import { isListenerPort, nodeKey, podKey } from '../pods/listeners.ts';
import { hostPodAt, hostPodWasThere, serviceAt } from '../pods/services.ts';
import { Hidden, type Scratch, type VersionTables } from './tables.ts';
import { windowEnd, windowStart } from './window.ts';

const TCP = 6;
const UDP = 17;
const NEEDED = Present.srcPort | Present.dstPort | Present.protocol;

/**
 * Names who answers at the port of the serving side: the Services of a pod's port or of a NodePort, and the pod behind
 * a port of its node. The serving side is the destination of a request and the source of a reply; while the role is not
 * known either may be.
 */
export function nameServed(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  from: number,
  to: number,
): void {
  const { role, srcService, dstService } = verdicts;
  srcService.fill(NO_SERVICE, from, to);
  dstService.fill(NO_SERVICE, from, to);
  for (let i = from; i < to; i++) {
    if ((flow.present[i]! & NEEDED) !== NEEDED) continue;
    const protocol = flow.protocol[i]!;
    if (protocol !== TCP && protocol !== UDP) continue;
    if (role[i] !== Role.reply && isListenerPort(tables.pods, protocol, flow.dstPort[i]!))
      nameSide(flow, verdicts, scratch, tables, i, true);
    if (role[i] !== Role.request && isListenerPort(tables.pods, protocol, flow.srcPort[i]!))
      nameSide(flow, verdicts, scratch, tables, i, false);
  }
}

function nameSide(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  i: number,
  isDst: boolean,
): void {
  const owners = isDst ? verdicts.dstOwner : verdicts.srcOwner;
  const kinds = isDst ? verdicts.dstKind : verdicts.srcKind;
  const services = isDst ? verdicts.dstService : verdicts.srcService;
  const owner = owners[i]!;
  if (owner < 0 || (scratch.hidden[i]! & (isDst ? Hidden.dst : Hidden.src)) !== 0) return;
  const protocol = flow.protocol[i]!;
  const port = isDst ? flow.dstPort[i]! : flow.srcPort[i]!;
  if (kinds[i] === Kind.pod) {
    services[i] = serviceAt(tables.services, podKey(owner), protocol, port);
    return;
  }
  const entry = isDst ? scratch.dstEntry[i]! : scratch.srcEntry[i]!;
  if (kinds[i] !== Kind.node || entry < 0 || tables.pods.entryIsOwn[entry] !== 1) return;
  services[i] = serviceAt(tables.services, nodeKey(owner), protocol, port);
  // a port drawn by source NAT may be any: that the node serves there must be told by flags or declared listeners
  const basis = verdicts.roleBasis[i];
  if (basis !== RoleBasis.flags && basis !== RoleBasis.listener && basis !== RoleBasis.pair) return;
  const pod = hostPodAt(tables.services, owner, protocol, port, windowStart(flow, i), windowEnd(flow, i));
  if (pod < 0) return;
  const attributions = isDst ? verdicts.dstAttribution : verdicts.srcAttribution;
  owners[i] = pod;
  kinds[i] = Kind.pod;
  if (attributions[i] !== Attribution.exact || !hostPodWasThere()) attributions[i] = Attribution.inferred;
  services[i] = serviceAt(tables.services, podKey(pod), protocol, port);
}
