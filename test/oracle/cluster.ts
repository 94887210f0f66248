import type { OracleAddress } from './address.ts';
import { address, inside } from './address.ts';
import type { RawObject, RawPort } from './documents.ts';
import type { OracleEni } from './eni.ts';
import { given, holds } from './eni.ts';
import type { Network } from './network.ts';
import { ownerOf } from './network.ts';

/** `6/443` */
export type Listener = string;

/** One pod and one of its addresses over [start, end), Unix seconds. */
export interface OraclePod {
  readonly name: string;
  readonly namespace: string;
  readonly address: OracleAddress;
  readonly hostNetwork: boolean;
  /** Hosts it runs on, as hostOf names them: by its node, else by the interface that holds its address. */
  readonly hosts: readonly string[];
  /** Those of them that its node tells, whatever its address. */
  readonly namedHosts: readonly string[];
  readonly vpcId: string | null;
  readonly start: number;
  readonly end: number;
  readonly fromCsv: boolean;
  readonly listeners: readonly Listener[];
  readonly hostListeners: readonly Listener[];
}

export interface Cluster {
  /** By address; hostNetwork pods are in none of these (eks.md §3.2). */
  readonly podsAt: ReadonlyMap<string, readonly OraclePod[]>;
  readonly pods: readonly OraclePod[];
  readonly nodePorts: readonly Listener[];
  /** By `app/name/id`. */
  readonly balancerPorts: ReadonlyMap<string, readonly Listener[]>;
}

const PROTOCOLS: Record<string, readonly number[]> = {
  TCP: [6],
  TLS: [6],
  HTTP: [6],
  HTTPS: [6],
  UDP: [17],
  QUIC: [17],
  TCP_UDP: [6, 17],
  TCP_QUIC: [6, 17],
};

function listener(protocol: string | null | undefined, port: number | null | undefined): Listener[] {
  if (port === null || port === undefined || port === 0) return [];
  return (PROTOCOLS[protocol ?? 'TCP'] ?? []).map((number) => `${number}/${port}`);
}

/** CHOICE: ports of init containers count only when they are sidecars (restartPolicy Always). */
function portsOf(pod: RawObject): RawPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  return [...(pod.spec?.containers ?? []), ...sidecars].flatMap((container) => container.ports ?? []);
}

/** targetPorts of the Services of the namespace that select the pod; a name is looked up among its container ports. */
function targetPorts(pod: RawObject, services: readonly RawObject[]): Listener[] {
  const labels = pod.metadata?.labels ?? {};
  const found: Listener[] = [];
  for (const service of services) {
    const wanted = Object.entries(service.spec?.selector ?? {});
    const selected = wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
    if (!selected || (service.metadata?.namespace ?? 'default') !== (pod.metadata?.namespace ?? 'default')) continue;
    for (const port of service.spec?.ports ?? []) {
      const target = port.targetPort ?? port.port;
      if (typeof target === 'number' || /^\d+$/.test(target)) found.push(...listener(port.protocol, Number(target)));
      else {
        const named = portsOf(pod).filter(
          (own) => own.name === target && (own.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
        );
        found.push(...named.flatMap((own) => listener(own.protocol, own.containerPort)));
      }
    }
  }
  return found;
}

/** Seconds of an RFC 3339 instant or of a plain number of seconds. */
function seconds(text: string | null | undefined): number | null {
  const value = given(text);
  if (value === null) return null;
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : Date.parse(value) / 1000;
}

function instanceOfNode(node: RawObject | undefined): string | null {
  return /\/(i-[0-9a-zA-Z-]+)$/.exec(node?.spec?.providerID ?? '')?.[1] ?? null;
}

function only<T>(values: readonly T[]): T | null {
  const distinct = [...new Set(values)];
  return distinct.length === 1 ? (distinct[0] ?? null) : null;
}

/** Instance of a pod's node: by node name, else by the one node (or node interface) that has the host address. */
function hostInstance(network: Network, nodeName: string | null, hostIp: string | null): string | null {
  const { Node } = network.raw;
  const named = nodeName === null ? undefined : Node.find((node) => node.metadata?.name === nodeName);
  if (named !== undefined) return instanceOfNode(named);
  const at = hostIp === null ? null : address(hostIp);
  if (at === null) return null;
  const addressed = Node.filter((node) => node.status?.addresses?.some((entry) => entry.address === hostIp));
  if (addressed.length > 0) return only(addressed.map(instanceOfNode));
  const enis = [...network.enis.values()].filter((eni) => eni.primary?.text === at.text && eni.instanceId !== null);
  return only(enis.map((eni) => eni.instanceId));
}

function vpcOf(network: Network, instanceId: string | null, eniId: string | null, at: OracleAddress): string | null {
  const enis = [...network.enis.values()];
  const branch = eniId === null ? undefined : network.enis.get(eniId);
  if (branch !== undefined) return branch.vpcId;
  if (instanceId !== null) {
    const told = network.raw.Instances.find((instance) => instance.InstanceId === instanceId);
    const vpcId =
      given(told?.VpcId) ?? only(enis.filter((eni) => eni.instanceId === instanceId).map((eni) => eni.vpcId));
    if (vpcId !== null) return vpcId;
  }
  // CHOICE: of VPCs that share a range, the one whose interfaces hold the address, when only one's do.
  const holders = enis.filter((eni) => holds(eni, at) >= 0);
  if (holders.length > 0) return only(holders.map((eni) => eni.vpcId));
  const byBlock = [...network.vpcs].filter(([, blocks]) => blocks.some((block) => inside(block, at))).map(([id]) => id);
  const bySubnet = [...network.subnets.values()].filter(({ blocks }) => blocks.some((block) => inside(block, at)));
  return only([...byBlock, ...bySubnet.map(({ vpcId }) => vpcId)]);
}

/** What joins the interfaces of one host: its instance, else the interface alone. */
function hostOf(eni: OracleEni): string {
  return eni.instanceId ?? eni.id;
}

/**
 * A pod whose node nobody names runs where an interface holds its address; on the host network, on the one host that
 * has it.
 */
function hostsOf(
  network: Network,
  hostNetwork: boolean,
  instanceId: string | null,
  vpcId: string | null,
  at: OracleAddress,
): string[] {
  const named = instanceId === null ? [] : [instanceId];
  const inVpc = [...network.enis.values()].filter((eni) => vpcId === null || eni.vpcId === vpcId);
  if (!hostNetwork) {
    const owner = vpcId === null ? null : ownerOf(network, vpcId, at);
    return named.length > 0 || owner === null ? named : [hostOf(owner)];
  }
  if (inVpc.some((eni) => eni.isHost && eni.instanceId === instanceId && instanceId !== null)) return named;
  const mayBe = (eni: OracleEni): boolean => [instanceId, null].includes(eni.instanceId) || instanceId === null;
  const holders = inVpc.filter((eni) => eni.isHost && holds(eni, at) >= 0 && mayBe(eni));
  return holders.length === 1 ? [...named, ...holders.map(hostOf)] : named;
}

function branchEni(pod: RawObject): string | null {
  const text = given(pod.metadata?.annotations?.['vpc.amazonaws.com/pod-eni']);
  if (text === null) return null;
  const entries = JSON.parse(text) as { eniId?: string }[];
  return given(entries[0]?.eniId);
}

/** [start, end) of a pod of a list; null when it had ended and nothing says when. */
function lifetime(pod: RawObject): [number, number] | null {
  // CHOICE: start = status.startTime, else unbounded.
  const start = seconds(pod.status?.startTime) ?? Number.NEGATIVE_INFINITY;
  const phase = pod.status?.phase;
  if (phase !== 'Succeeded' && phase !== 'Failed') return [start, Number.POSITIVE_INFINITY];
  // CHOICE: a finished pod of a list ends at its last finishedAt; without one it gives no interval.
  const ends = (pod.status?.containerStatuses ?? []).map((status) => seconds(status.state?.terminated?.finishedAt));
  const end = Math.max(...ends.filter((value) => value !== null));
  return Number.isFinite(end) ? [start, end] : null;
}

function listedPods(network: Network): OraclePod[] {
  const { Pod, Service } = network.raw;
  return Pod.flatMap((pod) => {
    const life = lifetime(pod);
    const { status, spec } = pod;
    const texts = [...new Set([status?.podIP, ...(status?.podIPs ?? []).map((entry) => entry.ip)].map(given))];
    const instanceId = hostInstance(network, given(spec?.nodeName), given(status?.hostIP));
    const ports = portsOf(pod);
    return texts.flatMap((text) => {
      const at = text === null ? null : address(text);
      if (at === null || life === null) return [];
      const vpcId = vpcOf(network, instanceId, branchEni(pod), at);
      return {
        name: pod.metadata?.name ?? '',
        namespace: pod.metadata?.namespace ?? 'default',
        address: at,
        hostNetwork: spec?.hostNetwork === true,
        hosts: hostsOf(network, spec?.hostNetwork === true, instanceId, vpcId, at),
        namedHosts: instanceId === null ? [] : [instanceId],
        vpcId,
        start: life[0],
        end: life[1],
        listeners: [
          ...ports.flatMap((port) => listener(port.protocol, port.containerPort)),
          ...targetPorts(pod, Service),
        ],
        hostListeners: ports.flatMap((port) => listener(port.protocol, port.hostPort)),
        fromCsv: false,
      };
    });
  });
}

interface CsvRow {
  readonly at: OracleAddress;
  readonly namespace: string;
  readonly name: string;
  readonly node: string | null;
  readonly start: number;
  readonly end: number;
}

/** Rows of `ip,namespace,pod,node,workload,start,end`; no cell of the test worlds is quoted. */
function csvRows(text: string): CsvRow[] {
  const [header, ...lines] = text.split(/\r?\n/).filter((line) => line !== '');
  const names = (header ?? '').split(',');
  return lines.flatMap((line) => {
    const cells = line.split(',');
    const cell = (name: string): string | null => given(cells[names.indexOf(name)]);
    const at = address(cell('ip') ?? '');
    if (at === null) return [];
    return {
      at,
      namespace: cell('namespace') ?? 'default',
      name: cell('pod') ?? '',
      node: cell('node'),
      start: seconds(cell('start')) ?? Number.NEGATIVE_INFINITY,
      end: seconds(cell('end')) ?? Number.POSITIVE_INFINITY,
    };
  });
}

/**
 * CHOICE: rows of one pod, address and start are one interval: one may know the end, another the node. Rows that touch
 * are one stretch, on the node that any of them names: no pod moves.
 */
function mergedRows(rows: readonly CsvRow[]): CsvRow[] {
  const found = new Map<string, CsvRow>();
  for (const row of rows) {
    const key = `${row.namespace}/${row.name} ${row.at.text} ${row.start}`;
    const before = found.get(key) ?? row;
    found.set(key, { ...before, node: before.node ?? row.node, end: Math.min(before.end, row.end) });
  }
  const stretches: CsvRow[] = [];
  for (const row of [...found.values()].sort((a, b) => (a.start === b.start ? 0 : a.start - b.start))) {
    const at = stretches.findLastIndex((other) => isSameRow(other, row));
    const before = stretches[at];
    if (before === undefined || row.start > before.end) stretches.push(row);
    else stretches[at] = { ...before, node: before.node ?? row.node, end: Math.max(before.end, row.end) };
  }
  return stretches;
}

function isSameRow(a: CsvRow, b: CsvRow): boolean {
  return a.namespace === b.namespace && a.name === b.name && a.at.text === b.at.text;
}

function csvPods(network: Network): OraclePod[] {
  return mergedRows(network.raw.podCsv.flatMap(csvRows)).map(({ at, namespace, name, node, start, end }) => {
    const instanceId = hostInstance(network, node, null);
    const vpcId = vpcOf(network, instanceId, null, at);
    // CHOICE: a CSV has no hostNetwork column: a row at a node interface's primary address is one.
    const hostNetwork = [...network.enis.values()].some(
      (eni) => eni.class === 'node' && eni.primary?.text === at.text && (vpcId === null || eni.vpcId === vpcId),
    );
    const hosts = hostsOf(network, hostNetwork, instanceId, vpcId, at);
    const namedHosts = instanceId === null ? [] : [instanceId];
    return {
      ...{ name, namespace, address: at, hostNetwork, hosts, namedHosts, vpcId, start, end },
      ...{ listeners: [], hostListeners: [], fromCsv: true },
    };
  });
}

/** Intervals of one pod at one address that touch or overlap are one. */
function united(pods: readonly OraclePod[]): OraclePod[] {
  const found: OraclePod[] = [];
  for (const pod of [...pods].sort((a, b) => (a.start === b.start ? 0 : a.start - b.start))) {
    const at = found.findLastIndex((other) => podId(other) === podId(pod) && isSamePlace(other, pod));
    const before = found[at];
    if (before === undefined || pod.start > before.end) found.push(pod);
    else {
      const namedHosts = [...before.namedHosts, ...pod.namedHosts];
      const hosts = pod.hostNetwork || namedHosts.length === 0 ? [...before.hosts, ...pod.hosts] : namedHosts;
      found[at] = { ...before, end: Math.max(before.end, pod.end), hosts, namedHosts };
    }
  }
  return found;
}

/** No pod moves: whoever names its node for one stretch of its time at an address names it for all. */
function placed(pods: readonly OraclePod[]): OraclePod[] {
  return pods.map((pod) => {
    const same = pods.filter((other) => podId(other) === podId(pod) && isSamePlace(other, pod));
    return { ...pod, namedHosts: same.flatMap(({ namedHosts }) => namedHosts) };
  });
}

function isSamePlace(a: OraclePod, b: OraclePod): boolean {
  return a.vpcId === b.vpcId && a.address.text === b.address.text && a.hostNetwork === b.hostNetwork;
}

/** SEMANTICS.md, "Where intervals come from": what a list says of an address yields to what a CSV says of it. */
function yielded(pods: readonly OraclePod[]): OraclePod[] {
  const rows = pods.filter(({ fromCsv }) => fromCsv);
  return pods.map((pod) => {
    if (pod.fromCsv || pod.hostNetwork) return pod;
    let { start, end } = pod;
    for (const row of rows) {
      if (!isSamePlace(row, pod) || podId(row) === podId(pod) || row.end <= start || end <= row.start) continue;
      if (start < row.start) end = row.start;
      else start = Math.min(row.end, end);
    }
    if (start < end) return { ...pod, start, end };
    // of one that never has the address the ports of the host that its node names are left
    return { ...pod, start: 0, end: 0, listeners: [], hosts: pod.namedHosts };
  });
}

/**
 * One address has one owner at a time: an earlier interval that runs into a later one of another pod ends where that
 * begins (eks.md §4.5). Two that begin together both stay.
 */
function separated(pods: readonly OraclePod[]): OraclePod[] {
  return pods.map((pod) => {
    if (pod.hostNetwork) return pod;
    const lives = pods.filter(({ start, end }) => start < end);
    const others = lives.filter((other) => isSamePlace(other, pod) && podId(other) !== podId(pod));
    return { ...pod, end: Math.min(pod.end, ...others.map(({ start }) => start).filter((start) => start > pod.start)) };
  });
}

export function podId(pod: OraclePod): string {
  return `${pod.namespace}/${pod.name}`;
}

export function readCluster(network: Network): Cluster {
  const pods = placed(separated(yielded(united([...listedPods(network), ...csvPods(network)]))));
  const podsAt = new Map<string, OraclePod[]>();
  for (const pod of pods) {
    if (pod.hostNetwork) continue;
    const at = podsAt.get(pod.address.text) ?? [];
    at.push(pod);
    podsAt.set(pod.address.text, at);
  }
  const balancerPorts = new Map<string, Listener[]>();
  for (const entry of network.raw.Listeners) {
    const suffix = /loadbalancer\/((?:app|net|gwy)\/.+)$/.exec(entry.LoadBalancerArn)?.[1] ?? '';
    balancerPorts.set(suffix, [...(balancerPorts.get(suffix) ?? []), ...listener(entry.Protocol, entry.Port)]);
  }
  // CHOICE: every nodePort of every Service listens on every node; healthCheckNodePort is not in the contract's list.
  const nodePorts = network.raw.Service.flatMap((service) =>
    (service.spec?.ports ?? []).flatMap((port) => listener(port.protocol, port.nodePort)),
  );
  return { podsAt, pods, nodePorts, balancerPorts };
}

/** Pods whose containers share an interface's host. */
export function podsOfHost(cluster: Cluster, eni: OracleEni): OraclePod[] {
  return cluster.pods.filter((pod) => pod.hosts.includes(hostOf(eni)));
}

/** Ports of the node that lead to a pod: its hostPorts; of a hostNetwork pod all of them (eks.md §3.4). */
export function portsAtNode(pod: OraclePod): readonly Listener[] {
  return pod.hostNetwork ? [...pod.listeners, ...pod.hostListeners] : pod.hostListeners;
}
