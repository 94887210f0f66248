import type { Inventory, InventoryWarning, SecurityGroup, SecurityGroupRule } from '../inventory/inventory.ts';
import type { NumberedRules } from './catalog.ts';
import type { GroupMembers } from './group-members.ts';
import type { PeerLabels } from './peer-label.ts';
import { isIcmpTyped, type PortSelectors, selectorOrder } from './port-class.ts';
import type { RuleSet, SetEntry } from './rule-set.ts';
import { NO_SET, UNKNOWN_SET } from './view.ts';

/** Rule sets of every interface: index into `sets`, NO_SET or UNKNOWN_SET; by index in Inventory.networkInterfaces. */
interface SecurityGroupSets {
  readonly ingress: Int32Array;
  readonly egress: Int32Array;
}

/**
 * Security groups allow only, and all groups of an interface are one union (VPC User Guide, "Security group rules").
 * Sets are appended to `sets`, one a distinct choice of groups, VPC and direction; with `withVariants` each is followed
 * by itself without group references, which match nothing through a middlebox.
 */
export function compileSecurityGroups(
  inventory: Inventory,
  numbered: NumberedRules,
  peers: PeerLabels,
  members: GroupMembers,
  ports: PortSelectors,
  sets: RuleSet[],
  withVariants: boolean,
): SecurityGroupSets {
  const groups = new Map(inventory.securityGroups.map((group) => [group.id, group]));
  const setOf = new Map<string, number>();
  const append = (ids: readonly string[], vpcId: string | null, egress: boolean): number => {
    const attached = ids.map((id) => groups.get(id));
    const undescribed = attached.some((group) => group === undefined || group.disputed === true);
    const entries: SetEntry[] = [];
    const withoutReferences: SetEntry[] = [];
    for (const group of attached) {
      for (const rule of group?.rules ?? []) {
        if (group === undefined || rule.egress !== egress || !rule.selector.valid) continue;
        const found = entriesOf(rule, group, vpcId, numbered, peers, ports);
        entries.push(...found);
        if (rule.peer.kind !== 'group') withoutReferences.push(...found);
      }
    }
    // The same entries are the same set, whichever groups and VPC they come from.
    const key = `${undescribed} ${entries.map((e) => `${e.rule}.${e.label}.${e.peerMaybe}`).join()}`;
    let set = setOf.get(key);
    if (set === undefined) {
      set = sets.length;
      setOf.set(key, set);
      const full: RuleSet = { layer: 'sg', undescribed, entries };
      sets.push(full);
      const same = withoutReferences.length === entries.length;
      if (withVariants) sets.push(same ? full : { layer: 'sg', undescribed, entries: withoutReferences });
    }
    return set;
  };
  const ingress = new Int32Array(inventory.networkInterfaces.length).fill(UNKNOWN_SET);
  const egress = new Int32Array(inventory.networkInterfaces.length).fill(UNKNOWN_SET);
  for (const { groups: ids, vpcId, enis } of members.choices) {
    const none = ids.length === 0;
    const pair = none ? ([NO_SET, NO_SET] as const) : ([append(ids, vpcId, false), append(ids, vpcId, true)] as const);
    for (const eni of enis) {
      ingress[eni] = pair[0];
      egress[eni] = pair[1];
    }
  }
  return { ingress, egress };
}

function entriesOf(
  rule: SecurityGroupRule,
  group: SecurityGroup,
  vpcId: string | null,
  numbered: NumberedRules,
  peers: PeerLabels,
  ports: PortSelectors,
): SetEntry[] {
  const index = numbered.securityGroupRules.get(rule.id);
  if (index === undefined) throw new Error(`security group rule ${rule.id} has no number`);
  const selector = ports.add(rule.selector);
  return peers.of(rule.peer, group, vpcId, rule.egress).map((peer) => ({
    rule: index,
    selector,
    selectorMaybe: isIcmpTyped(rule.selector),
    label: peer.label,
    peerMaybe: peer.maybe,
    rank: peer.rank,
    order: selectorOrder(rule.selector),
    allow: true,
  }));
}

/** References that match nothing or are not known, and attached groups without a description; once each. */
export function securityGroupWarnings(inventory: Inventory, peers: PeerLabels): InventoryWarning[] {
  if (!inventory.described.has('SecurityGroups')) return [];
  const warnings: InventoryWarning[] = [];
  for (const group of inventory.securityGroups) {
    for (const rule of group.rules) {
      const message = referenceWarning(rule, group, peers);
      if (message !== undefined)
        warnings.push({ message: `security group rule ${rule.id}: ${message}`, ...rule.origin });
    }
  }
  const described = new Set(inventory.securityGroups.map((group) => group.id));
  const seen = new Set<string>();
  for (const eni of inventory.networkInterfaces) {
    for (const id of eni.groups ?? []) {
      if (described.has(id) || seen.has(id)) continue;
      seen.add(id);
      warnings.push({
        message: `security group ${id} is attached to ${eni.id} but not described: what it allows is unknown`,
        ...eni.origin,
      });
    }
  }
  return warnings;
}

function referenceWarning(rule: SecurityGroupRule, group: SecurityGroup, peers: PeerLabels): string | undefined {
  const { peer } = rule;
  if (peer.kind === 'cidr') return undefined;
  if (peer.kind === 'prefix-list') {
    if (peers.isExpandable(peer.id)) return undefined;
    return `the entries of prefix list ${peer.id} are not in the inventory: what it might match is unknown`;
  }
  switch (peers.groupState(peer, group)) {
    case 'known':
      return undefined;
    case 'stale': {
      const state = peers.peeringState(peer);
      const why = state === 'active' ? 'is not in the inventory' : `is behind a peering in state ${state}`;
      return `stale reference: group ${peer.id} ${why}; the rule matches nothing`;
    }
    case 'partly':
    case 'unknown':
      return `group ${peer.id} belongs to account ${peer.ownerId} and is not in the inventory: its members are unknown`;
  }
}
