/**
 * THE column table of a flow record. Names, versions, types and null rules:
 * VPC User Guide, "Flow log records" (v2–v11), and the transit gateway flow log fields (v6).
 * `-` (and empty) is null in every field.
 */

/**
 * How a field is decoded:
 * `u8` `u16` `u64` decimal numbers · `seconds` Unix seconds (milliseconds are recognised above 2^32 and divided) ·
 * `address` IPv4 or IPv6 · `interface` dictionary code of an interface id · `action` `status` `direction` closed words
 * ·
 * `text` carried through as bytes.
 */
export type FieldType =
  | 'u8'
  | 'u16'
  | 'u64'
  | 'seconds'
  | 'address'
  | 'interface'
  | 'action'
  | 'status'
  | 'direction'
  | 'text';

export interface Field {
  /** AWS's name, with hyphens. */
  readonly name: string;
  /** Output column: the name with `_` for `-`. */
  readonly column: string;
  /** Flow log version that brought the field. */
  readonly version: number;
  readonly type: FieldType;
  /** Unit and meaning, for the schema page. */
  readonly doc: string;
}

const field = (name: string, version: number, type: FieldType, doc: string): Field => ({
  name,
  column: name.replaceAll('-', '_'),
  version,
  type,
  doc,
});

export const FIELDS: readonly Field[] = [
  field('version', 2, 'u8', 'highest version among the chosen fields'),
  field('account-id', 2, 'text', 'owner of the interface, 12 digits or unknown'),
  field('interface-id', 2, 'interface', 'interface that logged the record'),
  field('srcaddr', 2, 'address', 'source; the primary private IPv4 of the interface on its own side'),
  field('dstaddr', 2, 'address', 'destination; the primary private IPv4 of the interface on its own side'),
  field('srcport', 2, 'u16', 'source port, 0 without ports'),
  field('dstport', 2, 'u16', 'destination port, 0 without ports'),
  field('protocol', 2, 'u8', 'IANA protocol number'),
  field('packets', 2, 'u64', 'packets in the window'),
  field('bytes', 2, 'u64', 'IP bytes in the window'),
  field('start', 2, 'seconds', 'Unix seconds of the first packet, up to 60 s late'),
  field('end', 2, 'seconds', 'Unix seconds of the last packet, up to 60 s late'),
  field('action', 2, 'action', 'ACCEPT or REJECT'),
  field('log-status', 2, 'status', 'OK, NODATA or SKIPDATA'),
  field('vpc-id', 3, 'text', 'VPC of the interface'),
  field('subnet-id', 3, 'text', 'subnet of the interface'),
  field('instance-id', 3, 'text', 'instance of the interface'),
  field('tcp-flags', 3, 'u8', 'OR of FIN 1, SYN 2, RST 4, SYN-ACK 18 over the window'),
  field('type', 3, 'text', 'IPv4, IPv6 or EFA'),
  field('pkt-srcaddr', 3, 'address', 'source address in the packet'),
  field('pkt-dstaddr', 3, 'address', 'destination address in the packet'),
  field('region', 4, 'text', 'region of the interface'),
  field('az-id', 4, 'text', 'availability zone id'),
  field('sublocation-type', 4, 'text', 'wavelength, outpost or localzone'),
  field('sublocation-id', 4, 'text', 'id of the sublocation'),
  field('pkt-src-aws-service', 5, 'text', 'service code of pkt-srcaddr in the published AWS ranges'),
  field('pkt-dst-aws-service', 5, 'text', 'service code of pkt-dstaddr in the published AWS ranges'),
  field('flow-direction', 5, 'direction', 'ingress or egress, relative to the interface'),
  field('traffic-path', 5, 'u8', 'path of egress traffic, 1–8'),
  field('resource-type', 6, 'text', 'TransitGateway'),
  field('tgw-id', 6, 'text', 'transit gateway'),
  field('tgw-attachment-id', 6, 'text', 'attachment that logged the record'),
  field('tgw-src-vpc-account-id', 6, 'text', 'account of the source VPC'),
  field('tgw-dst-vpc-account-id', 6, 'text', 'account of the destination VPC'),
  field('tgw-src-vpc-id', 6, 'text', 'source VPC'),
  field('tgw-dst-vpc-id', 6, 'text', 'destination VPC'),
  field('tgw-src-subnet-id', 6, 'text', 'source subnet'),
  field('tgw-dst-subnet-id', 6, 'text', 'destination subnet'),
  field('tgw-src-eni', 6, 'text', 'source attachment interface'),
  field('tgw-dst-eni', 6, 'text', 'destination attachment interface'),
  field('tgw-src-az-id', 6, 'text', 'source zone'),
  field('tgw-dst-az-id', 6, 'text', 'destination zone'),
  field('tgw-pair-attachment-id', 6, 'text', 'attachment at the other side'),
  field('packets-lost-no-route', 6, 'u64', 'packets dropped without a route'),
  field('packets-lost-blackhole', 6, 'u64', 'packets dropped by a blackhole'),
  field('packets-lost-mtu-exceeded', 6, 'u64', 'packets dropped by size'),
  field('packets-lost-ttl-expired', 6, 'u64', 'packets dropped by time to live'),
  field('ecs-cluster-arn', 7, 'text', 'ECS cluster'),
  field('ecs-cluster-name', 7, 'text', 'ECS cluster name'),
  field('ecs-container-instance-arn', 7, 'text', 'ECS container instance'),
  field('ecs-container-instance-id', 7, 'text', 'ECS container instance id'),
  field('ecs-container-id', 7, 'text', 'runtime id of the first container'),
  field('ecs-second-container-id', 7, 'text', 'runtime id of the second container'),
  field('ecs-service-name', 7, 'text', 'ECS service'),
  field('ecs-task-definition-arn', 7, 'text', 'ECS task definition'),
  field('ecs-task-arn', 7, 'text', 'ECS task'),
  field('ecs-task-id', 7, 'text', 'ECS task id'),
  field('reject-reason', 8, 'text', 'BPA or EC; never set for security group and network ACL rejects'),
  field('resource-id', 9, 'text', 'regional NAT gateway of the record'),
  field('encryption-status', 10, 'u8', '0 none, 1 Nitro, 2 application, 3 both'),
  field('instance-tag', 11, 'text', 'value of the first chosen instance tag, percent-encoded'),
  field('instance-tag-2', 11, 'text', 'value of the second chosen instance tag'),
  field('interface-tag', 11, 'text', 'value of the first chosen interface tag'),
  field('interface-tag-2', 11, 'text', 'value of the second chosen interface tag'),
  field('asg-tag', 11, 'text', 'value of the first chosen Auto Scaling group tag'),
  field('asg-tag-2', 11, 'text', 'value of the second chosen Auto Scaling group tag'),
  field('interface-type', 11, 'text', 'kind of a requester-managed interface'),
  field('next-hop-interface-id', 11, 'text', 'interface of the next hop'),
  field('next-hop-subnet-id', 11, 'text', 'subnet of the next hop'),
  field('next-hop-az-id', 11, 'text', 'zone of the next hop'),
  field('next-hop-vpc-id', 11, 'text', 'VPC of the next hop'),
  field('next-hop-interface-type', 11, 'text', 'kind of the next hop'),
];

/** Spelling of a name without case and separators: `interface-id`, `interface_id` and `interfaceId` are one. */
export function squash(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

const FIELD_OF_SQUASHED: ReadonlyMap<string, Field> = new Map(FIELDS.map((field) => [squash(field.name), field]));

/** The field of that name, in any spelling. */
export function fieldSpelled(name: string): Field | undefined {
  return FIELD_OF_SQUASHED.get(squash(name));
}

/** The 14 fields of the default format, version 2, in order. */
export const DEFAULT_FORMAT: readonly string[] = FIELDS.slice(0, 14).map((f) => f.name);

/**
 * Bits of `FlowBatch.present`: set when the field of that row is not null; the four `…V6` bits say that the
 * address is IPv6 and stands in `v6`. A cleared row is a row of nulls, so a dropped line costs one store.
 */
export const Present = {
  interfaceId: 0x1,
  srcAddr: 0x2,
  dstAddr: 0x4,
  srcPort: 0x8,
  dstPort: 0x10,
  protocol: 0x20,
  packets: 0x40,
  bytes: 0x80,
  start: 0x100,
  end: 0x200,
  action: 0x400,
  pktSrcAddr: 0x800,
  pktDstAddr: 0x1000,
  tcpFlags: 0x2000,
  flowDirection: 0x4000,
  pktSrcAwsService: 0x8000,
  pktDstAwsService: 0x10000,
  version: 0x20000,
  logStatus: 0x40000,
  vpcId: 0x80000,
  srcAddrV6: 0x1000000,
  dstAddrV6: 0x2000000,
  pktSrcAddrV6: 0x4000000,
  pktDstAddrV6: 0x8000000,
} as const;

/** Word offset of each address inside a row of `FlowBatch.v6` (16 words a row). */
export const V6_WORDS = { srcAddr: 0, dstAddr: 4, pktSrcAddr: 8, pktDstAddr: 12, perRow: 16 } as const;

/** Codes of `FlowBatch.rejectReason`. */
export const RejectReason = { null: 0, bpa: 1, ec: 2, other: 3 } as const;

/** Codes of `FlowBatch.logStatus`; only OK (or absent) rows stay in a batch. */
export const LOG_STATUS = ['null', 'OK', 'NODATA', 'SKIPDATA'] as const;

/** A field that is carried to the output as its bytes: where its values stand in `FlowBatch.text`. */
export interface CarriedColumn {
  /** AWS's name, or the header's own word when unknown. */
  readonly name: string;
  /** Byte offset of each row's value in `text`. */
  readonly offset: Uint32Array;
  /** Byte length; 0 = null. */
  readonly length: Uint32Array;
}

/**
 * Decoded records as columns in Arrow layout (little-endian, fixed width) on one SharedArrayBuffer; row i of every
 * column is the same record. Values of rows whose `present` bit is clear are meaningless. Rows hold only records
 * with log-status OK (or none). Reused: valid until the decoder fills it again.
 */
export interface FlowBatch {
  readonly capacity: number;
  readonly buffer: SharedArrayBuffer;
  /** Rows in use, ≤ capacity. */
  rows: number;
  /** False for transit gateway records: decoded and attributed, never judged. */
  judged: boolean;
  readonly present: Uint32Array;
  /** Dictionary code of interface-id; the decoder's dictionary names it. */
  readonly interfaceId: Int32Array;
  /** Code of vpc-id in the same dictionary. */
  readonly vpcId: Int32Array;
  /** IPv4 as u32; see `v6` when the row's …V6 bit is set. */
  readonly srcAddr: Uint32Array;
  readonly dstAddr: Uint32Array;
  readonly pktSrcAddr: Uint32Array;
  readonly pktDstAddr: Uint32Array;
  /** IPv6 side column: 16 u32 words a row, see V6_WORDS; big-endian word order. */
  readonly v6: Uint32Array;
  readonly srcPort: Uint16Array;
  readonly dstPort: Uint16Array;
  readonly protocol: Uint8Array;
  /** u64 as two u32 halves, low first: the bytes of Arrow's Uint64. */
  readonly packets: Uint32Array;
  readonly bytes: Uint32Array;
  /** Unix seconds. */
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  readonly action: Uint8Array;
  readonly logStatus: Uint8Array;
  readonly tcpFlags: Uint8Array;
  /** Direction code (model/verdict). */
  readonly flowDirection: Uint8Array;
  readonly rejectReason: Uint8Array;
  readonly version: Uint8Array;
  /** Carried fields, only when rows are wanted. */
  carried: readonly CarriedColumn[];
  /** The bytes that carried offsets point into: the slice being decoded. */
  text: Uint8Array;
}

const U32_COLUMNS = 4 + 1 + 2 + 2 + 2 * 2;
const BYTES_PER_ROW = U32_COLUMNS * 4 + V6_WORDS.perRow * 4 + 2 * 2 + 7;

/** Bytes of the columns of a batch. */
export function flowBatchBytes(capacity: number): number {
  return capacity * BYTES_PER_ROW + 64;
}

/** Lays the columns out in `buffer` from `byteOffset` (a multiple of 8) on. */
export function createFlowBatch(
  capacity: number,
  buffer: SharedArrayBuffer = new SharedArrayBuffer(flowBatchBytes(capacity)),
  byteOffset = 0,
): FlowBatch {
  let offset = byteOffset;
  const u32 = (perRow = 1): Uint32Array => {
    const column = new Uint32Array(buffer, offset, capacity * perRow);
    offset += column.byteLength;
    return column;
  };
  const packets = u32(2);
  const bytes = u32(2);
  const words = { srcAddr: u32(), dstAddr: u32(), pktSrcAddr: u32(), pktDstAddr: u32(), start: u32(), end: u32() };
  const present = u32();
  const code = (): Int32Array => {
    const column = new Int32Array(buffer, offset, capacity);
    offset += column.byteLength;
    return column;
  };
  const codes = { interfaceId: code(), vpcId: code() };
  const v6 = u32(V6_WORDS.perRow);
  const u16 = (): Uint16Array => {
    const column = new Uint16Array(buffer, offset, capacity);
    offset += column.byteLength;
    return column;
  };
  const ports = { srcPort: u16(), dstPort: u16() };
  const u8 = (): Uint8Array => {
    const column = new Uint8Array(buffer, offset, capacity);
    offset += column.byteLength;
    return column;
  };
  return {
    capacity,
    buffer,
    rows: 0,
    judged: true,
    present,
    ...codes,
    ...words,
    v6,
    ...ports,
    protocol: u8(),
    packets,
    bytes,
    action: u8(),
    logStatus: u8(),
    tcpFlags: u8(),
    flowDirection: u8(),
    rejectReason: u8(),
    version: u8(),
    carried: [],
    text: new Uint8Array(0),
  };
}
