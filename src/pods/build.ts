import type { Inventory, InventoryWarning } from '../inventory/inventory.ts';
import { ANY_VPC, hashKey, IPV4_ENTRY, wordMask } from './lookup.ts';
import { listenerTable } from './listeners.ts';
import { packPodMap } from './pod-map.ts';
import { buildTimeline, type Entry, type Holding } from './timeline.ts';

export interface BuiltPodMap {
  readonly buffer: SharedArrayBuffer;
  readonly byteLength: number;
  readonly warnings: readonly InventoryWarning[];
}

/** Builds the pod map of one inventory version; the same inventory gives the same bytes. */
export function buildPodMap(inventory: Inventory): BuiltPodMap {
  const { entries, warnings } = buildTimeline(inventory);
  const vpcs = vpcTable(inventory);
  const perEni = interfaceTables(inventory, entries);
  const holdings = entries.flatMap((entry) => entry.holdings);
  const packed = packPodMap({
    eniPrimaryEntry: primaryEntries(inventory, entries),
    entryEni: Int32Array.from(entries, (e) => e.eni),
    entryIsPrimary: Uint8Array.from(entries, (e) => (e.isPrimary ? 1 : 0)),
    entryFirst: offsets(entries.map((e) => e.holdings.length)),
    intervalStart: Uint32Array.from(holdings, (h) => h.start),
    intervalEnd: Uint32Array.from(holdings, (h) => h.end),
    intervalPod: Int32Array.from(holdings, (h) => h.pod),
    slots: slotTable(entries),
    entryVpc: Int32Array.from(entries, (e) => e.vpc),
    entryWords: Uint32Array.from(entries.flatMap((e) => e.words)),
    entryLength: Uint8Array.from(entries, (e) => e.length),
    prefixLengths: prefixLengths(entries),
    ...vpcs,
    ...perEni,
    listenerKeys: listenerTable(inventory),
  });
  return { ...packed, warnings };
}

/** Prefix sums: list i is [offsets[i], offsets[i + 1]). */
function offsets(counts: readonly number[]): Int32Array {
  const sums = new Int32Array(counts.length + 1);
  counts.forEach((count, i) => {
    sums[i + 1] = (sums[i] ?? 0) + count;
  });
  return sums;
}

function slotTable(entries: readonly Entry[]): Int32Array {
  let size = 2;
  while (size < entries.length * 2) size *= 2;
  const slots = new Int32Array(size).fill(-1);
  entries.forEach(({ vpc, words, length }, index) => {
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
    let slot = hashKey(vpc, w0 & wordMask(32), w1, w2, w3, length) & (size - 1);
    while ((slots[slot] ?? -1) >= 0) slot = (slot + 1) & (size - 1);
    slots[slot] = index;
  });
  return slots;
}

function prefixLengths(entries: readonly Entry[]): Int32Array {
  const lengths = new Set(entries.map((e) => e.length).filter((length) => length !== IPV4_ENTRY && length !== 128));
  return Int32Array.from([...lengths].sort((a, b) => b - a));
}

function vpcTable(inventory: Inventory): { readonly vpcFirst: Int32Array; readonly vpcCidrs: Uint32Array } {
  const cidrs = inventory.vpcs.map((vpc) => vpc.cidrs.filter((cidr) => cidr.family === 4));
  return {
    vpcFirst: offsets(cidrs.map((list) => list.length)),
    vpcCidrs: Uint32Array.from(cidrs.flat().flatMap((cidr) => [cidr.words[0], wordMask(cidr.length)])),
  };
}

function primaryEntries(inventory: Inventory, entries: readonly Entry[]): Int32Array {
  const primary = new Int32Array(inventory.networkInterfaces.length).fill(-1);
  entries.forEach((entry, index) => {
    if (entry.isPrimary && entry.vpc !== ANY_VPC && entry.eni >= 0) primary[entry.eni] = index;
  });
  return primary;
}

interface InterfaceTables {
  readonly coverFirst: Int32Array;
  readonly coverStart: Uint32Array;
  readonly coverEnd: Uint32Array;
  readonly eniFirst: Int32Array;
  readonly eniStart: Uint32Array;
  readonly eniEnd: Uint32Array;
  readonly eniPod: Int32Array;
}

function interfaceTables(inventory: Inventory, entries: readonly Entry[]): InterfaceTables {
  const lists: Holding[][] = inventory.networkInterfaces.map(() => []);
  for (const entry of entries) if (entry.vpc !== ANY_VPC) lists[entry.eni]?.push(...entry.holdings);
  addHostNetworkPods(inventory, lists);
  for (const list of lists) list.sort((a, b) => a.start - b.start || a.pod - b.pod);
  const covers = lists.map(coverOf);
  const all = lists.flat();
  const cover = covers.flat();
  return {
    coverFirst: offsets(covers.map((c) => c.length)),
    coverStart: Uint32Array.from(cover, (c) => c.start),
    coverEnd: Uint32Array.from(cover, (c) => c.end),
    eniFirst: offsets(lists.map((list) => list.length)),
    eniStart: Uint32Array.from(all, (h) => h.start),
    eniEnd: Uint32Array.from(all, (h) => h.end),
    eniPod: Int32Array.from(all, (h) => h.pod),
  };
}

/** hostNetwork pods share the node's primary address: they live on that interface, not in the address map. */
function addHostNetworkPods(inventory: Inventory, lists: readonly Holding[][]): void {
  const primaries = new Map<string, number[]>();
  inventory.networkInterfaces.forEach((eni, e) => {
    if (eni.primary === null) return;
    const key = eni.primary.words.join(',');
    primaries.set(key, [...(primaries.get(key) ?? []), e]);
  });
  inventory.pods.forEach((pod, p) => {
    if (!pod.hostNetwork) return;
    for (const e of primaries.get(pod.address.words.join(',')) ?? []) {
      const vpcId = inventory.networkInterfaces[e]?.vpcId;
      if (pod.vpcId !== null && vpcId !== pod.vpcId) continue;
      const start = Math.max(0, Math.min(pod.startSeconds, 0xffff_ffff));
      lists[e]?.push({ start, end: Math.max(0, Math.min(pod.endSeconds, 0xffff_ffff)), pod: p });
    }
  });
}

/** Union of sorted intervals. */
function coverOf(holdings: readonly Holding[]): { readonly start: number; end: number }[] {
  const union: { readonly start: number; end: number }[] = [];
  for (const { start, end } of holdings) {
    const last = union.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else union.push({ start, end });
  }
  return union;
}
