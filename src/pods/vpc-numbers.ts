import type { Inventory } from '../inventory/inventory.ts';

/**
 * A number for every VPC that anything in the inventory names. Described ones keep their index in Inventory.vpcs, as
 * the rules know them; those that are only named follow in code unit order; an interface whose VPC nobody tells has a
 * number of its own, so that it never shares an address space with another.
 */
export interface VpcNumbers {
  readonly count: number;
  readonly byId: ReadonlyMap<string, number>;
  /** Number of each interface's VPC, by index in Inventory.networkInterfaces. */
  readonly ofInterface: Int32Array;
}

export function numberVpcs(inventory: Inventory): VpcNumbers {
  const { vpcs, subnets, networkInterfaces, pods } = inventory;
  const byId = new Map(vpcs.map((vpc, index) => [vpc.id, index]));
  const named = [...subnets, ...networkInterfaces, ...pods].flatMap((holder) => holder.vpcId ?? []);
  for (const id of [...new Set(named)].sort()) if (!byId.has(id)) byId.set(id, byId.size);
  const ofSubnet = new Map(subnets.map((subnet) => [subnet.id, subnet.vpcId]));
  let count = byId.size;
  const ofInterface = Int32Array.from(networkInterfaces, (eni) => {
    const id = eni.vpcId ?? ofSubnet.get(eni.subnetId ?? '');
    return (id === undefined ? undefined : byId.get(id)) ?? count++;
  });
  return { count, byId, ofInterface };
}
