import { anyOf, type Flow, inside, type Patterns, TRIES, usePodOfTier, zoneOf } from './allowed-flows.ts';
import { INTERNET_CLIENTS, SCANNERS, ZONES } from './plan.ts';
import { element } from './random.ts';
import { APP_PORTS, DB_PORT, REPLICATION_PORT } from './security.ts';
import { LAYER, Stop } from './traffic.ts';

const TCP = 6;
const UDP = 17;
const ICMP = 1;

/** A compute workload that listens on an application port by TCP, −1 = none was met. */
function appWorkload({ traffic, clients }: Patterns): number {
  for (let i = 0; i < TRIES; i++) {
    const w = anyOf(traffic.random, clients);
    const { protocol, port, branch } = element(traffic.world.workloads, w);
    if (protocol === TCP && !branch && port >= APP_PORTS[0] && port <= APP_PORTS[1]) return w;
  }
  return -1;
}

/** No rule of the pods' group names the bastion. */
const bastionToPod: Flow = (patterns) => {
  const { traffic } = patterns;
  const { server, client, random, world } = traffic;
  const app = appWorkload(patterns);
  if (app < 0 || !traffic.usePod(server, app)) return false;
  traffic.useEni(client, anyOf(random, world.fixtures.bastion));
  return traffic.converse(TCP, traffic.ephemeral(), element(world.workloads, app).port, Stop.serverIngress, LAYER.sg);
};

/** The payments group opens application ports only. */
const podToPayments: Flow = (patterns) => {
  const { traffic } = patterns;
  const ledger = patterns.named('ledger');
  if (
    ledger < 0 ||
    !usePodOfTier(patterns, traffic.client, ['node', 'custom']) ||
    !traffic.usePod(traffic.server, ledger)
  )
    return false;
  traffic.server.declared = false;
  const [protocol, port] = anyOf(traffic.random, [
    [TCP, 9999],
    [TCP, 6379],
    [TCP, 22],
    [UDP, 5000],
  ] as const);
  return traffic.converse(protocol, traffic.ephemeral(), port, Stop.serverIngress, LAYER.sg);
};

/** The payments group may not start anything to the internet. */
const paymentsToInternet: Flow = (patterns) => {
  const { traffic } = patterns;
  const ledger = patterns.named('ledger');
  if (ledger < 0 || !traffic.usePod(traffic.client, ledger)) return false;
  traffic.useOutside(traffic.server, inside(traffic.random, anyOf(traffic.random, INTERNET_CLIENTS)));
  return traffic.converse(TCP, traffic.ephemeral(), anyOf(traffic.random, [443, 25]), Stop.clientEgress, LAYER.sg);
};

const paymentsToMetrics: Flow = (patterns) => {
  const { traffic } = patterns;
  const ledger = patterns.named('ledger');
  const prometheus = patterns.named('prometheus');
  if (ledger < 0 || prometheus < 0 || !traffic.usePod(traffic.client, ledger)) return false;
  return (
    traffic.usePod(traffic.server, prometheus) &&
    traffic.converse(TCP, traffic.ephemeral(), 9090, Stop.clientEgress, LAYER.sg)
  );
};

/** Background noise of the internet at a public address. */
export const scan: Flow = ({ traffic }) => {
  const { random, world } = traffic;
  traffic.useOutside(traffic.client, inside(random, anyOf(random, INTERNET_CLIENTS)));
  traffic.useEni(traffic.server, anyOf(random, world.fixtures.bastion));
  const port = anyOf(random, [22, 23, 445, 3389, 8080, 5900, 6379]);
  return traffic.converse(TCP, random.between(1024, 65_535), port, Stop.serverIngress, LAYER.sg);
};

/** The load balancer's group is open to all, the public network ACL is not. */
const scannerToBalancer: Flow = ({ traffic }) => {
  const { random, world } = traffic;
  traffic.useOutside(traffic.client, inside(random, SCANNERS));
  traffic.useEni(traffic.server, anyOf(random, world.fixtures.networkLoadBalancer), true);
  return traffic.converse(TCP, random.between(1024, 65_535), 443, Stop.serverIngress, LAYER.nacl);
};

/** Database group allows custom networking's pods, entry 90 of its network ACL does not. */
const customToDatabase: Flow = (patterns) => {
  const { traffic } = patterns;
  if (!usePodOfTier(patterns, traffic.client, ['custom'])) return false;
  traffic.useEni(traffic.server, anyOf(traffic.random, traffic.world.fixtures.database));
  return traffic.converse(TCP, traffic.ephemeral(), DB_PORT, Stop.serverIngress, LAYER.nacl);
};

/** The request passes; no outbound entry lets the reply go to a public subnet. */
const bastionToDatabase: Flow = ({ traffic }) => {
  const { random, world } = traffic;
  traffic.useEni(traffic.client, anyOf(random, world.fixtures.bastion));
  traffic.useEni(traffic.server, anyOf(random, world.fixtures.database));
  return traffic.converse(TCP, traffic.ephemeral(), DB_PORT, Stop.serverEgress, LAYER.nacl);
};

/** The request passes; no inbound entry lets the reply of a pod on 100.64.0.0/10 back into the database subnet. */
const backupToCustom: Flow = (patterns) => {
  const { traffic } = patterns;
  const { random, world } = traffic;
  const app = appWorkload(patterns);
  if (app < 0 || !traffic.usePod(traffic.server, app)) return false;
  if (element(world.enis, traffic.server.eni).tier !== 'custom') return false;
  traffic.useEni(traffic.client, anyOf(random, world.fixtures.backup));
  const { port } = element(world.workloads, app);
  return traffic.converse(TCP, traffic.ephemeral(), port, Stop.clientIngress, LAYER.nacl);
};

/** Replication between zones: no outbound entry of the database network ACL names its port. */
const replicationAcrossZones: Flow = ({ traffic }) => {
  const { random, world } = traffic;
  const from = random.below(ZONES.length);
  const to = (from + 1 + random.below(ZONES.length - 1)) % ZONES.length;
  traffic.useEni(traffic.client, element(world.fixtures.database, 2 * from));
  traffic.useEni(traffic.server, element(world.fixtures.database, 2 * to));
  return traffic.converse(TCP, traffic.ephemeral(), REPLICATION_PORT, Stop.clientEgress, LAYER.nacl);
};

/** Neither layer of the databases knows the port, or ICMP; inbound, the network ACL is asked first. */
const podToOtherPort: Flow = (patterns) => {
  const { traffic } = patterns;
  if (!usePodOfTier(patterns, traffic.client, ['node', 'custom'])) return false;
  traffic.useEni(traffic.server, element(traffic.world.fixtures.database, 2 * zoneOf(traffic, traffic.client)));
  if (traffic.random.chance(0.2)) return traffic.converse(ICMP, 0, 0, Stop.serverIngress, LAYER.nacl);
  return traffic.converse(
    TCP,
    traffic.ephemeral(),
    anyOf(traffic.random, [3306, 1433]),
    Stop.serverIngress,
    LAYER.nacl,
  );
};

/** Kinds of flows the rules stop, with their shares of all such flows. */
export const DENIED_FLOWS: readonly (readonly [weight: number, flow: Flow])[] = [
  [8, bastionToPod],
  [10, podToPayments],
  [10, paymentsToInternet],
  [6, paymentsToMetrics],
  [30, scan],
  [8, scannerToBalancer],
  [10, customToDatabase],
  [6, bastionToDatabase],
  [4, backupToCustom],
  [4, replicationAcrossZones],
  [4, podToOtherPort],
];
