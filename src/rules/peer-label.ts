import type { Inventory, Peer, PrefixList, SecurityGroup } from '../inventory/inventory.ts';
import type { Cidr } from '../model/ip.ts';
import type { AddressLabels } from './address-class.ts';
import type { GroupMembers } from './group-members.ts';

/** One stretch of addresses that a rule's peer covers. */
interface PeerLabel {
  readonly label: number;
  /** How specific the peer is there: prefix length, IPv4 counted from 96; a group reference is a single address. */
  readonly rank: number;
  /** True when the address may or may not be covered: the peer is not fully known. */
  readonly maybe: boolean;
}

/** What is known of a referenced group. */
type GroupState = 'known' | 'stale' | 'partly' | 'unknown';

const HOST_RANK = 128;

export function rankOf(cidr: Cidr): number {
  return cidr.family === 4 ? 96 + cidr.length : cidr.length;
}

/** Turns the peers of security group rules into address labels, as seen from the VPC of the interface judged. */
export class PeerLabels {
  private readonly labels: AddressLabels;
  private readonly prefixLists: ReadonlyMap<string, PrefixList>;
  private readonly vpcOwners: ReadonlyMap<string, string | null>;
  private readonly described: ReadonlySet<string>;
  /** State of each described peering connection. */
  private readonly peerings: ReadonlyMap<string, string>;
  private readonly members: GroupMembers;
  private readonly memo = new Map<string, readonly PeerLabel[]>();

  constructor(inventory: Inventory, members: GroupMembers, labels: AddressLabels) {
    this.labels = labels;
    this.members = members;
    this.peerings = new Map(inventory.vpcPeeringConnections.map(({ id, status }) => [id, status ?? 'active']));
    this.prefixLists = new Map(inventory.prefixLists.map((list) => [list.id, list]));
    this.vpcOwners = new Map(inventory.vpcs.map((vpc) => [vpc.id, vpc.ownerId]));
    this.described = new Set(inventory.securityGroups.map((group) => group.id));
  }

  /** True when `groups` are those that the inventory described, whatever their rules. */
  knows(groups: readonly SecurityGroup[]): boolean {
    return groups.length === this.described.size && groups.every(({ id }) => this.described.has(id));
  }

  /** Labels of `peer` for a rule of `group`, used by an interface of `vpcId` (null = not known). */
  of(peer: Peer, group: SecurityGroup, vpcId: string | null, egress: boolean): readonly PeerLabel[] {
    if (peer.kind === 'cidr') {
      return [{ label: this.labels.cidr(peer.cidr), rank: rankOf(peer.cidr), maybe: false }];
    }
    if (peer.kind === 'prefix-list') return this.remember(`list ${peer.id}`, () => this.prefixListLabels(peer.id));
    const state = this.groupState(peer, group);
    const isTold = peer.peeringStatus === 'active';
    return this.remember(`${state} ${peer.id} ${vpcId ?? ''} ${egress} ${isTold}`, () => {
      return this.groupLabels(peer.id, state, vpcId, isTold ? null : egress);
    });
  }

  /**
   * A group that no document shows, neither described nor attached, is stale within its own account and unknown in
   * another one, where our documents do not look. An inactive peering makes the reference stale.
   */
  groupState(peer: Extract<Peer, { kind: 'group' }>, group: SecurityGroup): GroupState {
    if (this.peeringState(peer) !== 'active') return 'stale';
    if (this.described.has(peer.id)) return 'known';
    const ownerId = group.ownerId ?? this.vpcOwners.get(group.vpcId ?? '') ?? null;
    const sameAccount = peer.ownerId === null || peer.ownerId === ownerId;
    const attached = this.members.has(peer.id);
    if (sameAccount) return attached ? 'known' : 'stale';
    return attached ? 'partly' : 'unknown';
  }

  /** State of the peering that a reference goes through, by the rule itself, else by its description. */
  peeringState(peer: Extract<Peer, { kind: 'group' }>): string {
    if (peer.peeringStatus !== null && peer.peeringStatus !== 'active') return peer.peeringStatus;
    return this.peerings.get(peer.peeringId ?? '') ?? 'active';
  }

  /** True when the entries of the list are known. */
  isExpandable(prefixListId: string): boolean {
    return (this.prefixLists.get(prefixListId)?.cidrs ?? null) !== null;
  }

  private remember(key: string, make: () => readonly PeerLabel[]): readonly PeerLabel[] {
    let made = this.memo.get(key);
    if (made === undefined) {
      made = make();
      this.memo.set(key, made);
    }
    return made;
  }

  /** One label for all entries of one length: the canonical rule ranks the list by its matching entry. */
  private prefixListLabels(id: string): readonly PeerLabel[] {
    const list = this.prefixLists.get(id);
    if (list === undefined || list.cidrs === null) return this.anywhere(list?.family ?? null);
    const byRank = new Map<number, Cidr[]>();
    for (const cidr of list.cidrs) {
      const rank = rankOf(cidr) * 8 + cidr.family;
      const same = byRank.get(rank);
      if (same === undefined) byRank.set(rank, [cidr]);
      else same.push(cidr);
    }
    return [...byRank].map(([rank, cidrs]) => ({
      label: this.labels.union(`${id} ${rank}`, cidrs),
      rank: Math.floor(rank / 8),
      maybe: false,
    }));
  }

  private groupLabels(
    id: string,
    state: GroupState,
    vpcId: string | null,
    egress: boolean | null,
  ): readonly PeerLabel[] {
    if (state === 'stale') return [];
    const found: PeerLabel[] = state === 'known' ? [] : [...this.anywhere(null)];
    if (state !== 'unknown') {
      found.push(...this.memberLabels(id, vpcId, egress));
    }
    if (this.members.ungrouped.length > 0) found.push(...this.memberLabels(null, vpcId, null));
    return found;
  }

  /** Labels of a group's members; `id` null = of the interfaces that may be in any group. */
  private memberLabels(id: string | null, vpcId: string | null, egress: boolean | null): PeerLabel[] {
    const { certain, possible, isShared } = this.members.of(id, vpcId, egress);
    const name = id === null ? 'ungrouped' : `group ${id}`;
    const maybe = id === null;
    const key = isShared ? name : `${name} from ${vpcId} ${egress}`;
    const found: PeerLabel[] = [{ label: this.labels.union(key, certain), rank: HOST_RANK, maybe }];
    if (possible.length > 0) {
      found.push({ label: this.labels.union(`${key} maybe`, possible), rank: HOST_RANK, maybe: true });
    }
    return found;
  }

  private anywhere(family: 4 | 6 | null): readonly PeerLabel[] {
    const families = family === null ? ([4, 6] as const) : [family];
    return families.map((f) => ({ label: this.labels.any(f), rank: f === 4 ? 96 : 0, maybe: true }));
  }
}
