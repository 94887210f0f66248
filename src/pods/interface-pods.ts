import type { Inventory, NetworkInterface, PodInterval } from '../inventory/inventory.ts';
import { formatAddress } from '../model/ip.ts';
import { type Entry, type Holding, holdingOf } from './timeline.ts';
import type { VpcNumbers } from './vpc-numbers.ts';

/**
 * Pods on each interface, by index in Inventory.networkInterfaces: those whose address lies on it and, on a node's
 * primary one, the hostNetwork pods that share its address. Ascending in start.
 */
export function podsByInterface(
  inventory: Inventory,
  entries: readonly Entry[],
  vpcs: VpcNumbers,
): readonly Holding[][] {
  const lists: Holding[][] = inventory.networkInterfaces.map(() => []);
  for (const { eni, holdings } of entries) for (const holding of holdings) lists[eni]?.push(holding);
  const hostOf = hostInterfaces(inventory, vpcs);
  inventory.pods.forEach((pod, p) => {
    const holding = pod.hostNetwork ? holdingOf(pod, p) : undefined;
    if (holding !== undefined) lists[hostOf(pod)]?.push(holding);
  });
  for (const list of lists) list.sort((a, b) => a.start - b.start || a.pod - b.pod);
  return lists;
}

/**
 * Primary interface of a hostNetwork pod's node: by node name, else the one interface with its address (in its VPC,
 * when that is known); −1 = not known.
 */
function hostInterfaces(inventory: Inventory, vpcs: VpcNumbers): (pod: PodInterval) => number {
  const ofInstance = new Map<string, number>();
  const ofAddress = new Map<string, number[]>();
  inventory.networkInterfaces.forEach((eni, e) => {
    if (!isHost(eni)) return;
    if (eni.instanceId !== null && eni.kind === 'node-primary') ofInstance.set(eni.instanceId, e);
    for (const address of eni.primary === null ? eni.secondary : [eni.primary, ...eni.secondary]) {
      const key = formatAddress(address);
      ofAddress.set(key, [...(ofAddress.get(key) ?? []), e]);
    }
  });
  const instanceOfNode = new Map(inventory.nodes.map(({ name, instanceId }) => [name, instanceId]));
  return (pod) => {
    const named = ofInstance.get(instanceOfNode.get(pod.nodeName ?? '') ?? '');
    if (named !== undefined) return named;
    const vpc = pod.vpcId === null ? undefined : vpcs.byId.get(pod.vpcId);
    const found = (ofAddress.get(formatAddress(pod.address)) ?? []).filter(
      (e) => vpc === undefined || vpcs.ofInterface[e] === vpc,
    );
    return found.length === 1 ? (found[0] ?? -1) : -1;
  };
}

/** Interfaces whose own address a host may use; without Node documents a node is an instance like any other. */
function isHost({ kind, deviceIndex }: NetworkInterface): boolean {
  return kind === 'node-primary' || (kind === 'instance' && (deviceIndex ?? 0) === 0);
}
