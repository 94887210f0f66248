import { type Cidr, formatCidr } from '../model/ip.ts';
import type { Cursor } from './cursor.ts';
import type { PrefixList, Subnet, Vpc, VpcEndpoint, VpcPeeringConnection } from './inventory.ts';

/** States in which a block no longer belongs to its VPC or subnet. */
const ENDED = new Set(['disassociated', 'failed']);

/** Each CIDR once, in document order. */
function distinctCidrs(cidrs: readonly Cidr[]): Cidr[] {
  return [...new Map(cidrs.map((cidr) => [formatCidr(cidr), cidr])).values()];
}

function readBlocks(cursor: Cursor): Cidr[] {
  const associated = (set: string, key: string, state: string): Cidr[] =>
    cursor.objects(set).flatMap((block) => {
      return ENDED.has(block.object(state)?.text('State') ?? '') ? [] : (block.cidr(key) ?? []);
    });
  return distinctCidrs([
    ...[cursor.cidr('CidrBlock') ?? []].flat(),
    ...associated('CidrBlockAssociationSet', 'CidrBlock', 'CidrBlockState'),
    ...associated('Ipv6CidrBlockAssociationSet', 'Ipv6CidrBlock', 'Ipv6CidrBlockState'),
  ]);
}

/** An element of `Vpcs`. */
export function readVpc(cursor: Cursor): Vpc {
  return {
    id: cursor.requiredText('VpcId'),
    ownerId: cursor.text('OwnerId'),
    cidrs: readBlocks(cursor),
    origin: cursor.origin,
  };
}

/** A subnet with both names of its zone as printed. */
export interface DescribedSubnet extends Subnet {
  readonly zoneName: string | null;
  readonly zoneId: string | null;
}

/** An element of `Subnets`. */
export function readSubnet(cursor: Cursor): DescribedSubnet {
  const zoneName = cursor.text('AvailabilityZone');
  const zoneId = cursor.text('AvailabilityZoneId');
  return {
    id: cursor.requiredText('SubnetId'),
    vpcId: cursor.requiredText('VpcId'),
    zone: zoneId ?? zoneName,
    zoneName,
    zoneId,
    cidrs: readBlocks(cursor),
    origin: cursor.origin,
  };
}

/** An element of `PrefixLists` (with `Cidrs`) or of `ManagedPrefixLists` (without). */
export function readPrefixList(cursor: Cursor): PrefixList {
  const family = cursor.text('AddressFamily');
  return {
    id: cursor.requiredText('PrefixListId'),
    name: cursor.text('PrefixListName'),
    family: family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : null,
    cidrs: cursor.has('Cidrs') || Array.isArray(cursor.at('Cidrs').value) ? readCidrList(cursor.at('Cidrs')) : null,
  };
}

function readCidrList(cursor: Cursor): Cidr[] {
  return cursor.elements().map((element) => element.asCidr() ?? element.fail('a CIDR'));
}

/** A page of `get-managed-prefix-list-entries` with the id of its list beside it. */
export function readPrefixListEntries(cursor: Cursor): PrefixList {
  const cidrs = cursor.objects('Entries').map((entry) => entry.cidr('Cidr') ?? entry.at('Cidr').fail('a CIDR'));
  return { id: cursor.requiredText('PrefixListId'), name: null, family: null, cidrs };
}

/** Metadata, entries and pages of one list are one list. */
export function joinPrefixLists(parts: readonly PrefixList[]): PrefixList[] {
  const lists = new Map<string, PrefixList>();
  for (const part of parts) {
    const before = lists.get(part.id);
    if (before === undefined) {
      lists.set(part.id, part.cidrs === null ? part : { ...part, cidrs: distinctCidrs(part.cidrs) });
      continue;
    }
    const known = before.cidrs !== null || part.cidrs !== null;
    lists.set(part.id, {
      id: part.id,
      name: before.name ?? part.name,
      family: before.family ?? part.family,
      cidrs: known ? distinctCidrs([...(before.cidrs ?? []), ...(part.cidrs ?? [])]) : null,
    });
  }
  return [...lists.values()];
}

/** An element of `VpcEndpoints` with the interfaces it owns. */
export function readVpcEndpoint(cursor: Cursor): VpcEndpoint & { readonly interfaceIds: readonly string[] } {
  const interfaces = cursor.at('NetworkInterfaceIds');
  return {
    id: cursor.requiredText('VpcEndpointId'),
    state: cursor.text('State'),
    vpcId: cursor.text('VpcId'),
    type: cursor.text('VpcEndpointType'),
    serviceName: cursor.text('ServiceName'),
    interfaceIds: interfaces.isAbsent ? [] : interfaces.elements().flatMap((id) => id.asText() ?? []),
  };
}

/** An element of `VpcPeeringConnections`. */
export function readVpcPeeringConnection(cursor: Cursor): VpcPeeringConnection {
  const side = (key: string): VpcPeeringConnection['requester'] => {
    const info = cursor.object(key);
    if (info === null) return { vpcId: null, cidrs: [] };
    const cidrs = [
      ...[info.cidr('CidrBlock') ?? []].flat(),
      ...info.objects('CidrBlockSet').flatMap((block) => block.cidr('CidrBlock') ?? []),
      ...info.objects('Ipv6CidrBlockSet').flatMap((block) => block.cidr('Ipv6CidrBlock') ?? []),
    ];
    return { vpcId: info.text('VpcId'), cidrs: distinctCidrs(cidrs) };
  };
  return {
    id: cursor.requiredText('VpcPeeringConnectionId'),
    status: cursor.object('Status')?.text('Code') ?? null,
    requester: side('RequesterVpcInfo'),
    accepter: side('AccepterVpcInfo'),
  };
}
