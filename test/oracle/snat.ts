/** Source NAT on the nodes as naive code, from eks.md §1.5. */
import { cidr, inside, type OracleAddress } from './address.ts';
import {
  field,
  isElsewhere,
  isTunnel,
  type OracleRecord,
  type OracleSide,
  recordAddress,
  windowOf,
} from './attribution.ts';
import { type Cluster, type OraclePod, podsOfHost, portsAtNode } from './cluster.ts';
import { given, holds, type OracleEni } from './eni.ts';
import { type Network, sorted } from './network.ts';

/** A side that is a node's own address toward the outside: its pods become candidates. CHOICE: the node stays named. */
export function maskedSide(
  network: Network,
  cluster: Cluster,
  record: OracleRecord,
  name: 'src' | 'dst',
  direction: 'ingress' | 'egress' | 'unknown',
  side: OracleSide,
): OracleSide {
  const here = network.enis.get(field(record, 'interface-id') ?? '');
  const node = network.enis.get(side.eni ?? '');
  if (here === undefined || node === undefined || side.kind !== 'node' || !node.isHost || node.class !== 'node')
    return side;
  const isLocal = (direction === 'egress') === (name === 'src');
  // at the node's own interface it is the local side; a NAT gateway shows the node as its client
  if (direction === 'unknown' || isTunnel(record) || (here.class === 'nat' ? isLocal : !isLocal || here !== node))
    return side;
  if (side.addr !== null && side.addr !== node.primary?.text) return side;
  const far = name === 'src' ? 'dst' : 'src';
  const packet = recordAddress(record, `pkt-${far}addr`);
  const other = packet ?? recordAddress(record, `${far}addr`);
  if (other?.family !== 4 || servesItself(cluster, record, node, name)) return side;
  // the gateway shows itself in place of the far end: whatever went through it left the VPC
  const unseen = here.class === 'nat' && packet === null;
  const blocks = node.vpcId === null ? undefined : network.vpcs.get(node.vpcId);
  const { external, excluded, strict, v4Egress } = settings(network);
  const six = v4Egress && isOfIpv6(network, node);
  if (!six && (blocks === undefined || (!unseen && blocks.some((block) => inside(block, other))))) return side;
  const translated = six || (!external && (unseen || !excluded.some((text) => isInside(text, other))));
  // a hidden side that is not translated may be any pod of its own interface: attribution says so already
  if (!translated && side.addr === null) return side;
  const { start, end } = windowOf(record);
  const pods = podsHere(network, cluster, node, strict && !six).filter((pod) => pod.start < end && pod.end > start);
  const candidates = sorted(
    pods.filter((pod) => translated || pod.hostNetwork).map((pod) => `${pod.namespace}/${pod.name}`),
  );
  return candidates.length === 0 ? side : { ...side, attribution: 'candidates', candidates };
}

interface Settings {
  readonly external: boolean;
  readonly excluded: readonly string[];
  readonly strict: boolean;
  readonly v4Egress: boolean;
}

/**
 * eks.md §1.1: IPv4 and IPv6 pods exclude each other, and IPv6 ones have their addresses out of delegated prefixes;
 * §1.5: what they send to IPv4 is translated always.
 */
function isOfIpv6(network: Network, { instanceId }: OracleEni): boolean {
  const own = [...network.enis.values()].filter((eni) => eni.instanceId === instanceId && eni.class === 'node');
  return own.some(({ prefixes }) => prefixes.some(({ family }) => family === 6));
}

function isInside(text: string, at: OracleAddress): boolean {
  const block = cidr(text);
  return block !== null && inside(block, at);
}

/** CHOICE: what answers at a port of its own, or below 1024, is no connection that a pod began. */
function servesItself(cluster: Cluster, record: OracleRecord, node: OracleEni, name: 'src' | 'dst'): boolean {
  const [protocol, port] = [field(record, 'protocol'), field(record, `${name}port`)];
  if ((protocol !== '6' && protocol !== '17') || port === null) return false;
  const own = podsOfHost(cluster, node).flatMap(portsAtNode);
  return Number(port) < 1024 || [...cluster.nodePorts, ...own].includes(`${protocol}/${port}`);
}

/** Pods whose address is one of the node's interfaces' own, and those that share the node's. */
function podsHere(network: Network, cluster: Cluster, node: OracleEni, strict: boolean): OraclePod[] {
  const enis = [...network.enis.values()].filter(
    (eni) => eni.instanceId === node.instanceId && (eni.class === 'node' || (!strict && eni.class === 'branch')),
  );
  const holder = (pod: OraclePod): boolean =>
    enis.some((eni) => pod.vpcId === eni.vpcId && holds(eni, pod.address) >= 0);
  const host = podsOfHost(cluster, node).filter((pod) => pod.hostNetwork);
  const own = cluster.pods.filter((pod) => !pod.hostNetwork && holder(pod) && !isElsewhere(pod, node));
  return [...own, ...host];
}

/** CHOICE: no DaemonSet described = AWS's defaults. The test worlds describe one cluster. */
function settings(network: Network): Settings {
  const daemon = network.raw.DaemonSet.find(
    ({ metadata }) => metadata?.name === 'aws-node' && metadata.namespace === 'kube-system',
  );
  const container = (daemon?.spec?.template?.spec?.containers ?? []).find((each) => each.name === 'aws-node');
  const value = (name: string): string => given(container?.env?.find((each) => each.name === name)?.value) ?? '';
  return {
    external: value('AWS_VPC_K8S_CNI_EXTERNALSNAT') === 'true',
    excluded: value('AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS')
      .split(',')
      .map((text) => text.trim())
      .filter((text) => text !== ''),
    strict: value('POD_SECURITY_GROUP_ENFORCING_MODE') !== 'standard',
    v4Egress: value('ENABLE_V4_EGRESS') !== 'false',
  };
}
