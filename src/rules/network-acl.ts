import type { Inventory, InventoryWarning, NetworkAcl, NetworkInterface } from '../inventory/inventory.ts';
import type { AddressLabels } from './address-class.ts';
import { impliedEntries, type NumberedRules } from './catalog.ts';
import { isIcmpTyped, type PortSelectors } from './port-class.ts';
import type { RuleSet, SetEntry } from './rule-set.ts';
import { type AssociationTable, associationOf, subnetAssociations } from './subnet-association.ts';
import { UNKNOWN_SET } from './view.ts';

/** Rule sets of every interface: index into `sets` or UNKNOWN_SET; by index in Inventory.networkInterfaces. */
interface NetworkAclSets {
  readonly ingress: Int32Array;
  readonly egress: Int32Array;
  readonly warnings: readonly InventoryWarning[];
}

/**
 * Network ACLs are ordered: the entry with the lowest number that matches decides (VPC User Guide, "Network ACL
 * rules"). Appends two sets to `sets` for every ACL that guards an interface.
 */
export function compileNetworkAcls(
  inventory: Inventory,
  numbered: NumberedRules,
  labels: AddressLabels,
  ports: PortSelectors,
  sets: RuleSet[],
): NetworkAclSets {
  const table = subnetAssociations(inventory.networkAcls, 'network ACL', (acl) => acl.isDefault);
  const setOf = new Map<NetworkAcl, number>();
  const ingress = new Int32Array(inventory.networkInterfaces.length).fill(UNKNOWN_SET);
  const egress = new Int32Array(inventory.networkInterfaces.length).fill(UNKNOWN_SET);
  const vpcOfSubnet = new Map(inventory.subnets.map((subnet) => [subnet.id, subnet.vpcId]));
  inventory.networkInterfaces.forEach((eni, index) => {
    const acl = guarding(table, eni, vpcOfSubnet);
    if (acl === undefined) return;
    let set = setOf.get(acl);
    if (set === undefined) {
      set = sets.length;
      setOf.set(acl, set);
      for (const out of [false, true]) {
        sets.push({ layer: 'nacl', undescribed: false, entries: entriesOf(acl, out, numbered, labels, ports) });
      }
    }
    ingress[index] = set;
    egress[index] = set + 1;
  });
  return { ingress, egress, warnings: table.warnings };
}

function guarding(
  table: AssociationTable<NetworkAcl>,
  eni: NetworkInterface,
  vpcOfSubnet: ReadonlyMap<string, string>,
): NetworkAcl | undefined {
  if (eni.subnetId === null) return undefined;
  return associationOf(table, eni.subnetId, vpcOfSubnet.get(eni.subnetId) ?? eni.vpcId);
}

function entriesOf(
  acl: NetworkAcl,
  egress: boolean,
  numbered: NumberedRules,
  labels: AddressLabels,
  ports: PortSelectors,
): SetEntry[] {
  const entries = [...acl.entries, ...impliedEntries(acl)].filter((e) => e.egress === egress && e.selector.valid);
  entries.sort((a, b) => a.number - b.number);
  return entries.map((entry, order) => {
    const rule = numbered.networkAclEntries.get(entry.id);
    if (rule === undefined) throw new Error(`network ACL entry ${entry.id} has no number`);
    const selector = ports.add(entry.selector);
    const selectorMaybe = isIcmpTyped(entry.selector);
    const label = labels.cidr(entry.cidr);
    return { rule, selector, selectorMaybe, label, peerMaybe: false, rank: 0, order, allow: entry.allow };
  });
}
