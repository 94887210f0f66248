import type { Inventory, InventoryWarning } from '../inventory/inventory.ts';
import type { ToldHosts } from './elsewhere.ts';
import type { Holding } from './holdings.ts';
import { holdingsOn, type InterfacePods, podsByInterface, podsOf } from './interface-pods.ts';
import { listenerPorts, listenerTable } from './listeners.ts';
import { ANY_VPC, hashKey, IPV4_ENTRY, spaceOf, wordMask } from './lookup.ts';
import { ENTRY_STRIDE, FOREVER, INTERVAL_STRIDE, INTERVALS_PADDING, packPodMap, SOFT_OPEN } from './pod-map.ts';
import { type BuiltServices, buildServices } from './services.ts';
import { strayTables } from './strays.ts';
import { type AddressKey, addressKey, buildTimeline, type Entry } from './timeline.ts';
import { numberVpcs } from './vpc-numbers.ts';

export interface BuiltPodMap {
  readonly buffer: SharedArrayBuffer;
  readonly byteLength: number;
  readonly services: BuiltServices;
  /** By number. */
  readonly vpcIds: readonly string[];
  readonly warnings: readonly InventoryWarning[];
}

/** Builds the pod map of one inventory version; the same inventory gives the same bytes. */
export function buildPodMap(inventory: Inventory): BuiltPodMap {
  const vpcs = numberVpcs(inventory);
  const { entries, eniPrimaryEntry, warnings } = buildTimeline(inventory, vpcs);
  const onInterfaces = podsByInterface(inventory, entries, vpcs);
  const told = strayTables(inventory, entries);
  const listenerKeys = listenerTable(inventory, (eni) => podsOf(onInterfaces, entries, told, eni));
  const packed = packPodMap({
    eniPrimaryEntry,
    eniVpc: vpcs.ofInterface,
    entryIsOwn: Uint8Array.from(entries, (e) => (e.isOwn ? 1 : 0)),
    entryRecords: entryRecords(entries),
    ...intervalTable(entries),
    slots: slotTable(
      entries,
      entries.map((entry) => entry.vpc),
    ),
    anySlots: slotTable(entries, firstOfAddress(entries)),
    entryVpc: Int32Array.from(entries, (e) => e.vpc),
    entryIsOnly: Uint8Array.from(entries, (e) => (e.isOnly ? 1 : 0)),
    ...told,
    prefixLengths: prefixLengths(entries),
    ...vpcTable(inventory, vpcs.count),
    ...interfaceTables(onInterfaces, entries, told),
    listenerKeys,
    listenerPorts: listenerPorts(listenerKeys),
  });
  const services = buildServices(inventory, onInterfaces, entries);
  return { ...packed, services, vpcIds: [...vpcs.byId.keys()], warnings };
}

function entryRecords(entries: readonly Entry[]): Uint32Array {
  const records = new Uint32Array(entries.length * ENTRY_STRIDE);
  let first = 0;
  entries.forEach(({ words, vpc, length, holdings }, index) => {
    records.set([...words, spaceOf(vpc, length), reachOf(holdings), first, holdings.length], index * ENTRY_STRIDE);
    first += holdings.length;
  });
  return records;
}

/** Intervals of all entries one after the other; there may be millions. */
function intervalTable(entries: readonly Entry[]): Record<'intervalEnds' | 'intervals', Uint32Array> {
  const count = entries.reduce((sum, entry) => sum + entry.holdings.length, 0);
  const intervalEnds = new Uint32Array(count + INTERVALS_PADDING);
  const intervals = new Uint32Array((count + INTERVALS_PADDING) * INTERVAL_STRIDE);
  let at = 0;
  for (const { holdings } of entries) {
    for (const holding of holdings) {
      intervalEnds[at] = holding.end;
      intervals[INTERVAL_STRIDE * at] = holding.start;
      intervals[INTERVAL_STRIDE * at + 1] = holding.pod;
      intervals[INTERVAL_STRIDE * at + 2] = softEdge(holding);
      at++;
    }
  }
  return { intervalEnds, intervals };
}

/** EntryWord.reach. */
function reachOf(holdings: readonly Holding[]): number {
  let [before, after] = [0, 0];
  for (const holding of holdings) {
    const edge = softEdge(holding);
    before = Math.max(before, edge >>> 16);
    after = Math.max(after, edge & 0xffff);
  }
  return (before << 16) | after;
}

/** IntervalWord.soft; a bound too far away to be held counts as none. */
function softEdge({ softStart, start, end, softEnd }: Holding): number {
  const before = softStart <= 0 && start > 0 ? SOFT_OPEN : Math.min(start - softStart, SOFT_OPEN);
  const after = softEnd >= FOREVER && end < FOREVER ? SOFT_OPEN : Math.min(softEnd - end, SOFT_OPEN);
  return ((before << 16) | after) >>> 0;
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

/** CIDRs of every VPC number; of VPCs that are only named none is known, and none of the strange one behind all. */
function vpcTable(
  inventory: Inventory,
  count: number,
): Record<'vpcFirst' | 'vpcFirst6', Int32Array> & Record<'vpcCidrs' | 'vpcCidrs6', Uint32Array> {
  const cidrs = Array.from({ length: count + 1 }, (_, vpc) => inventory.vpcs[vpc]?.cidrs ?? []);
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
  onInterfaces: InterfacePods,
  entries: readonly Entry[],
  told: ToldHosts,
): Record<'coverFirst' | 'eniFirst' | 'eniEntry' | 'hostFirst' | 'hostPod', Int32Array> &
  Record<'coverStart' | 'coverEnd' | 'hostStart' | 'hostEnd', Uint32Array> {
  const { entries: lists, hosts } = onInterfaces;
  const covers = lists.map((_, e) => {
    const held = holdingsOn(onInterfaces, entries, told, e);
    return coverOf([...held, ...(hosts[e] ?? [])].sort((a, b) => a.start - b.start));
  });
  const cover = covers.flat();
  const host = hosts.flat();
  return {
    coverFirst: offsets(covers.map((c) => c.length)),
    coverStart: Uint32Array.from(cover, (c) => c.start),
    coverEnd: Uint32Array.from(cover, (c) => c.end),
    eniFirst: offsets(lists.map((list) => list.length)),
    eniEntry: Int32Array.from(lists.flat()),
    hostFirst: offsets(hosts.map((list) => list.length)),
    hostStart: Uint32Array.from(host, (h) => h.start),
    hostEnd: Uint32Array.from(host, (h) => h.end),
    hostPod: Int32Array.from(host, (h) => h.pod),
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
