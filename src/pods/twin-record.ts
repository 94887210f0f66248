import { FlowWord } from './twin-flow.ts';

/** Words of a record or question in a spill file, see packFlow. */
export const SPILLED_WORDS = 8;

// word 0: interface (24 bits), protocol << 24; 1: owner of the remote address; 2 local; 3 remote; 4 ports, local << 16;
// 5 start; 6 end; 7: egress, role << 1, inventory version << 3

/** Packs `flow` (FlowWord) into eight u32 words at `at`. */
export function packFlow(flow: Uint32Array, version: number, out: Uint32Array, at: number): void {
  out[at] = flow[FlowWord.eni]! | (flow[FlowWord.protocol]! << 24);
  out[at + 1] = flow[FlowWord.remoteEni]!;
  out[at + 2] = flow[FlowWord.local]!;
  out[at + 3] = flow[FlowWord.remote]!;
  out[at + 4] = (flow[FlowWord.localPort]! << 16) | flow[FlowWord.remotePort]!;
  out[at + 5] = flow[FlowWord.start]!;
  out[at + 6] = flow[FlowWord.end]!;
  out[at + 7] = flow[FlowWord.egress]! | (flow[FlowWord.role]! << 1) | (version << 3);
}

/** The way back; returns the inventory version. */
export function unpackFlow(packed: Uint32Array, at: number, flow: Uint32Array): number {
  flow[FlowWord.eni] = packed[at]! & 0xff_ffff;
  flow[FlowWord.protocol] = packed[at]! >>> 24;
  flow[FlowWord.remoteEni] = packed[at + 1]!;
  flow[FlowWord.local] = packed[at + 2]!;
  flow[FlowWord.remote] = packed[at + 3]!;
  flow[FlowWord.localPort] = packed[at + 4]! >>> 16;
  flow[FlowWord.remotePort] = packed[at + 4]! & 0xffff;
  flow[FlowWord.start] = packed[at + 5]!;
  flow[FlowWord.end] = packed[at + 6]!;
  flow[FlowWord.egress] = packed[at + 7]! & 1;
  flow[FlowWord.role] = (packed[at + 7]! >>> 1) & 3;
  return packed[at + 7]! >>> 3;
}
