import { type Block, PREFIX_ADDRESSES } from './addresses.ts';
import { CORPORATE, DELETED_PEER, INTERNET_CLIENTS, INTERNET_SERVERS, PEERED, S3, ZONES } from './plan.ts';
import { drawRank, element, type Random, zipfTable } from './random.ts';
import { APP_PORTS, DB_PORT, KUBELET_PORT, REPLICATION_PORT, type Tier } from './security.ts';
import type { Sessions } from './sessions.ts';
import { type End, Stop, type Traffic, TrafficPath } from './traffic.ts';
import type { Workload } from './world.ts';

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const EDGES_MAX = 3000;
const EDGES_PER_WORKLOAD = 4;
const INTERNET_HOSTS = 4000;
/** Share of service and database connections that stay open over several windows. */
const LASTING_SHARE = 0.03;
/** Draws for a pod with a wanted property before the flow is given up. */
export const TRIES = 12;

/** What the flows of a world are drawn from: popular pairs of workloads, and places by rank. */
export interface Patterns {
  readonly traffic: Traffic;
  readonly sessions: Sessions;
  /** Workloads with pods on addresses of their own, no daemons. */
  readonly clients: readonly number[];
  /** Popular pairs: client workload × 65,536 + server workload, by rank. */
  readonly edges: Float64Array;
  readonly edgeTable: Float64Array;
  readonly hostTable: Float64Array;
  /** Index of a platform workload, −1 = this cluster is too small for it. */
  readonly named: (name: string) => number;
}

export function planPatterns(traffic: Traffic, sessions: Sessions): Patterns {
  const { workloads } = traffic.world;
  const { random } = traffic;
  const clients = workloads.flatMap((workload, w) => (workload.hostNetwork ? [] : [w]));
  const servers = clients.filter((w) => serves(element(workloads, w)));
  const platform = new Map(workloads.map((workload, w) => [workload.name, w]));
  const edges: number[] = [];
  const wanted = servers.length === 0 ? 0 : Math.min(EDGES_MAX, clients.length * EDGES_PER_WORKLOAD);
  for (let i = 0; i < wanted; i++) {
    const client = element(clients, random.below(clients.length));
    const server = element(servers, random.below(servers.length));
    if (mayTalk(element(workloads, client), element(workloads, server))) edges.push(client * 65_536 + server);
  }
  return {
    traffic,
    sessions,
    clients,
    edges: Float64Array.from(edges),
    edgeTable: zipfTable(edges.length, 1),
    hostTable: zipfTable(INTERNET_HOSTS, 1.1),
    named: (name) => platform.get(name) ?? -1,
  };
}

function serves({ protocol, port }: Workload): boolean {
  return protocol === TCP && port > 0;
}

/** The intents: compute pods reach each other on any port; branch pods and compute pods on application ports only. */
function mayTalk(client: Workload, server: Workload): boolean {
  if (!client.branch && !server.branch) return true;
  return client.branch !== server.branch && server.port >= APP_PORTS[0] && server.port <= APP_PORTS[1];
}

/** One kind of flow; false when this cluster has none of it at the moment. */
export type Flow = (patterns: Patterns) => boolean;

/** An address of the block, host part drawn evenly. */
export function inside(random: Random, { base, length }: Block): number {
  return base + 1 + random.below(2 ** (32 - length) - 2);
}

export function anyOf<T>(random: Random, list: readonly T[]): T {
  return element(list, random.below(list.length));
}

/** A living pod of any workload whose interface is of one of the tiers. */
export function usePodOfTier({ traffic, clients }: Patterns, at: End, tiers: readonly Tier[]): boolean {
  for (let i = 0; i < TRIES; i++) {
    if (!traffic.usePod(at, anyOf(traffic.random, clients))) traffic.begin();
    else if (tiers.includes(element(traffic.world.enis, at.eni).tier)) return true;
    else traffic.begin();
  }
  return false;
}

/** Zone of the interface behind an end. */
export function zoneOf({ world }: Traffic, { eni }: End): number {
  return element(world.subnets, element(world.enis, eni).subnet).zone;
}

const COMPUTE: readonly Tier[] = ['node', 'custom'];
const PODS: readonly Tier[] = ['node', 'custom', 'payments'];

/** Keeps a connection for later windows, or logs it whole. */
function connect({ traffic, sessions }: Patterns, protocol: number, port: number): boolean {
  const { random } = traffic;
  const clientPort = traffic.ephemeral();
  if (sessions.hasRoom && random.chance(LASTING_SHARE) && !traffic.onOneNode())
    sessions.keep(traffic, protocol, clientPort, port);
  return traffic.converse(protocol, clientPort, port);
}

const service: Flow = (patterns) => {
  const { traffic, edges, edgeTable } = patterns;
  if (edges.length === 0) return false;
  const edge = edges[drawRank(traffic.random, edgeTable)] ?? 0;
  const server = edge % 65_536;
  if (!traffic.usePod(traffic.client, Math.floor(edge / 65_536)) || !traffic.usePod(traffic.server, server))
    return false;
  return connect(patterns, TCP, element(traffic.world.workloads, server).port);
};

const dns: Flow = (patterns) => {
  const { traffic, clients } = patterns;
  const coredns = patterns.named('coredns');
  if (coredns < 0 || !traffic.usePod(traffic.client, anyOf(traffic.random, clients))) return false;
  if (!traffic.usePod(traffic.server, coredns)) return false;
  // CoreDNS to itself, or from a pod of its node: not on the wire
  return traffic.converse(traffic.random.chance(0.95) ? UDP : TCP, traffic.ephemeral(), 53);
};

const database: Flow = (patterns) => {
  const { traffic } = patterns;
  if (!usePodOfTier(patterns, traffic.client, ['node', 'payments'])) return false;
  traffic.useEni(traffic.server, anyOf(traffic.random, traffic.world.fixtures.database));
  return connect(patterns, TCP, DB_PORT);
};

/** Through the NAT gateway of the client's zone: the pod's leg, and the gateway's own. */
const internet: Flow = (patterns) => {
  const { traffic } = patterns;
  const { random, client, server, world } = traffic;
  if (!usePodOfTier(patterns, client, COMPUTE)) return false;
  const rank = drawRank(random, patterns.hostTable);
  const hosts = element(INTERNET_SERVERS, rank % INTERNET_SERVERS.length);
  const address = hosts.base + 1 + (Math.imul(rank + 1, 0x9e37_79b1) >>> hosts.length);
  const port = random.chance(0.9) ? 443 : anyOf(random, [80, 587, 853]);
  const nat = element(world.fixtures.nat, zoneOf(traffic, client));
  traffic.useOutside(server, address);
  // the gateway logs the client's leg with the internet host as packet address
  server.eni = nat;
  if (!traffic.converse(TCP, traffic.ephemeral(), port)) return false;
  traffic.useEni(client, nat);
  traffic.useOutside(server, address);
  traffic.requestPath = TrafficPath.internet;
  return traffic.converse(TCP, random.between(1024, 65_535), port);
};

const objectStorage: Flow = (patterns) => {
  const { traffic } = patterns;
  if (!usePodOfTier(patterns, traffic.client, PODS)) return false;
  traffic.useOutside(traffic.server, inside(traffic.random, anyOf(traffic.random, S3)), true);
  traffic.requestPath = TrafficPath.gatewayEndpoint;
  return traffic.converse(TCP, traffic.ephemeral(), 443);
};

const interfaceEndpoint: Flow = (patterns) => {
  const { traffic } = patterns;
  if (!usePodOfTier(patterns, traffic.client, PODS)) return false;
  traffic.useEni(traffic.server, element(traffic.world.fixtures.endpoint, zoneOf(traffic, traffic.client)));
  return traffic.converse(TCP, traffic.ephemeral(), 443);
};

/** From the internet to the network load balancer, then on to a pod (ip targets, client address not preserved). */
const ingress: Flow = (patterns) => {
  const { traffic } = patterns;
  const { random, client, server, world } = traffic;
  const gateway = patterns.named('ingress-gateway');
  const balancer = anyOf(random, world.fixtures.networkLoadBalancer);
  traffic.useOutside(client, inside(random, anyOf(random, INTERNET_CLIENTS)));
  traffic.useEni(server, balancer, true);
  traffic.replyPath = TrafficPath.internet;
  traffic.converse(TCP, random.between(1024, 65_535), random.chance(0.95) ? 443 : 80);
  traffic.begin();
  if (gateway < 0 || !traffic.usePod(server, gateway)) return true;
  traffic.useEni(client, balancer);
  traffic.converse(TCP, random.between(1024, 65_535), element(world.workloads, gateway).port);
  return true;
};

const nodePort: Flow = (patterns) => {
  const { traffic } = patterns;
  const { random, world } = traffic;
  const console = patterns.named('console');
  if (console < 0) return false;
  traffic.useEni(traffic.client, anyOf(random, world.fixtures.applicationLoadBalancer));
  traffic.useEni(traffic.server, anyOf(random, world.nodes).primaryEni, true);
  return traffic.converse(TCP, random.between(1024, 29_999), element(world.workloads, console).nodePort);
};

/** The control plane asks a kubelet: there is always one, so this flow never fails. */
export const kubelet: Flow = ({ traffic }) => {
  traffic.useEni(traffic.client, anyOf(traffic.random, traffic.world.fixtures.controlPlane));
  traffic.useEni(traffic.server, anyOf(traffic.random, traffic.world.nodes).primaryEni);
  return traffic.converse(TCP, traffic.ephemeral(), KUBELET_PORT);
};

const apiServer: Flow = (patterns) => {
  const { traffic } = patterns;
  const { random, world } = traffic;
  if (random.chance(0.5)) traffic.useEni(traffic.client, anyOf(random, world.nodes).primaryEni);
  else if (!usePodOfTier(patterns, traffic.client, COMPUTE)) return false;
  traffic.useEni(traffic.server, anyOf(random, world.fixtures.controlPlane));
  return traffic.converse(TCP, traffic.ephemeral(), 443);
};

const scrape: Flow = (patterns) => {
  const { traffic } = patterns;
  const prometheus = patterns.named('prometheus');
  const exporter = patterns.named('node-exporter');
  if (prometheus < 0 || exporter < 0 || !traffic.usePod(traffic.client, prometheus)) return false;
  return traffic.usePod(traffic.server, exporter) && traffic.converse(TCP, traffic.ephemeral(), 9100);
};

const ping: Flow = ({ traffic }) => {
  traffic.useEni(traffic.client, anyOf(traffic.random, traffic.world.nodes).primaryEni);
  traffic.useEni(traffic.server, anyOf(traffic.random, traffic.world.nodes).primaryEni);
  return traffic.converse(ICMP, 0, 0);
};

const metrics: Flow = (patterns) => {
  const { traffic } = patterns;
  const statsd = patterns.named('statsd');
  if (statsd < 0 || !usePodOfTier(patterns, traffic.client, COMPUTE) || !traffic.usePod(traffic.server, statsd))
    return false;
  return traffic.converse(UDP, traffic.ephemeral(), 8125);
};

const peered: Flow = (patterns) => {
  const { traffic } = patterns;
  if (!usePodOfTier(patterns, traffic.client, COMPUTE)) return false;
  traffic.useOutside(traffic.server, inside(traffic.random, { ...PEERED, length: 24 }));
  traffic.requestPath = TrafficPath.peering;
  return traffic.converse(TCP, traffic.ephemeral(), 443);
};

const toDeletedPeer: Flow = (patterns) => {
  const { traffic } = patterns;
  if (!usePodOfTier(patterns, traffic.client, COMPUTE)) return false;
  traffic.useOutside(traffic.server, DELETED_PEER.base + PREFIX_ADDRESSES + traffic.random.below(8));
  traffic.requestPath = TrafficPath.none;
  return traffic.converse(TCP, traffic.ephemeral(), 443, Stop.unanswered);
};

/** From behind the transit gateway to a pod: the prefix-list rule. */
const corporate: Flow = (patterns) => {
  const { traffic } = patterns;
  const gateway = patterns.named('ingress-gateway');
  traffic.useOutside(traffic.client, inside(traffic.random, anyOf(traffic.random, CORPORATE)));
  if (gateway < 0 || !traffic.usePod(traffic.server, gateway)) return false;
  return traffic.converse(TCP, traffic.ephemeral(), element(traffic.world.workloads, gateway).port);
};

/** Inside one database subnet, where no network ACL is asked. */
const replication: Flow = ({ traffic }) => {
  const zone = traffic.random.below(ZONES.length);
  const { database: databases } = traffic.world.fixtures;
  traffic.useEni(traffic.client, element(databases, 2 * zone));
  traffic.useEni(traffic.server, element(databases, 2 * zone + 1));
  return traffic.converse(TCP, traffic.ephemeral(), REPLICATION_PORT);
};

const backup: Flow = ({ traffic }) => {
  const zone = traffic.random.below(ZONES.length);
  traffic.useEni(traffic.client, element(traffic.world.fixtures.backup, zone));
  traffic.useEni(traffic.server, element(traffic.world.fixtures.database, 2 * zone + traffic.random.below(2)));
  return traffic.converse(TCP, traffic.ephemeral(), DB_PORT);
};

/** Kinds of flows the rules let through, with their shares of all flows. */
export const ALLOWED_FLOWS: readonly (readonly [weight: number, flow: Flow])[] = [
  [44, service],
  [12, dns],
  [9, database],
  [9, internet],
  [5, objectStorage],
  [3, interfaceEndpoint],
  [9, ingress],
  [1.5, nodePort],
  [2, kubelet],
  [2, apiServer],
  [1, scrape],
  [0.5, ping],
  [1, metrics],
  [0.4, peered],
  [0.1, toDeletedPeer],
  [0.3, corporate],
  [0.1, replication],
  [0.1, backup],
];
