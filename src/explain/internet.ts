import type { Inventory } from '../inventory/inventory.ts';
import { type Address, type Cidr, cidrContains, formatAddress, sameAddress } from '../model/ip.ts';
import { type Border, blockedBy } from '../rules/public-access.ts';
import { isGlobal, isWithin } from './atlas.ts';
import { type Scene, type Site, siteOfEni, siteOfSubnet } from './scene.ts';
import { aclStep, routeStep } from './steps.ts';
import { ending, type Stop, type Trail, type Way } from './way.ts';

/** Ports a NAT gateway sends from (VPC User Guide, "NAT gateway basics"). */
const NAT_PORTS = { from: 1024, to: 65_535 } as const;

/** What a NAT gateway takes for IPv4 (RFC 6052, the well-known prefix). */
const NAT64: Cidr = { family: 6, words: [0x0064_ff9b, 0, 0, 0], length: 96 };

type Follow = (scene: Scene, trail: Trail, stop: Stop) => Way;

/** Out by an internet gateway: to what lies outside, or back in to another interface by its public address. */
export function throughInternetGateway(scene: Scene, trail: Trail, stop: Stop, id: string): Way {
  const { inventory } = scene.tables;
  const { site, packet } = stop;
  const gateway = inventory.gateways.internetGateways.find((g) => g.id === id);
  if (gateway === undefined && inventory.described.has('InternetGateways')) {
    return ending('unknown', `${id} is not described`);
  }
  if (gateway !== undefined && site.vpcId !== null && !gateway.vpcIds.includes(site.vpcId)) {
    return ending('unreachable', `${id} is not attached to ${site.vpcId}`);
  }
  const { destination } = packet;
  if (destination !== null && !isGlobal(destination)) {
    return ending('unreachable', `${id} carries no private address such as ${formatAddress(destination)}`);
  }
  const isNat = stop.publicSource !== undefined;
  const blocked = blockedBy(inventory, site, 'egress', isNat ? 'nat-gateway' : 'internet-gateway');
  if (blocked !== null) return ending('denied', blockedText(blocked));
  const source =
    destination?.family === 6 ? packet.source : (stop.publicSource ?? publicAddressOf(scene, site, packet.source));
  // an IPv4 packet leaves only with a public address (VPC User Guide, "Enable internet access")
  if (source === null && !isNat) {
    return ending('unreachable', `${site.at} has no public address for ${textOf(packet.source)}`);
  }
  const outside = { ...packet, source };
  const { to } = scene.flow;
  if (to.eni < 0) return ending('left-network', null);
  return fromInternet(scene, trail, siteOfEni(inventory, to.eni), { site, table: -1, packet: outside });
}

function textOf(address: Address | null): string {
  return address === null ? 'its address' : formatAddress(address);
}

function blockedText(mode: string): string {
  return `VPC Block Public Access (${mode})`;
}

/** The public address a private one is seen by; null = none: what a pod sends has one by its node's (source-nat). */
export function publicAddressOf({ tables }: Pick<Scene, 'tables'>, site: Site, source: Address | null): Address | null {
  const { networkInterfaces } = tables.inventory;
  const eni = networkInterfaces[site.eni];
  if (eni === undefined || source === null) return null;
  const own = eni.associations.find((a) => sameAddress(a.privateAddress, source));
  if (own !== undefined) return own.publicAddress;
  const isPrimary = eni.primary !== null && sameAddress(eni.primary, source);
  return isPrimary ? (eni.publicAddresses[0] ?? null) : null;
}

/** In by the internet gateway of the destination's VPC. */
function fromInternet(scene: Scene, trail: Trail, site: Site, stop: Stop): Way {
  const { inventory } = scene.tables;
  const { packet } = stop;
  const to = inventory.networkInterfaces[site.eni];
  const family = packet.source?.family ?? 4;
  if (family === 4 && to !== undefined && to.publicAddresses.length === 0) {
    return ending('unreachable', `${site.at} has no public address`);
  }
  const gateway = inventory.gateways.internetGateways.find((g) => g.vpcIds.includes(site.vpcId ?? ''));
  if (gateway === undefined && inventory.described.has('InternetGateways')) {
    return ending('unreachable', `${site.vpcId ?? 'its VPC'} has no internet gateway`);
  }
  const blocked = blockedBy(inventory, site, 'ingress', 'internet-gateway');
  if (blocked !== null) return ending('denied', blockedText(blocked));
  throughEdgeTable(scene, trail, gateway?.id ?? null, scene.flow.to.address);
  return { arrived: { kind: 'internet', id: gateway?.id ?? null }, packet, fromSubnetId: null };
}

/** A gateway route table may hand what enters to an appliance first (VPC User Guide, "Gateway route tables"). */
function throughEdgeTable(scene: Scene, trail: Trail, gateway: string | null, to: Address | null): void {
  const table = gateway === null ? -1 : scene.atlas.edgeTableOf(gateway);
  if (gateway === null || table < 0) return;
  const step = routeStep(scene, table, gateway, to);
  trail.add(step);
  if (step.kind === 'eni' || step.kind === 'vpce') trail.doubt = `what ${step.target} forwards is not known`;
}

/** IPv6 out by an egress-only gateway, or out to a carrier's network. */
export function throughEgressOnlyGateway(scene: Scene, { site }: Stop, kind: 'eigw' | 'cagw'): Way {
  const border: Border = kind === 'eigw' ? 'egress-only-gateway' : 'internet-gateway';
  const blocked = blockedBy(scene.tables.inventory, site, 'egress', border);
  return blocked === null ? ending('left-network', null) : ending('denied', blockedText(blocked));
}

/**
 * A NAT gateway has no security group: its subnet's network ACL is the only filter, on both legs (VPC User Guide, "NAT
 * gateway basics").
 */
export function throughNatGateway(scene: Scene, trail: Trail, stop: Stop, id: string, follow: Follow): Way {
  const { inventory } = scene.tables;
  const nat = inventory.gateways.natGateways.find((g) => g.id === id);
  if (nat !== undefined && nat.state !== null && nat.state !== 'available') {
    return ending('blackhole', `${id} is ${nat.state}`);
  }
  const site = natSite(scene, id);
  if (site === null && nat === undefined && inventory.described.has('NatGateways')) {
    return ending('unknown', `${id} is not described`);
  }
  if (site === null) return ending('left-network', null);
  if (site.subnetId !== null && site.subnetId === stop.site.subnetId) {
    return ending('unreachable', `${id} stands in the sender's own subnet: its route leads back to itself`);
  }
  const { packet } = stop;
  const destination = behindNat64(packet.destination);
  const answer = { ...packet.reply, ports: NAT_PORTS };
  trail.add(
    aclStep(scene, site, 'ingress', packet.source, packet.asked, true),
    aclStep(scene, site, 'egress', destination, packet.asked, true),
  );
  trail.addBack(
    aclStep(scene, site, 'egress', packet.source, packet.reply, true),
    aclStep(scene, site, 'ingress', destination, answer, true),
  );
  const eni = inventory.networkInterfaces[site.at === id ? -1 : site.eni];
  const address = nat?.addresses.find((a) => a.privateAddress !== null) ?? nat?.addresses[0];
  const table = scene.atlas.routeTableOf(site.subnetId);
  const translated = { ...packet, destination, source: address?.privateAddress ?? eni?.primary ?? null, reply: answer };
  const publicSource = address?.publicAddress ?? eni?.publicAddresses[0] ?? null;
  if (nat?.connectivity === 'private') return follow(scene, trail, { site, table, packet: translated });
  // a gateway whose subnet or table no document tells: all that is known is that it leads out
  if (table < 0) return ending('left-network', null);
  return follow(scene, trail, { site, table, packet: translated, publicSource });
}

/** The IPv4 address in a NAT64 address (VPC User Guide, "DNS64 and NAT64"); any other as it is. */
function behindNat64(destination: Address | null): Address | null {
  const isTranslated = destination?.family === 6 && cidrContains(NAT64, destination);
  return isTranslated ? { family: 4, words: [destination.words[3]] } : destination;
}

/** Where a NAT gateway stands: its own interface, else its subnet; null = not known (regional, or not described). */
function natSite(scene: Scene, id: string): Site | null {
  const { inventory } = scene.tables;
  const nat = inventory.gateways.natGateways.find((g) => g.id === id);
  const listed = nat?.addresses.map((a) => scene.atlas.eniIndex.get(a.interfaceId ?? '') ?? -1).find((eni) => eni >= 0);
  const eni = listed ?? inventory.networkInterfaces.findIndex((e) => e.kind === 'nat-gateway' && e.kindName === id);
  if (eni >= 0) return siteOfEni(inventory, eni);
  return nat === undefined || nat.subnetId === null ? null : siteOfSubnet(scene, nat.subnetId, id);
}

/** How a packet from an address nobody in the inventory holds comes to the destination's interface. */
export function fromOutside(scene: Scene, trail: Trail, stop: Stop): Way {
  const { inventory } = scene.tables;
  const { site, packet } = stop;
  if (site.eni < 0) return ending('unknown', 'neither end is in the inventory');
  if (packet.source === null) return ending('unknown', 'the source is not known');
  const back = routeStep(scene, scene.atlas.routeTableOf(site.subnetId), site.at, packet.source);
  const by = (kind: 'local' | 'outside', fromSubnetId: string | null): Way => {
    return { arrived: { kind, id: null }, packet, fromSubnetId };
  };
  switch (back.kind) {
    case 'local':
      return by('local', subnetHolding(inventory, site.vpcId, packet.source));
    case 'none':
    case 'igw':
    case 'nat':
    case 'eigw':
    case 'blackhole':
      if (isGlobal(packet.source)) return fromInternet(scene, trail, site, stop);
      return ending(
        'unknown',
        `no route of ${site.at} leads to ${formatAddress(packet.source)}: how it comes in is not known`,
      );
    default:
      return by('outside', null);
  }
}

function subnetHolding(inventory: Inventory, vpcId: string | null, address: Address): string | null {
  const holds = inventory.subnets.find((s) => s.vpcId === vpcId && isWithin(s.cidrs, address));
  return holds?.id ?? null;
}
