import type { Inventory, NetworkInterface, PrefixList } from '../inventory/inventory.ts';
import { type Cidr, sameAddress } from '../model/ip.ts';

/** What may change between two versions of the same account: the rules themselves, and how a version is called. */
const RULES: ReadonlySet<string> = new Set<keyof Inventory>(['securityGroups', 'networkAcls', 'validFrom', 'label']);

/** True when two versions differ in nothing but rules of security groups and network ACLs. */
export function sameAccount(a: Inventory, b: Inventory): boolean {
  for (const key of Object.keys(a) as (keyof Inventory)[]) {
    if (!RULES.has(key) && !sameMember(a, b, key)) return false;
  }
  return true;
}

function sameMember(a: Inventory, b: Inventory, key: keyof Inventory): boolean {
  if (key === 'networkInterfaces') return sameAll(a[key], b[key], sameInterface);
  if (key === 'prefixLists') return sameAll(a[key], b[key], samePrefixList);
  return sameContents(a[key], b[key]);
}

/** `after`, in which what has equal contents in `before` is the very object of `before`. */
export function keepEqual<T extends { readonly id: string }>(before: readonly T[], after: readonly T[]): readonly T[] {
  const known = new Map(before.map((object) => [object.id, object]));
  return after.map((object) => {
    const same = known.get(object.id);
    return same !== undefined && sameContents(same, object) ? same : object;
  });
}

function sameAll<T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!same(a[i]!, b[i]!)) return false;
  return true;
}

/**
 * Interfaces and entries of prefix lists are most of an account: through `sameContents` they take five times as long,
 * because the engine cannot tell there which member it reads. Every member is here.
 */
function sameInterface(a: NetworkInterface, b: NetworkInterface): boolean {
  return (
    a.id === b.id &&
    a.vpcId === b.vpcId &&
    a.subnetId === b.subnetId &&
    a.ownerId === b.ownerId &&
    a.zone === b.zone &&
    a.interfaceType === b.interfaceType &&
    a.description === b.description &&
    a.requesterManaged === b.requesterManaged &&
    (a.groups === null || b.groups === null ? a.groups === b.groups : sameAll(a.groups, b.groups, Object.is)) &&
    (a.primary === null || b.primary === null ? a.primary === b.primary : sameAddress(a.primary, b.primary)) &&
    sameAll(a.secondary, b.secondary, sameAddress) &&
    sameAll(a.prefixes, b.prefixes, sameCidr) &&
    sameAll(a.publicAddresses, b.publicAddresses, sameAddress) &&
    sameContents(a.associations, b.associations) &&
    a.sourceDestCheck === b.sourceDestCheck &&
    a.instanceId === b.instanceId &&
    a.deviceIndex === b.deviceIndex &&
    a.kind === b.kind &&
    a.kindName === b.kindName &&
    sameContents(a.tags, b.tags) &&
    a.origin.file === b.origin.file &&
    a.origin.path === b.origin.path
  );
}

function samePrefixList(a: PrefixList, b: PrefixList): boolean {
  if (a.id !== b.id || a.name !== b.name || a.family !== b.family) return false;
  return a.cidrs === null || b.cidrs === null ? a.cidrs === b.cidrs : sameAll(a.cidrs, b.cidrs, sameCidr);
}

function sameCidr(a: Cidr, b: Cidr): boolean {
  return a.length === b.length && sameAddress(a, b);
}

/** Equal plain data, member by member; `for … in` is several times as fast here as lists of keys. */
function sameContents(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b);
  if (a instanceof Map) return b instanceof Map && sameEntries(a, b);
  if (a instanceof Set) return b instanceof Set && sameItems([...a].sort(), [...b].sort());
  return sameMembers(a as Record<string, unknown>, b as Record<string, unknown>);
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameContents(a[i], b[i])) return false;
  return true;
}

function sameEntries(a: ReadonlyMap<unknown, unknown>, b: ReadonlyMap<unknown, unknown>): boolean {
  if (a.size !== b.size) return false;
  return a.size === 0 || sameItems([...a], [...b]);
}

function sameMembers(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  let missing = 0;
  for (const name in a) {
    missing++;
    if (!sameContents(a[name], b[name])) return false;
  }
  for (const _ in b) missing--;
  return missing === 0;
}
