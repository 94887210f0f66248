/**
 * Code tables of everything flowtrie adds to a record. A code is the index of the word in its tuple,
 * so a column holds a u8 and output joins the word. Index 0 is what a zeroed column means.
 * The words are the product's contract: the log *observed* ACCEPT/REJECT, the rules *predict*
 * allow/deny/unknown/exempt.
 */

/** Seen from the ENI that logged the record. */
export const DIRECTION = ['unknown', 'ingress', 'egress'] as const;
export type Direction = (typeof DIRECTION)[number];
export const Direction = { unknown: 0, ingress: 1, egress: 2 } as const;

/** Which half of the connection the record shows: the initiator's (`request`) or the responder's (`reply`). */
export const ROLE = ['unknown', 'request', 'reply'] as const;
export type Role = (typeof ROLE)[number];
export const Role = { unknown: 0, request: 1, reply: 2 } as const;

/** The evidence behind `role`, in the order of the ladder. */
export const ROLE_BASIS = ['none', 'flags', 'listener', 'pair', 'reject', 'port', 'policy'] as const;
export type RoleBasis = (typeof ROLE_BASIS)[number];
export const RoleBasis = {
  none: 0,
  flags: 1,
  listener: 2,
  pair: 3,
  reject: 4,
  port: 5,
  policy: 6,
} as const;

/** What stands behind an address. */
export const KIND = [
  'unknown',
  'pod',
  'node',
  'load-balancer',
  'nat-gateway',
  'vpc-endpoint',
  'eks-control-plane',
  'transit-gateway',
  'eni',
  'aws-service',
  'external',
] as const;
export type Kind = (typeof KIND)[number];
export const Kind = {
  unknown: 0,
  pod: 1,
  node: 2,
  loadBalancer: 3,
  natGateway: 4,
  vpcEndpoint: 5,
  eksControlPlane: 6,
  transitGateway: 7,
  eni: 8,
  awsService: 9,
  external: 10,
} as const;

/** How sure the owner of an address is. */
export const ATTRIBUTION = ['none', 'exact', 'inferred', 'candidates'] as const;
export type Attribution = (typeof ATTRIBUTION)[number];
export const Attribution = { none: 0, exact: 1, inferred: 2, candidates: 3 } as const;

/** Answer of one layer and of all of them; `none` = the layer does not apply. */
export const VERDICT = ['none', 'allow', 'deny', 'unknown', 'exempt'] as const;
export type Verdict = (typeof VERDICT)[number];
export const Verdict = { none: 0, allow: 1, deny: 2, unknown: 3, exempt: 4 } as const;

/** The layers of one compiled table. */
export const LAYER = ['sg', 'nacl', 'route', 'policy'] as const;
export type Layer = (typeof LAYER)[number];

/** Class of a route's target; `null` code 0 = no route column (ingress, exempt). */
export const ROUTE_KIND = [
  'null',
  'none',
  'local',
  'igw',
  'nat',
  'tgw',
  'pcx',
  'vpce',
  'vgw',
  'eigw',
  'eni',
  'cagw',
  'lgw',
  'core-network',
  'odb-network',
  'ip',
  'blackhole',
  'unknown',
] as const;
export type RouteKind = (typeof ROUTE_KIND)[number];
/** Code of a route kind. */
export function routeKindCode(kind: RouteKind): number {
  return ROUTE_KIND.indexOf(kind);
}

/** Observed against predicted. */
export const DRIFT = ['undetermined', 'agree', 'unexpected-accept', 'unexpected-reject'] as const;
export type Drift = (typeof DRIFT)[number];
export const Drift = {
  undetermined: 0,
  agree: 1,
  unexpectedAccept: 2,
  unexpectedReject: 3,
} as const;

/** Why the drift is what it is; `null` code 0 = no cause is named. */
export const DRIFT_CAUSE = [
  'null',
  'missing-knowledge',
  'role-unknown',
  'exempt',
  'no-action',
  'tracked-before-change',
  'stale-inventory',
  'stale-rules',
  'late-packet',
  'bpa',
  'ec',
  'membership-changed',
  'unmodelled',
] as const;
export type DriftCause = (typeof DRIFT_CAUSE)[number];
export const DriftCause = {
  null: 0,
  missingKnowledge: 1,
  roleUnknown: 2,
  exempt: 3,
  noAction: 4,
  trackedBeforeChange: 5,
  staleInventory: 6,
  staleRules: 7,
  latePacket: 8,
  bpa: 9,
  ec: 10,
  membershipChanged: 11,
  unmodelled: 12,
} as const;

/** The way a packet takes between its ends, for cost and for the eye. */
export const PATH = [
  'unknown',
  'same-node',
  'same-az',
  'cross-az',
  'internet',
  'nat',
  'tgw',
  'peering',
  'vpc-endpoint',
  'vpn',
  'overlay',
] as const;
export type Path = (typeof PATH)[number];
export const Path = {
  unknown: 0,
  sameNode: 1,
  sameAz: 2,
  crossAz: 3,
  internet: 4,
  nat: 5,
  tgw: 6,
  peering: 7,
  vpcEndpoint: 8,
  vpn: 9,
  overlay: 10,
} as const;

/** Observed action. */
export const ACTION = ['null', 'ACCEPT', 'REJECT'] as const;
export const Action = { null: 0, accept: 1, reject: 2 } as const;

/** Values of a rule column that are no rule index. */
export const NO_RULE = -1;
/** A security group has no deny rule: the deciding rule of a deny. */
export const IMPLICIT_DENY = -2;
/** In the route column: a packet inside its subnet asks no route table, and none has a local route to name. */
export const NO_ROUTER = -2;

/** Value of a service column: no Service is known to answer there. */
export const NO_SERVICE = -1;

/**
 * What the rules and the pod map say of each row of a FlowBatch, in the same row order; one buffer, fixed capacity.
 * `srcOwner`/`dstOwner` are pod indices for kind `pod`, else ENI indices, −1 when nothing in the inventory owns the
 * address.
 * `version` is the index of the inventory version that judged the row; rule, route and owner indices belong to it.
 * `agreeing` is 1 + the index of another version that explains an unexpected action; 0 = none.
 */
export interface VerdictBatch {
  readonly capacity: number;
  readonly version: Uint16Array;
  readonly agreeing: Uint16Array;
  readonly direction: Uint8Array;
  readonly role: Uint8Array;
  readonly roleBasis: Uint8Array;
  readonly srcKind: Uint8Array;
  readonly dstKind: Uint8Array;
  readonly srcOwner: Int32Array;
  readonly dstOwner: Int32Array;
  /** Number in model/names `services` of what answers at the side's port, NO_SERVICE = nothing known. */
  readonly srcService: Int32Array;
  readonly dstService: Int32Array;
  readonly srcAttribution: Uint8Array;
  readonly dstAttribution: Uint8Array;
  /** Which address column holds the effective source: one of EFFECTIVE. */
  readonly srcEffective: Uint8Array;
  readonly dstEffective: Uint8Array;
  /** IPv4 that pairing found for the side whose effective address is `paired`. */
  readonly pairedAddress: Uint32Array;
  readonly sgVerdict: Uint8Array;
  readonly naclVerdict: Uint8Array;
  readonly policyVerdict: Uint8Array;
  readonly sgRule: Int32Array;
  readonly naclRule: Int32Array;
  readonly routeKind: Uint8Array;
  readonly route: Int32Array;
  readonly predicted: Uint8Array;
  readonly decidedBy: Int32Array;
  readonly drift: Uint8Array;
  readonly driftCause: Uint8Array;
  readonly path: Uint8Array;
}

/**
 * Where the effective packet address of a side stands: nowhere, in srcaddr/dstaddr, in pkt-srcaddr/pkt-dstaddr, or in
 * `pairedAddress`.
 */
export const Effective = { none: 0, record: 1, packet: 2, paired: 3 } as const;

/** Bytes of one row over all columns of a VerdictBatch. */
const BYTES_PER_ROW = 2 * 2 + 17 + 9 * 4;

/** Bytes of the columns of a batch. */
export function verdictBatchBytes(capacity: number): number {
  return capacity * BYTES_PER_ROW + 64;
}

/** Lays the columns out in `buffer` from `byteOffset` (a multiple of 8) on. */
export function createVerdictBatch(
  capacity: number,
  buffer: SharedArrayBuffer = new SharedArrayBuffer(verdictBatchBytes(capacity)),
  byteOffset = 0,
): VerdictBatch {
  let offset = byteOffset;
  const i32 = (): Int32Array => {
    const column = new Int32Array(buffer, offset, capacity);
    offset += capacity * 4;
    return column;
  };
  const sides = { srcOwner: i32(), dstOwner: i32(), srcService: i32(), dstService: i32() };
  const ints = { ...sides, sgRule: i32(), naclRule: i32(), route: i32(), decidedBy: i32() };
  const pairedAddress = new Uint32Array(buffer, offset, capacity);
  offset += capacity * 4;
  const u16 = (): Uint16Array => {
    const column = new Uint16Array(buffer, offset, capacity);
    offset += capacity * 2;
    return column;
  };
  const indices = { version: u16(), agreeing: u16() };
  const u8 = (): Uint8Array => {
    const column = new Uint8Array(buffer, offset, capacity);
    offset += capacity;
    return column;
  };
  return {
    capacity,
    ...ints,
    pairedAddress,
    ...indices,
    direction: u8(),
    role: u8(),
    roleBasis: u8(),
    srcKind: u8(),
    dstKind: u8(),
    srcAttribution: u8(),
    dstAttribution: u8(),
    srcEffective: u8(),
    dstEffective: u8(),
    sgVerdict: u8(),
    naclVerdict: u8(),
    policyVerdict: u8(),
    routeKind: u8(),
    predicted: u8(),
    drift: u8(),
    driftCause: u8(),
    path: u8(),
  };
}
