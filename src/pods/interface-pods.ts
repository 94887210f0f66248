import { type Inventory, isHostAddress, type PodInterval } from '../inventory/inventory.ts';
import { formatAddress } from '../model/ip.ts';
import { isElsewhere, type ToldHosts } from './elsewhere.ts';
import type { Holding } from './holdings.ts';
import { ANY_HOST } from './lookup.ts';
import { type Entry, holdingOf } from './timeline.ts';
import type { VpcNumbers } from './vpc-numbers.ts';

/** Who lives on each interface, by index in Inventory.networkInterfaces. */
export interface InterfacePods {
  /** Entries that lie on it. */
  readonly entries: readonly (readonly number[])[];
  /** HostNetwork pods that share its address, a node's primary one; ascending in start. */
  readonly hosts: readonly (readonly Holding[])[];
}

export function podsByInterface(inventory: Inventory, entries: readonly Entry[], vpcs: VpcNumbers): InterfacePods {
  const lists: number[][] = inventory.networkInterfaces.map(() => []);
  entries.forEach(({ eni }, entry) => {
    lists[eni]?.push(entry);
  });
  const hosts: Holding[][] = inventory.networkInterfaces.map(() => []);
  const hostOf = hostInterfaces(inventory, vpcs);
  inventory.pods.forEach((pod, p) => {
    const holding = pod.hostNetwork ? holdingOf(pod, p) : undefined;
    if (holding !== undefined) hosts[hostOf(pod)]?.push(holding);
  });
  for (const list of hosts) list.sort((a, b) => a.start - b.start || a.pod - b.pod);
  return { entries: lists, hosts };
}

/** Holdings of an interface's addresses, without those of pods said to be on another host. */
export function holdingsOn(
  onInterfaces: InterfacePods,
  entries: readonly Entry[],
  told: ToldHosts,
  eni: number,
): readonly Holding[] {
  const host = told.eniHost[eni] ?? ANY_HOST;
  return (onInterfaces.entries[eni] ?? []).flatMap((entry) => {
    const holdings = entries[entry]?.holdings ?? [];
    if (host === ANY_HOST || told.entryIsStray[entry] !== 1) return holdings;
    return holdings.filter(({ pod }) => !isElsewhere(told, entry, pod, host));
  });
}

/** Every pod of an interface at any time, each once. */
export function podsOf(
  onInterfaces: InterfacePods,
  entries: readonly Entry[],
  told: ToldHosts,
  eni: number,
): Set<number> {
  const pods = new Set<number>();
  for (const { pod } of holdingsOn(onInterfaces, entries, told, eni)) pods.add(pod);
  for (const { pod } of onInterfaces.hosts[eni] ?? []) pods.add(pod);
  return pods;
}

/**
 * Primary interface of a hostNetwork pod's node: by node name, else the one interface with its address (in its VPC,
 * when that is known), unless that is another node's; −1 = not known.
 */
function hostInterfaces(inventory: Inventory, vpcs: VpcNumbers): (pod: PodInterval) => number {
  const ofInstance = new Map<string, number>();
  const ofAddress = new Map<string, number[]>();
  inventory.networkInterfaces.forEach((eni, e) => {
    if (!isHostAddress(eni)) return;
    if (eni.instanceId !== null && eni.kind === 'node-primary') ofInstance.set(eni.instanceId, e);
    for (const address of eni.primary === null ? eni.secondary : [eni.primary, ...eni.secondary]) {
      const key = formatAddress(address);
      ofAddress.set(key, [...(ofAddress.get(key) ?? []), e]);
    }
  });
  const instanceOfNode = new Map(inventory.nodes.map(({ name, instanceId }) => [name, instanceId]));
  return (pod) => {
    const instance = instanceOfNode.get(pod.nodeName ?? '') ?? null;
    const named = ofInstance.get(instance ?? '');
    if (named !== undefined) return named;
    const vpc = pod.vpcId === null ? undefined : vpcs.byId.get(pod.vpcId);
    const found = (ofAddress.get(formatAddress(pod.address)) ?? []).filter((e) => {
      const here = inventory.networkInterfaces[e]?.instanceId ?? null;
      const isAnothers = pod.isNodeTold && instance !== null && here !== null && here !== instance;
      return !isAnothers && (vpc === undefined || vpcs.ofInterface[e] === vpc);
    });
    return found.length === 1 ? (found[0] ?? -1) : -1;
  };
}
