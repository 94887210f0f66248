import { type Address, formatAddress, parseAddress } from '../model/ip.ts';
import type { Cursor } from './cursor.ts';
import type { Owner } from './kubernetes.ts';
import type { DescribedPod, PodSpan } from './pods.ts';
import type { Warn } from './warnings.ts';

/** Scrape interval where no series has two samples: Prometheus' default. */
const SCRAPE_SECONDS = 60;

/** One series of a matrix: labels, and when it was seen with which value. */
interface Series {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly first: number;
  readonly last: number;
  /** First sample whose value is not 0, and its value; null = there is none. */
  readonly set: { readonly time: number; readonly value: number } | null;
}

/** True for an answer of Prometheus' HTTP API with samples over time. */
export function isMetricDocument(cursor: Cursor): boolean {
  return Array.isArray(cursor.at('data').at('result').value) && cursor.at('data').at('resultType').value !== undefined;
}

/**
 * Lives of pods from kube-state-metrics: certainly there between first and last sample, possibly one scrape longer at
 * either end. A completed pod keeps exporting its address: its phase or completion time ends it.
 */
export function readMetrics(documents: readonly Cursor[], warn: Warn): DescribedPod[] {
  const series: Series[] = [];
  let scrape = Number.POSITIVE_INFINITY;
  for (const document of documents) {
    const data = document.at('data');
    const type = data.text('resultType');
    if (type !== 'matrix') {
      warn(data.at('resultType'), `got ${type}, expected matrix (ask for samples over time: kube_pod_info[1h])`);
      continue;
    }
    for (const result of data.objects('result')) {
      const times = readSeries(result, series);
      scrape = Math.min(scrape, times);
    }
  }
  return podsOf(series, Number.isFinite(scrape) ? scrape : SCRAPE_SECONDS);
}

/** Adds a series; returns the shortest time between two of its samples. */
function readSeries(result: Cursor, into: Series[]): number {
  const labels = result.textMap('metric');
  const name = labels.get('__name__') ?? 'kube_pod_info';
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  let before = Number.NaN;
  let gap = Number.POSITIVE_INFINITY;
  let set: Series['set'] = null;
  for (const sample of result.at('values').elements()) {
    const [time, value] = Array.isArray(sample.value) ? (sample.value as readonly unknown[]) : [];
    if (typeof time !== 'number' || typeof value !== 'string') return sample.fail('a sample [time, "value"]');
    first = Math.min(first, time);
    last = Math.max(last, time);
    if (Math.abs(time - before) >= 1) gap = Math.min(gap, Math.abs(time - before));
    before = time;
    if (set === null && Number(value) !== 0) set = { time, value: Number(value) };
  }
  if (last >= first) into.push({ name, labels, first, last, set });
  return gap;
}

/** What belongs to one uid (or name, in exports that drop it). */
interface Pod {
  readonly infos: Series[];
  readonly ips: Series[];
  owner: Owner | null;
  started: number | null;
  ended: number | null;
}

function podsOf(series: readonly Series[], scrape: number): DescribedPod[] {
  const pods = new Map<string, Pod>();
  for (const one of series) {
    const key = one.labels.get('uid') ?? `${one.labels.get('namespace')}/${one.labels.get('pod')}`;
    const pod = pods.get(key) ?? { infos: [], ips: [], owner: null, started: null, ended: null };
    pods.set(key, pod);
    learn(pod, one);
  }
  return [...pods.values()].flatMap((pod) => describedPod(pod, scrape));
}

function learn(pod: Pod, series: Series): void {
  const { name, labels, set } = series;
  if (name === 'kube_pod_info') pod.infos.push(series);
  else if (name === 'kube_pod_ips') pod.ips.push(series);
  else if (name === 'kube_pod_start_time') pod.started ??= set?.value ?? null;
  else if (name === 'kube_pod_completion_time') pod.ended = earliest(pod.ended, set?.value ?? null);
  else if (name === 'kube_pod_status_phase' && /^(Succeeded|Failed)$/.test(labels.get('phase') ?? ''))
    pod.ended = earliest(pod.ended, set?.time ?? null);
  else if (name === 'kube_pod_owner' && labels.get('owner_is_controller') !== 'false')
    pod.owner = ownerOf(labels, 'owner_kind', 'owner_name') ?? pod.owner;
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

/** kube-state-metrics writes `<none>` for what is not there. */
function told(labels: ReadonlyMap<string, string>, name: string): string | null {
  const value = labels.get(name) ?? '';
  return value === '' || value === '<none>' ? null : value;
}

function ownerOf(labels: ReadonlyMap<string, string>, kind: string, name: string): Owner | null {
  const [k, n] = [told(labels, kind), told(labels, name)];
  return k === null || n === null ? null : { kind: k, name: n };
}

function describedPod(pod: Pod, scrape: number): DescribedPod[] {
  const [info] = pod.infos;
  if (info === undefined) return [];
  const { labels } = info;
  const spans = [
    ...pod.infos.flatMap((series) => spanOf(series, 'pod_ip', pod, scrape)),
    ...pod.ips.flatMap((series) => spanOf(series, 'ip', pod, scrape)),
  ];
  const distinct = new Map(spans.map((span) => [`${formatAddress(span.address)} ${span.start}`, span]));
  return [
    {
      source: 'metrics',
      namespace: labels.get('namespace') ?? 'default',
      name: labels.get('pod') ?? '',
      uid: told(labels, 'uid'),
      labels: NO_LABELS,
      controller: pod.owner ?? ownerOf(labels, 'created_by_kind', 'created_by_name'),
      workload: null,
      nodeName: told(labels, 'node'),
      hostAddress: addressOf(labels, 'host_ip'),
      ...{ eniId: null, serviceAccount: null, ports: [] },
      hostNetwork: labels.get('host_network') === 'true',
      spans: [...distinct.values()],
    },
  ];
}

function addressOf(labels: ReadonlyMap<string, string>, name: string): Address | null {
  return parseAddress(told(labels, name) ?? '') ?? null;
}

function spanOf(series: Series, label: string, pod: Pod, scrape: number): PodSpan[] {
  const address = addressOf(series.labels, label);
  if (address === null) return [];
  const softStart = Math.max(series.first - scrape, pod.started ?? Number.NEGATIVE_INFINITY);
  const start = Math.max(series.first, softStart);
  const cut = pod.ended ?? Number.POSITIVE_INFINITY;
  const softEnd = Math.min(series.last + scrape, cut);
  const end = Math.min(series.last, cut);
  return softEnd <= softStart ? [] : [{ address, softStart, start: Math.min(start, softEnd), end, softEnd }];
}

const NO_LABELS: ReadonlyMap<string, string> = new Map();
