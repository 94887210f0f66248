import { stackOf } from '../inventory/balancer-owners.ts';
import type { Inventory, LoadBalancer, NetworkInterface } from '../inventory/inventory.ts';
import type { EniName, PodName } from '../model/names.ts';

export function podNames(inventory: Inventory): PodName[] {
  return inventory.pods.map(({ namespace, name, workload, nodeName }) => ({
    namespace,
    name,
    workload,
    node: nodeName,
  }));
}

export function eniNames(inventory: Inventory): EniName[] {
  const nodes = new Map(
    inventory.nodes.flatMap((node) => (node.instanceId === null ? [] : [[node.instanceId, node.name]])),
  );
  const balancers = new Map(inventory.loadBalancers.map((lb) => [lb.suffix, lb]));
  return inventory.networkInterfaces.map((eni) => ({
    id: eni.id,
    node: eni.instanceId === null ? null : (nodes.get(eni.instanceId) ?? eni.instanceId),
    service: serviceOf(eni, balancers),
  }));
}

function serviceOf(eni: NetworkInterface, balancers: ReadonlyMap<string, LoadBalancer>): string | null {
  if (eni.kind.startsWith('node-')) return null;
  if (eni.kind === 'load-balancer') {
    const balancer = balancers.get(eni.kindName ?? '');
    const owner = balancer?.owner ?? stackOf(eni.tags);
    if (owner !== null) return owner;
    const name = balancer?.name ?? /^(?:app|net|gwy)\/([^/]+)/.exec(eni.kindName ?? '')?.[1] ?? eni.kindName;
    if (name !== null) return name;
  }
  return eni.description === '' ? eni.kindName : eni.description;
}
