import type { Scratch } from '../classify/tables.ts';
import { type FlowBatch, V6_WORDS } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { TWIN_ADDRESSES_MAX } from '../pods/twins.ts';

type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array;

/** Keeps the first `count` rows of `selection` (ascending row numbers) of a batch, in order and in place. */
export function compactFlow(flow: FlowBatch, selection: Int32Array, count: number): void {
  const { srcAddr, dstAddr, pktSrcAddr, pktDstAddr, srcPort, dstPort, protocol, start, end } = flow;
  const { present, interfaceId, vpcId, action, logStatus, tcpFlags, flowDirection, rejectReason, version } = flow;
  const columns: readonly Column[] = [
    ...[srcAddr, dstAddr, pktSrcAddr, pktDstAddr, srcPort, dstPort, protocol, start, end],
    ...[present, interfaceId, vpcId, action, logStatus, tcpFlags, flowDirection, rejectReason, version],
    ...flow.carried.flatMap(({ offset, length }) => [offset, length]),
  ];
  for (const column of columns) compact(column, selection, count);
  compactWide(flow.packets, 2, selection, count);
  compactWide(flow.bytes, 2, selection, count);
  compactWide(flow.v6, V6_WORDS.perRow, selection, count);
  flow.rows = count;
}

/** The same for what classification made of the rows; the flow itself is compacted by compactFlow. */
export function compactVerdicts(verdicts: VerdictBatch, scratch: Scratch, selection: Int32Array, count: number): void {
  const { capacity: _capacity, ...judged } = verdicts;
  // what another version says was used up when the causes were named, and what was asked when it was answered
  const { second: _second, stretch: _stretch, through: _through, kernel: _kernel, batch: _batch, ...found } = scratch;
  const { twinAddress, ...narrow } = found;
  const columns: readonly Column[] = [...Object.values(judged), ...Object.values(narrow)];
  for (const column of columns) compact(column, selection, count);
  compactWide(twinAddress, TWIN_ADDRESSES_MAX, selection, count);
  // offsets into the flow's IPv6 words move with their rows
  for (const offsets of [scratch.src6, scratch.dst6]) {
    for (let to = 0; to < count; to++) if (offsets[to]! >= 0) offsets[to]! -= (selection[to]! - to) * V6_WORDS.perRow;
  }
}

function compact(column: Column, selection: Int32Array, count: number): void {
  for (let to = 0; to < count; to++) column[to] = column[selection[to]!]!;
}

function compactWide(column: Uint32Array, perRow: number, selection: Int32Array, count: number): void {
  for (let to = 0; to < count; to++) {
    const from = selection[to]!;
    if (from !== to) column.copyWithin(to * perRow, from * perRow, (from + 1) * perRow);
  }
}
