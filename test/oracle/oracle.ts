/**
 * The naive judge: linear scans over the raw documents, written from the specification alone. It shares no code
 * with the compiler, decoder or classifier, so agreement between the two means something. Places marked CHOICE are
 * readings of a text that leaves more than one open.
 */
import type { OracleAddress } from './address.ts';
import { cidr, inside } from './address.ts';
import type { OracleRecord, OracleSide, SideFacts } from './attribution.ts';
import { attributeSides, directionOf, field, recordAddress } from './attribution.ts';
import type { Cluster } from './cluster.ts';
import { readCluster } from './cluster.ts';
import type { OracleDocument } from './documents.ts';
import type { OracleEni } from './eni.ts';
import type { Network } from './network.ts';
import { ownerOf, placeOf, readNetwork } from './network.ts';
import type { NaclAnswer } from './network-acl.ts';
import { judgeNacl } from './network-acl.ts';
import type { Role, RoleBasis } from './role.ts';
import { ladder } from './role.ts';
import { crossesMiddlebox, routeFrom } from './route-table.ts';
import type { OracleRule, SgAnswer } from './security-group.ts';
import { judgeSg, readGroups } from './security-group.ts';
import type { Packet } from './selector.ts';
import { servingSide } from './serving.ts';
import { maskedSide } from './snat.ts';

export type { OracleRecord, OracleSide } from './attribution.ts';
export type { OracleDocument } from './documents.ts';

export interface JudgeOptions {
  /** Known from outside the record: a conformance case, or `explain`. */
  readonly direction?: 'ingress' | 'egress';
  readonly role?: 'request' | 'reply';
  /** Of the packet itself; a reply's request type is derived from it. */
  readonly icmpType?: number;
  readonly icmpCode?: number;
}

export interface OracleVerdict {
  readonly direction: 'ingress' | 'egress' | 'unknown';
  readonly role: Role;
  readonly role_basis: RoleBasis;
  readonly src_addr: string | null;
  readonly dst_addr: string | null;
  readonly sg_verdict: 'allow' | 'deny' | 'unknown' | 'exempt' | 'none';
  readonly sg_rule: string | null;
  readonly nacl_verdict: 'allow' | 'deny' | 'unknown' | 'exempt' | 'none';
  readonly nacl_rule: string | null;
  readonly route_kind: string | null;
  readonly route_target: string | null;
  readonly route_prefix: string | null;
  readonly predicted: 'allow' | 'deny' | 'unknown' | 'exempt';
  readonly decided_by: string | null;
  readonly drift: 'agree' | 'unexpected-accept' | 'unexpected-reject' | 'undetermined';
  readonly drift_cause: string | null;
  /** Every security group rule that matched for certain under the hypothesis that decided, by id. */
  readonly matched: readonly string[];
}

export interface Oracle {
  /** Judges one record with log-status OK; NODATA and SKIPDATA are never judged and must not be passed. */
  judge(record: OracleRecord, options?: JudgeOptions): OracleVerdict;
  attribute(record: OracleRecord): { src: OracleSide; dst: OracleSide };
  readonly network: Network;
}

interface World {
  readonly network: Network;
  readonly cluster: Cluster;
  readonly groups: ReadonlyMap<string, readonly OracleRule[]>;
}

/** Everything the layers ask about one record. */
interface Scene {
  readonly world: World;
  readonly eni: OracleEni | null;
  readonly direction: 'ingress' | 'egress' | 'unknown';
  readonly local: OracleAddress | null;
  readonly remote: OracleAddress | null;
  readonly protocol: number | null;
  readonly srcPort: number | null;
  readonly dstPort: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
}

const EXEMPT = [
  '169.254.169.254/32',
  '169.254.169.253/32',
  '169.254.169.123/32',
  '169.254.169.250/31',
  '169.254.170.2/32',
  'fd00:ec2::/32',
].flatMap((text) => cidr(text) ?? []);

/**
 * Types of an ICMP answer and of the question it answers; CHOICE: a reply of any other type has a request of
 * unknown type.
 */
const ASKED_BY: ReadonlyMap<number, number> = new Map([
  [0, 8],
  [14, 13],
  [16, 15],
  [18, 17],
  [129, 128],
]);

export function createOracle(documents: readonly OracleDocument[]): Oracle {
  const network = readNetwork(documents);
  const world: World = { network, cluster: readCluster(network), groups: readGroups(network) };
  return {
    network,
    judge: (record, options = {}) => judge(world, record, options),
    attribute(record) {
      const direction = directionOf(network, record);
      const { src, dst } = attributeSides(network, world.cluster, record, direction);
      const told = toldRole(world, record, src, dst);
      const masked = (name: 'src' | 'dst', side: OracleSide): OracleSide =>
        maskedSide(network, world.cluster, record, name, direction, side);
      return {
        src: servingSide(world.cluster, record, 'src', src, told) ?? masked('src', src.side),
        dst: servingSide(world.cluster, record, 'dst', dst, told) ?? masked('dst', dst.side),
      };
    },
  };
}

function number(record: OracleRecord, name: string): number | null {
  const text = field(record, name);
  return text === null ? null : Number(text);
}

function judge(world: World, record: OracleRecord, options: JudgeOptions): OracleVerdict {
  const direction = options.direction ?? directionOf(world.network, record);
  const { src, dst } = attributeSides(world.network, world.cluster, record, direction);
  const scene = sceneOf(world, record, direction, options);
  const action = field(record, 'action');
  const addresses = { src_addr: src.side.addr, dst_addr: dst.side.addr };
  const told =
    options.role === undefined ? toldRole(world, record, src, dst) : { role: options.role, basis: 'none' as const };
  if (isExempt(scene)) {
    // CHOICE: exempt needs no interface in the inventory; the role stays what steps 1 to 4 say.
    return {
      direction,
      role: told?.role ?? 'unknown',
      role_basis: told?.basis ?? 'none',
      ...addresses,
      ...{ sg_verdict: 'exempt', sg_rule: null, nacl_verdict: 'exempt', nacl_rule: null },
      ...{ route_kind: null, route_target: null, route_prefix: null, predicted: 'exempt', decided_by: null },
      ...drift('exempt', action, null, 'exempt', false),
      matched: [],
    };
  }
  const { sg, role, basis, roleMatters } = judgeRole(scene, told);
  const nacl = judgeOwnNacl(scene);
  const predicted = join(sg.verdict, nacl.verdict);
  const route = routeOf(scene);
  return {
    direction,
    role,
    role_basis: basis,
    ...addresses,
    sg_verdict: sg.verdict,
    sg_rule: sg.rule,
    nacl_verdict: nacl.verdict,
    nacl_rule: nacl.rule,
    route_kind: route?.kind ?? null,
    route_target: route?.target ?? null,
    route_prefix: route?.prefix ?? null,
    predicted,
    decided_by: decidedBy(predicted, direction, sg, nacl),
    ...drift(
      predicted,
      action,
      field(record, 'reject-reason'),
      roleMatters ? 'role-unknown' : 'missing-knowledge',
      closesConnection(record),
    ),
    matched: sg.matched,
  };
}

function toldRole(world: World, record: OracleRecord, src: SideFacts, dst: SideFacts): ReturnType<typeof ladder> {
  return ladder(world.cluster, {
    protocol: number(record, 'protocol'),
    tcpFlags: number(record, 'tcp-flags'),
    srcPort: number(record, 'srcport'),
    dstPort: number(record, 'dstport'),
    action: field(record, 'action'),
    src,
    dst,
  });
}

function sceneOf(world: World, record: OracleRecord, direction: Scene['direction'], options: JudgeOptions): Scene {
  const srcAddr = recordAddress(record, 'pkt-srcaddr') ?? recordAddress(record, 'srcaddr');
  const dstAddr = recordAddress(record, 'pkt-dstaddr') ?? recordAddress(record, 'dstaddr');
  const known = direction !== 'unknown';
  const egress = direction === 'egress';
  return {
    world,
    eni: world.network.enis.get(field(record, 'interface-id') ?? '') ?? null,
    direction,
    local: known ? (egress ? srcAddr : dstAddr) : null,
    remote: known ? (egress ? dstAddr : srcAddr) : null,
    protocol: number(record, 'protocol'),
    srcPort: number(record, 'srcport'),
    dstPort: number(record, 'dstport'),
    icmpType: options.icmpType ?? null,
    icmpCode: options.icmpCode ?? null,
  };
}

/** §7.17. The resolver at base + 2 counts on port 53 of its own side, either direction. */
function isExempt(scene: Scene): boolean {
  const { remote } = scene;
  if (remote === null) return false;
  if (EXEMPT.some((block) => inside(block, remote))) return true;
  const remotePort = scene.direction === 'egress' ? scene.dstPort : scene.srcPort;
  if (remotePort !== 53 || scene.eni?.vpcId == null) return false;
  const blocks = scene.world.network.vpcs.get(scene.eni.vpcId) ?? [];
  return blocks.some((block) => block.family === 4 && remote.family === 4 && block.first + 2n === remote.value);
}

/** Security groups under a role: a reply is judged as the request it answers, in that one's direction (tracked). */
function judgeSgAs(scene: Scene, role: 'request' | 'reply'): SgAnswer {
  const { world, eni, direction, remote } = scene;
  if (eni === null || direction === 'unknown') return { verdict: 'unknown', rule: null, matched: [] };
  const egress = (direction === 'egress') === (role === 'request');
  const asked = scene.icmpType === null ? null : (ASKED_BY.get(scene.icmpType) ?? null);
  const packet: Packet = {
    protocol: scene.protocol,
    port: role === 'request' ? scene.dstPort : scene.srcPort,
    icmpType: role === 'request' ? scene.icmpType : asked,
    icmpCode: role === 'request' ? scene.icmpCode : asked === null ? null : 0,
  };
  const middlebox = requestCrossesMiddlebox(scene, eni, egress);
  return judgeSg(eni, egress, remote, packet, { network: world.network, groups: world.groups, middlebox });
}

/** Memo of one world: the way between two addresses does not change. */
const ways = new WeakMap<World, Map<string, boolean>>();

/** `egress`: the judged interface sent the request; else the interface that owns the remote address did, when known. */
function requestCrossesMiddlebox(scene: Scene, eni: OracleEni, egress: boolean): boolean {
  const { remote, local, world } = scene;
  if (remote === null || (local === null && !egress)) return false;
  const memo = ways.get(world) ?? new Map<string, boolean>();
  ways.set(world, memo);
  const key = `${eni.id} ${egress} ${local?.text} ${remote.text}`;
  let crosses = memo.get(key);
  if (crosses === undefined) {
    if (memo.size > 1_000_000) memo.clear();
    if (egress) crosses = crossesMiddlebox(world.network, eni, remote);
    else crosses = local !== null && comesThroughMiddlebox(world.network, eni, remote, local);
    memo.set(key, crosses);
  }
  return crosses;
}

function comesThroughMiddlebox(network: Network, eni: OracleEni, remote: OracleAddress, local: OracleAddress): boolean {
  const place = placeOf(network, eni.vpcId, remote);
  if (typeof place === 'string') return false;
  const sender = ownerOf(network, place.vpcId, remote);
  // CHOICE: a sender whose interface or route is not known crosses nothing that we know of: the reference stands.
  return sender === null ? false : crossesMiddlebox(network, sender, local);
}

interface RoleAnswer {
  readonly sg: SgAnswer;
  readonly role: Role;
  readonly basis: RoleBasis;
  /** `predicted` is unknown because the two roles give different answers. */
  readonly roleMatters: boolean;
}

/** Step 5 of the ladder: both hypotheses at the security group layer (§7.13). */
function judgeRole(scene: Scene, told: { role: Role; basis: RoleBasis } | null): RoleAnswer {
  if (told !== null && told.role !== 'unknown') return { sg: judgeSgAs(scene, told.role), ...told, roleMatters: false };
  const request = judgeSgAs(scene, 'request');
  const reply = judgeSgAs(scene, 'reply');
  const unsure = { role: 'unknown', basis: 'none' } as const;
  if (request.verdict === 'unknown' || reply.verdict === 'unknown') {
    // CHOICE: one unknown → `role-unknown` (knowing the role could settle it); both → `missing-knowledge`.
    const roleMatters = request.verdict !== reply.verdict;
    return { sg: { verdict: 'unknown', rule: null, matched: [] }, ...unsure, roleMatters };
  }
  if (request.verdict === reply.verdict) return { sg: request, ...unsure, roleMatters: false };
  const role = request.verdict === 'allow' ? 'request' : 'reply';
  return { sg: role === 'request' ? request : reply, role, basis: 'policy', roleMatters: false };
}

function judgeOwnNacl(scene: Scene): NaclAnswer {
  const { world, eni, direction, remote } = scene;
  if (eni === null || direction === 'unknown') return { verdict: 'unknown', rule: null };
  if (direction === 'ingress' && comesByOwnSubnet(world.network, eni, remote)) return { verdict: 'none', rule: null };
  const { protocol, dstPort: port, icmpType, icmpCode } = scene;
  return judgeNacl(world.network, eni, direction === 'egress', remote, { protocol, port, icmpType, icmpCode });
}

/** C70: a transit gateway's interface in the own subnet, and the way back leads to it: no network ACL is evaluated. */
function comesByOwnSubnet(network: Network, eni: OracleEni, remote: OracleAddress | null): boolean {
  if (remote === null) return false;
  const isOwn = network.raw.NetworkInterfaces.some(
    (raw) => raw.SubnetId === eni.subnetId && raw.InterfaceType === 'transit_gateway',
  );
  return isOwn && routeFrom(network, eni.subnetId, eni.vpcId, remote).kind === 'tgw';
}

/** §7.12: any deny denies; then any unknown; a layer that does not apply (`none`) has no say. */
function join(sg: SgAnswer['verdict'], nacl: NaclAnswer['verdict']): 'allow' | 'deny' | 'unknown' {
  if (sg === 'deny' || nacl === 'deny') return 'deny';
  return sg === 'unknown' || nacl === 'unknown' ? 'unknown' : 'allow';
}

function decidedBy(predicted: string, direction: string, sg: SgAnswer, nacl: NaclAnswer): string | null {
  if (predicted === 'unknown') return null;
  // CHOICE: allowed with no layer that applies (no groups, same subnet) → null.
  if (predicted === 'allow') return sg.rule ?? nacl.rule;
  const inOrder = direction === 'ingress' ? [nacl, sg] : [sg, nacl];
  return inOrder.find((layer) => layer.verdict === 'deny')?.rule ?? null;
}

/** §7.18: egress records only. CHOICE: an interface or remote address that is not known → kind unknown. */
function routeOf(scene: Scene): { kind: string; target: string | null; prefix: string | null } | null {
  if (scene.direction !== 'egress') return null;
  if (scene.eni === null || scene.remote === null) return { kind: 'unknown', target: null, prefix: null };
  return routeFrom(scene.world.network, scene.eni.subnetId, scene.eni.vpcId, scene.remote);
}

/** A refused FIN or RST without a SYN ends a connection that was closed before ("Flow log record fields", action). */
function closesConnection(record: OracleRecord): boolean {
  const flags = number(record, 'tcp-flags');
  return field(record, 'protocol') === '6' && flags !== null && (flags & 5) !== 0 && (flags & 2) === 0;
}

function drift(
  predicted: OracleVerdict['predicted'],
  action: string | null,
  reason: string | null,
  doubt: string,
  closes: boolean,
): { drift: OracleVerdict['drift']; drift_cause: string | null } {
  // CHOICE: a record without an action is `no-action` before anything else.
  if (action !== 'ACCEPT' && action !== 'REJECT') return { drift: 'undetermined', drift_cause: 'no-action' };
  if (predicted === 'exempt' || predicted === 'unknown') return { drift: 'undetermined', drift_cause: doubt };
  if ((predicted === 'allow') === (action === 'ACCEPT')) return { drift: 'agree', drift_cause: null };
  if (action === 'ACCEPT') return { drift: 'unexpected-accept', drift_cause: null };
  const known = reason === 'BPA' ? 'bpa' : reason === 'EC' ? 'ec' : null;
  return { drift: 'unexpected-reject', drift_cause: known ?? (closes ? 'late-packet' : null) };
}
