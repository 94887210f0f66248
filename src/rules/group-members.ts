import type { Inventory, NetworkInterface } from '../inventory/inventory.ts';
import { type Cidr, cidrContains, hostCidr } from '../model/ip.ts';
import { VpcLinks } from './vpc-links.ts';

/** Every private address that counts as the interface in a group reference. */
export function privateCidrs(eni: NetworkInterface): readonly Cidr[] {
  const single = eni.primary === null ? eni.secondary : [eni.primary, ...eni.secondary];
  return [...single.map(hostCidr), ...eni.prefixes];
}

/** Addresses that a reference to a group means, as one VPC sees it. */
export interface MemberAddresses {
  readonly certain: readonly Cidr[];
  readonly possible: readonly Cidr[];
  /** True when every VPC sees the same. */
  readonly isShared: boolean;
}

/** Interfaces with the same groups in the same VPC. */
export interface GroupChoice {
  /** Distinct, sorted. */
  readonly groups: readonly string[];
  readonly vpcId: string | null;
  /** Indices in Inventory.networkInterfaces. */
  readonly enis: number[];
}

/** Which interfaces are in which groups. */
export class GroupMembers {
  readonly choices: readonly GroupChoice[];
  /** Interfaces whose groups the documents do not say: each may be a member of any group. */
  readonly ungrouped: readonly NetworkInterface[];
  private readonly byGroup = new Map<string, NetworkInterface[]>();
  private readonly links: VpcLinks;
  private readonly vpcCidrs: ReadonlyMap<string, readonly Cidr[]>;
  private readonly memo = new Map<string, MemberAddresses>();

  constructor(inventory: Inventory) {
    this.links = new VpcLinks(inventory);
    this.vpcCidrs = new Map(inventory.vpcs.map((vpc) => [vpc.id, vpc.cidrs]));
    this.ungrouped = inventory.networkInterfaces.filter((eni) => eni.groups === null);
    for (const eni of inventory.networkInterfaces) {
      for (const id of new Set(eni.groups)) {
        const members = this.byGroup.get(id);
        if (members === undefined) this.byGroup.set(id, [eni]);
        else members.push(eni);
      }
    }
    this.choices = choicesOf(inventory);
  }

  has(groupId: string): boolean {
    return this.byGroup.has(groupId);
  }

  /** Addresses of the members of a group; null = of the interfaces without known groups. See `addressesOf`. */
  of(groupId: string | null, vpcId: string | null, egress: boolean | null): MemberAddresses {
    const key = `${groupId === null ? 'ungrouped' : `group ${groupId}`} ${vpcId} ${egress}`;
    let found = this.memo.get(key);
    if (found === undefined) {
      found = this.addressesOf(groupId === null ? this.ungrouped : (this.byGroup.get(groupId) ?? []), vpcId, egress);
      this.memo.set(key, found);
    }
    return found;
  }

  /**
   * A member in another VPC whose address the viewer's VPC uses itself cannot be meant: addresses of VPCs may overlap,
   * and inside the viewer's own CIDRs only its own interfaces answer. Any other is meant where the two VPCs are linked;
   * `egress` null = the rule itself says that its peering is active.
   */
  private addressesOf(
    members: readonly NetworkInterface[],
    vpcId: string | null,
    egress: boolean | null,
  ): MemberAddresses {
    const own = this.vpcCidrs.get(vpcId ?? '') ?? [];
    const certain: Cidr[] = [];
    const possible: Cidr[] = [];
    let isShared = true;
    for (const eni of members) {
      const foreign = vpcId !== null && eni.vpcId !== null && eni.vpcId !== vpcId;
      const link = !foreign || egress === null ? 'yes' : this.links.between(vpcId, eni.vpcId ?? '', egress);
      if (link !== 'yes') isShared = false;
      for (const cidr of privateCidrs(eni)) {
        if (foreign && own.some((block) => cidrContains(block, cidr))) isShared = false;
        else if (link === 'yes') certain.push(cidr);
        else if (link === 'maybe') possible.push(cidr);
      }
    }
    return { certain, possible, isShared };
  }
}

function choicesOf(inventory: Inventory): readonly GroupChoice[] {
  const vpcOfSubnet = new Map(inventory.subnets.map((subnet) => [subnet.id, subnet.vpcId]));
  const byKey = new Map<string, GroupChoice>();
  inventory.networkInterfaces.forEach((eni, index) => {
    if (eni.groups === null) return;
    const groups = [...new Set(eni.groups)].sort();
    const vpcId = eni.vpcId ?? vpcOfSubnet.get(eni.subnetId ?? '') ?? null;
    const key = `${vpcId ?? ''} ${groups.join()}`;
    const choice = byKey.get(key);
    if (choice === undefined) byKey.set(key, { groups, vpcId, enis: [index] });
    else choice.enis.push(index);
  });
  return [...byKey.values()];
}
