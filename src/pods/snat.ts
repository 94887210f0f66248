import type { EniKind, Inventory } from '../inventory/inventory.ts';
import type { Cidr } from '../model/ip.ts';
import { wordMask } from './lookup.ts';

/**
 * Whose packets may leave by a node's primary interface under the node's address (amazon-vpc-cni-k8s, "SNAT"): with
 * source NAT those of every pod of the node, to destinations outside the VPC's CIDRs and the excluded ones; those of
 * hostNetwork pods always. Pods of an IPv6 cluster reach every IPv4 address that way (README, ENABLE_V4_EGRESS; its
 * nodes are those with delegated IPv6 prefixes). Shared memory; nothing is copied per worker.
 */
export interface SnatTable {
  /** Interfaces of the node whose primary interface is e, that one first: [first[e], first[e + 1]); none = no node. */
  readonly first: Int32Array;
  readonly enis: Int32Array;
  /** 1 = whatever leaves that node for IPv4 may be any of its pods': 1 byte an interface, for primary ones. */
  readonly always: Uint8Array;
  /** IPv4 destinations that are not translated: pairs (base, mask) of VPC v at [keptFirst[v], keptFirst[v + 1]). */
  readonly keptFirst: Int32Array;
  readonly kept: Uint32Array;
  /** 1 = the pod has the node's address. */
  readonly hostPods: Uint8Array;
  /** 1 = pods keep their own addresses everywhere. */
  readonly external: number;
}

/**
 * The pods that may stand behind a node's address: a row's code is in bits 0 and 1 when the node is its source, in
 * bits 2 and 3 when it is its destination.
 */
export const Behind = { nobody: 0, hostPods: 1, allPods: 2 } as const;

/** Code of Behind that a row has for one side. */
export function behindSide(behind: number, side: 'src' | 'dst'): number {
  return side === 'src' ? behind & 3 : behind >> 2;
}

const NODE_KINDS: readonly EniKind[] = ['node-primary', 'node-secondary', 'node-trunk'];

export function buildSnat(inventory: Inventory): SnatTable {
  const { networkInterfaces, vpcs, pods, awsNode } = inventory;
  const sixes = awsNode.v4Egress ? nodesOfIpv6(inventory) : new Set();
  const ofInstance = new Map<string, number[]>();
  networkInterfaces.forEach(({ instanceId, kind }, e) => {
    const isBranch = kind === 'pod-branch' && (!awsNode.strictBranches || sixes.has(instanceId));
    if (instanceId === null || !(isBranch || NODE_KINDS.includes(kind))) return;
    ofInstance.set(instanceId, [...(ofInstance.get(instanceId) ?? []), e]);
  });
  const groups = networkInterfaces.map(({ instanceId, kind }, e) => {
    if (kind !== 'node-primary') return [];
    return [e, ...(ofInstance.get(instanceId ?? '') ?? []).filter((other) => other !== e)];
  });
  const kept = vpcs.map(({ cidrs }) => [...cidrs, ...awsNode.excludedCidrs].flatMap(pairOf));
  return {
    first: shared(Int32Array, offsets(groups.map((group) => group.length))),
    enis: shared(Int32Array, groups.flat()),
    always: shared(
      Uint8Array,
      groups.map((group, e) => (group.length > 0 && sixes.has(networkInterfaces[e]?.instanceId ?? null) ? 1 : 0)),
    ),
    keptFirst: shared(Int32Array, offsets(kept.map((pairs) => pairs.length / 2))),
    kept: shared(Uint32Array, kept.flat()),
    hostPods: shared(
      Uint8Array,
      pods.map((pod) => (pod.hostNetwork ? 1 : 0)),
    ),
    external: awsNode.externalSnat ? 1 : 0,
  };
}

/** Instances whose pods have IPv6 addresses: a cluster has pods of one family, IPv6 ones out of delegated prefixes. */
function nodesOfIpv6({ networkInterfaces }: Inventory): ReadonlySet<string | null> {
  const delegated = networkInterfaces.filter(({ kind, prefixes }) => NODE_KINDS.includes(kind) && prefixes.some(isSix));
  return new Set(delegated.map(({ instanceId }) => instanceId).filter((id) => id !== null));
}

function isSix({ family }: Cidr): boolean {
  return family === 6;
}

function pairOf(cidr: Cidr): number[] {
  return cidr.family === 4 ? [cidr.words[0], wordMask(cidr.length) >>> 0] : [];
}

function offsets(counts: readonly number[]): number[] {
  const sums = [0];
  for (const count of counts) sums.push((sums.at(-1) ?? 0) + count);
  return sums;
}

interface SharedArray<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: SharedArrayBuffer): T;
}

function shared<T extends Int32Array | Uint32Array | Uint8Array>(kind: SharedArray<T>, values: readonly number[]): T {
  const array = new kind(new SharedArrayBuffer(values.length * kind.BYTES_PER_ELEMENT));
  array.set(values);
  return array;
}
