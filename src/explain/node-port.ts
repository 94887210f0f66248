import { type Inventory, isHostAddress, type NetworkInterface } from '../inventory/inventory.ts';
import type { KubernetesService, NodePort } from '../inventory/service.ts';
import { type Address, formatAddress, sameAddress } from '../model/ip.ts';
import { type Endpoint, findEndpoint } from './endpoint.ts';
import type { Ending, ExplainFlow, Outcome } from './explanation.ts';
import { holdsAt } from './lifetime.ts';
import { ending } from './way.ts';

/** One endpoint that kube-proxy may pick. */
export interface Backend {
  readonly end: Endpoint;
  readonly address: Address;
  readonly port: number;
  /** `namespace/name`; null = not known. */
  readonly pod: string | null;
  /** null = no EndpointSlice says. */
  readonly state: 'ready' | 'terminating' | 'unready' | null;
  /** On the node that the packet came to; null = not known. */
  readonly isHere: boolean | null;
  readonly hintZones: readonly string[];
  readonly hintNodes: readonly string[];
}

/** What kube-proxy does with a packet that comes to a node. */
export interface Proxied {
  readonly service: KubernetesService;
  readonly backends: readonly Backend[];
  /** What may be picked besides, and why it is not told. */
  readonly unfollowed: readonly string[];
  /** True = of something besides nothing tells whether it is picked. */
  readonly isOpen: boolean;
  /** Where it ends when none is picked; null = it goes on to a backend. */
  readonly ended: Ending | null;
}

/** The node that a packet came to. */
interface Host {
  readonly eni: NetworkInterface;
  readonly address: Address;
  readonly name: string | null;
  readonly zone: string | null;
  /** As texts name it. */
  readonly title: string;
  readonly atSeconds: number | null;
}

const TCP = 6;

/**
 * The Service whose NodePort the packet meets at a node's own address, and the endpoints that kube-proxy picks one of
 * (Kubernetes, "Virtual IPs and Service Proxies"; kube-proxy's CategorizeEndpoints). A text = why nothing tells whose
 * it is; null = no NodePort.
 */
export function proxiedAt(inventory: Inventory, flow: ExplainFlow): Proxied | string | null {
  const { to, from, protocol, dstPort } = flow;
  const eni = inventory.networkInterfaces[to.eni];
  if (eni === undefined || to.address === null || protocol === null || dstPort === null) return null;
  if (!isHostAddress(eni) || !isOwnAddress(eni, to)) return null;
  const isPort = (one: NodePort): boolean => one.port === dstPort && one.protocol === protocol;
  const isCheck = (s: KubernetesService): boolean => protocol === TCP && s.healthCheckNodePort === dstPort;
  const serving = inventory.services.filter((s) => s.nodePorts.some(isPort) || isCheck(s));
  const [service] = serving;
  if (service === undefined) return null;
  const names = serving.map((s) => `${s.namespace}/${s.name}`).join(', ');
  if (serving.length > 1)
    return `${names} all have NodePort ${dstPort}: which of them is of this node's cluster is not known`;
  const host = hostOf(inventory, eni, to.address, flow.atSeconds ?? null);
  if (host === null) {
    // what is no node of the cluster has its ports for itself
    if (eni.kind === 'instance' && inventory.described.has('Nodes')) return null;
    const whose = `whether it is a node of the cluster of ${names} is not known`;
    return `no Node document is of ${eni.instanceId ?? eni.id}: ${whose}`;
  }
  const port = service.nodePorts.find(isPort);
  if (port === undefined) return checked(inventory, service, host);
  const sender = inventory.networkInterfaces[from.eni]?.instanceId ?? null;
  const isOwn = sender !== null && sender === eni.instanceId;
  if (isOwn && service.externalTrafficPolicy === 'Local') {
    const doubt = `whether ${names} is then reached on other nodes is not known`;
    return ended(service, 'unknown', `from ${host.title} itself: ${doubt}`);
  }
  return picked(service, host, backendsOf(inventory, service, port, host));
}

/** What goes on to no backend. */
function ended(service: KubernetesService, outcome: Outcome, reason: string): Proxied {
  return { service, backends: [], unfollowed: [], isOpen: false, ended: ending(outcome, reason) };
}

/** A node's primary address, or the IPv6 one of its own; others of the interface are pods'. */
export function isOwnAddress({ primary, secondary }: NetworkInterface, { address, pod }: Endpoint): boolean {
  if (address === null) return false;
  if (primary !== null && sameAddress(primary, address)) return true;
  return address.family === 6 && pod === null && secondary.some((own) => sameAddress(own, address));
}

/** null = not told to be a node. */
function hostOf(inventory: Inventory, eni: NetworkInterface, address: Address, at: number | null): Host | null {
  const isNode = eni.kind === 'node-primary' && !inventory.described.has('Nodes');
  const node = inventory.nodes.find(({ instanceId, addresses }) =>
    instanceId === null ? addresses.some((own) => sameAddress(own, address)) : instanceId === eni.instanceId,
  );
  if (node === undefined && !isNode) return null;
  const name = node?.name ?? null;
  const title = `node ${name ?? eni.instanceId ?? eni.id}`;
  return { eni, address, name, zone: node?.zone ?? eni.zone, title, atSeconds: at };
}

/** Every endpoint of the port: by EndpointSlices; where none is of the Service, the pods that its selector picks. */
function backendsOf(inventory: Inventory, service: KubernetesService, port: NodePort, host: Host): Backend[] {
  const { family } = host.address;
  const backend = (
    address: Address,
    nodeName: string | null,
    rest: Omit<Backend, 'end' | 'address' | 'isHere'>,
  ): Backend => {
    const found = findEndpoint(inventory, formatAddress(address), host.atSeconds, host.eni.vpcId);
    const end = found ?? { address, publicAddress: null, eni: -1, pod: null };
    return { ...rest, end, address, isHere: isHere(inventory, host, end, nodeName) };
  };
  const found =
    service.endpoints?.flatMap(({ address, nodeName, ports, pod, state, hintZones, hintNodes }) => {
      const of = ports.filter((one) => one.name === port.name && one.protocol === port.protocol);
      const rest = { pod, state, hintZones, hintNodes };
      return of.map((one) => backend(address, nodeName, { ...rest, port: one.port }));
    }) ??
    inventory.pods.flatMap((pod) => {
      const lives = holdsAt(inventory, pod, host.atSeconds);
      const name = `${service.namespace}/${service.name}`;
      const of = pod.services.filter(
        (s) => lives && s.service === name && s.protocol === port.protocol && s.nodePort === port.port,
      );
      const rest = { pod: `${pod.namespace}/${pod.name}`, state: null, hintZones: [], hintNodes: [] };
      return of.map((one) => backend(pod.address, pod.nodeName, { ...rest, port: one.port }));
    });
  const distinct = new Map(
    found.filter(({ address }) => address.family === family).map((b) => [`${formatAddress(b.address)} ${b.port}`, b]),
  );
  return [...distinct.values()];
}

/** By the node that the EndpointSlice or the pod names, else by the instance of the interfaces. */
function isHere(inventory: Inventory, host: Host, { eni }: Endpoint, nodeName: string | null): boolean | null {
  if (nodeName !== null && host.name !== null) return nodeName === host.name;
  const instance = inventory.networkInterfaces[eni]?.instanceId ?? null;
  return instance === null || host.eni.instanceId === null ? null : instance === host.eni.instanceId;
}

/** Ready endpoints; without any, those that end but still serve (KEP-1669). */
function usable(backends: readonly Backend[]): readonly Backend[] {
  const ready = backends.filter(({ state }) => state === 'ready' || state === null);
  return ready.length > 0 ? ready : backends.filter(({ state }) => state === 'terminating');
}

function picked(service: KubernetesService, host: Host, backends: readonly Backend[]): Proxied {
  const name = `${service.namespace}/${service.name}`;
  const bySelector = service.endpoints === null;
  if (bySelector && backends.length === 0) {
    const reason = `who answers for ${name} is not known: no EndpointSlice of it, nor a pod that its selector picks`;
    return ended(service, 'unknown', reason);
  }
  const unfollowed = bySelector
    ? [`EndpointSlices of ${name}: none is described; the pods of its selector are taken, ready or not`]
    : [];
  const anywhere = usable(backends);
  if (anywhere.length === 0) {
    const reason = `no endpoint of ${name} is ready: kube-proxy refuses it`;
    return { ...ended(service, 'unreachable', reason), unfollowed };
  }
  if (service.externalTrafficPolicy === 'Cluster') {
    // among those that end no hint counts
    const hinted = anywhere.every(({ state }) => state === 'ready') ? byHints(host, anywhere) : anywhere;
    const nearest = [...hinted].sort((a, b) => Number(b.isHere) - Number(a.isHere));
    return { service, backends: nearest, unfollowed, isOpen: false, ended: null };
  }
  const here = usable(backends.filter((b) => b.isHere === true));
  const unsure = usable(backends.filter((b) => b.isHere === null)).map(
    ({ pod, address }) => `${pod ?? formatAddress(address)}: whether it is on ${host.title} is not known`,
  );
  const told = { service, backends: here, unfollowed: [...unfollowed, ...unsure], isOpen: unsure.length > 0 };
  if (here.length > 0) return { ...told, ended: null };
  if (unsure.length > 0) return { ...told, ended: ending('unknown', unsure[0] ?? null) };
  const reason = `no endpoint of ${name} is on ${host.title}: kube-proxy drops it (externalTrafficPolicy Local)`;
  return { ...told, ended: ending('unreachable', reason) };
}

/**
 * Hints keep the choice to this node or its zone where every endpoint has one and one is for here ("Topology Aware
 * Routing", "Traffic distribution").
 */
function byHints(host: Host, ready: readonly Backend[]): readonly Backend[] {
  const { name, zone } = host;
  const forNode = ready.filter(({ hintNodes }) => name !== null && hintNodes.includes(name));
  if (forNode.length > 0 && ready.every(({ hintNodes }) => hintNodes.length > 0)) return forNode;
  const forZone = ready.filter(({ hintZones }) => zone !== null && hintZones.includes(zone));
  return forZone.length > 0 && ready.every(({ hintZones }) => hintZones.length > 0) ? forZone : ready;
}

/** The health check of a Service with externalTrafficPolicy Local is answered by kube-proxy itself. */
function checked(inventory: Inventory, service: KubernetesService, host: Host): Proxied {
  const ready = service.endpoints?.filter(({ state }) => state === 'ready') ?? null;
  const places = ready?.map(({ address, nodeName }) => {
    const end = findEndpoint(inventory, formatAddress(address), host.atSeconds, host.eni.vpcId);
    return isHere(inventory, host, end ?? { address, publicAddress: null, eni: -1, pod: null }, nodeName);
  });
  const here = places?.filter((place) => place === true).length ?? 0;
  const isKnown = places !== undefined && (here > 0 || !places.includes(null));
  const status = here > 0 ? `200, ready endpoints on ${host.title}` : `503, no ready endpoint on ${host.title}`;
  const name = `${service.namespace}/${service.name}`;
  const reason = `kube-proxy answers the health check of ${name}${isKnown ? `: ${status}` : ''}`;
  return ended(service, 'delivered', reason);
}
