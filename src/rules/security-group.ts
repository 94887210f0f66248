import type { Inventory, InventoryWarning, SecurityGroup, SecurityGroupRule } from '../inventory/inventory.ts';
import type { AddressLabels } from './address-class.ts';
import type { GroupChoice, GroupMembers } from './group-members.ts';
import { PeerLabels } from './peer-label.ts';
import { isMaybe, type PortSelectors, selectorOrder } from './port-class.ts';
import type { RuleNumbers } from './rule-numbers.ts';
import { type RuleSet, ruleSet, type SetEntry } from './rule-set.ts';
import { NO_SET, UNKNOWN_SET } from './view.ts';

/** Rule sets of every interface: index into `sets`, NO_SET or UNKNOWN_SET; by index in Inventory.networkInterfaces. */
interface SecurityGroupSets {
  readonly ingress: Int32Array;
  readonly egress: Int32Array;
  readonly warnings: readonly InventoryWarning[];
}

/** A set, and itself without group references, which match nothing through a middlebox. */
interface Variants {
  readonly full: RuleSet;
  readonly withoutReferences: RuleSet;
}

/** Sets of a choice of groups, and the groups that they were made of. */
interface ChoiceSets {
  readonly attached: readonly (SecurityGroup | undefined)[];
  readonly ingress: Variants;
  readonly egress: Variants;
}

/**
 * Rule sets of security groups, over the versions of one account. Groups allow only, and all groups of an interface are
 * one union (VPC User Guide, "Security group rules"). Groups that are the same objects as before keep their sets.
 */
export class SecurityGroupCompiler {
  private readonly members: GroupMembers;
  private readonly labels: AddressLabels;
  private readonly ports: PortSelectors;
  private readonly rules: RuleNumbers;
  private peers: PeerLabels | undefined;
  /** By index in GroupMembers.choices. */
  private known: ChoiceSets[] = [];

  constructor(members: GroupMembers, labels: AddressLabels, ports: PortSelectors, rules: RuleNumbers) {
    this.members = members;
    this.labels = labels;
    this.ports = ports;
    this.rules = rules;
  }

  /**
   * Sets are appended to `sets`, one a distinct choice of groups, VPC and direction; with `withVariants` each is
   * followed by itself without group references.
   */
  compile(inventory: Inventory, sets: RuleSet[], withVariants: boolean): SecurityGroupSets {
    const peers = this.peersOf(inventory);
    const groups = new Map(inventory.securityGroups.map((group) => [group.id, group]));
    const setOf = new Map<string, number>();
    const append = ({ full, withoutReferences }: Variants): number => {
      // The same entries are the same set, whichever groups and VPC they come from.
      let set = setOf.get(full.key);
      if (set === undefined) {
        set = sets.length;
        setOf.set(full.key, set);
        sets.push(full);
        if (withVariants) sets.push(withoutReferences);
      }
      return set;
    };
    const ingress = new Int32Array(inventory.networkInterfaces.length).fill(UNKNOWN_SET);
    const egress = new Int32Array(inventory.networkInterfaces.length).fill(UNKNOWN_SET);
    this.members.choices.forEach((choice, index) => {
      let [into, outOf]: [number, number] = [NO_SET, NO_SET];
      if (choice.groups.length > 0) {
        const made = this.setsOf(index, choice, groups, peers);
        into = append(made.ingress);
        outOf = append(made.egress);
      }
      for (const eni of choice.enis) {
        ingress[eni] = into;
        egress[eni] = outOf;
      }
    });
    return { ingress, egress, warnings: securityGroupWarnings(inventory, peers, this.members.choices) };
  }

  /** Labels of peers depend on which groups there are, besides the account: other ones are a new beginning. */
  private peersOf(inventory: Inventory): PeerLabels {
    if (this.peers === undefined || !this.peers.knows(inventory.securityGroups)) {
      this.peers = new PeerLabels(inventory, this.members, this.labels);
      this.known = [];
    }
    return this.peers;
  }

  private setsOf(
    index: number,
    { groups: ids, vpcId }: GroupChoice,
    groups: ReadonlyMap<string, SecurityGroup>,
    peers: PeerLabels,
  ): ChoiceSets {
    const attached = ids.map((id) => groups.get(id));
    const known = this.known[index];
    if (known?.attached.every((group, i) => group === attached[i])) return known;
    const of = (egress: boolean): Variants => this.variantsOf(attached, vpcId, egress, peers);
    const made = { attached, ingress: of(false), egress: of(true) };
    this.known[index] = made;
    return made;
  }

  private variantsOf(
    attached: ChoiceSets['attached'],
    vpcId: string | null,
    egress: boolean,
    peers: PeerLabels,
  ): Variants {
    const undescribed = attached.some((group) => group === undefined || group.disputed === true);
    const entries: SetEntry[] = [];
    const withoutReferences: SetEntry[] = [];
    for (const group of attached) {
      for (const rule of group?.rules ?? []) {
        if (group === undefined || rule.egress !== egress || !rule.selector.valid) continue;
        const found = this.entriesOf(rule, group, vpcId, peers);
        entries.push(...found);
        if (rule.peer.kind !== 'group') withoutReferences.push(...found);
      }
    }
    const full = ruleSet('sg', undescribed, entries);
    const isSame = withoutReferences.length === entries.length;
    return { full, withoutReferences: isSame ? full : ruleSet('sg', undescribed, withoutReferences) };
  }

  private entriesOf(
    rule: SecurityGroupRule,
    group: SecurityGroup,
    vpcId: string | null,
    peers: PeerLabels,
  ): SetEntry[] {
    const number = this.rules.of('sg', rule.id);
    const selector = this.ports.add(rule.selector);
    const order = selectorOrder(rule.selector);
    return peers.of(rule.peer, group, vpcId, rule.egress).map((peer) => ({
      rule: number,
      selector,
      selectorMaybe: isMaybe(rule.selector),
      label: peer.label,
      peerMaybe: peer.maybe,
      rank: peer.rank,
      order,
      allow: true,
    }));
  }
}

/** References that match nothing or are not known, and attached groups without a description; once each. */
function securityGroupWarnings(
  inventory: Inventory,
  peers: PeerLabels,
  choices: readonly GroupChoice[],
): InventoryWarning[] {
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
  // whoever is the first to have a group is the first to have its choice of groups
  for (const { enis } of choices) {
    const eni = inventory.networkInterfaces[enis[0] ?? -1];
    for (const id of eni?.groups ?? []) {
      if (eni === undefined || described.has(id) || seen.has(id)) continue;
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
