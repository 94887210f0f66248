import type { Inventory } from '../inventory/inventory.ts';
import type { Catalog } from './catalog.ts';
import { blockedBy } from './public-access.ts';

/**
 * What rare records ask about interfaces and rules beside the arena, in shared memory: by ENI index and by rule index.
 * Plain typed arrays, so that they travel to workers by reference.
 */
export interface InterfaceFacts {
  /** Bits of InterfaceFact. */
  readonly flags: Uint8Array;
  /** All flags of all interfaces: what is not in here needs no look at `flags`. */
  readonly anyFlag: number;
  /** Digest of the interface's groups: equal digests mean equal groups. */
  readonly groups: Int32Array;
  /** Bits of openBit. */
  readonly open: Uint8Array;
  /** Bits of RuleFact; by rule index. */
  readonly rules: Uint8Array;
  /** Digest of each rule's id; by rule index, and all of them sorted. */
  readonly ruleDigests: Int32Array;
  readonly sortedDigests: Int32Array;
}

export const InterfaceFact = {
  /** An interface of a transit gateway attachment stands in its subnet. */
  transitInSubnet: 1,
  /** VPC Block Public Access stops what an internet gateway, or a NAT or egress-only gateway, would carry. */
  blockedIn: 2,
  blockedOut: 4,
  blockedNat: 8,
} as const;

/**
 * Directions in which the groups of an interface let out (or in) everything of a protocol and family to (or from) any
 * address: flows that an any-address rule lets in the other way are then not tracked (EC2 User Guide, "Untracked
 * connections"). The bit is `1 << (direction egress ? 4 : 0) + (IPv6 ? 2 : 0) + (UDP ? 1 : 0)`.
 */
export function openBit(egress: boolean, family6: boolean, udp: boolean): number {
  return 1 << ((egress ? 4 : 0) + (family6 ? 2 : 0) + (udp ? 1 : 0));
}

export const RuleFact = {
  /** Its peer is 0.0.0.0/0 or ::/0. */
  anyAddress: 1,
  /** Its peer is a security group. */
  groupReference: 2,
} as const;

function shared(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.max(bytes, 4));
}

export function compileFacts(inventory: Inventory, catalog: Catalog): InterfaceFacts {
  const enis = inventory.networkInterfaces;
  const flags = new Uint8Array(shared(enis.length), 0, enis.length);
  const groups = new Int32Array(shared(enis.length * 4), 0, enis.length);
  const open = new Uint8Array(shared(enis.length), 0, enis.length);
  const transitSubnets = new Set(enis.flatMap((e) => (e.kind === 'transit-gateway' ? (e.subnetId ?? []) : [])));
  const openOfGroup = new Map(inventory.securityGroups.map((group) => [group.id, openResponses(group.rules)]));
  const flagsOfSubnet = new Map<string, number>();
  let anyFlag = 0;
  enis.forEach((eni, index) => {
    const place = `${eni.subnetId ?? ''} ${eni.vpcId ?? ''}`;
    const known = flagsOfSubnet.get(place) ?? placeFlags(inventory, eni, transitSubnets);
    flagsOfSubnet.set(place, known);
    flags[index] = known;
    anyFlag |= known;
    const ids = [...new Set(eni.groups ?? [])].sort();
    groups[index] = digest(ids.join());
    open[index] = ids.reduce((bits, id) => bits | (openOfGroup.get(id) ?? 0), 0);
  });
  const rules = new Uint8Array(shared(catalog.rules.length), 0, catalog.rules.length);
  const ruleDigests = new Int32Array(shared(catalog.rules.length * 4), 0, catalog.rules.length);
  catalog.rules.forEach((entry, index) => {
    ruleDigests[index] = digest(entry.id);
    if (entry.layer !== 'sg') return;
    const { peer } = entry.rule;
    const isAny = peer.kind === 'cidr' && peer.cidr.length === 0;
    rules[index] = (isAny ? RuleFact.anyAddress : 0) | (peer.kind === 'group' ? RuleFact.groupReference : 0);
  });
  const sortedDigests = new Int32Array(shared(ruleDigests.byteLength), 0, ruleDigests.length);
  sortedDigests.set(ruleDigests);
  sortedDigests.sort();
  return { flags, anyFlag, groups, open, rules, ruleDigests, sortedDigests };
}

function placeFlags(
  inventory: Inventory,
  place: { readonly subnetId: string | null; readonly vpcId: string | null },
  transitSubnets: ReadonlySet<string>,
): number {
  let flags = transitSubnets.has(place.subnetId ?? '') ? InterfaceFact.transitInSubnet : 0;
  if (blockedBy(inventory, place, 'ingress', 'internet-gateway') !== null) flags |= InterfaceFact.blockedIn;
  if (blockedBy(inventory, place, 'egress', 'internet-gateway') !== null) flags |= InterfaceFact.blockedOut;
  if (blockedBy(inventory, place, 'egress', 'nat-gateway') !== null) flags |= InterfaceFact.blockedNat;
  return flags;
}

const TCP = 6;
const UDP = 17;
const ALL = -1;

function openResponses(rules: Inventory['securityGroups'][number]['rules']): number {
  let bits = 0;
  for (const { egress, selector, peer } of rules) {
    if (!selector.valid || selector.ports !== null || peer.kind !== 'cidr' || peer.cidr.length !== 0) continue;
    const family6 = peer.cidr.family === 6;
    if (selector.protocol === TCP || selector.protocol === ALL) bits |= openBit(egress, family6, false);
    if (selector.protocol === UDP || selector.protocol === ALL) bits |= openBit(egress, family6, true);
  }
  return bits;
}

/** FNV-1a over UTF-16 code units. */
function digest(text: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return hash | 0;
}
