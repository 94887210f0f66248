import type { Inventory, InventoryWarning, NetworkInterface, PodInterval } from '../inventory/inventory.ts';
import { type Address, type Cidr, cidrContains, formatAddress } from '../model/ip.ts';
import { ANY_VPC, IPV4_ENTRY } from './lookup.ts';
import { FOREVER } from './pod-map.ts';

/** One stretch of time in which a pod held an address; [start, end) in Unix seconds as u32, FOREVER = open. */
export interface Holding {
  readonly start: number;
  end: number;
  readonly pod: number;
}

/** One address (or delegated IPv6 prefix) of one VPC. */
export interface Entry {
  /** Index in Inventory.vpcs, ANY_VPC for addresses that exactly one VPC holds. */
  readonly vpc: number;
  /** Four words, IPv4 in the last. */
  readonly words: readonly number[];
  /** IPV4_ENTRY, 128, or the length of a delegated IPv6 prefix. */
  readonly length: number;
  eni: number;
  isPrimary: boolean;
  readonly holdings: Holding[];
}

export interface Timeline {
  readonly entries: readonly Entry[];
  readonly warnings: readonly InventoryWarning[];
}

/** Longest run of addresses a delegated IPv4 prefix is expanded to; AWS delegates /28. */
const EXPANDED_MAX = 4096;

/** Joins interfaces and pods into entries: first by VPC, then once more for addresses that one VPC alone holds. */
export function buildTimeline(inventory: Inventory): Timeline {
  const builder = new TimelineBuilder(inventory);
  inventory.networkInterfaces.forEach((eni, e) => {
    builder.addInterface(eni, e);
  });
  inventory.pods.forEach((pod, p) => {
    if (!pod.hostNetwork) builder.addPod(pod, p);
  });
  return builder.finish();
}

class TimelineBuilder {
  private readonly inventory: Inventory;
  private readonly vpcIndex: ReadonlyMap<string, number>;
  private readonly eniIndex: ReadonlyMap<string, number>;
  private readonly entries = new Map<string, Entry>();
  /** VPCs that hold an address, by its words. */
  private readonly vpcsOf = new Map<string, Set<number>>();
  private readonly warnings: InventoryWarning[] = [];

  constructor(inventory: Inventory) {
    this.inventory = inventory;
    this.vpcIndex = new Map(inventory.vpcs.map((vpc, i) => [vpc.id, i]));
    this.eniIndex = new Map(inventory.networkInterfaces.map((eni, i) => [eni.id, i]));
  }

  addInterface(eni: NetworkInterface, index: number): void {
    // an interface of an undescribed VPC keeps a place of its own behind the described ones
    const vpc = this.vpcOf(eni.vpcId);
    if (eni.primary !== null) this.entry(vpc, eni.primary, index).isPrimary = true;
    for (const address of eni.secondary) this.entry(vpc, address, index);
    for (const prefix of eni.prefixes) this.addPrefix(vpc, prefix, index);
  }

  addPod(pod: PodInterval, index: number): void {
    const vpc = this.vpcOfPod(pod);
    if (vpc === undefined) {
      const text = `pod ${pod.namespace}/${pod.name}: no single VPC of the inventory holds ${formatAddress(pod.address)}`;
      this.warnings.push({ message: text, file: 'pods', path: `${pod.namespace}/${pod.name}` });
      return;
    }
    const entry = this.entry(vpc, pod.address, this.prefixOwner(vpc, pod.address));
    entry.holdings.push({ start: seconds(pod.startSeconds), end: seconds(pod.endSeconds), pod: index });
  }

  finish(): Timeline {
    for (const entry of this.entries.values()) this.separate(entry);
    const shared: Entry[] = [];
    for (const entry of this.entries.values()) {
      if (this.vpcsOf.get(keyOf(entry.words, entry.length))?.size === 1) shared.push({ ...entry, vpc: ANY_VPC });
    }
    return { entries: [...this.entries.values(), ...shared], warnings: this.warnings };
  }

  private vpcOf(id: string | null): number {
    return id === null ? ANY_VPC - 1 : (this.vpcIndex.get(id) ?? ANY_VPC - 1);
  }

  private addPrefix(vpc: number, prefix: Cidr, eni: number): void {
    if (prefix.family === 6) {
      this.put(vpc, prefix.words, prefix.length, eni);
      return;
    }
    const count = Math.min(2 ** (32 - prefix.length), EXPANDED_MAX);
    for (let i = 0; i < count; i++) this.put(vpc, [0, 0, 0, prefix.words[0] + i], IPV4_ENTRY, eni);
  }

  private entry(vpc: number, address: Address, eni: number): Entry {
    if (address.family === 4) return this.put(vpc, [0, 0, 0, address.words[0]], IPV4_ENTRY, eni);
    return this.put(vpc, address.words, 128, eni);
  }

  private put(vpc: number, words: readonly number[], length: number, eni: number): Entry {
    const address = keyOf(words, length);
    const key = `${vpc} ${address}`;
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { vpc, words, length, eni, isPrimary: false, holdings: [] };
      this.entries.set(key, entry);
      const vpcs = this.vpcsOf.get(address);
      if (vpcs === undefined) this.vpcsOf.set(address, new Set([vpc]));
      else vpcs.add(vpc);
    } else if (entry.eni < 0) {
      entry.eni = eni;
    }
    return entry;
  }

  /** Interface whose delegated IPv6 prefix contains the address; IPv4 prefixes are expanded already. */
  private prefixOwner(vpc: number, address: Address): number {
    if (address.family === 4) return -1;
    const { networkInterfaces } = this.inventory;
    return networkInterfaces.findIndex((eni) => this.vpcOf(eni.vpcId) === vpc && eni.prefixes.some((p) => cidrContains(p, address)));
  }

  /** VPC of a pod: named, that of its branch ENI, the one that holds its address, or the one whose CIDR contains it. */
  private vpcOfPod(pod: PodInterval): number | undefined {
    const named = pod.vpcId === null ? undefined : this.vpcIndex.get(pod.vpcId);
    if (named !== undefined) return named;
    const branch = this.inventory.networkInterfaces[this.eniIndex.get(pod.eniId ?? '') ?? -1];
    if (branch !== undefined) return this.vpcOf(branch.vpcId);
    const words = pod.address.family === 4 ? [0, 0, 0, pod.address.words[0]] : pod.address.words;
    const holders = this.vpcsOf.get(keyOf(words, pod.address.family === 4 ? IPV4_ENTRY : 128));
    if (holders?.size === 1) return [...holders][0];
    if (holders !== undefined && holders.size > 1) return undefined;
    const around = this.inventory.vpcs.flatMap((vpc, i) => (vpc.cidrs.some((c) => cidrContains(c, pod.address)) ? [i] : []));
    return around.length === 1 ? around[0] : undefined;
  }

  /** Sorts the holdings of an address; an earlier one that runs into the next ends where that begins. */
  private separate(entry: Entry): void {
    entry.holdings.sort((a, b) => a.start - b.start || a.end - b.end || a.pod - b.pod);
    for (let i = 0; i + 1 < entry.holdings.length; i++) {
      const a = entry.holdings[i];
      const b = entry.holdings[i + 1];
      if (a === undefined || b === undefined || a.end <= b.start) continue;
      const [x, y] = [this.inventory.pods[a.pod], this.inventory.pods[b.pod]];
      a.end = b.start;
      if (x === undefined || y === undefined) continue;
      const address = formatAddress(x.address);
      const text = `pods ${x.namespace}/${x.name} and ${y.namespace}/${y.name} both hold ${address}: the earlier one is taken to end where the later begins`;
      this.warnings.push({ message: text, file: 'pods', path: address });
    }
    entry.holdings.splice(0, entry.holdings.length, ...entry.holdings.filter((h) => h.start < h.end));
  }
}

function keyOf(words: readonly number[], length: number): string {
  return `${words.join(',')}/${length}`;
}

function seconds(time: number): number {
  return Math.min(Math.max(Math.floor(time), 0), FOREVER);
}

/** True when the address words lie inside the CIDR. */
export function sameWords(cidr: Cidr, words: readonly number[]): boolean {
  if (words.length !== cidr.words.length) return false;
  const address = words.length === 1 ? { family: 4, words: [words[0] ?? 0] } : { family: 6, words };
  return cidrContains(cidr, address as Address);
}
