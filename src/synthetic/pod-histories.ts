import { FlowtrieError } from '../model/errors.ts';
import { dotted } from './addresses.ts';
import { instantText, pod, podHistory, podUid } from './kubernetes-documents.ts';
import { element } from './random.ts';
import { FOREVER, podName, type World } from './world.ts';

/** Forms in which the lives of pods can be told. */
const HISTORY_KINDS = ['csv', 'audit', 'watch', 'metrics', 'lists', 'ipamd'] as const;
export type HistoryKind = (typeof HISTORY_KINDS)[number];

/** Kinds of `--history`, comma-separated. */
export function historyKinds(text: string): readonly HistoryKind[] {
  return text.split(',').map((word) => {
    const kind = HISTORY_KINDS.find((known) => known === word);
    if (kind !== undefined) return kind;
    throw new FlowtrieError('usage', `--history: expected ${HISTORY_KINDS.join(', ')}, got '${word}'`);
  });
}

/** A file below the inventory folder. */
export interface HistoryFile {
  readonly file: string;
  readonly pieces: Iterable<string>;
}

const SCRAPE_SECONDS = 15;
/** Time between two lists, or two dumps of ipamd: no longer than two rests of an address, or a pod may be missed. */
const LIST_SECONDS = 60;
/** The API server hears of an address, and of an end, so much later. */
const LAG_SECONDS = 1;

export function historyFiles(world: World, kind: HistoryKind): HistoryFile[] {
  switch (kind) {
    case 'csv':
      return [{ file: 'pod-history.csv', pieces: podHistory(world, true) }];
    case 'audit':
      return [{ file: 'audit.log', pieces: textLines(auditEvents(world)) }];
    case 'watch':
      return [{ file: 'watch.jsonl', pieces: textLines(watchEvents(world)) }];
    case 'metrics':
      return [{ file: 'kube-state-metrics.json', pieces: metrics(world) }];
    case 'lists':
      return snapshots(world, 'pods.json', podList);
    case 'ipamd':
      return snapshots(world, 'ipam.json', checkpoint);
  }
}

function* textLines(events: readonly TimedEvent[]): Iterable<string> {
  const sorted = [...events].sort((a, b) => a.time - b.time);
  for (const { event } of sorted) yield `${JSON.stringify(event())}\n`;
}

interface TimedEvent {
  readonly time: number;
  readonly event: () => object;
}

interface Told {
  readonly life: number;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly ip: string;
  readonly start: number;
  readonly end: number;
  readonly finishes: boolean;
}

function* livesOf(world: World): Iterable<Told> {
  const { lives, workloads, nodes } = world;
  for (let life = 0; life < lives.count; life++) {
    const workload = element(workloads, lives.workload[life] ?? 0);
    yield {
      ...{ life, namespace: workload.namespace, name: podName(world, life), uid: podUid(world, life) },
      node: element(nodes, lives.node[life] ?? 0).name,
      ip: dotted(lives.address[life] ?? 0),
      ...{ start: lives.start[life] ?? 0, end: lives.end[life] ?? FOREVER, finishes: workload.kind === 'Job' },
    };
  }
}

/** A pod while it runs: as the pod list shows it, without its end. */
function runningPod(world: World, told: Told, withAddress: boolean): Record<string, object> {
  const whole = pod(world, told.life, world.lives.workload[told.life] ?? 0, workloadOf(world, told.life));
  const { metadata, spec, status } = whole as Record<string, Record<string, unknown>>;
  const startTime = instantText(told.start - LAG_SECONDS);
  const ready = { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: instantText(told.start) };
  const address = { podIP: told.ip, podIPs: [{ ip: told.ip }], conditions: [ready] };
  const running = { phase: 'Running', hostIP: status?.hostIP, startTime, ...address };
  return { metadata: metadata ?? {}, spec: spec ?? {}, status: withAddress ? running : { phase: 'Pending' } };
}

function workloadOf(world: World, life: number): World['workloads'][number] {
  return element(world.workloads, world.lives.workload[life] ?? 0);
}

function auditEvents(world: World): TimedEvent[] {
  const events: TimedEvent[] = [];
  for (const told of livesOf(world)) {
    const { namespace, name, start, end } = told;
    const add = (time: number, verb: string, username: string, body: () => object, subresource?: string): void => {
      events.push({
        time,
        event: () => ({
          ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Request', stage: 'ResponseComplete', verb },
          user: { username },
          objectRef: { resource: 'pods', namespace, name, apiVersion: 'v1', ...(subresource && { subresource }) },
          responseStatus: { code: 200 },
          requestReceivedTimestamp: `${instantText(time).slice(0, -1)}.250000Z`,
          ...body(),
        }),
      });
    };
    const kubelet = `system:node:${told.node}`;
    const patch = (status: object) => () => ({ requestObject: { metadata: { uid: told.uid }, status } });
    add(start - 2, 'create', 'system:serviceaccount:kube-system:replicaset-controller', () => {
      return { responseObject: runningPod(world, told, false) };
    });
    const { status } = runningPod(world, told, true);
    add(start + LAG_SECONDS, 'patch', kubelet, patch(status ?? {}), 'status');
    if (end === FOREVER) continue;
    if (told.finishes) add(end + LAG_SECONDS, 'patch', kubelet, patch({ phase: 'Succeeded' }), 'status');
    else {
      const options = { gracePeriodSeconds: 0, preconditions: { uid: told.uid } };
      add(end + LAG_SECONDS, 'delete', kubelet, () => ({ requestObject: { kind: 'DeleteOptions', ...options } }));
    }
  }
  return events;
}

function watchEvents(world: World): TimedEvent[] {
  const events: TimedEvent[] = [];
  for (const told of livesOf(world)) {
    const add = (time: number, type: string, object: () => object): void => {
      const at = instantText(time);
      events.push({ time, event: () => ({ time: at, type, object: { kind: 'Pod', apiVersion: 'v1', ...object() } }) });
    };
    add(told.start - LAG_SECONDS, 'ADDED', () => runningPod(world, told, false));
    add(told.start + LAG_SECONDS, 'MODIFIED', () => runningPod(world, told, true));
    if (told.end !== FOREVER) add(told.end + LAG_SECONDS, 'DELETED', () => runningPod(world, told, true));
  }
  return events;
}

/** What `kube_pod_info[1h]` answers: raw samples of every scrape in the span. */
function* metrics(world: World): Iterable<string> {
  yield '{"status":"success","data":{"resultType":"matrix","result":[';
  let separator = '\n';
  for (const told of livesOf(world)) {
    const values: [number, string][] = [];
    const last = Math.min(told.end + LAG_SECONDS, world.endSeconds);
    for (let time = world.startSeconds; time < last; time += SCRAPE_SECONDS) {
      if (time >= told.start + LAG_SECONDS) values.push([time + 0.25, '1']);
    }
    if (values.length === 0) continue;
    const { namespace, name, uid: id, node, ip: pod_ip, life } = told;
    const host_network = String(workloadOf(world, life).hostNetwork);
    const metric = { __name__: 'kube_pod_info', namespace, pod: name, uid: id, node, pod_ip, host_network };
    yield separator + JSON.stringify({ metric, values });
    separator = ',\n';
  }
  yield '\n]}}\n';
}

type Snapshot = (world: World, alive: readonly Told[]) => object;

/** A file in a version folder for every LIST_SECONDS of the span. */
function snapshots(world: World, file: string, of: Snapshot): HistoryFile[] {
  const all = [...livesOf(world)];
  const files: HistoryFile[] = [];
  for (let time = world.startSeconds; time <= world.endSeconds; time += LIST_SECONDS) {
    const alive = all.filter((told) => told.start + LAG_SECONDS <= time && time < told.end + LAG_SECONDS);
    files.push({ file: `${instantText(time)}/${file}`, pieces: [JSON.stringify(of(world, alive))] });
  }
  return files;
}

const podList: Snapshot = (world, alive) => ({
  kind: 'PodList',
  apiVersion: 'v1',
  items: alive.map((told) => runningPod(world, told, true)),
});

const checkpoint: Snapshot = (world, alive) => ({
  version: 'vpc-cni-ipam/1',
  allocations: alive
    .filter((told) => !workloadOf(world, told.life).hostNetwork)
    .map(({ ip, start, namespace, name }) => ({
      ...{
        networkName: 'aws-cni',
        containerID: '',
        ifName: 'eth0',
        ipv4: ip,
        allocationTimestamp: `${start}000000000`,
      },
      metadata: { k8sPodNamespace: namespace, k8sPodName: name, interfacesCount: 1 },
    })),
});
