import { type FieldTables, LIST_STRIDE, NO_MATCH, NodeKind } from './port-decision.ts';

/** Class of each port and protocol; empty where the code searches. */
export interface PortTables {
  readonly srcPorts: Uint16Array;
  readonly dstPorts: Uint16Array;
  readonly protocols: Uint16Array;
}

export function portTables(classes: FieldTables): PortTables {
  const tableOf = (field: 1 | 2 | 3): Uint16Array => classes[field]?.table ?? new Uint16Array(0);
  return {
    srcPorts: tableOf(NodeKind.srcPort),
    dstPorts: tableOf(NodeKind.dstPort),
    protocols: tableOf(NodeKind.protocol),
  };
}

/** Follows the nodes of PortDecisions from `entry` ≥ 0 to an answer: −1 = no rule, −2 − rule. */
export function decidePorts(
  code: Int32Array,
  tables: PortTables,
  entry: number,
  protocol: number,
  srcPort: number,
  dstPort: number,
): number {
  let at = entry;
  while (at >= 0) {
    const kind = code[at]!;
    if (kind === NodeKind.list) return compareList(code, at, protocol, srcPort, dstPort);
    if (kind === NodeKind.protocol) at = code[at + 1 + tables.protocols[protocol]!]!;
    else if (kind === NodeKind.dstPort) at = code[at + 1 + tables.dstPorts[dstPort]!]!;
    else if (kind === NodeKind.srcPort) at = code[at + 1 + tables.srcPorts[srcPort]!]!;
    else at = searchPort(code, at, kind === NodeKind.dstPortSearch ? dstPort : srcPort);
  }
  return at;
}

/** Rule by rule; the answer as an entry. */
function compareList(code: Int32Array, at: number, protocol: number, srcPort: number, dstPort: number): number {
  const end = at + 2 + code[at + 1]! * LIST_STRIDE;
  for (let q = at + 2; q < end; q += LIST_STRIDE) {
    const wanted = code[q]!;
    if ((protocol & (wanted >> 8)) !== (wanted & 255)) continue;
    const src = code[q + 1]!;
    if (srcPort < (src & 0xffff) || srcPort > src >>> 16) continue;
    const dst = code[q + 2]!;
    if (dstPort < (dst & 0xffff) || dstPort > dst >>> 16) continue;
    return -2 - code[q + 3]!;
  }
  return NO_MATCH;
}

/** Entry of the last port that is not above `port`; the first is 0. */
function searchPort(code: Int32Array, at: number, port: number): number {
  const count = code[at + 1]!;
  const first = at + 2;
  let low = 0;
  for (let size = count; size > 1; ) {
    const half = size >> 1;
    if (code[first + low + half]! <= port) low += half;
    size -= half;
  }
  return code[first + count + low]!;
}
