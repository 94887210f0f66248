import type { Kind } from '../model/verdict.ts';
import type { Block } from './addresses.ts';
import type { WorldOptions } from './options.ts';
import type { Tier } from './security.ts';

/** A generated account and cluster. Everything is plain data; indices point into the arrays of the same world. */
export interface World {
  readonly options: WorldOptions;
  /** Unix seconds, [start, end). */
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly ids: NetworkIds;
  /** IPv4 blocks of the VPC, the primary one first. */
  readonly vpcBlocks: readonly Block[];
  readonly subnets: readonly Subnet[];
  readonly enis: readonly Eni[];
  readonly nodes: readonly Node[];
  readonly workloads: readonly Workload[];
  readonly lives: Lives;
  /** Interfaces by what they are there for; indices into `enis`. */
  readonly fixtures: Fixtures;
}

/** Ids of things that stand alone. Arrays are by zone. */
export interface NetworkIds {
  readonly vpc: string;
  readonly internetGateway: string;
  readonly transitGateway: string;
  readonly transitGatewayAttachment: string;
  readonly peering: string;
  readonly peerVpc: string;
  readonly deletedPeering: string;
  readonly s3Endpoint: string;
  readonly interfaceEndpoint: string;
  readonly s3List: string;
  readonly corporateList: string;
  readonly flowLog: string;
  readonly natGateways: readonly string[];
  readonly groups: Readonly<Record<Tier, string>>;
  readonly acls: Readonly<Record<AclName, string>>;
  readonly publicRouteTable: string;
  readonly mainRouteTable: string;
  readonly privateRouteTables: readonly string[];
  readonly networkLoadBalancer: string;
  readonly applicationLoadBalancer: string;
}

export type AclName = 'default' | 'public' | 'database';
export type SubnetRole = 'public' | 'private' | 'database' | 'pod';

export interface Subnet {
  readonly id: string;
  readonly role: SubnetRole;
  /** Index into plan's ZONES. */
  readonly zone: number;
  readonly block: Block;
}

export interface Eni {
  readonly id: string;
  readonly subnet: number;
  readonly tier: Tier;
  /** Code of model/verdict's Kind when an address is the interface's own and no pod's. */
  readonly kind: (typeof Kind)[keyof typeof Kind];
  readonly primary: number;
  /** Secondary private addresses. */
  readonly secondary: number[];
  /** First addresses of delegated /28 prefixes. */
  readonly prefixes: number[];
  readonly publicAddress: number | null;
  readonly instanceId: string | null;
  /** Index into `nodes`, −1 = of no node. */
  readonly node: number;
  readonly deviceIndex: number;
  readonly interfaceType: string;
  readonly description: string;
  readonly requesterManaged: boolean;
  readonly tags: readonly (readonly [key: string, value: string])[];
}

/** How a node gives its pods addresses. */
export type NodeMode = 'trunk' | 'custom' | 'prefix' | 'secondary';

export interface Node {
  readonly name: string;
  readonly instanceId: string;
  readonly zone: number;
  readonly mode: NodeMode;
  readonly primaryEni: number;
  /** −1 = no trunk interface. */
  readonly trunkEni: number;
}

/** What the pods of a workload are and how they listen. */
export interface Workload {
  readonly namespace: string;
  readonly name: string;
  readonly kind: 'Deployment' | 'StatefulSet' | 'Job' | 'DaemonSet';
  readonly protocol: 6 | 17;
  /** Port it serves; 0 = it serves nothing. */
  readonly port: number;
  /** A containerPort names it. */
  readonly declared: boolean;
  /** Type of the Service in front; null = none. */
  readonly service: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | null;
  /** 0 = none. */
  readonly nodePort: number;
  readonly replicas: number;
  /** Its replicas are `[firstReplica, firstReplica + replicas)`. */
  readonly firstReplica: number;
  /** Pods come and go within the span. */
  readonly churns: boolean;
  /** Pods live on branch interfaces with the payments group. */
  readonly branch: boolean;
  readonly hostNetwork: boolean;
  /** pod-template-hash. */
  readonly templateHash: string;
}

/**
 * One life = one pod: an address from start to end. Struct of arrays; the lives of replica r are
 * [replicaFirst[r], replicaFirst[r + 1]), by time, never overlapping.
 */
export interface Lives {
  readonly count: number;
  readonly replicaFirst: Int32Array;
  readonly workload: Int32Array;
  readonly replica: Int32Array;
  readonly address: Uint32Array;
  readonly eni: Int32Array;
  readonly node: Int32Array;
  /** Unix seconds, [start, end); end FOREVER = alive at the end of the span. */
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}

export const FOREVER = 0xffff_ffff;

export interface Fixtures {
  /** By zone. */
  readonly nat: readonly number[];
  readonly networkLoadBalancer: readonly number[];
  readonly applicationLoadBalancer: readonly number[];
  readonly controlPlane: readonly number[];
  readonly endpoint: readonly number[];
  /** Two of each zone: 2z and 2z + 1 share a subnet. */
  readonly database: readonly number[];
  /** By zone. */
  readonly bastion: readonly number[];
  /** By zone, in the database subnets. */
  readonly backup: readonly number[];
  /** Interfaces without traffic. */
  readonly idle: readonly number[];
}

/** No address but the primary one: the default format shows it as it is. */
export function showsOwnAddress(eni: Eni): boolean {
  return eni.secondary.length === 0 && eni.prefixes.length === 0;
}

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_COUNT = 27 ** 5;
/** Prime to 27, so that different lives get different suffixes. */
const SUFFIX_STEP = 7_368_787;

/** Five letters of the alphabet Kubernetes takes for generated names; different for each of 14 million lives. */
function nameSuffix(life: number): string {
  let value = (life * SUFFIX_STEP + 1_234_567) % SUFFIX_COUNT;
  let text = '';
  for (let i = 0; i < 5; i++) {
    text += SUFFIX_ALPHABET[value % 27];
    value = Math.floor(value / 27);
  }
  return text;
}

/** Name of a life's pod. */
export function podName(world: World, life: number): string {
  const { lives, workloads } = world;
  const workload = workloads[lives.workload[life] ?? -1];
  if (workload === undefined) return '';
  const ordinal = (lives.replica[life] ?? 0) - workload.firstReplica;
  if (workload.kind === 'StatefulSet') return `${workload.name}-${ordinal}`;
  if (workload.kind === 'Deployment') return `${workload.name}-${workload.templateHash}-${nameSuffix(life)}`;
  if (workload.kind === 'Job') return `${workload.name}-${29_000_000 + life}-${nameSuffix(life)}`;
  return `${workload.name}-${nameSuffix(life)}`;
}
