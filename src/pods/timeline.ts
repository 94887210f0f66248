import type { Inventory, InventoryWarning, PodInterval } from '../inventory/inventory.ts';
import {
  type Address,
  type Cidr,
  cidrContains,
  formatAddress,
  formatIpv4,
  formatIpv6,
  sameAddress,
} from '../model/ip.ts';
import { type Holding, separateHoldings } from './holdings.ts';
import { IPV4_ENTRY, wordMask } from './lookup.ts';
import { FOREVER } from './pod-map.ts';
import type { VpcNumbers } from './vpc-numbers.ts';

/** One address (or delegated IPv6 prefix) of one VPC. */
export interface Entry {
  /** VPC number. */
  readonly vpc: number;
  /** Four words, IPv4 in the last. */
  readonly words: readonly number[];
  /** IPV4_ENTRY, 128, or the length of a delegated IPv6 prefix. */
  readonly length: number;
  /** Owner interface; −1 = none is known, or several claim the address. */
  readonly eni: number;
  /** The address is its interface's own: the primary one or a listed IPv6; pods hold other addresses and prefixes. */
  readonly isOwn: boolean;
  /** True when it can be no other VPC's, by what that one holds or by its CIDRs: anywhere may ask for it. */
  readonly isOnly: boolean;
  readonly holdings: readonly Holding[];
}

export interface Timeline {
  readonly entries: readonly Entry[];
  /** Entry of each interface's primary address, −1 = it has none. */
  readonly eniPrimaryEntry: Int32Array;
  readonly warnings: readonly InventoryWarning[];
}

/** Longest run of addresses a delegated IPv4 prefix is expanded to; AWS delegates /28. */
const EXPANDED_MAX = 4096;

/** No VPC number. */
const SEVERAL = -1;

/** Joins interfaces and pods into one entry for each (VPC, address). */
export function buildTimeline(inventory: Inventory, vpcs: VpcNumbers): Timeline {
  const builder = new TimelineBuilder(inventory, vpcs);
  builder.addInterfaces();
  builder.addPods();
  return builder.finish();
}

/** The time a pod held its address: whole seconds, at least one; undefined when it ends before it starts. */
export function holdingOf(pod: PodInterval, index: number): Holding | undefined {
  if (pod.endSeconds < pod.startSeconds) return undefined;
  const start = wholeSeconds(pod.startSeconds);
  const end = Math.min(Math.max(wholeSeconds(pod.endSeconds), start + 1), FOREVER);
  const softStart = Math.min(wholeSeconds(pod.softStartSeconds), start);
  return { softStart, start, end, softEnd: Math.max(wholeSeconds(pod.softEndSeconds), end), pod: index };
}

function wholeSeconds(time: number): number {
  return Math.min(Math.max(Math.floor(time), 0), FOREVER);
}

interface OpenEntry {
  readonly index: number;
  readonly vpc: number;
  readonly words: readonly number[];
  readonly length: number;
  /** Interfaces that claim the address; more than one is a contradiction. */
  readonly enis: number[];
  holdings: Holding[];
}

class TimelineBuilder {
  private readonly inventory: Inventory;
  private readonly vpcs: VpcNumbers;
  private readonly eniIndex: ReadonlyMap<string, number>;
  private readonly entries = new Map<AddressKey, OpenEntry>();
  /** The VPC that holds each address or prefix, SEVERAL when there are more. */
  private readonly holders = new Map<AddressKey, number>();
  /** Entries of interfaces by address: where a pod whose VPC nobody tells may be. */
  private readonly interfaceEntries = new Map<AddressKey, OpenEntry[]>();
  /** Lengths of delegated IPv6 prefixes, longest first. */
  private prefixLengths: number[] = [];
  private readonly warnings: InventoryWarning[] = [];
  /** CIDRs of every VPC; of one that is not described, those of its subnets. */
  private readonly blocks: readonly { readonly vpc: number; readonly cidr: Cidr }[];

  constructor(inventory: Inventory, vpcs: VpcNumbers) {
    this.inventory = inventory;
    this.vpcs = vpcs;
    this.eniIndex = new Map(inventory.networkInterfaces.map((eni, i) => [eni.id, i]));
    const described = inventory.vpcs.map(({ cidrs }, vpc) => ({ cidrs, vpc }));
    const subnets = inventory.subnets.map(({ cidrs, vpcId }) => ({ cidrs, vpc: vpcs.byId.get(vpcId) ?? SEVERAL }));
    const named = subnets.filter(({ vpc }) => vpc >= described.length);
    this.blocks = [...described, ...named].flatMap(({ cidrs, vpc }) => cidrs.map((cidr) => ({ vpc, cidr })));
  }

  addInterfaces(): void {
    const lengths = new Set<number>();
    this.inventory.networkInterfaces.forEach((eni, e) => {
      const singles = eni.primary === null ? eni.secondary : [eni.primary, ...eni.secondary];
      for (const address of singles) this.claim(e, fourWords(address), singleLength(address));
      for (const prefix of eni.prefixes) {
        if (prefix.family === 6) lengths.add(prefix.length);
        this.claimPrefix(e, prefix);
      }
    });
    lengths.delete(128);
    this.prefixLengths = [...lengths].sort((a, b) => b - a);
    for (const entry of this.entries.values()) {
      append(this.interfaceEntries, addressKey(entry.words, entry.length), entry);
      if (entry.enis.length > 1) this.warnAboutClaims(entry);
    }
  }

  addPods(): void {
    this.inventory.pods.forEach((pod, p) => {
      if (pod.hostNetwork) return;
      const holding = holdingOf(pod, p);
      if (holding === undefined) {
        this.warn(pod, `ends before it starts (${pod.endSeconds} < ${pod.startSeconds}): not attributed`);
        return;
      }
      const vpc = this.vpcOfPod(pod);
      if (vpc === undefined) {
        this.warn(pod, `no single VPC of the inventory holds ${formatAddress(pod.address)}: not attributed`);
        return;
      }
      this.hold(vpc, pod.address, holding);
      // a branch interface is its pod's alone, whatever address the pod's status names
      const e = this.eniIndex.get(pod.eniId ?? '') ?? -1;
      const branch = this.inventory.networkInterfaces[e]?.primary ?? null;
      if (branch !== null && branch.family === pod.address.family && !sameAddress(branch, pod.address)) {
        this.hold(this.vpcs.ofInterface[e] ?? vpc, branch, holding);
      }
    });
  }

  finish(): Timeline {
    const primaryKeys = this.inventory.networkInterfaces.map((eni, e) => {
      if (eni.primary === null) return null;
      return entryKey(this.vpcs.ofInterface[e] ?? -1, fourWords(eni.primary), singleLength(eni.primary));
    });
    const entries = [...this.entries].map(([key, entry]): Entry => {
      const { vpc, words, length, enis } = entry;
      const eni = enis.length === 1 ? (enis[0] ?? -1) : -1;
      return {
        vpc,
        words,
        length,
        eni,
        isOwn: primaryKeys[eni] === key || (eni >= 0 && length === 128 && this.lists(eni, words)),
        isOnly: this.isOnly(entry),
        holdings: separateHoldings(entry.holdings, this.inventory.pods, this.warnings),
      };
    });
    const eniPrimaryEntry = Int32Array.from(primaryKeys, (key) => this.entries.get(key ?? '')?.index ?? -1);
    return { entries, eniPrimaryEntry, warnings: this.warnings };
  }

  private lists(eni: number, words: readonly number[]): boolean {
    const listed = this.inventory.networkInterfaces[eni]?.secondary ?? [];
    return listed.some((address) => address.family === 6 && isSame(address.words, words, 128));
  }

  /**
   * Whatever covers the entry counts: an address inside another VPC's delegated prefix has two holders, and one inside
   * another VPC's CIDRs may belong to an interface there that nobody described.
   */
  private isOnly({ vpc, words, length }: OpenEntry): boolean {
    if (this.holders.get(addressKey(words, length)) !== vpc) return false;
    if (this.blocks.some((block) => block.vpc !== vpc && meets(block.cidr, words, length))) return false;
    if (length === IPV4_ENTRY) return true;
    return this.prefixLengths.every((shorter) => {
      const holder = shorter < length ? this.holders.get(addressKey(maskWords(words, shorter), shorter)) : undefined;
      return holder === undefined || holder === vpc;
    });
  }

  private warn(pod: PodInterval, what: string): void {
    const path = `${pod.namespace}/${pod.name}`;
    this.warnings.push({ message: `pod ${path}: ${what}`, file: 'pods', path });
  }

  private warnAboutClaims({ words, length, enis }: OpenEntry): void {
    const ids = enis.map((e) => this.inventory.networkInterfaces[e]?.id ?? '').join(' and ');
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
    const address = length === IPV4_ENTRY ? formatIpv4(w3) : `${formatIpv6(w0, w1, w2, w3)}/${length}`;
    const origin = this.inventory.networkInterfaces[enis[0] ?? -1]?.origin ?? { file: 'network interfaces', path: ids };
    this.warnings.push({ message: `interfaces ${ids} both hold ${address}: its owner is not known`, ...origin });
  }

  private claim(eni: number, words: readonly number[], length: number): void {
    const { enis } = this.open(this.vpcs.ofInterface[eni] ?? -1, words, length);
    if (!enis.includes(eni)) enis.push(eni);
  }

  private claimPrefix(eni: number, prefix: Cidr): void {
    if (prefix.family === 6) {
      this.claim(eni, prefix.words, prefix.length);
      return;
    }
    const count = 2 ** (32 - prefix.length);
    const interfaceOf = this.inventory.networkInterfaces[eni];
    if (count > EXPANDED_MAX && interfaceOf !== undefined) {
      const kept = `only its first ${EXPANDED_MAX} addresses count`;
      const text = `${interfaceOf.id}: prefix /${prefix.length} is too large, ${kept}`;
      this.warnings.push({ message: text, ...interfaceOf.origin });
    }
    for (let i = 0; i < Math.min(count, EXPANDED_MAX); i++) this.claim(eni, [0, 0, 0, prefix.words[0] + i], IPV4_ENTRY);
  }

  private hold(vpc: number, address: Address, holding: Holding): void {
    const entry = this.open(vpc, fourWords(address), singleLength(address));
    if (entry.enis.length === 0) {
      // an address inside a delegated IPv6 prefix has no entry of its own before its pod
      const around = this.interfacesAround(address).find((other) => other.vpc === vpc);
      entry.enis.push(...(around?.enis ?? []));
    }
    entry.holdings.push(holding);
  }

  private open(vpc: number, words: readonly number[], length: number): OpenEntry {
    const key = entryKey(vpc, words, length);
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { index: this.entries.size, vpc, words, length, enis: [], holdings: [] };
      this.entries.set(key, entry);
      const address = addressKey(words, length);
      this.holders.set(address, this.holders.has(address) ? SEVERAL : vpc);
    }
    return entry;
  }

  /** Entries of interfaces that hold the address, alone or in a delegated prefix, the most specific first. */
  private interfacesAround(address: Address): OpenEntry[] {
    const words = fourWords(address);
    const single = this.interfaceEntries.get(addressKey(words, singleLength(address))) ?? [];
    if (address.family === 4) return single;
    const around = this.prefixLengths.map((length) => addressKey(maskWords(words, length), length));
    return [...single, ...around.flatMap((key) => this.interfaceEntries.get(key) ?? [])];
  }

  /** VPC of a pod: named, its branch ENI's, the one whose interfaces hold its address, or whose CIDR contains it. */
  private vpcOfPod(pod: PodInterval): number | undefined {
    if (pod.vpcId !== null) return this.vpcs.byId.get(pod.vpcId);
    const branch = this.eniIndex.get(pod.eniId ?? '');
    if (branch !== undefined) return this.vpcs.ofInterface[branch];
    const around = this.interfacesAround(pod.address).map((entry) => entry.vpc);
    if (around.length > 0) return single(around);
    const { vpcs, subnets } = this.inventory;
    const blocks = [...vpcs.map(({ id, cidrs }) => ({ vpcId: id, cidrs })), ...subnets];
    const inside = blocks.filter(({ cidrs }) => cidrs.some((block) => cidrContains(block, pod.address)));
    return single(inside.map(({ vpcId }) => this.vpcs.byId.get(vpcId)));
  }
}

/** The one value of a list whose values are all equal. */
function single(vpcs: readonly (number | undefined)[]): number | undefined {
  return new Set(vpcs).size === 1 ? vpcs[0] : undefined;
}

/** Whether a block holds the entry's address, or shares addresses with its prefix. */
function meets(block: Cidr, words: readonly number[], length: number): boolean {
  if (block.family === 4) {
    return length === IPV4_ENTRY && ((block.words[0] ^ (words[3] ?? 0)) & wordMask(block.length)) === 0;
  }
  return length !== IPV4_ENTRY && isSame(block.words, words, Math.min(block.length, length));
}

/** Whether the first `length` bits are equal. */
function isSame(a: readonly number[], b: readonly number[], length: number): boolean {
  return a.every((word, i) => ((word ^ (b[i] ?? 0)) & wordMask(length - 32 * i)) === 0);
}

function maskWords(words: readonly number[], length: number): readonly number[] {
  return words.map((word, i) => (word & wordMask(length - 32 * i)) >>> 0);
}

function fourWords(address: Address): readonly number[] {
  return address.family === 4 ? [0, 0, 0, address.words[0]] : address.words;
}

function singleLength(address: Address): number {
  return address.family === 4 ? IPV4_ENTRY : 128;
}

/** An IPv4 address is its own number: text would be most of the time of building. */
export type AddressKey = number | string;

export function addressKey(words: readonly number[], length: number): AddressKey {
  return length === IPV4_ENTRY ? (words[3] ?? 0) : `${words.join(',')}/${length}`;
}

function entryKey(vpc: number, words: readonly number[], length: number): AddressKey {
  const address = addressKey(words, length);
  return typeof address === 'number' ? vpc * 2 ** 32 + address : `${vpc} ${address}`;
}

function append<T>(lists: Map<AddressKey, T[]>, key: AddressKey, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
