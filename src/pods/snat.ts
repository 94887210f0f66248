import type { EniKind, Inventory } from '../inventory/inventory.ts';
import type { Cidr } from '../model/ip.ts';
import { hasPodsOnInterface, wordMask } from './lookup.ts';
import type { PodMapView } from './pod-map.ts';

/**
 * Whose packets may leave by a node's primary interface under the node's address (amazon-vpc-cni-k8s, "SNAT"): with
 * source NAT those of every pod of the node, to destinations outside the VPC's CIDRs and the excluded ones; those of
 * hostNetwork pods always. Shared memory; nothing is copied per worker.
 */
export interface SnatTable {
  /** Interfaces of the node whose primary interface is e, that one first: [first[e], first[e + 1]); none = no node. */
  readonly first: Int32Array;
  readonly enis: Int32Array;
  /** IPv4 destinations that are not translated: pairs (base, mask) of VPC v at [keptFirst[v], keptFirst[v + 1]). */
  readonly keptFirst: Int32Array;
  readonly kept: Uint32Array;
  /** 1 = the pod has the node's address. */
  readonly hostPods: Uint8Array;
  /** 1 = pods keep their own addresses everywhere. */
  readonly external: number;
}

/** The pods that may stand behind a node's address. */
export const Behind = { nobody: 0, hostPods: 1, allPods: 2 } as const;

const NODE_KINDS: readonly EniKind[] = ['node-primary', 'node-secondary', 'node-trunk'];

export function buildSnat(inventory: Inventory): SnatTable {
  const { networkInterfaces, vpcs, pods, awsNode } = inventory;
  const kinds: readonly EniKind[] = awsNode.strictBranches ? NODE_KINDS : [...NODE_KINDS, 'pod-branch'];
  const ofInstance = new Map<string, number[]>();
  networkInterfaces.forEach(({ instanceId, kind }, e) => {
    if (instanceId === null || !kinds.includes(kind)) return;
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
    keptFirst: shared(Int32Array, offsets(kept.map((pairs) => pairs.length / 2))),
    kept: shared(Uint32Array, kept.flat()),
    hostPods: shared(
      Uint8Array,
      pods.map((pod) => (pod.hostNetwork ? 1 : 0)),
    ),
    external: awsNode.externalSnat ? 1 : 0,
  };
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

/**
 * Who may have sent what left interface `eni` of VPC `vpc` under its own address for `destination` (u32, −1 = outside
 * for certain) in the window: a Behind code.
 */
export function podsBehind(
  snat: SnatTable,
  pods: PodMapView,
  eni: number,
  vpc: number,
  destination: number,
  start: number,
  end: number,
): number {
  const from = snat.first[eni]!;
  const to = snat.first[eni + 1]!;
  // what the VPC's CIDRs are must be known
  if (from === to || vpc < 0 || vpc + 1 >= snat.keptFirst.length || isInVpc(pods, vpc, destination))
    return Behind.nobody;
  if (snat.external === 0 && !isKept(snat, vpc, destination)) {
    for (let i = from; i < to; i++) if (hasPodsOnInterface(pods, snat.enis[i]!, start, end)) return Behind.allPods;
    return Behind.nobody;
  }
  return hasHostPods(pods, eni, start, end) ? Behind.hostPods : Behind.nobody;
}

function isInVpc(pods: PodMapView, vpc: number, address: number): boolean {
  if (address < 0) return false;
  const { vpcFirst, vpcCidrs } = pods;
  for (let i = vpcFirst[vpc]!; i < vpcFirst[vpc + 1]!; i++)
    if (((address ^ vpcCidrs[2 * i]!) & vpcCidrs[2 * i + 1]!) === 0) return true;
  return false;
}

function isKept({ kept, keptFirst }: SnatTable, vpc: number, address: number): boolean {
  if (address < 0) return false;
  for (let i = keptFirst[vpc]!; i < keptFirst[vpc + 1]!; i++)
    if (((address ^ kept[2 * i]!) & kept[2 * i + 1]!) === 0) return true;
  return false;
}

function hasHostPods(pods: PodMapView, eni: number, start: number, end: number): boolean {
  const { hostFirst, hostStart, hostEnd } = pods;
  const from = Math.min(start, end);
  const to = Math.max(start, end, from + 1);
  for (let i = hostFirst[eni]!; i < hostFirst[eni + 1]!; i++) if (hostStart[i]! < to && hostEnd[i]! > from) return true;
  return false;
}
