import { type FlowBatch, Present, V6_WORDS } from '../model/flow.ts';
import type { KernelBlock, KernelHeap } from '../model/kernel-heap.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { placeWords } from './kernel.ts';
import { Hidden, type ScratchColumns } from './tables.ts';

/** Words of `Side` and `Batch` in src/kernel/classify/columns.ts, in their order: a test compares them. */
export const SIDE_WORDS = [
  'recordBit',
  'packetBit',
  'recordV6Bit',
  'packetV6Bit',
  'record4',
  'packet4',
  'recordWord',
  'packetWord',
  'portBit',
  'port',
  'serviceBit',
  'hiddenBit',
  'address4',
  'address6',
  'addressClass',
  'entry',
  'effective',
  'kind',
  'owner',
  'attribution',
  'service',
] as const;

export const BATCH_WORDS = [
  'srcSide',
  'dstSide',
  'present',
  'v6',
  'protocol',
  'packets',
  'bytes',
  'start',
  'end',
  'action',
  'tcpFlags',
  'flowDirection',
  'rejectReason',
  'version',
  'direction',
  'role',
  'roleBasis',
  'pairedAddress',
  'sgVerdict',
  'naclVerdict',
  'policyVerdict',
  'sgRule',
  'naclRule',
  'routeKind',
  'route',
  'predicted',
  'decidedBy',
  'drift',
  'driftCause',
  'path',
  'eni',
  'sgCell',
  'naclCell',
  'hidden',
  'twinCount',
  'twinAddress',
  'pairRoles',
  'behind',
  'roleSplit',
  'order',
  'orderKey',
  'bins',
  'listed',
] as const;

type SideWord = (typeof SIDE_WORDS)[number];
type BatchWord = (typeof BATCH_WORDS)[number];
/** What only the kernel uses: the order in which passes take the rows. */
type OrderWord = 'order' | 'orderKey' | 'bins';
type Column = { readonly byteOffset: number };

/** The address table of a batch whose columns all lie in the memory of `heap`. */
export function placeBatch(
  heap: KernelHeap,
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: ScratchColumns,
): KernelBlock {
  const srcSide = placeWords(heap, SIDE_WORDS, sourceWords(flow, verdicts, scratch)).at;
  const dstSide = placeWords(heap, SIDE_WORDS, destinationWords(flow, verdicts, scratch)).at;
  const columns: Record<Exclude<BatchWord, 'srcSide' | 'dstSide' | OrderWord>, Column> = {
    present: flow.present,
    v6: flow.v6,
    protocol: flow.protocol,
    packets: flow.packets,
    bytes: flow.bytes,
    start: flow.start,
    end: flow.end,
    action: flow.action,
    tcpFlags: flow.tcpFlags,
    flowDirection: flow.flowDirection,
    rejectReason: flow.rejectReason,
    version: verdicts.version,
    direction: verdicts.direction,
    role: verdicts.role,
    roleBasis: verdicts.roleBasis,
    pairedAddress: verdicts.pairedAddress,
    sgVerdict: verdicts.sgVerdict,
    naclVerdict: verdicts.naclVerdict,
    policyVerdict: verdicts.policyVerdict,
    sgRule: verdicts.sgRule,
    naclRule: verdicts.naclRule,
    routeKind: verdicts.routeKind,
    route: verdicts.route,
    predicted: verdicts.predicted,
    decidedBy: verdicts.decidedBy,
    drift: verdicts.drift,
    driftCause: verdicts.driftCause,
    path: verdicts.path,
    eni: scratch.eni,
    sgCell: scratch.sgCell,
    naclCell: scratch.naclCell,
    hidden: scratch.hidden,
    twinCount: scratch.twinCount,
    twinAddress: scratch.twinAddress,
    pairRoles: scratch.pairRoles,
    behind: scratch.behind,
    roleSplit: scratch.roleSplit,
    listed: scratch.listed,
  };
  const addresses = Object.fromEntries(Object.entries(columns).map(([name, { byteOffset }]) => [name, byteOffset]));
  const words = { ...addresses, srcSide, dstSide, ...placeOrder(heap, flow.capacity) };
  return placeWords(heap, BATCH_WORDS, words as Record<BatchWord, number>);
}

/** Bins of src/kernel/classify/order.ts. */
const ORDER_BINS = 64;

function placeOrder(heap: KernelHeap, capacity: number): Record<OrderWord, number> {
  return {
    order: heap.take(capacity * 4).at,
    orderKey: heap.take(capacity).at,
    bins: heap.take(ORDER_BINS * 4).at,
  };
}

function sourceWords(flow: FlowBatch, verdicts: VerdictBatch, scratch: ScratchColumns): Record<SideWord, number> {
  return {
    recordBit: Present.srcAddr,
    packetBit: Present.pktSrcAddr,
    recordV6Bit: Present.srcAddrV6,
    packetV6Bit: Present.pktSrcAddrV6,
    record4: flow.srcAddr.byteOffset,
    packet4: flow.pktSrcAddr.byteOffset,
    recordWord: V6_WORDS.srcAddr,
    packetWord: V6_WORDS.pktSrcAddr,
    portBit: Present.srcPort,
    port: flow.srcPort.byteOffset,
    serviceBit: Present.pktSrcAwsService,
    hiddenBit: Hidden.src,
    address4: scratch.src4.byteOffset,
    address6: scratch.src6.byteOffset,
    addressClass: scratch.srcClass.byteOffset,
    entry: scratch.srcEntry.byteOffset,
    effective: verdicts.srcEffective.byteOffset,
    kind: verdicts.srcKind.byteOffset,
    owner: verdicts.srcOwner.byteOffset,
    attribution: verdicts.srcAttribution.byteOffset,
    service: verdicts.srcService.byteOffset,
  };
}

function destinationWords(flow: FlowBatch, verdicts: VerdictBatch, scratch: ScratchColumns): Record<SideWord, number> {
  return {
    recordBit: Present.dstAddr,
    packetBit: Present.pktDstAddr,
    recordV6Bit: Present.dstAddrV6,
    packetV6Bit: Present.pktDstAddrV6,
    record4: flow.dstAddr.byteOffset,
    packet4: flow.pktDstAddr.byteOffset,
    recordWord: V6_WORDS.dstAddr,
    packetWord: V6_WORDS.pktDstAddr,
    portBit: Present.dstPort,
    port: flow.dstPort.byteOffset,
    serviceBit: Present.pktDstAwsService,
    hiddenBit: Hidden.dst,
    address4: scratch.dst4.byteOffset,
    address6: scratch.dst6.byteOffset,
    addressClass: scratch.dstClass.byteOffset,
    entry: scratch.dstEntry.byteOffset,
    effective: verdicts.dstEffective.byteOffset,
    kind: verdicts.dstKind.byteOffset,
    owner: verdicts.dstOwner.byteOffset,
    attribution: verdicts.dstAttribution.byteOffset,
    service: verdicts.dstService.byteOffset,
  };
}
