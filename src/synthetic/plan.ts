import { type Block, block } from './addresses.ts';

/** The address plan: constants of every world. */

export const ACCOUNT = '123456789012';
export const REGION = 'us-east-1';
export const ZONES: readonly { readonly name: string; readonly id: string }[] = [
  { name: 'us-east-1a', id: 'use1-az1' },
  { name: 'us-east-1b', id: 'use1-az2' },
  { name: 'us-east-1c', id: 'use1-az4' },
];
export const CLUSTER = 'lab';

/** 2026-03-02T08:00:00Z, Unix seconds. */
export const SPAN_START: number = Date.UTC(2026, 2, 2, 8) / 1000;

export const VPC_BLOCK: Block = block('10.42.0.0/16');
/** Shared address space that custom networking takes its /16 blocks from. */
export const POD_RANGE: Block = block('100.64.0.0/10');
export const PUBLIC_SUBNETS: readonly Block[] = [block('10.42.0.0/24'), block('10.42.1.0/24'), block('10.42.2.0/24')];
export const DATABASE_SUBNETS: readonly Block[] = [block('10.42.4.0/24'), block('10.42.5.0/24'), block('10.42.6.0/24')];
export const PRIVATE_SUBNETS: readonly Block[] = [
  block('10.42.64.0/18'),
  block('10.42.128.0/18'),
  block('10.42.192.0/18'),
];

/** The VPC at the other end of the peering connection; its interfaces are not in the inventory. */
export const PEERED: Block = block('10.90.0.0/16');
/** A peer that was deleted: its route is a blackhole. */
export const DELETED_PEER: Block = block('10.50.0.0/16');
/** Networks behind the transit gateway. */
export const CORPORATE: readonly Block[] = [block('10.200.0.0/16'), block('172.20.0.0/16')];
/** Amazon S3 as the gateway endpoint's prefix list names it. */
export const S3: readonly Block[] = [block('52.216.0.0/15'), block('3.5.0.0/19')];
/** TEST-NET-2 (RFC 5737): hosts the public network ACL keeps out. */
export const SCANNERS: Block = block('198.51.100.0/24');
/** Where internet servers and clients live. */
export const INTERNET_SERVERS: readonly Block[] = [
  block('142.250.0.0/15'),
  block('151.101.0.0/16'),
  block('104.16.0.0/13'),
];
export const INTERNET_CLIENTS: readonly Block[] = [block('81.0.0.0/8'), block('203.0.113.0/24'), block('24.0.0.0/8')];
/** Partners that security groups let in and that never come: the benchmark range (RFC 2544), which no traffic uses. */
export const PARTNERS: Block = block('198.18.0.0/15');
export const SERVICE_RANGE: Block = block('172.21.0.0/16');
