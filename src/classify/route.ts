import { type FlowBatch, Present } from '../model/flow.ts';
import {
  Attribution,
  Direction,
  Effective,
  Kind,
  NO_RULE,
  Path,
  type RouteKind,
  routeKindCode,
  Verdict,
  type VerdictBatch,
} from '../model/verdict.ts';
import { routeOf } from '../rules/lookup.ts';
import { ENI_STRIDE, EniWord, type RulesView } from '../rules/view.ts';
import { isOwnSubnet } from './peer.ts';
import { Hidden, type Scratch, type VersionTables } from './tables.ts';

const NO_COLUMN = routeKindCode('null');
const NO_ROUTE = routeKindCode('none');
const UNKNOWN_ROUTE = routeKindCode('unknown');
/** Answers of routeOf that are no rule: not known; −1 = no route. */
const NOT_KNOWN = -2;

/** Path of traffic that leaves by each route kind; `local` is decided by the zones of both ends. */
const PATH_OF_KIND: readonly (readonly [RouteKind, number])[] = [
  ['igw', Path.internet],
  ['eigw', Path.internet],
  ['cagw', Path.internet],
  ['nat', Path.nat],
  ['tgw', Path.tgw],
  ['pcx', Path.peering],
  ['vpce', Path.vpcEndpoint],
  ['vgw', Path.vpn],
];
const LOCAL = routeKindCode('local');
const ENI_ROUTE = routeKindCode('eni');
const pathOfKind = new Uint8Array(256);
for (const [kind, path] of PATH_OF_KIND) pathOfKind[routeKindCode(kind)] = path;

/**
 * Route columns (egress records only) and the path. The path of an ingress record is that of the way back: the route
 * of the interface's own subnet toward the peer.
 */
export function decideRoute(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  from: number,
  to: number,
): void {
  const { rules } = tables;
  const { eni, srcClass, dstClass } = scratch;
  const { direction, predicted } = verdicts;
  verdicts.routeKind.fill(NO_COLUMN, from, to);
  verdicts.route.fill(NO_RULE, from, to);
  verdicts.path.fill(Path.unknown, from, to);
  for (let i = from; i < to; i++) {
    if (direction[i] === Direction.unknown || predicted[i] === Verdict.exempt) continue;
    const egress = direction[i] === Direction.egress;
    if (eni[i]! < 0) {
      if (egress) verdicts.routeKind[i] = UNKNOWN_ROUTE;
      continue;
    }
    const peerClass = egress ? dstClass[i]! : srcClass[i]!;
    const found = peerClass < 0 ? NOT_KNOWN : routeToward(flow, scratch, rules, i, eni[i]!, egress, peerClass);
    const kind = found >= 0 ? rules.routeKind[found]! : found === NOT_KNOWN ? UNKNOWN_ROUTE : NO_ROUTE;
    if (egress) {
      verdicts.routeKind[i] = kind;
      if (found >= 0) verdicts.route[i] = found;
    }
    verdicts.path[i] = decidePath(flow, verdicts, scratch, tables, i, kind, egress);
  }
}

/** Rule index of the route from interface `eni` toward the peer; −1 = none, −2 = not known. */
function routeToward(
  flow: FlowBatch,
  scratch: Scratch,
  rules: RulesView,
  i: number,
  eni: number,
  egress: boolean,
  peerClass: number,
): number {
  const at = eni * ENI_STRIDE;
  const table = rules.eni[at + EniWord.routeTable]!;
  if (table < 0) return NOT_KNOWN;
  // inside its subnet a packet never meets its router: of the table only the local route holds there
  if (isOwnSubnet(flow, scratch, rules, i, egress)) {
    const is4 = (egress ? scratch.dst6[i]! : scratch.src6[i]!) < 0;
    const local = rules.eni[at + (is4 ? EniWord.localRoute4 : EniWord.localRoute6)]!;
    if (local >= 0) return local;
  }
  return routeOf(rules, table, peerClass);
}

function decidePath(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  i: number,
  kind: number,
  egress: boolean,
): number {
  if (isTunnel(flow, i) && verdicts.srcKind[i] === Kind.node && verdicts.dstKind[i] === Kind.node) {
    nameTunnelEnds(verdicts, scratch, i);
    return Path.overlay;
  }
  if (kind !== LOCAL && kind !== ENI_ROUTE) return pathOfKind[kind]!;
  const peer = egress ? scratch.dstEntry[i]! : scratch.srcEntry[i]!;
  if (peer < 0) return Path.unknown;
  const peerEni = tables.pods.entryEni[peer]!;
  if (peerEni < 0) return Path.unknown;
  const { eni } = tables.rules;
  const own = scratch.eni[i]! * ENI_STRIDE;
  const other = peerEni * ENI_STRIDE;
  if (eni[own + EniWord.node]! >= 0 && eni[own + EniWord.node] === eni[other + EniWord.node]) return Path.sameNode;
  const zone = eni[own + EniWord.zone]!;
  const peerZone = eni[other + EniWord.zone]!;
  if (zone < 0 || peerZone < 0) return Path.unknown;
  return zone === peerZone ? Path.sameAz : Path.crossAz;
}

const UDP = 17;
const IP_IN_IP = 4;
/** VXLAN (Calico, Flannel), Linux VXLAN, Geneve, WireGuard. */
const TUNNEL_PORTS: readonly number[] = [4789, 8472, 6081, 51820, 51821];

/** Overlay CNIs (Calico, Flannel, Weave) tunnel between nodes: the pod inside cannot be seen. */
export function isTunnel(flow: FlowBatch, i: number): boolean {
  if ((flow.present[i]! & Present.protocol) === 0) return false;
  if (flow.protocol[i] === IP_IN_IP) return true;
  if (flow.protocol[i] !== UDP || (flow.present[i]! & Present.dstPort) === 0) return false;
  return TUNNEL_PORTS.includes(flow.dstPort[i]!);
}

/** The ends of a tunnel are the nodes themselves: no pod of the interface is a candidate. */
function nameTunnelEnds(verdicts: VerdictBatch, scratch: Scratch, i: number): void {
  const hidden = scratch.hidden[i]!;
  if ((hidden & Hidden.src) !== 0) {
    verdicts.srcAttribution[i] = Attribution.exact;
    verdicts.srcEffective[i] = Effective.record;
  }
  if ((hidden & Hidden.dst) !== 0) {
    verdicts.dstAttribution[i] = Attribution.exact;
    verdicts.dstEffective[i] = Effective.record;
  }
  scratch.hidden[i] = 0;
}
