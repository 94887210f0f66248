import type { Inventory, InventoryWarning } from '../inventory/inventory.ts';
import { podsByInterface } from './interface-pods.ts';
import { listenerPorts, listenerTable } from './listeners.ts';
import { ANY_VPC, hashKey, IPV4_ENTRY, wordMask } from './lookup.ts';
import { ENTRY_STRIDE, packPodMap } from './pod-map.ts';
import { type AddressKey, addressKey, buildTimeline, type Entry, type Holding } from './timeline.ts';
import { numberVpcs } from './vpc-numbers.ts';

export interface BuiltPodMap {
  readonly buffer: SharedArrayBuffer;
  readonly byteLength: number;
  readonly warnings: readonly InventoryWarning[];
}

/** Builds the pod map of one inventory version; the same inventory gives the same bytes. */
export function buildPodMap(inventory: Inventory): BuiltPodMap {
  const vpcs = numberVpcs(inventory);
  const { entries, eniPrimaryEntry, warnings } = buildTimeline(inventory, vpcs);
  const onInterfaces = podsByInterface(inventory, entries, vpcs);
  const listenerKeys = listenerTable(inventory, onInterfaces);
  const packed = packPodMap({
    eniPrimaryEntry,
    eniVpc: vpcs.ofInterface,
    entryEni: Int32Array.from(entries, (e) => e.eni),
    entryIsOwn: Uint8Array.from(entries, (e) => (e.isOwn ? 1 : 0)),
    entryRecords: entryRecords(entries),
    intervals: Uint32Array.from(entries.flatMap((e) => e.holdings.flatMap(({ start, end, pod }) => [start, end, pod]))),
    slots: slotTable(
      entries,
      entries.map((entry) => entry.vpc),
    ),
    anySlots: slotTable(entries, firstOfAddress(entries)),
    entryVpc: Int32Array.from(entries, (e) => e.vpc),
    entryIsOnly: Uint8Array.from(entries, (e) => (e.isOnly ? 1 : 0)),
    prefixLengths: prefixLengths(entries),
    ...vpcTable(inventory, vpcs.count),
    ...interfaceTables(onInterfaces),
    listenerKeys,
    listenerPorts: listenerPorts(listenerKeys),
  });
  return { ...packed, warnings };
}

function entryRecords(entries: readonly Entry[]): Uint32Array {
  const records = new Uint32Array(entries.length * ENTRY_STRIDE);
  let first = 0;
  entries.forEach(({ words, vpc, length, holdings }, index) => {
    records.set([...words, vpc, length, first, holdings.length], index * ENTRY_STRIDE);
    first += holdings.length;
  });
  return records;
}

/** Prefix sums: list i is [offsets[i], offsets[i + 1]). */
function offsets(counts: readonly number[]): Int32Array {
  const sums = new Int32Array(counts.length + 1);
  counts.forEach((count, i) => {
    sums[i + 1] = (sums[i] ?? 0) + count;
  });
  return sums;
}

/** Entries by key, load ≤ 0.5; `scopes` = the VPC in each entry's key, null leaves the entry out. */
function slotTable(entries: readonly Entry[], scopes: readonly (number | null)[]): Int32Array {
  let size = 2;
  while (size < entries.length * 2) size *= 2;
  const slots = new Int32Array(size).fill(-1);
  entries.forEach(({ words, length }, index) => {
    const scope = scopes[index] ?? null;
    if (scope === null) return;
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
    let slot = hashKey(scope, w0, w1, w2, w3, length) & (size - 1);
    while ((slots[slot] ?? -1) >= 0) slot = (slot + 1) & (size - 1);
    slots[slot] = index;
  });
  return slots;
}

/** One entry stands for an address that several VPCs hold: its `isOnly` says that nobody answers from elsewhere. */
function firstOfAddress(entries: readonly Entry[]): (number | null)[] {
  const seen = new Set<AddressKey>();
  return entries.map(({ words, length }) => {
    const key = addressKey(words, length);
    if (seen.has(key)) return null;
    seen.add(key);
    return ANY_VPC;
  });
}

function prefixLengths(entries: readonly Entry[]): Int32Array {
  const lengths = new Set(entries.map((e) => e.length).filter((length) => length !== IPV4_ENTRY && length !== 128));
  return Int32Array.from([...lengths].sort((a, b) => b - a));
}

/** CIDRs of every VPC number; of VPCs that are only named none is known. */
function vpcTable(
  inventory: Inventory,
  count: number,
): Record<'vpcFirst' | 'vpcFirst6', Int32Array> & Record<'vpcCidrs' | 'vpcCidrs6', Uint32Array> {
  const cidrs = Array.from({ length: count }, (_, vpc) => inventory.vpcs[vpc]?.cidrs ?? []);
  const v4 = cidrs.map((list) => list.flatMap((c) => (c.family === 4 ? [[c.words[0], wordMask(c.length)]] : [])));
  const v6 = cidrs.map((list) =>
    list.flatMap((c) => (c.family === 6 ? [[...c.words, ...c.words.map((_, i) => wordMask(c.length - 32 * i))]] : [])),
  );
  return {
    vpcFirst: offsets(v4.map((list) => list.length)),
    vpcCidrs: Uint32Array.from(v4.flat(2)),
    vpcFirst6: offsets(v6.map((list) => list.length)),
    vpcCidrs6: Uint32Array.from(v6.flat(2)),
  };
}

function interfaceTables(
  lists: readonly Holding[][],
): Record<'coverFirst' | 'eniFirst' | 'eniPod', Int32Array> &
  Record<'coverStart' | 'coverEnd' | 'eniStart' | 'eniEnd', Uint32Array> {
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

/** Union of intervals that ascend in start. */
function coverOf(holdings: readonly Holding[]): { readonly start: number; end: number }[] {
  const union: { readonly start: number; end: number }[] = [];
  for (const { start, end } of holdings) {
    const last = union.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else union.push({ start, end });
  }
  return union;
}
