import { cidrText } from './addresses.ts';
import { CORPORATE, POD_RANGE, PRIVATE_SUBNETS, SCANNERS, VPC_BLOCK } from './plan.ts';

/**
 * Who may talk to whom: the intent. Security groups and network ACLs are written from these tables, and the traffic
 * carries their meaning by construction; nothing here evaluates a rule.
 */

/** A set of interfaces with one security group of its own; `none` = no group (NAT gateways). */
export const TIERS = [
  'none',
  'node',
  'custom',
  'payments',
  'lb',
  'db',
  'cluster',
  'endpoint',
  'bastion',
  'backup',
] as const;
export type Tier = (typeof TIERS)[number];

/** Tiers whose interfaces may start anything outward; the others only what an intent names. */
export const OPEN_EGRESS: readonly Tier[] = ['node', 'custom', 'lb', 'cluster', 'endpoint', 'bastion'];

/** Either end of an intent that is no tier: an IPv4 block, or a prefix list. */
export type Outside = { readonly cidr: string } | { readonly prefixList: 's3' | 'corporate' };

export interface Intent {
  readonly from: Tier | Outside;
  readonly to: Tier | Outside;
  /** AWS's word: `tcp`, `udp`, `icmp`, `-1`. */
  readonly protocol: string;
  /** Ports; ICMP type and code. */
  readonly ports: readonly [number, number] | null;
}

/** Ports of applications behind load balancers and between tiers. */
export const APP_PORTS: readonly [number, number] = [8000, 8999];
export const DB_PORT = 5432;
export const REPLICATION_PORT = 5433;
export const KUBELET_PORT = 10250;

const COMPUTE: readonly Tier[] = ['node', 'custom'];

function toCompute(from: Tier | Outside, protocol: string, ports: readonly [number, number] | null): Intent[] {
  return COMPUTE.map((to) => ({ from, to, protocol, ports }));
}

export const INTENTS: readonly Intent[] = [
  ...COMPUTE.flatMap((from) => toCompute(from, '-1', null)),
  ...toCompute('lb', 'tcp', APP_PORTS),
  ...toCompute('payments', 'tcp', APP_PORTS),
  ...toCompute('payments', 'udp', [53, 53]),
  ...toCompute('payments', 'tcp', [53, 53]),
  ...toCompute('backup', 'tcp', APP_PORTS),
  ...toCompute({ prefixList: 'corporate' }, 'tcp', APP_PORTS),
  ...(['node', 'custom', 'lb'] as const).map(
    (from) => ({ from, to: 'payments', protocol: 'tcp', ports: APP_PORTS }) as const,
  ),
  { from: { cidr: cidrText(VPC_BLOCK) }, to: 'node', protocol: 'tcp', ports: [30000, 32767] },
  { from: 'cluster', to: 'node', protocol: 'tcp', ports: [KUBELET_PORT, KUBELET_PORT] },
  ...COMPUTE.map((from) => ({ from, to: 'cluster', protocol: 'tcp', ports: [443, 443] }) as const),
  ...(['node', 'custom', 'payments', 'bastion', 'backup'] as const).map(
    (from) => ({ from, to: 'db', protocol: 'tcp', ports: [DB_PORT, DB_PORT] }) as const,
  ),
  { from: 'db', to: 'db', protocol: 'tcp', ports: [REPLICATION_PORT, REPLICATION_PORT] },
  { from: { cidr: cidrText(VPC_BLOCK) }, to: 'endpoint', protocol: 'tcp', ports: [443, 443] },
  { from: { cidr: cidrText(POD_RANGE) }, to: 'endpoint', protocol: 'tcp', ports: [443, 443] },
  { from: 'payments', to: 'endpoint', protocol: 'tcp', ports: [443, 443] },
  { from: 'payments', to: { prefixList: 's3' }, protocol: 'tcp', ports: [443, 443] },
  { from: { prefixList: 'corporate' }, to: 'bastion', protocol: 'tcp', ports: [22, 22] },
  { from: { cidr: '0.0.0.0/0' }, to: 'lb', protocol: 'tcp', ports: [80, 80] },
  { from: { cidr: '0.0.0.0/0' }, to: 'lb', protocol: 'tcp', ports: [443, 443] },
  // path MTU discovery; no ICMP is ever sent to a load balancer here, so its missing type never matters
  { from: { cidr: '0.0.0.0/0' }, to: 'lb', protocol: 'icmp', ports: [3, 4] },
];

/** One numbered entry of a network ACL as it is meant. */
export interface AclEntry {
  readonly number: number;
  readonly egress: boolean;
  readonly allow: boolean;
  /** IANA number as AWS prints it, `-1` = all. */
  readonly protocol: string;
  readonly ports: readonly [number, number] | null;
  readonly cidr: string;
}

const EPHEMERAL: readonly [number, number] = [32768, 65535];
const ANYWHERE = '0.0.0.0/0';

function entry(
  number: number,
  way: 'in' | 'out',
  action: 'allow' | 'deny',
  what: readonly [string, readonly [number, number] | null],
  cidr: string,
): AclEntry {
  return { number, egress: way === 'out', allow: action === 'allow', protocol: what[0], ports: what[1], cidr };
}

const ALL = ['-1', null] as const;

export const OPEN_ACL: readonly AclEntry[] = [
  entry(100, 'in', 'allow', ALL, ANYWHERE),
  entry(100, 'out', 'allow', ALL, ANYWHERE),
];

/** Public subnets keep a known scanner network out. */
export const PUBLIC_ACL: readonly AclEntry[] = [...OPEN_ACL, entry(50, 'in', 'deny', ALL, cidrText(SCANNERS))];

/**
 * Database subnets. Pods of custom networking are kept out (90); replies may only go to the private subnets (100–102),
 * and come in only from the VPC's own block (110). In the order an API prints them: not by number.
 */
export const DATABASE_ACL: readonly AclEntry[] = [
  entry(100, 'in', 'allow', ['6', [DB_PORT, DB_PORT]], cidrText(VPC_BLOCK)),
  entry(90, 'in', 'deny', ['6', [DB_PORT, DB_PORT]], cidrText(POD_RANGE)),
  entry(110, 'in', 'allow', ['6', EPHEMERAL], cidrText(VPC_BLOCK)),
  ...PRIVATE_SUBNETS.map((subnet, zone) => entry(100 + zone, 'out', 'allow', ['6', EPHEMERAL], cidrText(subnet))),
  entry(110, 'out', 'allow', ['6', APP_PORTS], cidrText(VPC_BLOCK)),
  entry(120, 'out', 'allow', ['6', APP_PORTS], cidrText(POD_RANGE)),
];

/** Entries of the customer-managed prefix list: networks behind the transit gateway. */
export const CORPORATE_CIDRS: readonly string[] = CORPORATE.map(cidrText);
