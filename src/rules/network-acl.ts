import type { Inventory, InventoryWarning, NetworkAcl } from '../inventory/inventory.ts';
import type { AddressLabels } from './address-class.ts';
import { impliedEntries } from './catalog.ts';
import { isMaybe, type PortSelectors } from './port-class.ts';
import type { RuleNumbers } from './rule-numbers.ts';
import { type RuleSet, ruleSet, type SetEntry } from './rule-set.ts';
import { associationOf, type SubnetPlace, subnetAssociations } from './subnet-association.ts';
import { UNKNOWN_SET } from './view.ts';

/** Rule sets of every interface: index into `sets` or UNKNOWN_SET; by index in Inventory.networkInterfaces. */
interface NetworkAclSets {
  readonly ingress: Int32Array;
  readonly egress: Int32Array;
  readonly warnings: readonly InventoryWarning[];
}

/**
 * Network ACLs are ordered: the entry with the lowest number that matches decides (VPC User Guide, "Network ACL
 * rules"). Appends two sets to `sets` for every ACL that guards an interface; `places`: of the interfaces.
 */
export function compileNetworkAcls(
  inventory: Inventory,
  places: readonly SubnetPlace[],
  rules: RuleNumbers,
  labels: AddressLabels,
  ports: PortSelectors,
  sets: RuleSet[],
): NetworkAclSets {
  const table = subnetAssociations(inventory.networkAcls, 'network ACL', (acl) => acl.isDefault);
  const setOf = new Map<NetworkAcl, number>();
  const ingress = new Int32Array(inventory.networkInterfaces.length).fill(UNKNOWN_SET);
  const egress = new Int32Array(inventory.networkInterfaces.length).fill(UNKNOWN_SET);
  for (const { subnetId, vpcId, enis } of places) {
    const acl = associationOf(table, subnetId, vpcId);
    if (acl === undefined) continue;
    let set = setOf.get(acl);
    if (set === undefined) {
      set = sets.length;
      setOf.set(acl, set);
      for (const out of [false, true]) sets.push(ruleSet('nacl', false, entriesOf(acl, out, rules, labels, ports)));
    }
    for (const eni of enis) {
      ingress[eni] = set;
      egress[eni] = set + 1;
    }
  }
  return { ingress, egress, warnings: table.warnings };
}

function entriesOf(
  acl: NetworkAcl,
  egress: boolean,
  rules: RuleNumbers,
  labels: AddressLabels,
  ports: PortSelectors,
): SetEntry[] {
  const entries = [...acl.entries, ...impliedEntries(acl)].filter((e) => e.egress === egress && e.selector.valid);
  entries.sort((a, b) => a.number - b.number);
  return entries.map((entry, order) => {
    const rule = rules.of('nacl', entry.id);
    const selector = ports.add(entry.selector);
    const selectorMaybe = isMaybe(entry.selector);
    const label = labels.cidr(entry.cidr);
    return { rule, selector, selectorMaybe, label, peerMaybe: false, rank: 0, order, allow: entry.allow };
  });
}
