import { type Address, formatAddress } from '../model/ip.ts';
import type { Cursor } from './cursor.ts';
import { type EniClass, eniKindOf, instanceOfDescription } from './eni-kind.ts';
import { hasClusterTag, type Instance, readDeviceIndex } from './instances.ts';
import type { EniKind, KubernetesNode, NetworkInterface } from './inventory.ts';

/** What `NetworkInterfaces` tells; instance, kind and zone are settled when all documents are known. */
export interface DescribedInterface extends NetworkInterface {
  readonly networkCardIndex: number | null;
  readonly zoneName: string | null;
  readonly zoneId: string | null;
}

const INSTANCE_TAG = 'node.k8s.amazonaws.com/instance_id';
const TRUNK_TAG = 'vpcresources.k8s.aws/trunk-eni-id';

function distinct(addresses: readonly Address[]): Address[] {
  return [...new Map(addresses.map((address) => [formatAddress(address), address])).values()];
}

/** An element of `NetworkInterfaces`. */
export function readNetworkInterface(cursor: Cursor): DescribedInterface {
  const attachment = cursor.object('Attachment');
  const isAttached = attachment !== null && attachment.text('Status') !== 'detached';
  const tags = cursor.tags('TagSet');
  const zoneName = cursor.text('AvailabilityZone');
  const zoneId = cursor.text('AvailabilityZoneId');
  return {
    id: cursor.requiredText('NetworkInterfaceId'),
    vpcId: cursor.text('VpcId'),
    subnetId: cursor.text('SubnetId'),
    ownerId: cursor.text('OwnerId'),
    zone: zoneId ?? zoneName,
    zoneName,
    zoneId,
    interfaceType: cursor.text('InterfaceType'),
    description: cursor.text('Description') ?? '',
    requesterManaged: cursor.flag('RequesterManaged') ?? cursor.object('Operator')?.flag('Managed') ?? false,
    sourceDestCheck: cursor.flag('SourceDestCheck'),
    groups: cursor.objectsIfAny('Groups')?.map((group) => group.requiredText('GroupId')) ?? null,
    ...readAddresses(cursor),
    instanceId: isAttached ? attachment.text('InstanceId') : null,
    deviceIndex: isAttached ? readDeviceIndex(attachment) : null,
    networkCardIndex: isAttached ? attachment.integer('NetworkCardIndex', 0, 65_535, 'a network card index') : null,
    kind: 'other',
    kindName: null,
    tags: tags.size > 0 ? tags : cursor.tags('Tags'),
    origin: cursor.origin,
  };
}

function readAddresses(
  cursor: Cursor,
): Pick<NetworkInterface, 'primary' | 'secondary' | 'prefixes' | 'publicAddresses' | 'associations'> {
  const listed = cursor.objects('PrivateIpAddresses');
  const flagged = listed.find((entry) => entry.flag('Primary') === true);
  const ipv6 = cursor.objects('Ipv6Addresses');
  const primaryIpv6 = ipv6.find((entry) => entry.flag('IsPrimaryIpv6') === true) ?? ipv6[0];
  const primary =
    cursor.address('PrivateIpAddress') ??
    flagged?.address('PrivateIpAddress') ??
    primaryIpv6?.address('Ipv6Address') ??
    cursor.address('Ipv6Address');
  const others = [
    ...listed.flatMap((entry) => entry.address('PrivateIpAddress') ?? []),
    ...ipv6.flatMap((entry) => entry.address('Ipv6Address') ?? []),
  ];
  const primaryText = primary === null ? '' : formatAddress(primary);
  const publicOf = (entry: Cursor): Address[] => {
    const association = entry.object('Association');
    if (association === null) return [];
    return ['PublicIp', 'CarrierIp', 'CustomerOwnedIp'].flatMap((key) => association.address(key) ?? []);
  };
  return {
    primary,
    secondary: distinct(others).filter((address) => formatAddress(address) !== primaryText),
    prefixes: [
      ...cursor.objects('Ipv4Prefixes').flatMap((entry) => entry.cidr('Ipv4Prefix') ?? []),
      ...cursor.objects('Ipv6Prefixes').flatMap((entry) => entry.cidr('Ipv6Prefix') ?? []),
    ],
    publicAddresses: distinct([cursor, ...listed].flatMap(publicOf)),
    associations: (listed.length > 0 ? listed : [cursor]).flatMap((entry) => {
      const privateAddress = entry.address('PrivateIpAddress');
      return privateAddress === null ? [] : publicOf(entry).map((publicAddress) => ({ privateAddress, publicAddress }));
    }),
  };
}

/** What other documents tell about interfaces: owners by interface id, Elastic addresses. */
export interface InterfaceOwner {
  readonly interfaceId: string;
  readonly kind: EniKind;
  readonly name: string;
}

/** Documents beside `NetworkInterfaces` that settle what an interface is. */
export interface InterfaceContext {
  readonly instances: readonly Instance[];
  readonly nodes: readonly KubernetesNode[];
  readonly owners: readonly InterfaceOwner[];
  readonly elastic: readonly { readonly interfaceId: string; readonly address: Address }[];
  /** Rows of the user's own, before the built-in table. */
  readonly classes: readonly EniClass[];
}

/** Settles instance, public addresses and kind of every interface. */
export function joinInterfaces(
  described: readonly DescribedInterface[],
  context: InterfaceContext,
): DescribedInterface[] {
  const attached = attachInstances(described, context.instances);
  const nodeInstances = instancesOfNodes(attached, context);
  const owners = new Map(context.owners.map((owner) => [owner.interfaceId, owner]));
  const elastic = new Map<string, Address[]>();
  for (const { interfaceId, address } of context.elastic) {
    elastic.set(interfaceId, [...(elastic.get(interfaceId) ?? []), address]);
  }
  const instances = new Map(context.instances.map((instance) => [instance.id, instance]));
  return attached.map((eni) => {
    const own = eniKindOf(eni, context.classes);
    const owner = owners.get(eni.id);
    const more = elastic.get(eni.id);
    const publicAddresses = more === undefined ? eni.publicAddresses : distinct([...eni.publicAddresses, ...more]);
    const first = isPrimaryInterface(eni, instances.get(eni.instanceId ?? ''));
    const kind = own?.kind ?? owner?.kind ?? kindByAttachment(eni, nodeInstances, first);
    const kindName = own?.name ?? (owner?.kind === kind ? owner.name : null);
    // Auto Mode marks all interfaces of a node alike
    const isFirstOfAuto = kind === 'node-secondary' && first && eni.tags.has('eks:kubernetes-cni-node-name');
    return { ...eni, publicAddresses, kind: isFirstOfAuto ? 'node-primary' : kind, kindName };
  });
}

/** Device 0 of card 0; where the document does not say, the interface with the instance's primary address. */
function isPrimaryInterface(eni: DescribedInterface, instance: Instance | undefined): boolean {
  if (eni.deviceIndex !== null) return eni.deviceIndex === 0 && (eni.networkCardIndex ?? 0) === 0;
  if (instance?.primary == null || eni.primary === null) return true;
  return formatAddress(instance.primary) === formatAddress(eni.primary);
}

function kindByAttachment(eni: DescribedInterface, nodes: ReadonlySet<string>, isFirst: boolean): EniKind {
  if (eni.instanceId !== null) {
    if (!nodes.has(eni.instanceId)) return 'instance';
    return isFirst ? 'node-primary' : 'node-secondary';
  }
  return eni.requesterManaged ? 'aws-managed' : 'other';
}

/** Instance of each interface: by attachment, tags, trunk, description, else the instance that lists it. */
function attachInstances(
  described: readonly DescribedInterface[],
  instances: readonly Instance[],
): readonly DescribedInterface[] {
  const byId = new Map(described.map((eni) => [eni.id, eni]));
  const listing = new Map<string, { readonly instance: Instance; readonly deviceIndex: number | null }>();
  for (const instance of instances) {
    for (const { id, deviceIndex } of instance.interfaces) listing.set(id, { instance, deviceIndex });
    if (instance.primary === null || instance.vpcId === null) continue;
    listing.set(`${instance.vpcId} ${formatAddress(instance.primary)}`, { instance, deviceIndex: 0 });
  }
  return described.map((eni) => {
    if (eni.instanceId !== null) return eni;
    const trunk = byId.get(eni.tags.get(TRUNK_TAG) ?? '');
    const told =
      eni.tags.get(INSTANCE_TAG) ||
      (trunk?.instanceId ?? trunk?.tags.get(INSTANCE_TAG)) ||
      instanceOfDescription(eni.description);
    if (told) return { ...eni, instanceId: told };
    const byAddress = eni.primary === null ? '' : `${eni.vpcId ?? ''} ${formatAddress(eni.primary)}`;
    const listed = listing.get(eni.id) ?? listing.get(byAddress);
    if (listed === undefined) return eni;
    return { ...eni, instanceId: listed.instance.id, deviceIndex: eni.deviceIndex ?? listed.deviceIndex };
  });
}

/** Instances that are nodes: a Node's providerID, the tags of EKS, or an interface that only nodes have. */
function instancesOfNodes(enis: readonly DescribedInterface[], context: InterfaceContext): Set<string> {
  const nodes = new Set(context.nodes.flatMap((node) => node.instanceId ?? []));
  for (const instance of context.instances) if (hasClusterTag(instance.tags)) nodes.add(instance.id);
  for (const eni of enis) {
    if (eni.instanceId === null) continue;
    const kind = eniKindOf(eni, context.classes)?.kind;
    const isOfNode = kind === 'node-trunk' || kind === 'node-secondary' || kind === 'pod-branch';
    if (isOfNode || hasClusterTag(eni.tags) || eni.tags.has(INSTANCE_TAG)) nodes.add(eni.instanceId);
  }
  return nodes;
}
