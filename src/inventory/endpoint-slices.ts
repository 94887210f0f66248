import { type Address, formatAddress } from '../model/ip.ts';
import type { Cursor } from './cursor.ts';
import { readPort, readPortProtocol } from './kubernetes.ts';
import type { Listener, NodePort, ServiceEndpoint } from './service.ts';

/** One EndpointSlice: who answers for a Service at which ports (Kubernetes API, discovery.k8s.io/v1). */
export interface EndpointSlice {
  readonly namespace: string;
  /** null = not said. */
  readonly name: string | null;
  /** `namespace/name`. */
  readonly service: string;
  readonly endpoints: readonly SliceEndpoint[];
  readonly ports: readonly NodePort[];
}

interface SliceEndpoint extends Omit<ServiceEndpoint, 'address' | 'pod' | 'ports'> {
  /** None where they are names (addressType FQDN). */
  readonly addresses: readonly Address[];
  /** The object that has them; a pod is in the slice's namespace. */
  readonly target: { readonly kind: string | null; readonly name: string } | null;
}

/** One list for all endpoints without a hint. */
const NO_HINTS: readonly string[] = [];

/** An object of `kind: EndpointSlice`; null when it names no Service. */
export function readEndpointSlice(cursor: Cursor): EndpointSlice | null {
  const metadata = cursor.at('metadata');
  const namespace = metadata.text('namespace') ?? 'default';
  const service = metadata.textMap('labels').get('kubernetes.io/service-name');
  if (service === undefined) return null;
  const hasAddresses = cursor.text('addressType') !== 'FQDN';
  const endpoints = cursor.objects('endpoints').map((endpoint): SliceEndpoint => {
    const listed = endpoint.at('addresses');
    const names = hasAddresses && !listed.isAbsent ? listed.elements() : [];
    const hints = endpoint.object('hints');
    return {
      addresses: names.flatMap((each) => each.asAddress() ?? []),
      target: readTarget(endpoint.object('targetRef')),
      nodeName: endpoint.text('nodeName'),
      state: readState(endpoint.at('conditions')),
      hintZones: hints?.objects('forZones').map((each) => each.requiredText('name')) ?? NO_HINTS,
      hintNodes: hints?.objects('forNodes').map((each) => each.requiredText('name')) ?? NO_HINTS,
    };
  });
  const ports = cursor.objects('ports').flatMap((each) => {
    const port = readPort(each, 'port');
    return port === null ? [] : { name: each.text('name') ?? '', protocol: readPortProtocol(each), port };
  });
  return { namespace, name: metadata.text('name'), service: `${namespace}/${service}`, endpoints, ports };
}

function readTarget(cursor: Cursor | null): SliceEndpoint['target'] {
  if (cursor === null) return null;
  const kind = cursor.text('kind');
  return { kind, name: kind === 'Pod' ? cursor.requiredText('name') : (cursor.text('name') ?? '') };
}

/** Absent conditions mean ready, serving, not terminating (kube-proxy, endpointslicecache.go). */
function readState(conditions: Cursor): ServiceEndpoint['state'] {
  if (conditions.flag('ready') !== false) return 'ready';
  const isTerminating = conditions.flag('terminating') === true && conditions.flag('serving') !== false;
  return isTerminating ? 'terminating' : 'unready';
}

/**
 * Endpoints of each Service (`namespace/name`) that is asked for and any slice is of, in the order of their addresses;
 * of two descriptions of one slice the first counts.
 */
export function endpointsOfServices(
  slices: readonly EndpointSlice[],
  isAsked: (service: string) => boolean,
  zoneOf: (zone: string) => string,
): Map<string, ServiceEndpoint[]> {
  const found = new Map<string, ServiceEndpoint[]>();
  const seen = new Set<string>();
  for (const { namespace, name, service, endpoints, ports } of slices) {
    if (name !== null && seen.has(`${namespace}/${name}`)) continue;
    seen.add(`${namespace}/${name}`);
    if (!isAsked(service)) continue;
    const list = found.get(service) ?? [];
    found.set(service, list);
    for (const { addresses, target, nodeName, state, hintZones: zones, hintNodes } of endpoints) {
      const [address] = addresses;
      if (address === undefined) continue;
      const pod = target?.kind === 'Pod' ? `${namespace}/${target.name}` : null;
      const hintZones = zones.length === 0 ? NO_HINTS : zones.map(zoneOf);
      // one literal: objects made by spreading take several times the memory
      list.push({ address, pod, nodeName, state, hintZones, hintNodes, ports });
    }
  }
  for (const list of found.values()) list.sort((a, b) => compareAddresses(a.address, b.address));
  return found;
}

function compareAddresses(a: Address, b: Address): number {
  const at = a.words.findIndex((word, i) => word !== b.words[i]);
  return at < 0 ? 0 : (a.words[at] ?? 0) - (b.words[at] ?? 0);
}

/** A port at which a pod answers for a Service. */
type SlicePort = Listener & { readonly service: string };

/** Slices by the pods that are in them. */
export class ServedBySlices {
  private readonly byPod = new Map<string, SlicePort[]>();
  private readonly byAddress = new Map<string, SlicePort[]>();

  constructor(slices: readonly EndpointSlice[]) {
    for (const { namespace, service, endpoints, ports } of slices) {
      const served = ports.map(({ protocol, port }) => ({ protocol, port, service }));
      for (const { addresses, target } of endpoints) {
        if (target?.kind === 'Pod') append(this.byPod, `${namespace}/${target.name}`, served);
        // endpoints that name no object
        if (target !== null) continue;
        for (const address of addresses) append(this.byAddress, `${namespace}/${formatAddress(address)}`, served);
      }
    }
  }

  /** Services that a pod of these addresses answers for. */
  of(namespace: string, name: string, addresses: readonly Address[]): SlicePort[] {
    const named = this.byPod.get(`${namespace}/${name}`) ?? [];
    if (this.byAddress.size === 0) return named;
    return [...named, ...addresses.flatMap((at) => this.byAddress.get(`${namespace}/${formatAddress(at)}`) ?? [])];
  }
}

function append(map: Map<string, SlicePort[]>, key: string, ports: readonly SlicePort[]): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [...ports]);
  else list.push(...ports);
}
