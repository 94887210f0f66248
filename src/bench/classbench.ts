import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { FlowtrieError } from '../model/errors.ts';
import { formatIpv4, parseAddress } from '../model/ip.ts';

/** A closed range of port numbers. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** An IPv4 prefix with its host bits cleared. */
export interface Prefix4 {
  readonly base: number;
  readonly length: number;
}

/** One line of a ClassBench filter set; the first matching rule of a set decides. */
export interface FiveTupleRule {
  readonly src: Prefix4;
  readonly dst: Prefix4;
  readonly srcPort: PortRange;
  readonly dstPort: PortRange;
  /** Matches when (protocol & mask) === value. */
  readonly protocol: { readonly value: number; readonly mask: number };
}

/** Packets in columns; `count` rows are filled. */
export interface FiveTuples {
  count: number;
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  readonly srcPort: Uint16Array;
  readonly dstPort: Uint16Array;
  readonly protocol: Uint8Array;
}

export function createFiveTuples(capacity: number): FiveTuples {
  return {
    count: 0,
    src: new Uint32Array(capacity),
    dst: new Uint32Array(capacity),
    srcPort: new Uint16Array(capacity),
    dstPort: new Uint16Array(capacity),
    protocol: new Uint8Array(capacity),
  };
}

/** `@src/len dst/len from : to from : to protocol/mask`, then what is ignored: TCP flags and their mask. */
const RULE = new RegExp(
  [
    String.raw`^@(\S+?)/(\d+)\s+(\S+?)/(\d+)`,
    String.raw`\s+(\d+)\s*:\s*(\d+)\s+(\d+)\s*:\s*(\d+)`,
    String.raw`\s+0[xX]([\da-fA-F]{1,2})/0[xX]([\da-fA-F]{1,2})`,
    String.raw`(?:\s+0[xX][\da-fA-F]{1,4}/0[xX][\da-fA-F]{1,4})?$`,
  ].join(''),
);

const EXPECTED_RULE = "'@1.2.3.0/24 10.0.0.0/8 0 : 65535 80 : 80 0x06/0xFF'";

/** Reads a ClassBench filter set. Throws a FlowtrieError that names file, line and value. */
export async function readClassBench(path: string): Promise<FiveTupleRule[]> {
  const lines = (await readText(path)).split('\n');
  const rules: FiveTupleRule[] = [];
  lines.forEach((raw, index) => {
    const line = raw.trim();
    if (line === '') return;
    rules.push(parseRule(line, `${path}:${index + 1}`));
  });
  if (rules.length === 0) throw new FlowtrieError('input', `${path}: holds no rule, expected lines ${EXPECTED_RULE}`);
  return rules;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new FlowtrieError('input', `${path}: ${(error as Error).message}`, { cause: error });
  }
}

function parseRule(line: string, where: string): FiveTupleRule {
  const match = RULE.exec(line);
  if (match === null) {
    throw new FlowtrieError('input', `${where}: expected a rule ${EXPECTED_RULE}, got '${line.slice(0, 100)}'`);
  }
  const [src = '', srcLength = '', dst = '', dstLength = '', ...rest] = match.slice(1);
  const [srcFrom = '', srcTo = '', dstFrom = '', dstTo = '', value = '0', mask = '0'] = rest;
  const protocolMask = Number.parseInt(mask, 16);
  return {
    src: parsePrefix(src, srcLength, where),
    dst: parsePrefix(dst, dstLength, where),
    srcPort: parsePorts(srcFrom, srcTo, where),
    dstPort: parsePorts(dstFrom, dstTo, where),
    protocol: { value: Number.parseInt(value, 16) & protocolMask, mask: protocolMask },
  };
}

function parsePrefix(address: string, lengthText: string, where: string): Prefix4 {
  const parsed = parseAddress(address);
  const length = Number(lengthText);
  if (parsed?.family !== 4 || length > 32) {
    throw new FlowtrieError('input', `${where}: expected an IPv4 prefix, got '${address}/${lengthText}'`);
  }
  return { base: (parsed.words[0] & prefixMask(length)) >>> 0, length };
}

/** Mask of a prefix length, as i32 bits. */
export function prefixMask(length: number): number {
  return length === 0 ? 0 : -1 << (32 - length);
}

function parsePorts(from: string, to: string, where: string): PortRange {
  const range = { from: Number(from), to: Number(to) };
  if (range.to > 65535 || range.from > range.to) {
    throw new FlowtrieError('input', `${where}: expected a port range within 0 : 65535, got '${from} : ${to}'`);
  }
  return range;
}

export function formatRule(rule: FiveTupleRule): string {
  const { src, dst, srcPort, dstPort, protocol } = rule;
  const hex = (n: number): string => `0x${n.toString(16).padStart(2, '0').toUpperCase()}`;
  return (
    `@${formatIpv4(src.base)}/${src.length}\t${formatIpv4(dst.base)}/${dst.length}\t` +
    `${srcPort.from} : ${srcPort.to}\t${dstPort.from} : ${dstPort.to}\t${hex(protocol.value)}/${hex(protocol.mask)}`
  );
}

/** Rows of one batch of a trace file. */
const TRACE_BATCH = 65536;

/**
 * Batches of a trace: a packet a line, `src dst sport dport proto` (addresses dotted or as u32, the rest decimal). The
 * trace generator of ClassBench appends up to two numbers, flags and the rule it drew the packet from: ignored.
 * The columns are filled anew for each batch. Throws a FlowtrieError that names file, line and value.
 */
export async function* readTrace(path: string): AsyncGenerator<FiveTuples> {
  const batch = createFiveTuples(TRACE_BATCH);
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  let number = 0;
  let blankAt = 0;
  try {
    for await (const line of lines) {
      number++;
      if (line.trim() === '') {
        if (blankAt === 0) blankAt = number;
        continue;
      }
      // a blank line in the middle would shift all later answers
      if (blankAt !== 0) throw new FlowtrieError('input', `${path}:${blankAt}: expected a packet, got a blank line`);
      readPacket(line, batch, `${path}:${number}`);
      if (batch.count < TRACE_BATCH) continue;
      yield batch;
      batch.count = 0;
    }
  } catch (error) {
    if (error instanceof FlowtrieError) throw error;
    throw new FlowtrieError('input', `${path}: ${(error as Error).message}`, { cause: error });
  }
  if (batch.count > 0) yield batch;
}

function readPacket(line: string, batch: FiveTuples, where: string): void {
  const fields = line.trim().split(/\s+/);
  if (fields.length < 5 || fields.length > 7) {
    throw new FlowtrieError('input', `${where}: expected 5 fields 'src dst sport dport proto', got ${fields.length}`);
  }
  const [src = '', dst = '', srcPort = '', dstPort = '', protocol = '', ...ignored] = fields;
  for (const text of ignored) readNumber(text, 'field after proto', Number.MAX_SAFE_INTEGER, where);
  const row = batch.count;
  batch.src[row] = readAddress(src, 'src', where);
  batch.dst[row] = readAddress(dst, 'dst', where);
  batch.srcPort[row] = readNumber(srcPort, 'sport', 65535, where);
  batch.dstPort[row] = readNumber(dstPort, 'dport', 65535, where);
  batch.protocol[row] = readNumber(protocol, 'proto', 255, where);
  batch.count++;
}

const DOTTED = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

function readAddress(text: string, field: string, where: string): number {
  const dotted = DOTTED.exec(text);
  if (dotted === null) return readNumber(text, field, 0xffff_ffff, where);
  const octets = dotted.slice(1).map(Number);
  if (octets.some((octet) => octet > 255)) {
    throw new FlowtrieError('input', `${where}: ${field}: expected an IPv4 address, got '${text}'`);
  }
  return octets.reduce((word, octet) => word * 256 + octet, 0);
}

function readNumber(text: string, field: string, max: number, where: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) {
    throw new FlowtrieError('input', `${where}: ${field}: expected a whole number up to ${max}, got '${text}'`);
  }
  return value;
}
