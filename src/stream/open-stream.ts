import { DEFAULT, parseLogFormat } from '../decode/format.ts';
import { hidesPods } from '../engine/opened-inputs.ts';
import type { InventoryWarning } from '../inventory/inventory.ts';
import { FlowtrieError } from '../model/errors.ts';
import type { Summary } from '../model/summary.ts';
import type { OutputFormat } from '../sink/part.ts';
import { type HttpServer, serve } from './http.ts';
import { InventoryTopic } from './inventory-topic.ts';
import { LiveInventory } from './live-inventory.ts';
import { PodSource } from './pod-source.ts';
import type { StartAt } from './session.ts';
import { connectionOf, type StreamRequest, type StreamSettings, streamSettings } from './settings.ts';
import type { StreamLog } from './status.ts';
import { Stream, type StreamOptions } from './stream.ts';
import type { StreamTarget } from './targets.ts';
import type { WindowTarget } from './window-outlet.ts';

/** A stream whose settings are good and whose inventory is read. */
export interface OpenedStream {
  /** What is odd in the inventory that it begins with. */
  readonly warnings: readonly InventoryWarning[];
  /** Classifies until the signal is raised or all is done; what is under way is committed before it ends. */
  run(signal: AbortSignal): Promise<void>;
  /** Of everything that this process committed so far. */
  summary(): Summary;
  /** Ends serving, and lets go of an inventory that comes over Kafka. */
  close(): Promise<void>;
}

/**
 * Opens a stream as `flowtrie stream` does. Throws FlowtrieError: `usage` for settings that do not fit together,
 * `input` for an inventory, a broker or an API server that cannot be read. Metrics are served from now on. `log` is
 * told what happens, never a secret.
 */
export async function openStream(request: StreamRequest, log: StreamLog): Promise<OpenedStream> {
  const settings = streamSettings(request);
  const options = await optionsOf(settings, log);
  const { watchPods, kubeContext = null, latenessSeconds } = settings;
  const pods = watchPods || kubeContext !== null ? await podSource(kubeContext, log) : null;
  const topic = await inventoryTopic(settings.inventory, options);
  let server: HttpServer | null = null;
  const close = async (): Promise<void> => {
    try {
      await server?.close();
    } finally {
      await topic?.close();
    }
  };
  try {
    const folder = topic?.folder ?? settings.inventory;
    const inventory = await LiveInventory.open(folder, log, latenessSeconds, pods?.pods ?? null);
    const stream = new Stream({ ...options, inventory, pods });
    server = await served(stream, settings.http, log);
    return {
      warnings: inventory.current.inventory.warnings,
      run: (signal) => stream.run(signal),
      summary: () => stream.summary(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function podSource(kubeContext: string | null, log: StreamLog): Promise<PodSource> {
  const { openKubernetesApi } = await import('../kubernetes/api.ts');
  return new PodSource(await openKubernetesApi(kubeContext), log);
}

async function inventoryTopic(
  inventory: string,
  { connect, log }: Pick<StreamOptions, 'connect' | 'log'>,
): Promise<InventoryTopic | null> {
  if (!inventory.startsWith(KAFKA_PREFIX)) return null;
  return InventoryTopic.open({ connect, topic: inventory.slice(KAFKA_PREFIX.length), log });
}

async function served(stream: Stream, http: string | undefined, log: StreamLog): Promise<HttpServer | null> {
  if (http === undefined) return null;
  const server = await serve(http, stream);
  log('info', 'serving /metrics, /healthz and /readyz', { address: server.address });
  return server;
}

function startAt(from: string): StartAt {
  if (from === 'earliest' || from === 'latest') return from;
  const at = Date.parse(from);
  if (!Number.isNaN(at)) return Math.floor(at / 1000);
  throw new FlowtrieError('usage', `kafka.from: expected earliest, latest or an RFC 3339 instant, got '${from}'`);
}

async function optionsOf(settings: StreamSettings, log: StreamLog): Promise<Omit<StreamOptions, 'inventory' | 'pods'>> {
  const { kafka, threads, logFormat, deadLetter, stopAtEnd, inventorySeconds } = settings;
  const target = targetOf(settings);
  const format = logFormat === undefined ? null : parseLogFormat(logFormat);
  const { group, topics, from, sessionSeconds } = kafka;
  const { openKafkajs } = await import('../kafka/kafkajs.ts');
  return {
    connect: () => openKafkajs(connectionOf(kafka), log),
    group,
    topics,
    from: startAt(from),
    threads,
    logFormat: format,
    pair: settings.pair ?? hidesPods(format ?? DEFAULT),
    latenessSeconds: settings.latenessSeconds,
    windows: { target: windowTargetOf(settings, target), seconds: settings.windowSeconds, top: settings.windowTop },
    target,
    format: formatOf(settings, target),
    deadLetterTopic: deadLetter ?? null,
    sessionTimeoutMs: sessionSeconds * 1000,
    stopAtEnd,
    inventorySeconds,
    log,
  };
}

const KAFKA_PREFIX = 'kafka:';
const CLICKHOUSE_PREFIX = 'clickhouse:';

function targetOf({ out, fileBytes, fileSeconds, clickhouse }: StreamSettings): StreamTarget {
  if (out === 'none') return { kind: 'none' };
  if (out === '-') return { kind: 'stdout' };
  if (out.startsWith(KAFKA_PREFIX)) return { kind: 'kafka', topic: out.slice(KAFKA_PREFIX.length) };
  if (out.endsWith('/')) return { kind: 'folder', folder: out, fileBytes, fileSeconds };
  if (out.startsWith(CLICKHOUSE_PREFIX)) {
    const table = out.slice(CLICKHOUSE_PREFIX.length);
    if (!/^\w+(\.\w+)?$/.test(table))
      throw new FlowtrieError('usage', `--out: expected clickhouse:TABLE or clickhouse:DATABASE.TABLE, got '${out}'`);
    const { blockBytes, blockSeconds, ...connection } = clickhouse;
    return { kind: 'clickhouse', table, connection, blockBytes, blockSeconds };
  }
  throw new FlowtrieError(
    'usage',
    `--out: expected kafka:TOPIC, clickhouse:TABLE, a folder ending in /, - or none, got '${out}'`,
  );
}

function windowTargetOf({ windows }: StreamSettings, target: StreamTarget): WindowTarget {
  if (windows === 'none') return null;
  if (windows.startsWith(KAFKA_PREFIX)) return { kind: 'kafka', topic: windows.slice(KAFKA_PREFIX.length) };
  if (windows !== '-') throw new FlowtrieError('usage', `--windows: expected kafka:TOPIC, - or none, got '${windows}'`);
  if (target.kind === 'stdout')
    throw new FlowtrieError('usage', '--out - and --windows - both write to stdout: choose one');
  return { kind: 'stdout' };
}

/** Formats that can be cut anywhere between two rows; the others need a file. */
const STREAM_FORMATS: readonly OutputFormat[] = ['ndjson', 'arrows'];

function formatOf({ outFormat, out }: StreamSettings, target: StreamTarget): OutputFormat {
  if (target.kind === 'clickhouse') {
    if (outFormat === undefined || outFormat === 'arrows') return 'arrows';
    throw new FlowtrieError('usage', `--out-format: ${out} takes arrows, got '${outFormat}'`);
  }
  return streamFormat(outFormat ?? 'ndjson', target);
}

function streamFormat(outFormat: OutputFormat, target: StreamTarget): OutputFormat {
  if (target.kind !== 'folder' && !STREAM_FORMATS.includes(outFormat))
    throw new FlowtrieError('usage', `--out-format: expected ${STREAM_FORMATS.join(' or ')} here, got '${outFormat}'`);
  return outFormat;
}
