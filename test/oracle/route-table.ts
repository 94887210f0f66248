import type { OracleAddress, OracleCidr } from './address.ts';
import { cidr, inside } from './address.ts';
import type { RawRoute, RawRouteTable } from './documents.ts';
import { given } from './eni.ts';
import type { Network, OracleSubnet } from './network.ts';
import { inSubnet } from './network.ts';

export interface RouteAnswer {
  readonly kind: string;
  readonly target: string | null;
  readonly prefix: string | null;
  /** The prefix came from a prefix list. */
  readonly listed: boolean;
}

const UNKNOWN: RouteAnswer = { kind: 'unknown', target: null, prefix: null, listed: false };
const NO_ROUTE: RouteAnswer = { kind: 'none', target: null, prefix: null, listed: false };

/** Not routable by user routes even when a larger route covers them (aws.md §4.1). */
const RESERVED = ['169.254.168.0/22', 'fd00:ec2::/32'].flatMap((text) => cidr(text) ?? []);

/** Target keys in the order they are asked; an interface before the instance behind it (aws.md §4.2). */
const TARGETS: readonly (readonly [string, string])[] = [
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
const GATEWAYS: readonly string[] = ['igw', 'vgw', 'vpce', 'eigw', 'nat', 'tgw', 'cagw', 'lgw'];

function targetOf(route: RawRoute): { kind: string; target: string | null } {
  const gateway = given(route.GatewayId);
  if (gateway !== null) {
    const kind = gateway === 'local' ? 'local' : (GATEWAYS.find((word) => gateway.startsWith(`${word}-`)) ?? 'unknown');
    return { kind, target: gateway };
  }
  for (const [key, kind] of TARGETS) {
    const target = given(route[key]);
    if (target !== null) return { kind, target };
  }
  return { kind: 'unknown', target: null };
}

/** The table of a subnet: explicitly associated, else the main one of the VPC. */
function tableOf(network: Network, subnetId: string, vpcId: string | null): RawRouteTable | undefined {
  const { RouteTables } = network.raw;
  const own = RouteTables.find((table) => table.Associations?.some((entry) => entry.SubnetId === subnetId));
  const isMain = (table: RawRouteTable): boolean =>
    vpcId !== null && table.VpcId === vpcId && (table.Associations ?? []).some((entry) => entry.Main === true);
  return own ?? RouteTables.find(isMain);
}

interface Candidate {
  readonly block: OracleCidr;
  /** Static CIDR (and local) 0, prefix list 1, propagated 2: the smaller wins at equal length. */
  readonly rank: number;
  readonly route: RawRoute;
}

function isLocal(route: RawRoute): boolean {
  return given(route.GatewayId) === 'local' || route.Origin === 'CreateRouteTable';
}

/** CHOICE: `Advertisement` (Route Server) counts as propagated. */
function isPropagated({ Origin }: RawRoute): boolean {
  return Origin === 'EnableVgwRoutePropagation' || Origin === 'Advertisement';
}

/** Every route that covers the address, and those whose list is not expanded and could hold one more. */
function candidates(network: Network, table: RawRouteTable, to: OracleAddress): [Candidate[], RawRoute[]] {
  const found: Candidate[] = [];
  const missing: RawRoute[] = [];
  for (const route of table.Routes ?? []) {
    const listId = given(route.DestinationPrefixListId);
    const direct = given(route.DestinationCidrBlock) ?? given(route.DestinationIpv6CidrBlock);
    const propagated = isPropagated(route);
    if (listId !== null) {
      const list = network.prefixLists.get(listId);
      const mayHold = list?.family == null || list.family === to.family;
      if (list?.blocks == null && mayHold) missing.push(route);
      const rank = propagated ? 2 : 1;
      for (const block of list?.blocks ?? []) if (inside(block, to)) found.push({ block, rank, route });
    } else if (direct !== null) {
      const block = cidr(direct);
      if (block !== null && inside(block, to)) found.push({ block, rank: propagated ? 2 : 0, route });
    }
  }
  return [found, missing];
}

function describe(candidate: Candidate): RouteAnswer {
  const { kind, target } = targetOf(candidate.route);
  // CHOICE: whether a `filtered` route (VPC Route Server) is in force, nothing tells: kind unknown where it wins.
  const told = ({ blackhole: 'blackhole', filtered: 'unknown' } as Record<string, string>)[candidate.route.State ?? ''];
  return {
    kind: told ?? kind,
    target,
    prefix: candidate.block.text,
    listed: given(candidate.route.DestinationPrefixListId) !== null,
  };
}

/**
 * Inside a local CIDR AWS takes only a NAT gateway, an interface or a GWLB endpoint as target (aws.md §4.1); what a
 * blackholed, filtered or unrecognised route led to is not known.
 */
function mayShadowLocal(network: Network, route: RawRoute): boolean {
  if (isPropagated(route)) return false;
  if (route.State === 'blackhole' || route.State === 'filtered') return true;
  const { kind, target } = targetOf(route);
  if (kind === 'vpce') return isGwlbEndpoint(network, target, true);
  return kind === 'nat' || kind === 'eni' || kind === 'unknown';
}

/** CHOICE: an endpoint that is not described is a gateway endpoint by a prefix-list route and a GWLB one by a CIDR. */
function isGwlbEndpoint(network: Network, target: string | null, listed: boolean): boolean {
  const endpoint = network.raw.VpcEndpoints.find((entry) => entry.VpcEndpointId === target);
  return endpoint?.VpcEndpointType == null ? !listed : endpoint.VpcEndpointType === 'GatewayLoadBalancer';
}

function lookUpRoute(network: Network, table: RawRouteTable | undefined, to: OracleAddress): RouteAnswer {
  // CHOICE: no table known for the subnet → unknown (a table without a match → none).
  if (table === undefined) return UNKNOWN;
  if (RESERVED.some((block) => inside(block, to))) return NO_ROUTE;
  const [all, missing] = candidates(network, table, to);
  const local = all.some((candidate) => isLocal(candidate.route));
  const found = all.filter((candidate) => !local || candidate.rank !== 2);
  found.sort((a, b) => b.block.length - a.block.length || a.rank - b.rank);
  const [best] = found;
  // CHOICE: a list that is not expanded could hold any longer prefix, so it could win unless a static host route does,
  // or a local one that its target may not shadow.
  const isHost = best?.rank === 0 && best.block.length === (to.family === 4 ? 32 : 128);
  const wins = best !== undefined && isLocal(best.route) ? missing.some((r) => mayShadowLocal(network, r)) : !isHost;
  if (missing.length > 0 && wins) return UNKNOWN;
  if (best === undefined) return NO_ROUTE;
  const answer = describe(best);
  // CHOICE: equal prefix and rank with different targets (two lists: AWS picks at random) → unknown.
  const equals = found
    .filter((other) => other.block.length === best.block.length && other.rank === best.rank)
    .map(describe);
  const ambiguous = equals.some((other) => other.kind !== answer.kind || other.target !== answer.target);
  return ambiguous ? UNKNOWN : answer;
}

const INSIDE: RouteAnswer = { kind: 'local', target: 'local', prefix: null, listed: false };

/**
 * The route a packet takes out of a subnet. Inside the subnet it is layer 2 and ignores the table (aws.md §4.1).
 * CHOICE: it is `local` (target `local`, product.md §7.18), with the prefix of the local route where a table has one.
 */
export function routeFrom(
  network: Network,
  subnetId: string | null,
  vpcId: string | null,
  to: OracleAddress,
): RouteAnswer {
  if (subnetId === null) return UNKNOWN;
  const table = tableOf(network, subnetId, vpcId);
  const subnet: OracleSubnet | undefined = network.subnets.get(subnetId);
  if (subnet === undefined || !inSubnet(subnet, to)) return lookUpRoute(network, table, to);
  if (table === undefined) return INSIDE;
  const onlyLocal = (table.Routes ?? []).filter((route) => given(route.GatewayId) === 'local');
  const answer = lookUpRoute(network, { ...table, Routes: onlyLocal }, to);
  return answer.kind === 'none' ? INSIDE : answer;
}

/** Whether the way crosses an appliance: an interface route or a Gateway Load Balancer endpoint (product.md §7.16). */
export function crossesMiddlebox(
  network: Network,
  from: { subnetId: string | null; vpcId: string | null },
  to: OracleAddress,
): boolean {
  const subnet = from.subnetId === null ? undefined : network.subnets.get(from.subnetId);
  if (subnet !== undefined && inSubnet(subnet, to)) return false;
  const { kind, target, listed } = routeFrom(network, from.subnetId, from.vpcId, to);
  if (kind === 'eni') return true;
  // A blackholed interface route drops the packet, so nothing is crossed; an unknown route crosses nothing we know of.
  return kind === 'vpce' && isGwlbEndpoint(network, target, listed);
}
