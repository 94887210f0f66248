import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JudgeOptions, OracleDocument, OracleRecord } from '../oracle/oracle.ts';

/**
 * One record (or packet) at one interface, and what the layers say of it. Columns are named as in the product
 * contract.
 */
export interface ConformanceCase {
  readonly id: string;
  readonly citation: string;
  /** Folder under `inventories/`. */
  readonly inventory: string;
  readonly at: { readonly eni: string; readonly direction: 'ingress' | 'egress' };
  /** The packet's role; null = the role ladder has to find it from the record. */
  readonly role: 'request' | 'reply' | null;
  readonly packet: CasePacket;
  /** Fields of the record that differ from what the packet gives (`-` = absent). */
  readonly record?: Readonly<Record<string, string>>;
  /** null = the record is never judged: no row, one more in the ledger's counter `ledger`. */
  readonly expect: CaseColumns | null;
  readonly ledger?: 'nodata' | 'skipdata';
  readonly note?: string;
}

export type CaseColumns = Readonly<Record<string, string | null>>;

export interface CasePacket {
  readonly protocol: number;
  readonly src_addr: string;
  readonly dst_addr: string;
  readonly src_port: number;
  readonly dst_port: number;
  /** Known to `explain`, never to a flow log. */
  readonly icmp_type?: number;
  readonly icmp_code?: number;
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Folder of one inventory of the cases, as `--inventory` takes it. */
export function inventoryFolder(name: string): string {
  return here(`inventories/${name}`);
}

export function readCases(): ConformanceCase[] {
  const folder = here('cases');
  return readdirSync(folder)
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as ConformanceCase);
}

/** The documents of a folder, parsed, in file name order. */
export function readDocuments(folder: string): OracleDocument[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((file) => ({ file, content: JSON.parse(readFileSync(join(folder, file), 'utf8')) as unknown }));
}

/** The flow log record that shows the case's packet: v5 fields; TCP flags tell a role that the case gives. */
export function recordOf({ at, role, packet, record }: ConformanceCase): OracleRecord {
  return {
    version: '5',
    'account-id': '111122223333',
    'interface-id': at.eni,
    srcaddr: packet.src_addr,
    dstaddr: packet.dst_addr,
    srcport: String(packet.src_port),
    dstport: String(packet.dst_port),
    protocol: String(packet.protocol),
    packets: '1',
    bytes: '60',
    start: '1700000000',
    end: '1700000060',
    action: '-',
    'log-status': 'OK',
    'pkt-srcaddr': packet.src_addr,
    'pkt-dstaddr': packet.dst_addr,
    'flow-direction': at.direction,
    'tcp-flags': packet.protocol === 6 && role !== null ? (role === 'request' ? '2' : '18') : '-',
    ...record,
  };
}

/** False for cases about a change: their inventory has several versions. */
export function isOneVersion({ inventory }: ConformanceCase): boolean {
  return !VERSIONED.has(inventory);
}

/** Inventories with folders named by instants. */
const VERSIONED: ReadonlySet<string> = new Set(['rule-removed']);

/** True when the record alone shows everything the expectation rests on: no ICMP type, no role but by flags. */
export function fitsRecord({ role, packet }: ConformanceCase): boolean {
  return packet.icmp_type === undefined && (role === null || packet.protocol === 6);
}

/** What is known beside the record: role and ICMP type of the case's packet. */
export function knownOf({ role, packet }: ConformanceCase): JudgeOptions {
  return {
    ...(role === null ? {} : { role }),
    ...(packet.icmp_type === undefined ? {} : { icmpType: packet.icmp_type }),
    ...(packet.icmp_code === undefined ? {} : { icmpCode: packet.icmp_code }),
  };
}
