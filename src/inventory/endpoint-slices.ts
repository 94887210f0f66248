import { type Address, formatAddress } from '../model/ip.ts';
import type { Cursor } from './cursor.ts';
import type { Listener, ServedPort } from './inventory.ts';
import { readPort, readPortProtocol } from './kubernetes.ts';

/** One EndpointSlice: who answers for a Service at which ports (Kubernetes API, discovery.k8s.io/v1). */
export interface EndpointSlice {
  readonly namespace: string;
  /** `namespace/name`. */
  readonly service: string;
  /** Names of pods; they are in the slice's namespace. */
  readonly pods: readonly string[];
  /** Addresses of endpoints that name no object. */
  readonly addresses: readonly Address[];
  readonly ports: readonly Listener[];
}

/** An object of `kind: EndpointSlice`; null when it names no Service. */
export function readEndpointSlice(cursor: Cursor): EndpointSlice | null {
  const metadata = cursor.at('metadata');
  const namespace = metadata.text('namespace') ?? 'default';
  const service = metadata.textMap('labels').get('kubernetes.io/service-name');
  if (service === undefined) return null;
  const pods: string[] = [];
  const addresses: Address[] = [];
  // addresses of the type FQDN are names
  const hasAddresses = cursor.text('addressType') !== 'FQDN';
  for (const endpoint of cursor.objects('endpoints')) {
    const target = endpoint.object('targetRef');
    if (target !== null) {
      if (target.text('kind') === 'Pod') pods.push(target.requiredText('name'));
      continue;
    }
    const listed = endpoint.at('addresses');
    if (hasAddresses && !listed.isAbsent)
      addresses.push(...listed.elements().flatMap((each) => each.asAddress() ?? []));
  }
  const ports = cursor.objects('ports').flatMap((each) => {
    const port = readPort(each, 'port');
    return port === null ? [] : { protocol: readPortProtocol(each), port };
  });
  return { namespace, service: `${namespace}/${service}`, pods, addresses, ports };
}

/** Slices by the pods that are in them. */
export class ServedBySlices {
  private readonly byPod = new Map<string, ServedPort[]>();
  private readonly byAddress = new Map<string, ServedPort[]>();

  constructor(slices: readonly EndpointSlice[]) {
    for (const { namespace, service, pods, addresses, ports } of slices) {
      const served = ports.map((port) => ({ ...port, service }));
      for (const pod of pods) append(this.byPod, `${namespace}/${pod}`, served);
      for (const address of addresses) append(this.byAddress, `${namespace}/${formatAddress(address)}`, served);
    }
  }

  /** Services that a pod of these addresses answers for. */
  of(namespace: string, name: string, addresses: readonly Address[]): ServedPort[] {
    const named = this.byPod.get(`${namespace}/${name}`) ?? [];
    if (this.byAddress.size === 0) return named;
    return [...named, ...addresses.flatMap((at) => this.byAddress.get(`${namespace}/${formatAddress(at)}`) ?? [])];
  }
}

function append(map: Map<string, ServedPort[]>, key: string, ports: readonly ServedPort[]): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [...ports]);
  else list.push(...ports);
}
