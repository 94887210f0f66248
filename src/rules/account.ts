import type { Inventory, NetworkInterface } from '../inventory/inventory.ts';
import type { Address } from '../model/ip.ts';

/** What may change between two versions of the same account: the rules themselves, and how a version is called. */
const RULES: ReadonlySet<string> = new Set<keyof Inventory>(['securityGroups', 'networkAcls', 'validFrom', 'label']);

/** True when two versions differ in nothing but rules of security groups and network ACLs. */
export function sameAccount(a: Inventory, b: Inventory): boolean {
  for (const key of Object.keys(a) as (keyof Inventory)[]) {
    if (RULES.has(key)) continue;
    const isSame = key === 'networkInterfaces' ? sameInterfaces(a[key], b[key]) : sameContents(a[key], b[key]);
    if (!isSame) return false;
  }
  return true;
}

/** `after`, in which what has equal contents in `before` is the very object of `before`. */
export function keepEqual<T extends { readonly id: string }>(before: readonly T[], after: readonly T[]): readonly T[] {
  const known = new Map(before.map((object) => [object.id, object]));
  return after.map((object) => {
    const same = known.get(object.id);
    return same !== undefined && sameContents(same, object) ? same : object;
  });
}

function sameInterfaces(a: readonly NetworkInterface[], b: readonly NetworkInterface[]): boolean {
  return a.length === b.length && a.every((one, i) => sameInterface(one, b[i]));
}

/**
 * Interfaces are most of an account: member by member through `sameContents` they take five times as long, because
 * the engine cannot tell there which member it reads.
 */
function sameInterface(a: NetworkInterface, b: NetworkInterface | undefined): boolean {
  if (b === undefined) return false;
  for (const same of SAME_MEMBER) if (!same(a, b)) return false;
  return true;
}

type SameMember = (a: NetworkInterface, b: NetworkInterface) => boolean;

/** Every member is here: a new one that is not is an error of the type. */
const SAME_MEMBER: readonly SameMember[] = Object.values({
  id: (a, b) => a.id === b.id,
  vpcId: (a, b) => a.vpcId === b.vpcId,
  subnetId: (a, b) => a.subnetId === b.subnetId,
  ownerId: (a, b) => a.ownerId === b.ownerId,
  zone: (a, b) => a.zone === b.zone,
  interfaceType: (a, b) => a.interfaceType === b.interfaceType,
  description: (a, b) => a.description === b.description,
  requesterManaged: (a, b) => a.requesterManaged === b.requesterManaged,
  groups: (a, b) => sameTexts(a.groups, b.groups),
  primary: (a, b) => sameAddress(a.primary, b.primary),
  secondary: (a, b) => sameContents(a.secondary, b.secondary),
  prefixes: (a, b) => sameContents(a.prefixes, b.prefixes),
  publicAddresses: (a, b) => sameContents(a.publicAddresses, b.publicAddresses),
  associations: (a, b) => sameContents(a.associations, b.associations),
  sourceDestCheck: (a, b) => a.sourceDestCheck === b.sourceDestCheck,
  instanceId: (a, b) => a.instanceId === b.instanceId,
  deviceIndex: (a, b) => a.deviceIndex === b.deviceIndex,
  kind: (a, b) => a.kind === b.kind,
  kindName: (a, b) => a.kindName === b.kindName,
  tags: (a, b) => sameContents(a.tags, b.tags),
  origin: (a, b) => sameContents(a.origin, b.origin),
} satisfies Record<keyof NetworkInterface, SameMember>);

function sameTexts(a: readonly string[] | null, b: readonly string[] | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function sameAddress(a: Address | null, b: Address | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.family !== b.family) return false;
  for (let i = 0; i < a.words.length; i++) if (a.words[i] !== b.words[i]) return false;
  return true;
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
