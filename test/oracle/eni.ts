import type { OracleAddress, OracleCidr } from './address.ts';
import { address, cidr, inside } from './address.ts';
import type { RawEni, RawWorld } from './documents.ts';

/** Classes of eks.md §2.2, first match wins; `node` stands for node-primary, -secondary and -trunk. */
export type EniClass = 'node' | 'branch' | 'control-plane' | 'load-balancer' | 'nat' | 'endpoint' | 'transit' | 'other';

export interface OracleEni {
  readonly id: string;
  readonly vpcId: string | null;
  readonly subnetId: string | null;
  /** null = the document has no `Groups` key. */
  readonly groups: readonly string[] | null;
  readonly primary: OracleAddress | null;
  readonly secondary: readonly OracleAddress[];
  readonly ipv6: readonly OracleAddress[];
  readonly prefixes: readonly OracleCidr[];
  readonly class: EniClass;
  readonly instanceId: string | null;
  /** Carries its host's own address: device 0 of card 0 of a node, or of an instance that nothing calls a node. */
  readonly isHost: boolean;
  /** `app/name/id` or `net/name/id` of a load balancer's interface. */
  readonly loadBalancer: string | null;
  /** Holds an IPv4 address besides the primary one, so a default-format record hides which one was used. */
  readonly hides: boolean;
}

/** null for what counts as absent: null, empty, the text `null` (product.md §7.5). */
export function given(text: string | null | undefined): string | null {
  return text === undefined || text === null || text === '' || text === 'null' ? null : text;
}

function tag(eni: RawEni, key: string): string | null {
  return given(eni.TagSet?.find((entry) => entry.Key === key)?.Value);
}

function instanceOf(eni: RawEni, all: readonly RawEni[]): string | null {
  const direct = given(eni.Attachment?.InstanceId) ?? tag(eni, 'node.k8s.amazonaws.com/instance_id');
  if (direct !== null) return direct;
  const trunkId = tag(eni, 'vpcresources.k8s.aws/trunk-eni-id');
  const trunk = trunkId === null ? undefined : all.find((other) => other.NetworkInterfaceId === trunkId);
  return given(trunk?.Attachment?.InstanceId) ?? /^aws-K8S-(i-[0-9a-zA-Z]+)$/.exec(eni.Description ?? '')?.[1] ?? null;
}

// CHOICE: an instance is a node when a Node names it by providerID, when its Tags or its interface's TagSet carry
// `kubernetes.io/cluster/…`, or when another of its interfaces is a CNI or trunk interface. Otherwise it is kind `eni`.
function isNode(instanceId: string, world: RawWorld): boolean {
  const clusterTag = (tags: readonly { Key: string }[] | null | undefined): boolean =>
    (tags ?? []).some((entry) => entry.Key.startsWith('kubernetes.io/cluster/'));
  return (
    world.Node.some((node) => node.spec?.providerID?.endsWith(`/${instanceId}`)) ||
    world.Instances.some((instance) => instance.InstanceId === instanceId && clusterTag(instance.Tags)) ||
    world.NetworkInterfaces.some(
      (eni) =>
        instanceOf(eni, world.NetworkInterfaces) === instanceId &&
        (clusterTag(eni.TagSet) || /^(aws-K8S-|aws-k8s-trunk-eni$)/.test(eni.Description ?? '')),
    )
  );
}

function classOf(eni: RawEni, world: RawWorld): EniClass {
  const type = eni.InterfaceType ?? '';
  const text = eni.Description ?? '';
  if (type === 'trunk' || text === 'aws-k8s-trunk-eni') return 'node';
  if (type === 'branch' || text === 'aws-k8s-branch-eni') return 'branch';
  if (/^aws-K8S-/.test(text)) return 'node';
  if (tag(eni, 'node.k8s.amazonaws.com/instance_id') !== null && tag(eni, 'eks:eni:owner') === 'amazon-vpc-cni')
    return 'node';
  if (tag(eni, 'eks:kubernetes-cni-node-name') !== null) return 'node';
  if (/^Amazon EKS \S/.test(text)) return 'control-plane';
  if (/^ELB /.test(text) || /^(network_load_balancer|load_balancer|gateway_load_balancer)$/.test(type))
    return 'load-balancer';
  if (/^nat_?gateway$/i.test(type) || /^Interface for NAT Gateway /.test(text)) return 'nat';
  if (/^(vpc_endpoint|gateway_load_balancer_endpoint)$/.test(type) || /^VPC Endpoint Interface/.test(text))
    return 'endpoint';
  if (type === 'transit_gateway' || /^Network Interface for Transit Gateway Attachment/.test(text)) return 'transit';
  const instanceId = given(eni.Attachment?.InstanceId);
  return instanceId !== null && isNode(instanceId, world) ? 'node' : 'other';
}

function isHost(eni: RawEni, world: RawWorld): boolean {
  const { DeviceIndex, NetworkCardIndex } = eni.Attachment ?? {};
  if (DeviceIndex !== 0 || (NetworkCardIndex ?? 0) !== 0) return false;
  return ['node', 'other'].includes(classOf(eni, world)) && given(eni.Attachment?.InstanceId) !== null;
}

function parsed<T>(values: readonly (T | null)[]): T[] {
  return values.filter((value) => value !== null);
}

export function readEni(eni: RawEni, world: RawWorld): OracleEni {
  const listed = eni.PrivateIpAddresses ?? [];
  const primaryText = given(eni.PrivateIpAddress) ?? given(listed.find((entry) => entry.Primary)?.PrivateIpAddress);
  const ipv6 = parsed((eni.Ipv6Addresses ?? []).map((entry) => address(entry.Ipv6Address)));
  const primary = (primaryText === null ? null : address(primaryText)) ?? ipv6[0] ?? null;
  const secondary = parsed(listed.map((entry) => address(entry.PrivateIpAddress))).filter(
    (at) => at.text !== primary?.text,
  );
  const prefixes = parsed([
    ...(eni.Ipv4Prefixes ?? []).map((entry) => cidr(entry.Ipv4Prefix)),
    ...(eni.Ipv6Prefixes ?? []).map((entry) => cidr(entry.Ipv6Prefix)),
  ]);
  return {
    id: eni.NetworkInterfaceId,
    vpcId: given(eni.VpcId),
    subnetId: given(eni.SubnetId),
    groups: eni.Groups?.map((group) => group.GroupId) ?? null,
    primary,
    secondary,
    ipv6,
    prefixes,
    class: classOf(eni, world),
    instanceId: instanceOf(eni, world.NetworkInterfaces),
    isHost: isHost(eni, world),
    loadBalancer: /^ELB ((app|net|gwy)\/.+)$/.exec(eni.Description ?? '')?.[1] ?? null,
    // CHOICE: AWS documents the substitution for IPv4 only, so IPv6 addresses beside one IPv4 address hide nothing.
    hides: secondary.some((at) => at.family === 4) || prefixes.some((block) => block.family === 4),
  };
}

/**
 * Prefix length by which the interface holds the address: 32/128 for a listed one, less for a delegated prefix, −1
 * not.
 */
export function holds(eni: OracleEni, at: OracleAddress): number {
  const same = (other: OracleAddress): boolean => other.family === at.family && other.value === at.value;
  if (eni.primary !== null && same(eni.primary)) return at.family === 4 ? 32 : 128;
  if (eni.secondary.some(same) || eni.ipv6.some(same)) return at.family === 4 ? 32 : 128;
  return Math.max(-1, ...eni.prefixes.filter((block) => inside(block, at)).map((block) => block.length));
}
