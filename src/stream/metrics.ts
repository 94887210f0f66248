import type { Gauge, Registry } from 'prom-client';
import { FlowtrieError } from '../model/errors.ts';
import { MALFORMED } from '../model/ledger.ts';
import { DRIFT, DRIFT_CAUSE, VERDICT } from '../model/verdict.ts';
import type { RunningStream } from './stream.ts';

interface MetricKind {
  readonly type: 'counter' | 'gauge';
  readonly labels: readonly string[];
  readonly help: string;
}

/**
 * Every metric of a stream: name → type, labels and meaning. Labels have closed sets of values, or one value for each
 * assigned partition: the number of series is bounded whatever the traffic.
 */
export const METRICS: Readonly<Record<string, MetricKind>> = {
  flowtrie_lines_total: {
    type: 'counter',
    labels: ['end'],
    help: 'Input lines by where they ended (the ledger), committed',
  },
  flowtrie_malformed_lines_total: { type: 'counter', labels: ['reason'], help: 'Malformed lines by reason, committed' },
  flowtrie_objects_total: {
    type: 'counter',
    labels: ['end'],
    help: 'S3 objects that notifications named, by how they were read, committed',
  },
  flowtrie_predicted_total: { type: 'counter', labels: ['verdict'], help: 'Records by what the rules predict' },
  flowtrie_drift_total: { type: 'counter', labels: ['drift'], help: 'Records by logged action against prediction' },
  flowtrie_drift_cause_total: { type: 'counter', labels: ['cause'], help: 'Records that do not agree, by cause' },
  flowtrie_partition_lag: { type: 'gauge', labels: ['topic', 'partition'], help: 'Messages not committed yet' },
  flowtrie_partition_offset: { type: 'gauge', labels: ['topic', 'partition'], help: 'Committed offset of the group' },
  flowtrie_tasks_under_way: { type: 'gauge', labels: [], help: 'Tasks being analyzed or waiting for their commit' },
  flowtrie_bytes_under_way: { type: 'gauge', labels: [], help: 'Message bytes of the tasks under way' },
  flowtrie_inventory_swaps_total: {
    type: 'counter',
    labels: [],
    help: 'Inventories that took the place of the one before',
  },
  flowtrie_inventory_failures_total: { type: 'counter', labels: [], help: 'Inventories that could not be loaded' },
  flowtrie_inventory_versions: { type: 'gauge', labels: [], help: 'Versions of the inventory that are resident' },
  flowtrie_inventory_newest_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'Unix time from which the newest version is valid; 0 = the first one',
  },
  flowtrie_pods: { type: 'gauge', labels: [], help: 'Pods known from the API server, also those lately gone' },
  flowtrie_pod_events_total: {
    type: 'counter',
    labels: ['kind'],
    help: 'What the API server said of pods: lists, changes, and malformed ones',
  },
  flowtrie_watermark_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'Unix time up to which every partition has been read; the clock where nothing waits',
  },
  flowtrie_pairing_held_bytes: { type: 'gauge', labels: [], help: 'Message bytes that wait for twin records' },
  flowtrie_pairing_early_messages_total: {
    type: 'counter',
    labels: [],
    help: 'Messages judged before the lateness bound because too many waited',
  },
  flowtrie_pairing_evicted_total: {
    type: 'counter',
    labels: [],
    help: 'Records dropped from the twin table before the lateness bound because it was full',
  },
  flowtrie_windows_closed_total: { type: 'counter', labels: [], help: 'Windows written, by partition and late ones' },
  flowtrie_window_records_total: {
    type: 'counter',
    labels: ['fate'],
    help: 'Records that no open window has: late, undated, or missed after a restart',
  },
  flowtrie_ready: { type: 'gauge', labels: [], help: '1 when the stream does its work, 0 when /readyz says why not' },
};

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

/** The registry of a stream, with the process's own metrics. prom-client is loaded only when asked for. */
export async function openMetrics(stream: RunningStream): Promise<Metrics> {
  const client = await import('prom-client').catch((cause: unknown) => {
    const hint = 'npm install prom-client';
    throw new FlowtrieError('usage', `--http needs a package that is not there: ${hint}`, { cause });
  });
  const { Counter, Gauge, Registry, collectDefaultMetrics } = client.default;
  const registry: Registry = new Registry();
  const own: Registry = new Registry();
  collectDefaultMetrics({ register: own });
  for (const [name, { type, labels, help }] of Object.entries(METRICS)) {
    const common = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') new Counter(common);
    else new Gauge(common);
  }
  return {
    contentType: registry.contentType,
    async text() {
      fill(registry, stream);
      return `${await registry.metrics()}\n${await own.metrics()}`;
    },
  };
}

/** Counters are kept by the totals; a scrape takes their state. */
function fill(registry: Registry, stream: RunningStream): void {
  registry.resetMetrics();
  const add = (name: string, labels: Record<string, string>, value: number): void => {
    const metric = registry.getSingleMetric(name);
    if (metric !== undefined && 'inc' in metric) (metric as Gauge).inc(labels, value);
  };
  const { totals, status } = stream;
  const { lines: _, malformed, ...ends } = totals.ledger;
  for (const [end, count] of Object.entries(ends)) add('flowtrie_lines_total', { end }, count);
  let rejected = 0;
  for (const reason of MALFORMED) {
    rejected += malformed[reason] ?? 0;
    add('flowtrie_malformed_lines_total', { reason }, malformed[reason] ?? 0);
  }
  add('flowtrie_lines_total', { end: 'malformed' }, rejected);
  for (const [end, count] of Object.entries(stream.objects)) add('flowtrie_objects_total', { end }, count);
  VERDICT.forEach((verdict, i) => {
    add('flowtrie_predicted_total', { verdict }, totals.predicted[i] ?? 0);
  });
  DRIFT.forEach((drift, i) => {
    add('flowtrie_drift_total', { drift }, totals.drift[i] ?? 0);
  });
  DRIFT_CAUSE.forEach((cause, i) => {
    if (cause !== 'null') add('flowtrie_drift_cause_total', { cause }, totals.causes[i] ?? 0);
  });
  for (const { topic, partition, lag, committed } of stream.partitions()) {
    const labels = { topic, partition: String(partition) };
    add('flowtrie_partition_lag', labels, lag);
    add('flowtrie_partition_offset', labels, committed);
  }
  const { tasks, bytes } = stream.underWay();
  add('flowtrie_tasks_under_way', {}, tasks);
  add('flowtrie_bytes_under_way', {}, bytes);
  const { swaps, failures, versions, newestSeconds } = stream.inventory();
  add('flowtrie_inventory_swaps_total', {}, swaps);
  add('flowtrie_inventory_failures_total', {}, failures);
  add('flowtrie_inventory_versions', {}, versions);
  add('flowtrie_inventory_newest_timestamp_seconds', {}, newestSeconds);
  const { pods, ...events } = stream.pods() ?? { pods: 0, lists: 0, changes: 0, malformed: 0 };
  add('flowtrie_pods', {}, pods);
  for (const [kind, count] of Object.entries(events)) add('flowtrie_pod_events_total', { kind }, count);
  add('flowtrie_watermark_timestamp_seconds', {}, stream.watermark());
  const pairing = stream.pairing() ?? { heldBytes: 0, early: 0, evicted: 0 };
  add('flowtrie_pairing_held_bytes', {}, pairing.heldBytes);
  add('flowtrie_pairing_early_messages_total', {}, pairing.early);
  add('flowtrie_pairing_evicted_total', {}, pairing.evicted);
  const { closed, ...records } = stream.windows();
  add('flowtrie_windows_closed_total', {}, closed);
  for (const [fate, count] of Object.entries(records)) add('flowtrie_window_records_total', { fate }, count);
  add('flowtrie_ready', {}, status.ready ? 1 : 0);
}
