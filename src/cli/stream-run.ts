import { DEFAULT, parseLogFormat } from '../decode/format.ts';
import { hidesPods } from '../engine/opened-inputs.ts';
import { openKafkajs } from '../kafka/kafkajs.ts';
import { openKubernetesApi } from '../kubernetes/api.ts';
import { FlowtrieError } from '../model/errors.ts';
import type { OutputFormat } from '../sink/part.ts';
import { renderSummary, summaryJson } from '../sink/summary.ts';
import { serve } from '../stream/http.ts';
import { InventoryTopic } from '../stream/inventory-topic.ts';
import { LiveInventory } from '../stream/live-inventory.ts';
import { PodSource } from '../stream/pod-source.ts';
import type { LogLevel, StreamLog } from '../stream/status.ts';
import { Stream, type StreamOptions } from '../stream/stream.ts';
import type { StreamTarget } from '../stream/targets.ts';
import type { WindowTarget } from '../stream/window-outlet.ts';
import { withInterrupt } from './interrupt.ts';
import { readSettings, type StreamSettings } from './stream-settings.ts';
import { hasColor } from './terminal.ts';
import { printWarnings } from './warnings.ts';

const SUMMARY_COLUMNS = 100;

/** Runs until SIGINT or SIGTERM, which end it with everything committed (exit code 130 or 143). */
export async function runStream(flags: Readonly<Record<string, unknown>>): Promise<void> {
  const { config, json, quiet, verbose } = flags;
  const settings = readSettings(flags, process.env, typeof config === 'string' ? config : undefined);
  const log = openLog(
    settings.log ?? (process.stderr.isTTY ? 'text' : 'json'),
    levelOf(quiet === true, verbose === true),
  );
  const target = targetOf(settings);
  if ((target.kind === 'stdout' || settings.windows === '-') && json === true)
    throw new FlowtrieError(
      'usage',
      `--${target.kind === 'stdout' ? 'out' : 'windows'} - and --json both write to stdout: choose one`,
    );
  const options = optionsOf(settings, target, log);
  const { watchPods, kubeContext = null } = settings;
  const pods = watchPods || kubeContext !== null ? new PodSource(await openKubernetesApi(kubeContext), log) : null;
  const topic = await inventoryTopic(settings.inventory, options);
  try {
    const folder = topic?.folder ?? settings.inventory;
    const inventory = await LiveInventory.open(folder, log, settings.latenessSeconds, pods?.pods ?? null);
    if (quiet !== true) printWarnings(inventory.current.inventory.warnings, verbose === true);
    await runWith(new Stream({ ...options, inventory, pods }), settings.http, json === true, quiet === true, log);
  } finally {
    await topic?.close();
  }
}

async function inventoryTopic(
  inventory: string,
  { connect, log }: Pick<StreamOptions, 'connect' | 'log'>,
): Promise<InventoryTopic | null> {
  if (!inventory.startsWith(KAFKA_PREFIX)) return null;
  return InventoryTopic.open({ connect, topic: inventory.slice(KAFKA_PREFIX.length), log });
}

async function runWith(
  stream: Stream,
  http: string | undefined,
  json: boolean,
  quiet: boolean,
  log: StreamLog,
): Promise<void> {
  const server = http === undefined ? null : await serve(http, stream);
  if (server !== null) log('info', 'serving /metrics, /healthz and /readyz', { address: server.address });
  try {
    await withInterrupt((signal) => stream.run(signal));
  } finally {
    await server?.close();
    const summary = stream.summary();
    if (json) process.stdout.write(summaryJson(summary));
    else if (!quiet && process.stderr.isTTY)
      process.stderr.write(`${renderSummary(summary, { width: SUMMARY_COLUMNS, color: hasColor(process.stderr) })}\n`);
    log('info', 'ended', { ledger: summary.ledger });
  }
}

function levelOf(quiet: boolean, verbose: boolean): LogLevel {
  if (quiet) return 'warn';
  return verbose ? 'debug' : 'info';
}

function optionsOf(
  settings: StreamSettings,
  target: StreamTarget,
  log: StreamLog,
): Omit<StreamOptions, 'inventory' | 'pods'> {
  const { kafka, threads, logFormat, deadLetter, stopAtEnd, inventorySeconds } = settings;
  const format = logFormat === undefined ? null : parseLogFormat(logFormat);
  const { brokers, clientId, tls, sasl, compression, group, topics, from, sessionSeconds } = kafka;
  return {
    connect: () => openKafkajs({ brokers, clientId, tls, sasl: sasl ?? null, compression }, log),
    group,
    topics,
    from: from === 'earliest' || from === 'latest' ? from : Math.floor(Date.parse(from) / 1000),
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

const ORDER: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];

/** Lines on stderr, one an event. */
function openLog(style: 'text' | 'json', least: LogLevel): StreamLog {
  return (level, message, facts = {}) => {
    if (ORDER.indexOf(level) > ORDER.indexOf(least)) return;
    const time = new Date().toISOString();
    const line =
      style === 'json'
        ? JSON.stringify({ time, level, message, ...facts })
        : `${time} ${level.padEnd(5)} ${message}${factsText(facts)}`;
    process.stderr.write(`${line}\n`);
  };
}

function factsText(facts: Readonly<Record<string, unknown>>): string {
  return Object.entries(facts)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
}
