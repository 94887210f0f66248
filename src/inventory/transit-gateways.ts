import type { Cursor } from './cursor.ts';
import type {
  TransitGateway,
  TransitGatewayAttachment,
  TransitGatewayRoute,
  TransitGatewayRouteTable,
} from './gateway.ts';
import type { Warn } from './warnings.ts';

function isEnabled(cursor: Cursor): boolean | null {
  const word = cursor.object('Options')?.text('SecurityGroupReferencingSupport') ?? null;
  return word === null ? null : word === 'enable';
}

/** An element of `TransitGateways`. */
export function readTransitGateway(cursor: Cursor): TransitGateway {
  return {
    id: cursor.requiredText('TransitGatewayId'),
    groupReferences: isEnabled(cursor),
  };
}

/** An element of `TransitGatewayAttachments`. */
export function readTransitGatewayAttachment(cursor: Cursor): TransitGatewayAttachment {
  const association = cursor.object('Association');
  const isAssociated = association !== null && association.text('State') !== 'disassociated';
  return {
    id: cursor.requiredText('TransitGatewayAttachmentId'),
    transitGatewayId: cursor.text('TransitGatewayId'),
    resourceType: cursor.text('ResourceType'),
    resourceId: cursor.text('ResourceId'),
    state: cursor.text('State'),
    subnetIds: null,
    routeTableId: isAssociated ? association.text('TransitGatewayRouteTableId') : null,
    groupReferences: null,
  };
}

/** An element of `TransitGatewayVpcAttachments`. */
export function readTransitGatewayVpcAttachment(cursor: Cursor): TransitGatewayAttachment {
  const subnets = cursor.at('SubnetIds');
  return {
    id: cursor.requiredText('TransitGatewayAttachmentId'),
    transitGatewayId: cursor.text('TransitGatewayId'),
    resourceType: 'vpc',
    resourceId: cursor.text('VpcId'),
    state: cursor.text('State'),
    subnetIds: subnets.isAbsent ? null : subnets.elements().flatMap((id) => id.asText() ?? []),
    routeTableId: null,
    groupReferences: isEnabled(cursor),
  };
}

/** An element of `TransitGatewayPeeringAttachments`: both gateways know it by the same id, each leads to the other. */
export function readTransitGatewayPeeringAttachment(cursor: Cursor): TransitGatewayAttachment[] {
  const requester = cursor.object('RequesterTgwInfo')?.text('TransitGatewayId') ?? null;
  const accepter = cursor.object('AccepterTgwInfo')?.text('TransitGatewayId') ?? null;
  const side = (transitGatewayId: string | null, resourceId: string | null): TransitGatewayAttachment => ({
    id: cursor.requiredText('TransitGatewayAttachmentId'),
    transitGatewayId,
    resourceType: 'peering',
    resourceId,
    state: cursor.text('State'),
    subnetIds: null,
    routeTableId: null,
    groupReferences: null,
  });
  return [side(requester, accepter), side(accepter, requester)];
}

/** An element of `TransitGatewayRouteTables`. */
export function readTransitGatewayRouteTable(cursor: Cursor): TransitGatewayRouteTable {
  return {
    id: cursor.requiredText('TransitGatewayRouteTableId'),
    transitGatewayId: cursor.text('TransitGatewayId'),
    routes: null,
  };
}

/** A page of `search-transit-gateway-routes` with the id of its route table beside it. */
export function readTransitGatewayRoutes(cursor: Cursor, warn: Warn): TransitGatewayRouteTable {
  const routes = cursor.objects('Routes').flatMap((route): TransitGatewayRoute[] => {
    const cidr = route.cidr('DestinationCidrBlock');
    if (cidr === null) {
      warn(route, 'the transit gateway route has no CIDR: it is not used');
      return [];
    }
    const state = route.text('State');
    const attachments = route.objects('TransitGatewayAttachments');
    return [
      {
        cidr,
        attachmentIds: attachments.flatMap((at) => at.text('TransitGatewayAttachmentId') ?? []),
        isStatic: route.text('Type') !== 'propagated',
        state: state === 'active' || state === 'blackhole' ? state : 'other',
      },
    ];
  });
  return { id: cursor.requiredText('TransitGatewayRouteTableId'), transitGatewayId: null, routes };
}

/** Parts of one attachment (the general list, the VPC list) are one; a peering is one of each of its gateways. */
export function joinAttachments(parts: readonly TransitGatewayAttachment[]): TransitGatewayAttachment[] {
  const byId = new Map<string, TransitGatewayAttachment>();
  for (const part of parts) {
    const key = `${part.id} ${part.transitGatewayId ?? ''}`;
    const before = byId.get(key);
    if (before === undefined) {
      byId.set(key, part);
      continue;
    }
    byId.set(key, {
      ...before,
      resourceType: before.resourceType ?? part.resourceType,
      resourceId: before.resourceId ?? part.resourceId,
      state: before.state ?? part.state,
      subnetIds: before.subnetIds ?? part.subnetIds,
      routeTableId: before.routeTableId ?? part.routeTableId,
      groupReferences: before.groupReferences ?? part.groupReferences,
    });
  }
  return [...byId].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, attachment]) => attachment);
}

/** A table and the pages of its routes are one table. */
export function joinTransitRouteTables(parts: readonly TransitGatewayRouteTable[]): TransitGatewayRouteTable[] {
  const byId = new Map<string, TransitGatewayRouteTable>();
  for (const part of parts) {
    const before = byId.get(part.id);
    const routes = before?.routes == null ? part.routes : [...before.routes, ...(part.routes ?? [])];
    byId.set(part.id, { id: part.id, transitGatewayId: before?.transitGatewayId ?? part.transitGatewayId, routes });
  }
  return [...byId.values()];
}
