import type { Address } from '../model/ip.ts';

/** A listening port: IANA protocol number and port. */
export interface Listener {
  readonly protocol: number;
  readonly port: number;
}

/** A port at which a pod answers for a Service (`namespace/name`). */
export interface ServedPort extends Listener {
  readonly service: string;
  /** NodePort that leads there by the Service's selector; null = none, or told by an EndpointSlice. */
  readonly nodePort: number | null;
}

export interface KubernetesService {
  readonly namespace: string;
  readonly name: string;
  readonly type: string | null;
  readonly clusterAddresses: readonly Address[];
  /** NodePorts: listening on every node. */
  readonly nodePorts: readonly NodePort[];
  /** Where what comes to a NodePort goes: to any endpoint (the API's default), or to those of that node only. */
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  /** Port at which kube-proxy says whether the node has endpoints; null = none. */
  readonly healthCheckNodePort: number | null;
  /** What its EndpointSlices list; null = no slice of the inventory is of it, or it has no port at nodes. */
  readonly endpoints: readonly ServiceEndpoint[] | null;
}

/** A port of a Service that every node listens at. */
export interface NodePort extends Listener {
  /** Name of the Service's port, which ports of EndpointSlices carry too; empty = it has none. */
  readonly name: string;
}

/** One endpoint of an EndpointSlice. */
export interface ServiceEndpoint {
  /** The first of its addresses: kube-proxy looks at no other. */
  readonly address: Address;
  /** `namespace/name`; null = it names no pod. */
  readonly pod: string | null;
  readonly nodeName: string | null;
  /** `terminating`: serves still, and gets connections while nobody is ready. */
  readonly state: 'ready' | 'terminating' | 'unready';
  /** Zones (as KubernetesNode says them) and nodes for which it is meant; empty = no hint. */
  readonly hintZones: readonly string[];
  readonly hintNodes: readonly string[];
  readonly ports: readonly NodePort[];
}
