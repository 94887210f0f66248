import {
  type CarriedColumn,
  createFlowBatch,
  type FlowBatch,
  flowBatchBytes,
  Present,
  V6_WORDS,
} from '../../../src/model/flow.ts';
import { KernelHeap } from '../../../src/model/kernel-heap.ts';
import type { Names } from '../../../src/model/names.ts';
import {
  Action,
  Attribution,
  createVerdictBatch,
  Direction,
  Drift,
  DriftCause,
  Effective,
  IMPLICIT_DENY,
  Kind,
  NO_ROUTER,
  NO_RULE,
  NO_SERVICE,
  Path,
  Role,
  RoleBasis,
  routeKindCode,
  Verdict,
  type VerdictBatch,
  verdictBatchBytes,
} from '../../../src/model/verdict.ts';
import { inputNames, outputColumns } from '../../../src/sink/columns.ts';
import type { RowContext } from '../../../src/sink/rows.ts';

export interface Rows {
  readonly heap: KernelHeap;
  readonly flow: FlowBatch;
  readonly verdicts: VerdictBatch;
}

const NAMES: readonly Names[] = [
  {
    rules: ['sgr-0a', 'sg-0a/egress/all/all/0.0.0.0/0', 'acl-0f/ingress/120', 'rtb-1/0.0.0.0/0', 'rtb-1/10.0.0.0/16'],
    routeTarget: [null, null, null, 'igw-01', 'local'],
    routePrefix: [null, null, null, '0.0.0.0/0', '10.0.0.0/16'],
    enis: [
      { id: 'eni-0a', node: 'ip-10-0-1-5', service: null },
      { id: 'eni-0b', node: null, service: 'shop/web, "the" load balancer' },
    ],
    pods: [
      { namespace: 'shop', name: 'web-1', workload: 'Deployment/web', node: 'ip-10-0-1-5' },
      { namespace: 'schöp', name: 'bäcker-\u{1f950}', workload: null, node: null },
    ],
    services: ['shop/web', 'shop/all;shop/web'],
  },
  {
    rules: ['sgr-0b'],
    routeTarget: [null],
    routePrefix: [null],
    enis: [],
    pods: [{ namespace: 'next', name: 'web-2', workload: 'Deployment/web', node: 'n2' }],
    services: ['next/web'],
  },
];

/** Batches lie in the memory that encoders work in. */
const HEAP = new KernelHeap();

const INTERFACES = ['eni-0a', 'eni-0b', 'eni-0c'];

export function sampleContext(inputFields: readonly string[] = []): RowContext {
  const columns = outputColumns(inputFields);
  return {
    columns,
    heap: HEAP,
    taken: new Set(inputNames(columns)),
    names: NAMES,
    versionLabels: ['v0', '2024-12-20T18:00:00Z'],
    interfaceName: (code) => INTERFACES[code] ?? `eni-${code}`,
    candidates: (_version, _row, side) => (side === 'src' ? ['shop/web-1', 'schöp/bäcker-\u{1f950}'] : ['shop/x']),
  };
}

/** Values by column name and row, as bytes or text; empty = null. */
export function carry(flow: FlowBatch, values: Readonly<Record<string, readonly (string | Uint8Array)[]>>): void {
  const parts: Uint8Array[] = [Buffer.from('not a value ')];
  let at = 12;
  const carried: CarriedColumn[] = [];
  for (const [name, texts] of Object.entries(values)) {
    const column = { name, offset: new Uint32Array(flow.capacity), length: new Uint32Array(flow.capacity) };
    texts.forEach((text, row) => {
      const bytes = Buffer.from(text);
      column.offset[row] = at;
      column.length[row] = bytes.length;
      parts.push(bytes);
      at += bytes.length;
    });
    carried.push(column);
  }
  flow.carried = carried;
  flow.text = Buffer.concat(parts);
}

const ALL_V2 =
  Present.version |
  Present.interfaceId |
  Present.srcAddr |
  Present.dstAddr |
  Present.srcPort |
  Present.dstPort |
  Present.protocol |
  Present.packets |
  Present.bytes |
  Present.start |
  Present.end |
  Present.action |
  Present.logStatus;

/** A record of the default format: 10.0.1.5:49152 → 10.0.2.9:443 tcp, rejected by network ACL entry 120. */
export function fillRow({ flow, verdicts }: Rows, row: number): void {
  flow.present[row] = ALL_V2;
  verdicts.srcService[row] = NO_SERVICE;
  verdicts.dstService[row] = NO_SERVICE;
  flow.version[row] = 2;
  flow.interfaceId[row] = 0;
  flow.srcAddr[row] = 0x0a000105;
  flow.dstAddr[row] = 0x0a000209;
  flow.srcPort[row] = 49152;
  flow.dstPort[row] = 443;
  flow.protocol[row] = 6;
  flow.packets.set([10, 0], 2 * row);
  flow.bytes.set([840, 0], 2 * row);
  flow.start[row] = 1700000000;
  flow.end[row] = 1700000060;
  flow.action[row] = Action.reject;
  flow.logStatus[row] = 1;
  const v = verdicts;
  v.version[row] = 0;
  v.direction[row] = Direction.ingress;
  v.role[row] = Role.request;
  v.roleBasis[row] = RoleBasis.port;
  v.srcKind[row] = Kind.pod;
  v.srcOwner[row] = 0;
  v.srcAttribution[row] = Attribution.exact;
  v.dstKind[row] = Kind.node;
  v.dstOwner[row] = 0;
  v.dstAttribution[row] = Attribution.exact;
  v.srcEffective[row] = Effective.record;
  v.dstEffective[row] = Effective.record;
  v.sgVerdict[row] = Verdict.allow;
  v.naclVerdict[row] = Verdict.deny;
  v.policyVerdict[row] = Verdict.none;
  v.sgRule[row] = 0;
  v.naclRule[row] = 2;
  v.routeKind[row] = 0;
  v.route[row] = NO_RULE;
  v.predicted[row] = Verdict.deny;
  v.decidedBy[row] = 2;
  v.drift[row] = Drift.agree;
  v.driftCause[row] = DriftCause.null;
  v.path[row] = Path.crossAz;
}

/** Row 1: IPv6 with packet addresses, egress to the internet, nothing known of the far end, u64 at its end. */
function fillIpv6Row({ flow, verdicts }: Rows, row: number): void {
  flow.present[row] =
    (flow.present[row] ?? 0) |
    Present.srcAddrV6 |
    Present.pktSrcAddr |
    Present.pktSrcAddrV6 |
    Present.pktDstAddr |
    Present.tcpFlags |
    Present.flowDirection;
  flow.v6.set([0x20010db8, 0, 0, 1], row * V6_WORDS.perRow + V6_WORDS.srcAddr);
  flow.v6.set([0x20010db8, 0x00010002, 0x00030004, 0x00050006], row * V6_WORDS.perRow + V6_WORDS.pktSrcAddr);
  flow.pktDstAddr[row] = 0xffffffff;
  flow.tcpFlags[row] = 18;
  flow.flowDirection[row] = Direction.egress;
  flow.packets.set([0xffffffff, 0xffffffff], 2 * row);
  flow.bytes.set([1, 0x200000], 2 * row);
  flow.interfaceId[row] = 2;
  flow.action[row] = Action.accept;
  const v = verdicts;
  v.direction[row] = Direction.egress;
  v.srcOwner[row] = 1;
  v.srcService[row] = 1;
  v.srcAttribution[row] = Attribution.candidates;
  v.dstKind[row] = Kind.external;
  v.dstOwner[row] = -1;
  v.dstAttribution[row] = Attribution.none;
  v.srcEffective[row] = Effective.packet;
  v.dstEffective[row] = Effective.packet;
  v.sgRule[row] = IMPLICIT_DENY;
  v.naclRule[row] = NO_RULE;
  v.naclVerdict[row] = Verdict.none;
  v.routeKind[row] = routeKindCode('igw');
  v.route[row] = 3;
  v.decidedBy[row] = IMPLICIT_DENY;
  v.drift[row] = Drift.unexpectedAccept;
  v.driftCause[row] = DriftCause.staleRules;
  v.path[row] = Path.internet;
}

/** Row 2: nothing but nulls and what a zeroed row means. */
function fillNullRow({ flow, verdicts }: Rows, row: number): void {
  flow.present[row] = 0;
  const v = verdicts;
  v.version[row] = 1;
  v.direction[row] = v.role[row] = v.roleBasis[row] = 0;
  v.srcKind[row] = v.dstKind[row] = Kind.unknown;
  v.srcOwner[row] = v.dstOwner[row] = -1;
  v.srcAttribution[row] = v.dstAttribution[row] = 0;
  v.srcEffective[row] = Effective.none;
  v.dstEffective[row] = Effective.record;
  v.sgVerdict[row] = v.predicted[row] = Verdict.unknown;
  v.sgRule[row] = v.naclRule[row] = v.decidedBy[row] = NO_RULE;
  v.routeKind[row] = routeKindCode('local');
  v.route[row] = NO_ROUTER;
  v.drift[row] = Drift.undetermined;
  v.driftCause[row] = DriftCause.missingKnowledge;
  v.path[row] = 0;
}

export function emptyRows(capacity = 8): Rows {
  const [flow, verdicts] = [HEAP.take(flowBatchBytes(capacity)), HEAP.take(verdictBatchBytes(capacity))];
  // what others gave back is not zero
  for (const { buffer, at, bytes } of [flow, verdicts]) new Uint8Array(buffer, at, bytes).fill(0);
  return {
    heap: HEAP,
    flow: createFlowBatch(capacity, flow.buffer, flow.at),
    verdicts: createVerdictBatch(capacity, verdicts.buffer, verdicts.at),
  };
}

/** Three rows: default IPv4 reject, IPv6 egress, all null. */
export function sampleRows(): Rows {
  const rows = emptyRows();
  for (let row = 0; row < 3; row++) fillRow(rows, row);
  fillIpv6Row(rows, 1);
  fillNullRow(rows, 2);
  rows.flow.rows = 3;
  return rows;
}
