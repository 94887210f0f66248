import type { Inventory } from '../inventory/inventory.ts';

/** Whether a rule of one VPC may mean interfaces of another. */
export type Link = 'yes' | 'maybe' | 'no';

/**
 * Whether group references reach from one VPC into another: by an active peering (VPC Peering Guide, "Update your
 * security groups to reference peer security groups"), or for inbound rules by a transit gateway on which
 * referencing is enabled (Transit Gateway guide, "Security group referencing"; off by default, on by default for its
 * attachments). Without any document of peerings nothing contradicts the rule: it means whom it names.
 */
export class VpcLinks {
  private readonly inventory: Inventory;
  private readonly peered: ReadonlySet<string>;

  constructor(inventory: Inventory) {
    this.inventory = inventory;
    const active = inventory.vpcPeeringConnections.filter(({ status }) => status === null || status === 'active');
    this.peered = new Set(
      active.flatMap(({ requester, accepter }) => [
        `${requester.vpcId} ${accepter.vpcId}`,
        `${accepter.vpcId} ${requester.vpcId}`,
      ]),
    );
  }

  between(vpcId: string, other: string, egress: boolean): Link {
    const { described } = this.inventory;
    if (!described.has('VpcPeeringConnections') || this.peered.has(`${vpcId} ${other}`)) return 'yes';
    if (egress) return 'no';
    if (!described.has('TransitGatewayAttachments')) return 'maybe';
    return this.byTransitGateway(vpcId, other);
  }

  private byTransitGateway(vpcId: string, other: string): Link {
    const { transitGateways, transitGatewayAttachments } = this.inventory.gateways;
    let link: Link = 'no';
    for (const near of transitGatewayAttachments) {
      if (near.resourceId !== vpcId || near.groupReferences === false) continue;
      const far = transitGatewayAttachments.find(
        (a) => a.resourceId === other && a.transitGatewayId === near.transitGatewayId && a.groupReferences !== false,
      );
      if (far === undefined) continue;
      const enabled = transitGateways.find(({ id }) => id === near.transitGatewayId)?.groupReferences ?? null;
      if (enabled === true) return 'yes';
      if (enabled === null) link = 'maybe';
    }
    return link;
  }
}
