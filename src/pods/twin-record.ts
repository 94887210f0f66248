import { FlowWord } from './twin-flow.ts';

/** Words of a record or question in a spill file, see packFlow. */
export const SPILLED_WORDS = 8;

// word 0: interface (24 bits), protocol << 24; 1: owner of the remote address; 2 local; 3 remote; 4 ports, local << 16;
// 5 start; 6 end; 7: egress, role << 1, inventory version << 3

/** Packs the flow (FlowWord) at word `from` into eight u32 words at `at`. */
export function packFlow(flows: Uint32Array, from: number, version: number, out: Uint32Array, at: number): void {
  out[at] = flows[from + FlowWord.eni]! | (flows[from + FlowWord.protocol]! << 24);
  out[at + 1] = flows[from + FlowWord.remoteEni]!;
  out[at + 2] = flows[from + FlowWord.local]!;
  out[at + 3] = flows[from + FlowWord.remote]!;
  out[at + 4] = (flows[from + FlowWord.localPort]! << 16) | flows[from + FlowWord.remotePort]!;
  out[at + 5] = flows[from + FlowWord.start]!;
  out[at + 6] = flows[from + FlowWord.end]!;
  out[at + 7] = flows[from + FlowWord.egress]! | (flows[from + FlowWord.role]! << 1) | (version << 3);
}

/** The way back; returns the inventory version. */
export function unpackFlow(packed: Uint32Array, at: number, flows: Uint32Array, to: number): number {
  flows[to + FlowWord.eni] = packed[at]! & 0xff_ffff;
  flows[to + FlowWord.protocol] = packed[at]! >>> 24;
  flows[to + FlowWord.remoteEni] = packed[at + 1]!;
  flows[to + FlowWord.local] = packed[at + 2]!;
  flows[to + FlowWord.remote] = packed[at + 3]!;
  flows[to + FlowWord.localPort] = packed[at + 4]! >>> 16;
  flows[to + FlowWord.remotePort] = packed[at + 4]! & 0xffff;
  flows[to + FlowWord.start] = packed[at + 5]!;
  flows[to + FlowWord.end] = packed[at + 6]!;
  flows[to + FlowWord.egress] = packed[at + 7]! & 1;
  flows[to + FlowWord.role] = (packed[at + 7]! >>> 1) & 3;
  return packed[at + 7]! >>> 3;
}
