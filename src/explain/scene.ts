import type { Inventory, Subnet } from '../inventory/inventory.ts';
import type { Address } from '../model/ip.ts';
import { type Atlas, isWithin } from './atlas.ts';
import type { ExplainFlow } from './explanation.ts';
import type { IcmpPacket, PortRange } from './layer-answer.ts';
import type { ExplainTables } from './tables.ts';

/** Everything one question needs while its packet is followed. */
export interface Scene {
  readonly tables: ExplainTables;
  readonly atlas: Atlas;
  readonly flow: ExplainFlow;
  readonly request: Asked;
  readonly reply: Asked;
  /** The request's route crosses an appliance: group references match nothing. */
  readonly viaMiddlebox: boolean;
}

/** What a packet asks for: its destination ports, or its ICMP type. */
export interface Asked {
  readonly ports: PortRange;
  readonly icmp: IcmpPacket;
}

/** A point of the way where a subnet's network ACL and route table stand: an interface, or a subnet by itself. */
export interface Site {
  /** What steps name. */
  readonly at: string;
  /** Interface whose words give the rule sets (any of the subnet: they share them), −1 = none known. */
  readonly eni: number;
  readonly subnetId: string | null;
  readonly vpcId: string | null;
}

/** A packet on the way, as it is on the wire there. */
export interface Packet {
  /** null = not known. */
  readonly source: Address | null;
  readonly destination: Address | null;
  readonly asked: Asked;
  /** Of what answers it there. */
  readonly reply: Asked;
}

export function siteOfEni(inventory: Inventory, eni: number): Site {
  const found = inventory.networkInterfaces[eni];
  return { at: found?.id ?? '', eni, subnetId: found?.subnetId ?? null, vpcId: found?.vpcId ?? null };
}

/** A subnet seen through any of its interfaces; `at` names what stands there. */
export function siteOfSubnet({ atlas }: Scene, subnetId: string, at: string): Site {
  const eni = atlas.enisOfSubnet(subnetId)[0] ?? -1;
  return { at, eni, subnetId, vpcId: atlas.subnets.get(subnetId)?.vpcId ?? null };
}

export function subnetOf({ atlas }: Scene, site: Site): Subnet | undefined {
  return atlas.subnets.get(site.subnetId ?? '');
}

export function isInSubnet(scene: Scene, site: Site, address: Address | null): boolean {
  return address !== null && isWithin(subnetOf(scene, site)?.cidrs, address);
}
