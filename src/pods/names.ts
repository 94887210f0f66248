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

/** Tags of the AWS Load Balancer Controller and the in-tree provider: `namespace/name` of what the balancer serves. */
const SERVICE_TAGS = [
  'service.k8s.aws/stack',
  'ingress.k8s.aws/stack',
  'gateway.k8s.aws.alb/stack',
  'gateway.k8s.aws.nlb/stack',
  'kubernetes.io/service-name',
  'kubernetes.io/ingress-name',
];

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
    for (const tag of SERVICE_TAGS) {
      const stack = balancer?.tags.get(tag) ?? eni.tags.get(tag);
      if (stack !== undefined) return stack;
    }
    const name = balancer?.name ?? /^(?:app|net|gwy)\/([^/]+)/.exec(eni.kindName ?? '')?.[1] ?? eni.kindName;
    if (name !== null) return name;
  }
  return eni.description === '' ? eni.kindName : eni.description;
}
