import type { Inventory, InventoryWarning, Origin } from '../inventory/inventory.ts';

/** What network ACLs and route tables have in common: one for each subnet, the VPC's default for the rest. */
interface Associated {
  readonly id: string;
  readonly vpcId: string | null;
  readonly subnetIds: readonly string[];
  readonly disputed?: true;
  readonly origin: Origin;
}

/** Interfaces of one subnet, in order of the first of them. */
export interface SubnetPlace {
  readonly subnetId: string;
  /** Of the subnet, or where it is not described of the interface itself. */
  readonly vpcId: string | null;
  /** Indices in Inventory.networkInterfaces. */
  readonly enis: number[];
}

/** Where the interfaces are; those without a subnet are nowhere. */
export function subnetPlaces({ networkInterfaces, subnets }: Inventory): readonly SubnetPlace[] {
  const vpcOfSubnet = new Map(subnets.map((subnet) => [subnet.id, subnet.vpcId]));
  const places = new Map<string, SubnetPlace>();
  networkInterfaces.forEach((eni, index) => {
    const { subnetId } = eni;
    if (subnetId === null) return;
    const vpcId = vpcOfSubnet.get(subnetId) ?? eni.vpcId;
    const key = `${subnetId} ${vpcId}`;
    const place = places.get(key);
    if (place === undefined) places.set(key, { subnetId, vpcId, enis: [index] });
    else place.enis.push(index);
  });
  return [...places.values()];
}

/** `null` = two objects claim the same subnet or VPC, or documents differ about the object: not known. */
export interface AssociationTable<T> {
  readonly bySubnet: ReadonlyMap<string, T | null>;
  readonly defaultOfVpc: ReadonlyMap<string, T | null>;
  readonly warnings: readonly InventoryWarning[];
}

export function subnetAssociations<T extends Associated>(
  objects: readonly T[],
  noun: string,
  isDefault: (object: T) => boolean,
): AssociationTable<T> {
  const bySubnet = new Map<string, T | null>();
  const defaultOfVpc = new Map<string, T | null>();
  const warnings: InventoryWarning[] = [];
  const claim = (map: Map<string, T | null>, key: string, object: T, what: string): void => {
    const holder = map.get(key);
    const isOnly = holder === undefined || holder === object;
    map.set(key, isOnly && object.disputed !== true ? object : null);
    if (isOnly || object.disputed === true) return;
    const other = holder === null ? 'others' : holder.id;
    warnings.push({
      message: `${noun} ${object.id} and ${other} both claim ${what} ${key}: unknown`,
      ...object.origin,
    });
  };
  for (const object of objects) {
    for (const subnetId of object.subnetIds) claim(bySubnet, subnetId, object, 'subnet');
    if (isDefault(object) && object.vpcId !== null) claim(defaultOfVpc, object.vpcId, object, 'VPC');
  }
  return { bySubnet, defaultOfVpc, warnings };
}

/** The object in force for a subnet; undefined = not known. */
export function associationOf<T>(table: AssociationTable<T>, subnetId: string, vpcId: string | null): T | undefined {
  const explicit = table.bySubnet.get(subnetId);
  if (explicit !== undefined) return explicit ?? undefined;
  return vpcId === null ? undefined : (table.defaultOfVpc.get(vpcId) ?? undefined);
}
