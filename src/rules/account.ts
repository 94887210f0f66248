import type { Inventory } from '../inventory/inventory.ts';

/** What may change between two versions of the same account: the rules themselves, and how a version is called. */
const RULES: ReadonlySet<string> = new Set<keyof Inventory>(['securityGroups', 'networkAcls', 'validFrom', 'label']);

/** True when two versions differ in nothing but rules of security groups and network ACLs. */
export function sameAccount(a: Inventory, b: Inventory): boolean {
  for (const key of Object.keys(a) as (keyof Inventory)[]) {
    if (!RULES.has(key) && !sameContents(a[key], b[key])) return false;
  }
  return true;
}

/** Equal plain data, member by member; `for … in` is several times as fast here as lists of keys. */
function sameContents(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b);
  if (a instanceof Map) return b instanceof Map && sameItems([...a], [...b]);
  if (a instanceof Set) return b instanceof Set && sameItems([...a].sort(), [...b].sort());
  return sameMembers(a as Record<string, unknown>, b as Record<string, unknown>);
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameContents(a[i], b[i])) return false;
  return true;
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
