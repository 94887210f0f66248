import { type Format, formatOf } from '../../src/decode/format.ts';
import { DecodeKernel } from '../../src/decode/kernel.ts';
import { FlowDecoder } from '../../src/decode/text.ts';
import { type FlowBatch, Present, V6_WORDS } from '../../src/model/flow.ts';
import { formatIpv4, formatIpv6 } from '../../src/model/ip.ts';
import type { Ledger, Malformed } from '../../src/model/ledger.ts';

/** A decoded record by AWS's field names; a null field is absent. */
export type FlowRow = Readonly<Record<string, string | number | bigint>>;

export interface Decoded {
  readonly rows: readonly FlowRow[];
  readonly ledger: Ledger;
  /** `line: reason: text` of each malformed line. */
  readonly malformed: readonly string[];
  readonly format: Format;
}

/** By capacity: a kernel's memory is some megabytes, and thousands of samples are decoded one after the other. */
const kernels = new Map<number, DecodeKernel>();

function kernelOf(capacity: number): DecodeKernel {
  const kernel = kernels.get(capacity) ?? new DecodeKernel(capacity);
  kernels.set(capacity, kernel);
  return kernel;
}

/** Decodes `bytes` with a small batch, so that batches end everywhere; counts the rows as the engine does. */
export function decodeAll(bytes: Uint8Array, fields: readonly string[], capacity = 3): Decoded {
  const malformed: string[] = [];
  const decoder = new FlowDecoder({
    format: formatOf(fields),
    carry: true,
    kernel: kernelOf(capacity),
    onMalformed: (line: number, reason: Malformed, text: Uint8Array) => {
      malformed.push(`${line}: ${reason}: ${Buffer.from(text).toString('latin1')}`);
    },
  });
  const { batch, ledger } = decoder;
  const rows: FlowRow[] = [];
  for (let at = 0; at < bytes.length; ) {
    at = decoder.decode(bytes, at, bytes.length);
    rows.push(...rowsOf(batch, decoder));
    if (batch.judged) ledger.classified += batch.rows;
    else ledger.notJudged += batch.rows;
    decoder.clear();
  }
  return { rows, ledger, malformed, format: decoder.format };
}

export function decodeText(text: string, fields: readonly string[], capacity?: number): Decoded {
  return decodeAll(Buffer.from(text, 'latin1'), fields, capacity);
}

/** The rows of a batch that `decoder` filled. */
export function rowsOf(batch: FlowBatch, decoder: FlowDecoder): FlowRow[] {
  return Array.from({ length: batch.rows }, (_, row) => rowOf(batch, decoder, row));
}

function rowOf(batch: FlowBatch, decoder: FlowDecoder, row: number): FlowRow {
  const has = (bit: number): boolean => ((batch.present[row] ?? 0) & bit) !== 0;
  const out: Record<string, string | number | bigint> = {};
  const set = (name: string, bit: number, value: () => string | number | bigint): void => {
    if (has(bit)) out[name] = value();
  };
  const u64 = (column: Uint32Array) => () => (BigInt(column[2 * row + 1] ?? 0) << 32n) | BigInt(column[2 * row] ?? 0);
  const number = (column: Uint8Array | Uint16Array | Uint32Array) => () => column[row] ?? -1;
  const address = (column: Uint32Array, word: number, v6Bit: number) => () => {
    if (!has(v6Bit)) return formatIpv4(column[row] ?? 0);
    const words = batch.v6.subarray(row * V6_WORDS.perRow + word);
    return formatIpv6(words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0);
  };
  set('version', Present.version, number(batch.version));
  set('interface-id', Present.interfaceId, () => decoder.interfaces.name(batch.interfaceId[row] ?? -1));
  set('srcaddr', Present.srcAddr, address(batch.srcAddr, V6_WORDS.srcAddr, Present.srcAddrV6));
  set('dstaddr', Present.dstAddr, address(batch.dstAddr, V6_WORDS.dstAddr, Present.dstAddrV6));
  set('pkt-srcaddr', Present.pktSrcAddr, address(batch.pktSrcAddr, V6_WORDS.pktSrcAddr, Present.pktSrcAddrV6));
  set('pkt-dstaddr', Present.pktDstAddr, address(batch.pktDstAddr, V6_WORDS.pktDstAddr, Present.pktDstAddrV6));
  set('srcport', Present.srcPort, number(batch.srcPort));
  set('dstport', Present.dstPort, number(batch.dstPort));
  set('protocol', Present.protocol, number(batch.protocol));
  set('packets', Present.packets, u64(batch.packets));
  set('bytes', Present.bytes, u64(batch.bytes));
  set('start', Present.start, number(batch.start));
  set('end', Present.end, number(batch.end));
  set('action', Present.action, () => ['', 'ACCEPT', 'REJECT'][batch.action[row] ?? 0] ?? '');
  set('log-status', Present.logStatus, () => ['', 'OK', 'NODATA', 'SKIPDATA'][batch.logStatus[row] ?? 0] ?? '');
  set('tcp-flags', Present.tcpFlags, number(batch.tcpFlags));
  set('flow-direction', Present.flowDirection, () => ['', 'ingress', 'egress'][batch.flowDirection[row] ?? 0] ?? '');
  for (const { name, offset, length } of batch.carried) {
    const from = offset[row] ?? 0;
    const bytes = length[row] ?? 0;
    if (bytes > 0) out[name] = Buffer.from(batch.text.subarray(from, from + bytes)).toString('latin1');
  }
  if ((out['reject-reason'] === undefined) !== (batch.rejectReason[row] === 0))
    out['reject-reason'] = 'code and text differ';
  const vpc = has(Present.vpcId) ? decoder.interfaces.name(batch.vpcId[row] ?? -1) : undefined;
  if (!batch.carried.some(({ name }) => name === 'vpc-id')) {
    if (vpc !== undefined) out['vpc-id'] = vpc;
  } else if (vpc !== textOf(out['vpc-id'])) out['vpc-id'] = 'code and text differ';
  for (const [name, bit] of [
    ['pkt-src-aws-service', Present.pktSrcAwsService],
    ['pkt-dst-aws-service', Present.pktDstAwsService],
  ] as const) {
    if (has(bit) !== (out[name] !== undefined)) out[name] = 'bit and text differ';
  }
  return out;
}

/** What the dictionary names by its text, of a value that was read byte by byte. */
function textOf(value: FlowRow[string] | undefined): string | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'latin1').toString() : undefined;
}
