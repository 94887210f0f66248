import { isHostAddress } from '../inventory/inventory.ts';
import { formatAddress } from '../model/ip.ts';
import { isWithin } from './atlas.ts';
import type { ExplainStep } from './explanation.ts';
import { throughEgressOnlyGateway, throughInternetGateway, throughNatGateway } from './internet.ts';
import { isInSubnet, type Scene, siteOfEni } from './scene.ts';
import { aclStep, groupStep, localRouteStep, routeStep } from './steps.ts';
import { intoTransitGateway } from './transit.ts';
import { ending, endingOfRoute, type Stop, type Trail, type Way } from './way.ts';

/**
 * Follows a packet from a subnet's route table on: to the VPC of its destination, out of what the inventory describes,
 * or to where it is lost.
 */
export function follow(scene: Scene, trail: Trail, stop: Stop): Way {
  if (!trail.hop()) return ending('unreachable', 'the routes lead in a circle');
  if (isInSubnet(scene, stop.site, stop.packet.destination)) {
    trail.add(localRouteStep(scene, stop.table, stop.site.at, stop.packet.destination));
    return arrive(stop);
  }
  const step = routeStep(scene, stop.table, stop.site.at, stop.packet.destination);
  trail.add(step);
  const lost = endingOfRoute(step.kind);
  if (lost !== undefined) return lost;
  switch (step.kind) {
    case 'local':
      return arrive(stop);
    case 'eni':
      return throughAppliance(scene, trail, stop, step.target ?? '');
    case 'vpce':
      return throughEndpoint(scene, trail, stop, step);
    case 'igw':
      return throughInternetGateway(scene, trail, stop, step.target ?? '');
    case 'eigw':
    case 'cagw':
      return throughEgressOnlyGateway(scene, stop, step.kind);
    case 'nat':
      return throughNatGateway(scene, trail, stop, step.target ?? '', follow);
    case 'pcx':
      return throughPeering(scene, stop, step.target ?? '');
    case 'tgw':
      return intoTransitGateway(scene, trail, stop, step.target ?? '', follow);
    case 'vgw':
    case 'lgw':
    case 'core-network':
    case 'odb-network':
      return ending('left-network', null);
    default:
      return ending('unknown', step.kind === 'ip' ? `what stands at ${step.target} is not described` : null);
  }
}

function arrive(stop: Stop): Way {
  return { arrived: { kind: 'local', id: null }, packet: stop.packet, fromSubnetId: stop.site.subnetId };
}

/** An interface as route target: the packet is judged there in and out again; what the appliance does is not known. */
function throughAppliance(scene: Scene, trail: Trail, stop: Stop, target: string): Way {
  const { inventory } = scene.tables;
  const { packet } = stop;
  const byInstance = inventory.networkInterfaces.findIndex((eni) => eni.instanceId === target && isHostAddress(eni));
  const eni = scene.atlas.eniIndex.get(target) ?? byInstance;
  const appliance = inventory.networkInterfaces[eni];
  trail.doubt = `what ${target} forwards is not known`;
  if (appliance === undefined) return ending('unknown', `${target} is not in the inventory`);
  if (appliance.sourceDestCheck === true) {
    return ending('unreachable', `${target} checks source and destination: it drops what is not its own`);
  }
  const site = siteOfEni(inventory, eni);
  const crossesIn = site.subnetId !== stop.site.subnetId;
  const crossesOut = !isInSubnet(scene, site, packet.destination);
  trail.add(
    aclStep(scene, site, 'ingress', packet.source, packet.asked, crossesIn),
    groupStep(scene, site, 'ingress', packet.source),
    groupStep(scene, site, 'egress', packet.destination),
    aclStep(scene, site, 'egress', packet.destination, packet.asked, crossesOut),
  );
  // the way back is met in reverse: toward the appliance from the destination, then on to the source
  trail.addBack(
    aclStep(scene, site, 'egress', packet.source, packet.reply, crossesIn),
    aclStep(scene, site, 'ingress', packet.destination, packet.reply, crossesOut),
  );
  return follow(scene, trail, { site, table: scene.atlas.routeTableOf(site.subnetId), packet });
}

/** A gateway endpoint leads to the service; a Gateway Load Balancer endpoint to appliances and back into its subnet. */
function throughEndpoint(scene: Scene, trail: Trail, stop: Stop, step: ExplainStep): Way {
  const { inventory } = scene.tables;
  const id = step.target ?? '';
  const endpoint = inventory.vpcEndpoints.find((e) => e.id === id);
  const isBalancer = endpoint?.type == null ? !isByList(scene, step) : endpoint.type !== 'Gateway';
  if (!isBalancer) {
    if (endpoint === undefined && inventory.described.has('VpcEndpoints')) {
      return ending('unknown', `${id} is not described`);
    }
    const { state } = endpoint ?? { state: null };
    if (state !== null && state.toLowerCase() !== 'available') return ending('blackhole', `${id} is ${state}`);
    return ending('left-network', null);
  }
  trail.doubt = `what the appliances behind ${id} forward is not known`;
  const eni = inventory.networkInterfaces.findIndex((e) => e.kind === 'vpc-endpoint' && e.kindName === id);
  if (eni < 0) return ending('unknown', `the interface of ${id} is not in the inventory`);
  const site = siteOfEni(inventory, eni);
  const { packet } = stop;
  trail.add(aclStep(scene, site, 'ingress', packet.source, packet.asked, site.subnetId !== stop.site.subnetId));
  trail.add(
    aclStep(scene, site, 'egress', packet.destination, packet.asked, !isInSubnet(scene, site, packet.destination)),
  );
  return follow(scene, trail, { site, table: scene.atlas.routeTableOf(site.subnetId), packet });
}

/** True when the route's destination is a prefix list: only gateway endpoints are reached by one. */
function isByList({ tables: { catalog } }: Scene, step: ExplainStep): boolean {
  return catalog.rules.some(
    (rule) => rule.layer === 'route' && rule.id === step.rule && rule.route.destination.kind === 'prefix-list',
  );
}

/** Peering is not transitive: only the peer VPC's own CIDRs answer (VPC Peering Guide). */
function throughPeering(scene: Scene, stop: Stop, id: string): Way {
  const { atlas, flow } = scene;
  const peering = atlas.peerings.get(id);
  const { destination } = stop.packet;
  if (peering === undefined || destination === null) return ending('unknown', `${id} is not described`);
  if (peering.status !== null && peering.status !== 'active') {
    return ending('unreachable', `${id} is ${peering.status}`);
  }
  const far = peering.requester.vpcId === stop.site.vpcId ? peering.accepter : peering.requester;
  const known = far.cidrs.length > 0 ? far.cidrs : (atlas.vpcs.get(far.vpcId ?? '')?.cidrs ?? []);
  if (known.length === 0) return ending('unknown', `the blocks of ${far.vpcId ?? 'the peer VPC'} are not described`);
  if (!isWithin(known, destination)) {
    const blocks = `${far.vpcId ?? 'the peer VPC'} holds no ${formatAddress(destination)}`;
    return ending('unreachable', `${id} reaches the peer VPC only: ${blocks}`);
  }
  const holder = scene.tables.inventory.networkInterfaces[flow.to.eni];
  if (holder === undefined) {
    const isDescribed = atlas.vpcs.has(far.vpcId ?? '') && atlas.inventory.subnets.some((s) => s.vpcId === far.vpcId);
    if (!isDescribed) return ending('left-network', null);
  } else if (holder.vpcId !== far.vpcId) {
    return ending('unreachable', `${holder.id} is not in ${far.vpcId}`);
  }
  return { arrived: { kind: 'pcx', id }, packet: stop.packet, fromSubnetId: null };
}
