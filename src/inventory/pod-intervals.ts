import { type Address, type Cidr, formatAddress } from '../model/ip.ts';
import type { Facts } from './facts.ts';
import type { KubernetesNode, NetworkInterface, PodInterval } from './inventory.ts';
import { mergeIntervals } from './pod-merge.ts';
import { type DescribedPod, PodContext, podIntervals } from './pods.ts';
import type { Warn } from './warnings.ts';

/** Every interval of every pod, each once, with its VPC. */
export function joinPods(
  pods: readonly DescribedPod[],
  facts: Facts,
  nodes: readonly KubernetesNode[],
  networkInterfaces: readonly NetworkInterface[],
  warn: Warn,
): PodInterval[] {
  const places = new Places(facts, nodes, networkInterfaces);
  const context = new PodContext(facts.owned, facts.services, facts.endpointSlices);
  const intervals: PodInterval[] = [];
  for (const pod of pods) {
    const vpcId = places.vpcOf(pod.eniId, pod.nodeName, pod.hostAddress);
    const isNodeAddress = (address: Address): boolean => places.isNodeAddress(address, vpcId);
    for (const interval of podIntervals(pod, context, vpcId, isNodeAddress)) intervals.push(interval);
  }
  return mergeIntervals(intervals, warn).map((interval) => {
    return interval.nodeName === null
      ? { ...interval, nodeName: places.nodeOf(interval.address, interval.vpcId) }
      : interval;
  });
}

/** Where nodes and interfaces are: a PodList names no VPC. */
class Places {
  private readonly vpcOfEni: ReadonlyMap<string, string | null>;
  private readonly vpcOfInstance = new Map<string, string>();
  private readonly nodes: ReadonlyMap<string, KubernetesNode>;
  /** VPCs of the interfaces whose primary address it is. */
  private readonly vpcsOfPrimary = new Map<string, Set<string>>();
  /** Primary addresses of the nodes' interfaces; key `address`, values their VPCs. */
  private readonly nodeAddresses = new Map<string, (string | null)[]>();
  private readonly instancesOfAddress = new Map<string, string[]>();
  private readonly nodeOfInstance: ReadonlyMap<string, string>;
  private readonly networkInterfaces: readonly NetworkInterface[];
  private readonly held = new Map<string, NetworkInterface[]>();

  constructor(facts: Facts, nodes: readonly KubernetesNode[], networkInterfaces: readonly NetworkInterface[]) {
    this.vpcOfEni = new Map(networkInterfaces.map((eni) => [eni.id, eni.vpcId]));
    this.nodes = new Map(nodes.map((node) => [node.name, node]));
    this.networkInterfaces = networkInterfaces;
    this.nodeOfInstance = new Map(
      nodes.flatMap(({ name, instanceId }) => (instanceId === null ? [] : [[instanceId, name] as const])),
    );
    for (const { instanceId, vpcId } of networkInterfaces) {
      if (instanceId !== null && vpcId !== null) this.vpcOfInstance.set(instanceId, vpcId);
    }
    for (const { id, vpcId } of facts.instances) if (vpcId !== null) this.vpcOfInstance.set(id, vpcId);
    for (const eni of networkInterfaces) {
      if (eni.primary === null) continue;
      const key = formatAddress(eni.primary);
      if (eni.vpcId !== null) this.vpcsOfPrimary.set(key, (this.vpcsOfPrimary.get(key) ?? new Set()).add(eni.vpcId));
      if (!eni.kind.startsWith('node-')) continue;
      this.nodeAddresses.set(key, [...(this.nodeAddresses.get(key) ?? []), eni.vpcId]);
    }
    for (const { addresses, instanceId } of nodes) {
      if (instanceId === null) continue;
      for (const key of addresses.map(formatAddress)) {
        this.instancesOfAddress.set(key, [...(this.instancesOfAddress.get(key) ?? []), instanceId]);
      }
    }
  }

  /** VPC by branch interface, by node, by the node's address; null = not known or ambiguous. */
  vpcOf(eniId: string | null, nodeName: string | null, hostAddress: Address | null): string | null {
    const byEni = eniId === null ? null : (this.vpcOfEni.get(eniId) ?? null);
    if (byEni !== null) return byEni;
    const instanceId = this.nodes.get(nodeName ?? '')?.instanceId ?? null;
    const byInstance = instanceId === null ? undefined : this.vpcOfInstance.get(instanceId);
    if (byInstance !== undefined) return byInstance;
    return hostAddress === null ? null : this.vpcOfHost(formatAddress(hostAddress));
  }

  private vpcOfHost(host: string): string | null {
    const instances = this.instancesOfAddress.get(host) ?? [];
    const byNode = instances.flatMap((instanceId) => this.vpcOfInstance.get(instanceId) ?? []);
    const vpcs = byNode.length > 0 ? new Set(byNode) : (this.vpcsOfPrimary.get(host) ?? new Set<string>());
    const [only] = vpcs;
    return vpcs.size === 1 ? (only ?? null) : null;
  }

  /** Name of the node whose interfaces hold the address; null = none, or several do. */
  nodeOf(address: Address, vpcId: string | null): string | null {
    const held = this.holders().get(formatAddress(address)) ?? [];
    const instances = new Set(held.flatMap((eni) => (vpcId === null || eni.vpcId === vpcId ? [eni.instanceId] : [])));
    const [instance = null] = instances;
    return instances.size === 1 && instance !== null ? (this.nodeOfInstance.get(instance) ?? null) : null;
  }

  /** Interfaces by each address they hold; made when a source names no nodes. */
  private holders(): ReadonlyMap<string, readonly NetworkInterface[]> {
    if (this.held.size > 0) return this.held;
    for (const eni of this.networkInterfaces) {
      const delegated = eni.prefixes.flatMap((prefix) => addressesOf(prefix));
      for (const address of [...(eni.primary === null ? [] : [eni.primary]), ...eni.secondary, ...delegated]) {
        const key = formatAddress(address);
        this.held.set(key, [...(this.held.get(key) ?? []), eni]);
      }
    }
    return this.held;
  }

  isNodeAddress(address: Address, vpcId: string | null): boolean {
    const vpcs = this.nodeAddresses.get(formatAddress(address)) ?? [];
    return vpcs.some((vpc) => vpcId === null || vpc === null || vpc === vpcId);
  }
}

/** Prefixes the VPC CNI delegates are /28; longer runs of addresses are not looked through. */
const DELEGATED_MIN = 24;

function addressesOf(prefix: Cidr): Address[] {
  if (prefix.family !== 4 || prefix.length < DELEGATED_MIN) return [];
  const base = prefix.words[0];
  return Array.from({ length: 2 ** (32 - prefix.length) }, (_, i) => ({ family: 4, words: [(base + i) >>> 0] }));
}
