import type { TransitGatewayAttachment, TransitGatewayRoute } from '../inventory/gateway.ts';
import { type Address, cidrContains, formatAddress, formatCidr } from '../model/ip.ts';
import type { ExplainStep } from './explanation.ts';
import { type Packet, type Scene, type Site, siteOfEni, siteOfSubnet, subnetOf } from './scene.ts';
import { aclStep } from './steps.ts';
import { ending, endingOfRoute, type Stop, type Trail, type Way } from './way.ts';

type Follow = (scene: Scene, trail: Trail, stop: Stop) => Way;

/** States in which an attachment carries traffic; null = not said. */
const CARRYING = new Set([null, 'available', 'modifying']);

/**
 * From a subnet into a transit gateway: by the attachment of the sender's VPC, which must stand in the sender's zone
 * ("Amazon VPC attachments in AWS Transit Gateway"). Of the attachment's subnet only the inbound network ACL is judged,
 * by source; on the way back only the outbound one ("Network ACLs for transit gateways").
 */
export function intoTransitGateway(scene: Scene, trail: Trail, stop: Stop, id: string, follow: Follow): Way {
  const { inventory } = scene.tables;
  const { site, packet } = stop;
  if (!inventory.described.has('TransitGatewayAttachments')) return ending('left-network', null);
  const attachment = attachmentOfVpc(scene, id, site.vpcId);
  if (attachment === undefined) return ending('unreachable', `${site.vpcId ?? 'the VPC'} is not attached to ${id}`);
  const entry = entrySubnet(scene, attachment, subnetOf(scene, site)?.zone ?? null);
  if (entry === null) {
    const zone = subnetOf(scene, site)?.zone ?? '';
    return ending('unreachable', `${attachment.id} of ${id} has no subnet in zone ${zone}`);
  }
  if (entry !== undefined) {
    const door = attachmentSite(scene, attachment, entry);
    const sameSubnet = entry === site.subnetId;
    trail.add(aclStep(scene, door, 'ingress', packet.source, packet.asked, true));
    // into a workload of the attachment's own subnet no network ACL is evaluated
    trail.addBack(aclStep(scene, door, 'egress', packet.source, packet.reply, !sameSubnet));
    if (sameSubnet && trail.steps.length <= 2) trail.enteredFromOwnSubnet = true;
  }
  return lookUp(scene, trail, stop, attachment, follow);
}

function attachmentOfVpc(scene: Scene, id: string, vpcId: string | null): TransitGatewayAttachment | undefined {
  return scene.tables.inventory.gateways.transitGatewayAttachments.find(
    (a) => a.transitGatewayId === id && a.resourceType === 'vpc' && a.resourceId === vpcId && CARRYING.has(a.state),
  );
}

/** Subnet of the attachment in a zone; undefined = its subnets or the zone are not known, null = it has none there. */
function entrySubnet(
  scene: Scene,
  { subnetIds }: TransitGatewayAttachment,
  zone: string | null,
): string | null | undefined {
  if (subnetIds === null || zone === null) return undefined;
  const zones = subnetIds.map((subnetId) => scene.atlas.subnets.get(subnetId)?.zone ?? null);
  const at = zones.indexOf(zone);
  if (at >= 0) return subnetIds[at];
  return zones.includes(null) ? undefined : null;
}

/** The attachment's interface in the subnet; else the subnet through any other, under the attachment's name. */
function attachmentSite(scene: Scene, attachment: TransitGatewayAttachment, subnetId: string): Site {
  const { inventory } = scene.tables;
  const own = scene.atlas.enisOfSubnet(subnetId).find((eni) => {
    const { kind, kindName } = inventory.networkInterfaces[eni] ?? {};
    return kind === 'transit-gateway' && (kindName === null || kindName === attachment.id);
  });
  return own === undefined ? siteOfSubnet(scene, subnetId, attachment.id) : siteOfEni(inventory, own);
}

/** The route table of the attachment a packet came by decides where it goes next. */
function lookUp(scene: Scene, trail: Trail, stop: Stop, from: TransitGatewayAttachment, follow: Follow): Way {
  if (!trail.hop()) return ending('unreachable', 'the routes lead in a circle');
  const { packet } = stop;
  const { step, route } = transitStep(scene, from, packet.destination);
  trail.add(step);
  const lost = endingOfRoute(step.kind);
  if (lost !== undefined) return lost;
  if (route === undefined) return ending('unknown', null);
  const { transitGatewayAttachments: all } = scene.tables.inventory.gateways;
  const next = all.find((a) => route.attachmentIds.includes(a.id) && a.transitGatewayId === from.transitGatewayId);
  if (next === undefined) return ending('left-network', `${route.attachmentIds.join(', ')} is not described`);
  if (!CARRYING.has(next.state)) return ending('unreachable', `${next.id} is ${next.state}`);
  if (next.resourceType === 'peering') {
    const far = all.find((a) => a.id === next.id && a.transitGatewayId !== from.transitGatewayId);
    if (far === undefined || far.routeTableId === null) return ending('left-network', null);
    return lookUp(scene, trail, stop, far, follow);
  }
  return next.resourceType === 'vpc' ? intoVpc(scene, trail, stop, next, follow) : ending('left-network', null);
}

/** Step of a transit gateway's route table; `route` undefined = none wins or it is not known. */
function transitStep(
  scene: Scene,
  from: TransitGatewayAttachment,
  to: Address | null,
): { readonly step: ExplainStep; readonly route: TransitGatewayRoute | undefined } {
  const at = from.transitGatewayId ?? from.id;
  const none = {
    layer: 'route',
    at,
    direction: 'egress',
    verdict: null,
    rule: null,
    matched: [],
    target: null,
    prefix: null,
  } as const;
  const doubt = (text: string): ReturnType<typeof transitStep> => {
    return { step: { ...none, kind: 'unknown', unknown: [text] }, route: undefined };
  };
  if (to === null) return doubt('address-unknown: the destination has no known address');
  if (from.routeTableId === null) return doubt(`route-table-not-described: of attachment ${from.id}`);
  const { transitGatewayRouteTables } = scene.tables.inventory.gateways;
  const table = transitGatewayRouteTables.find((t) => t.id === from.routeTableId);
  if (table?.routes == null) return doubt(`route-table-not-described: the routes of ${from.routeTableId}`);
  const [route] = table.routes
    .filter((r) => r.state !== 'other' && cidrContains(r.cidr, to))
    .sort((a, b) => b.cidr.length - a.cidr.length || Number(b.isStatic) - Number(a.isStatic));
  if (route === undefined) return { step: { ...none, kind: 'none' }, route: undefined };
  const prefix = formatCidr(route.cidr);
  const rule = `${table.id}/${prefix}`;
  const kind = route.state === 'blackhole' ? 'blackhole' : 'tgw';
  const target = route.attachmentIds.join(',') || null;
  return { step: { ...none, rule, matched: [rule], kind, target, prefix }, route };
}

/** Out of a transit gateway into a VPC: of the attachment's subnet only the outbound network ACL is judged. */
function intoVpc(scene: Scene, trail: Trail, stop: Stop, attachment: TransitGatewayAttachment, follow: Follow): Way {
  const { packet } = stop;
  const vpcId = attachment.resourceId;
  const id = attachment.transitGatewayId ?? '';
  const isHome = scene.tables.inventory.networkInterfaces[scene.flow.to.eni]?.vpcId === vpcId;
  const entry = exitSubnet(scene, attachment, stop.site, isHome);
  const door = entry === undefined ? null : attachmentSite(scene, attachment, entry);
  trail.addBack(transitStep(scene, attachment, packet.source).step);
  const sameSubnet = isHome && entry !== undefined && entry === subnetOfEni(scene, scene.flow.to.eni);
  if (door !== null) {
    trail.add(aclStep(scene, door, 'egress', packet.destination, packet.asked, !sameSubnet));
    trail.addBack(aclStep(scene, door, 'ingress', packet.destination, packet.reply, true));
  }
  const arrived: Way = { arrived: { kind: 'tgw', id }, packet, fromSubnetId: entry ?? null };
  const isInside = inVpc(scene, vpcId, packet);
  if (door === null) {
    if (isInside === false) return ending('unknown', `where ${attachment.id} enters ${vpcId} is not described`);
    return arrived;
  }
  const way = follow(scene, trail, { site: door, table: scene.atlas.routeTableOf(entry ?? null), packet });
  // the table of the attachment's subnet says local: the packet is where it was going to
  return 'arrived' in way && way.arrived.kind === 'local' && trail.doubt === null ? arrived : way;
}

/** Zone of origin first, then the destination's, else the attachment's first subnet. */
function exitSubnet(
  scene: Scene,
  attachment: TransitGatewayAttachment,
  site: Site,
  isHome: boolean,
): string | undefined {
  const home = isHome ? (subnetOfEni(scene, scene.flow.to.eni) ?? '') : '';
  const zones = [subnetOf(scene, site)?.zone ?? null, scene.atlas.subnets.get(home)?.zone ?? null];
  for (const zone of zones) {
    const found = entrySubnet(scene, attachment, zone);
    if (typeof found === 'string') return found;
  }
  return attachment.subnetIds?.[0];
}

function subnetOfEni({ tables }: Scene, eni: number): string | null {
  return tables.inventory.networkInterfaces[eni]?.subnetId ?? null;
}

function inVpc({ atlas }: Scene, vpcId: string | null, { destination }: Packet): boolean | null {
  const vpc = atlas.vpcs.get(vpcId ?? '');
  if (vpc === undefined || destination === null) return null;
  return vpc.cidrs.some((cidr) => cidrContains(cidr, destination));
}

/** Why a packet that came by a transit gateway may not go back by another way. */
export function asymmetryText(expected: string, step: ExplainStep, to: Address | null): string {
  const whom = to === null ? 'the sender' : formatAddress(to);
  return `the reply to ${whom} leaves by ${step.target ?? step.kind}, not by ${expected}`;
}
