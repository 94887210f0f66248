import type { RouteKind } from '../model/verdict.ts';
import type { Cursor } from './cursor.ts';
import type { Route, RouteTable } from './inventory.ts';
import type { Warn } from './warnings.ts';

/** Keys of a route's target in the order asked: an interface before the instance behind it (EC2 API, Route). */
const TARGET_KEYS: readonly (readonly [string, RouteKind])[] = [
  ['NatGatewayId', 'nat'],
  ['TransitGatewayId', 'tgw'],
  ['VpcPeeringConnectionId', 'pcx'],
  ['NetworkInterfaceId', 'eni'],
  ['EgressOnlyInternetGatewayId', 'eigw'],
  ['CarrierGatewayId', 'cagw'],
  ['LocalGatewayId', 'lgw'],
  ['CoreNetworkArn', 'core-network'],
  ['OdbNetworkArn', 'odb-network'],
  ['IpAddress', 'ip'],
  ['InstanceId', 'eni'],
];

/** What a `GatewayId` is, by its prefix. */
const GATEWAY_KINDS: readonly RouteKind[] = ['igw', 'vgw', 'vpce', 'eigw', 'nat', 'tgw', 'cagw', 'lgw'];

/** States in which an association is no longer one. */
const ENDED = new Set(['disassociated', 'failed']);

/** An element of `RouteTables`. */
export function readRouteTable(cursor: Cursor, warn: Warn): RouteTable {
  const associations = cursor.objects('Associations').filter((association) => {
    return !ENDED.has(association.object('AssociationState')?.text('State') ?? '');
  });
  return {
    id: cursor.requiredText('RouteTableId'),
    vpcId: cursor.text('VpcId'),
    main: associations.some((association) => association.flag('Main') === true),
    subnetIds: associations.flatMap((association) => association.text('SubnetId') ?? []),
    gatewayIds: associations.flatMap((association) => association.text('GatewayId') ?? []),
    routes: cursor.objects('Routes').flatMap((route) => readRoute(route, warn) ?? []),
    origin: cursor.origin,
  };
}

function readRoute(cursor: Cursor, warn: Warn): Route | null {
  const cidr = cursor.cidr('DestinationCidrBlock') ?? cursor.cidr('DestinationIpv6CidrBlock');
  const list = cursor.text('DestinationPrefixListId');
  if (cidr === null && list === null) {
    warn(cursor, 'the route has no destination: it is not used');
    return null;
  }
  const { kind, target } = readTarget(cursor);
  const state = cursor.text('State');
  return {
    destination: cidr === null ? { kind: 'prefix-list', id: list ?? '' } : { kind: 'cidr', cidr },
    // `filtered` (VPC Route Server): in the table, but whether it carries traffic is not said
    kind: state === 'blackhole' ? 'blackhole' : state === 'filtered' ? 'unknown' : kind,
    target,
    origin: readOrigin(cursor, kind),
    source: cursor.origin,
  };
}

function readTarget(cursor: Cursor): { readonly kind: RouteKind; readonly target: string | null } {
  const gateway = cursor.text('GatewayId');
  if (gateway !== null) {
    const kind = gateway === 'local' ? 'local' : GATEWAY_KINDS.find((prefix) => gateway.startsWith(`${prefix}-`));
    return { kind: kind ?? 'unknown', target: gateway };
  }
  for (const [key, kind] of TARGET_KEYS) {
    const target = cursor.text(key);
    if (target !== null) return { kind, target };
  }
  return { kind: 'unknown', target: null };
}

function readOrigin(cursor: Cursor, kind: RouteKind): Route['origin'] {
  if (kind === 'local') return 'local';
  const origin = cursor.text('Origin');
  // the local route's own target may be replaced by an interface: its Origin stays CreateRouteTable
  if (origin === 'CreateRouteTable') return 'local';
  return origin === 'EnableVgwRoutePropagation' || origin === 'Advertisement' ? 'propagated' : 'static';
}
