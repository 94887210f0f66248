import type { OracleAddress, OracleCidr } from './address.ts';
import { byText, cidr, inside } from './address.ts';
import type { OracleDocument, RawBlocks, RawWorld } from './documents.ts';
import { gather } from './documents.ts';
import type { OracleEni } from './eni.ts';
import { given, holds, readEni } from './eni.ts';

/** Where an address is: in one VPC, outside all, or not to be told (several VPCs, or the VPC is not described). */
export type Place = { readonly vpcId: string } | 'outside' | 'unknown';

export interface OracleSubnet {
  readonly id: string;
  readonly vpcId: string | null;
  readonly blocks: readonly OracleCidr[];
}

export interface Network {
  readonly raw: RawWorld;
  readonly enis: ReadonlyMap<string, OracleEni>;
  readonly subnets: ReadonlyMap<string, OracleSubnet>;
  readonly vpcs: ReadonlyMap<string, readonly OracleCidr[]>;
  readonly prefixLists: ReadonlyMap<string, PrefixList>;
  /** Answers remembered by (VPC, address); the questions are asked by linear scan. */
  readonly owners: Map<string, OracleEni | null>;
  /** Interfaces that carry a group, remembered by its id. */
  readonly members: Map<string, readonly OracleEni[]>;
}

export interface PrefixList {
  readonly family: 4 | 6 | null;
  /** null = the entries were not given. */
  readonly blocks: readonly OracleCidr[] | null;
}

function blocksOf(raw: RawBlocks): OracleCidr[] {
  const texts = [
    given(raw.CidrBlock),
    ...(raw.CidrBlockAssociationSet ?? []).map((entry) => given(entry.CidrBlock)),
    ...(raw.Ipv6CidrBlockAssociationSet ?? []).map((entry) => given(entry.Ipv6CidrBlock)),
  ];
  return texts.flatMap((text) => (text === null ? [] : (cidr(text) ?? [])));
}

function readPrefixLists(raw: RawWorld): Map<string, PrefixList> {
  const lists = new Map<string, PrefixList>();
  // `describe-managed-prefix-lists` prints its metadata under `PrefixLists` too.
  for (const { PrefixListId: id, AddressFamily } of [...raw.ManagedPrefixLists, ...raw.PrefixLists]) {
    lists.set(id, { family: AddressFamily === 'IPv4' ? 4 : AddressFamily === 'IPv6' ? 6 : null, blocks: null });
  }
  const fill = (id: string, texts: readonly string[]): void => {
    const before = lists.get(id);
    // The entries of one list may come in several pages.
    const blocks = [...(before?.blocks ?? []), ...texts.flatMap((text) => cidr(text) ?? [])];
    lists.set(id, { family: before?.family ?? null, blocks });
  };
  for (const list of raw.PrefixLists) if (list.Cidrs) fill(list.PrefixListId, list.Cidrs);
  for (const list of raw.prefixListEntries)
    fill(
      list.PrefixListId,
      list.Entries.map((entry) => entry.Cidr),
    );
  return lists;
}

/** CHOICE: an object described twice counts as its first description, in document order. */
function firstById<R, T>(rows: readonly R[], id: (row: R) => string, read: (row: R) => T): Map<string, T> {
  const found = new Map<string, T>();
  for (const row of rows) if (!found.has(id(row))) found.set(id(row), read(row));
  return found;
}

export function readNetwork(documents: readonly OracleDocument[]): Network {
  const raw = gather(documents);
  return {
    raw,
    enis: firstById(
      raw.NetworkInterfaces,
      (eni) => eni.NetworkInterfaceId,
      (eni) => readEni(eni, raw),
    ),
    subnets: firstById(
      raw.Subnets,
      (subnet) => subnet.SubnetId,
      (subnet) => ({ id: subnet.SubnetId, vpcId: given(subnet.VpcId), blocks: blocksOf(subnet) }),
    ),
    vpcs: firstById(raw.Vpcs, (vpc) => vpc.VpcId, blocksOf),
    prefixLists: readPrefixLists(raw),
    owners: new Map(),
    members: new Map(),
  };
}

/** For certain: only a described VPC's CIDRs are known. */
export function isOutsideVpc(network: Network, vpcId: string | null, at: OracleAddress): boolean {
  const blocks = vpcId === null ? undefined : network.vpcs.get(vpcId);
  return blocks !== undefined && !blocks.some((block) => inside(block, at));
}

/**
 * The VPC an address is to be looked up in, for a record of an interface in `home`: the home VPC when it holds the
 * address, else the one other VPC that does. A VPC that is not described has the blocks of its subnets and what `holds`
 * says its interfaces and pods have.
 */
export function placeOf(
  network: Network,
  home: string | null,
  at: OracleAddress,
  holds: (vpcId: string) => boolean = (vpcId) => ownerOf(network, vpcId, at) !== null,
): Place {
  const isDescribed = (vpcId: string): boolean => network.vpcs.has(vpcId);
  const contains = (blocks: readonly OracleCidr[]): boolean => blocks.some((block) => inside(block, at));
  if (home !== null && (isDescribed(home) ? contains(network.vpcs.get(home) ?? []) : holds(home)))
    return { vpcId: home };
  // CHOICE: with the home VPC not described, nothing tells inside from outside.
  if (home === null ? network.vpcs.size === 0 : !isDescribed(home)) return 'unknown';
  const named = [...network.subnets.values(), ...network.enis.values()].flatMap(({ vpcId }) => vpcId ?? []);
  const others = new Set([...network.vpcs.keys(), ...named]);
  const found = [...others].filter((vpcId) => {
    if (isDescribed(vpcId)) return contains(network.vpcs.get(vpcId) ?? []);
    return holds(vpcId) || [...network.subnets.values()].some((one) => one.vpcId === vpcId && contains(one.blocks));
  });
  const [only] = found;
  if (only === undefined) return 'outside';
  return found.length === 1 ? { vpcId: only } : 'unknown';
}

/**
 * The interface of a VPC that holds an address; a listed address before a delegated prefix.
 * CHOICE: two interfaces holding it equally (a stale snapshot) → none is named.
 */
export function ownerOf(network: Network, vpcId: string, at: OracleAddress): OracleEni | null {
  const key = `${vpcId} ${at.text}`;
  let owner = network.owners.get(key);
  if (owner === undefined) {
    if (network.owners.size > 1_000_000) network.owners.clear();
    owner = null;
    let best = -1;
    for (const eni of network.enis.values()) {
      if (eni.vpcId !== vpcId) continue;
      const length = holds(eni, at);
      if (length < 0 || length < best) continue;
      owner = length === best ? null : eni;
      best = length;
    }
    network.owners.set(key, owner);
  }
  return owner;
}

export function membersOf(network: Network, groupId: string): readonly OracleEni[] {
  let members = network.members.get(groupId);
  if (members === undefined) {
    members = [...network.enis.values()].filter((eni) => eni.groups?.includes(groupId));
    network.members.set(groupId, members);
  }
  return members;
}

export function inSubnet(subnet: OracleSubnet, at: OracleAddress): boolean {
  return subnet.blocks.some((block) => inside(block, at));
}

/** Distinct texts in code unit order. */
export function sorted(texts: Iterable<string>): string[] {
  return [...new Set(texts)].sort(byText);
}
