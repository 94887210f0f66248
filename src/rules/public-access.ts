import type { Inventory } from '../inventory/inventory.ts';

/** By what a packet crosses the border to the internet. */
export type Border = 'internet-gateway' | 'nat-gateway' | 'egress-only-gateway';

/**
 * The mode of VPC Block Public Access that stops a packet at the border of a subnet, or null (VPC User Guide, "VPC BPA
 * basics"): `block-bidirectional` stops both directions, `block-ingress` all but what NAT and egress-only gateways
 * carry. An exclusion of the subnet or its VPC lets through both directions, or (`allow-egress`) what is opened from
 * inside.
 */
export function blockedBy(
  inventory: Inventory,
  place: { readonly subnetId: string | null; readonly vpcId: string | null },
  direction: 'ingress' | 'egress',
  border: Border,
): string | null {
  const mode = inventory.gateways.publicAccess?.mode ?? 'off';
  if (mode === 'off') return null;
  const exclusions = inventory.gateways.publicAccessExclusions.filter(
    ({ resourceId }) => resourceId === place.subnetId || resourceId === place.vpcId,
  );
  if (exclusions.some((exclusion) => exclusion.mode === 'allow-bidirectional')) return null;
  if (mode === 'block-ingress') return border === 'internet-gateway' ? mode : null;
  if (direction === 'egress' && exclusions.some((exclusion) => exclusion.mode === 'allow-egress')) return null;
  return mode;
}
