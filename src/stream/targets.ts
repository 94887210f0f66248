import type { Consumption, KafkaDriver } from '../kafka/driver.ts';
import type { OutputColumn } from '../sink/columns.ts';
import { openDestination } from '../sink/destination.ts';
import type { OutputFormat } from '../sink/part.ts';
import { type ClickHouseConnection, openClickHouse } from './clickhouse-client.ts';
import { clickhouseSink } from './clickhouse-sink.ts';
import { folderSink } from './folder-sink.ts';
import { kafkaSink } from './kafka-sink.ts';
import { type CommitOffset, plainOffsets } from './offsets.ts';
import { stdoutSink } from './stdout-sink.ts';
import type { StreamSink } from './stream-sink.ts';
import { type WindowTarget, windowMessages, withWindows } from './window-outlet.ts';

/** Where a stream writes; `none` = counters and metrics only. */
export type StreamTarget =
  | { readonly kind: 'none' }
  | { readonly kind: 'stdout' }
  | { readonly kind: 'kafka'; readonly topic: string }
  | {
      readonly kind: 'clickhouse';
      readonly table: string;
      readonly connection: ClickHouseConnection;
      readonly blockBytes: number;
      readonly blockSeconds: number;
    }
  | { readonly kind: 'folder'; readonly folder: string; readonly fileBytes: number; readonly fileSeconds: number };

export interface TargetOptions {
  readonly driver: KafkaDriver;
  readonly commit: Consumption['commit'];
  readonly group: string;
  readonly target: StreamTarget;
  readonly format: OutputFormat;
  readonly columns: readonly OutputColumn[];
  readonly deadLetterTopic: string | null;
  /** Where windows go. */
  readonly windows: WindowTarget;
  /** Label of the newest inventory version in force. */
  versionLabel(): string;
}

/** The sink of a target for one life of the consumer. */
export async function openSink(options: TargetOptions): Promise<StreamSink> {
  const { windows, target, driver, deadLetterTopic, group, commit } = options;
  const inTransaction = target.kind === 'none' || target.kind === 'kafka';
  const offsets = inTransaction ? null : plainOffsets(driver, group, deadLetterTopic, commit);
  const rows = await openRows(options, offsets);
  if (windows?.kind === 'stdout') {
    const out = await openDestination('-');
    return withWindows(rows, async (list) => out.write(Buffer.from(list.map(({ lines }) => lines).join(''))));
  }
  if (windows === null || offsets === null) return rows;
  return withWindows(rows, (list) => offsets.send(windowMessages(windows.topic, list)));
}

async function openRows(options: TargetOptions, offsets: CommitOffset | null): Promise<StreamSink> {
  const { driver, group, target, format, columns, deadLetterTopic, windows } = options;
  if (offsets === null || target.kind === 'none' || target.kind === 'kafka') {
    const arrow = await arrowFrame(format, columns);
    const topic = target.kind === 'kafka' ? target.topic : null;
    const rows = format === 'arrows' ? 'arrows' : 'ndjson';
    const windowTopic = windows?.kind === 'kafka' ? windows.topic : null;
    return kafkaSink({ driver, group, topic, deadLetterTopic, windowTopic, format: rows, arrow });
  }
  const sink = await sinkBy(options, target, offsets);
  return {
    ...sink,
    async close() {
      await offsets.close();
      await sink.close();
    },
  };
}

async function sinkBy(
  { group, format, columns, versionLabel }: TargetOptions,
  target: Extract<StreamTarget, { kind: 'stdout' | 'clickhouse' | 'folder' }>,
  offsets: CommitOffset,
): Promise<StreamSink> {
  if (target.kind === 'stdout') return stdoutSink(offsets, (await arrowFrame(format, columns)).start);
  if (target.kind === 'clickhouse') {
    return clickhouseSink({
      clickhouse: await openClickHouse(target.connection),
      table: target.table,
      columns,
      group,
      offsets,
      arrow: await arrowFrame(format, columns),
      blockBytes: target.blockBytes,
      blockMs: target.blockSeconds * 1000,
      versionLabel,
    });
  }
  const { folder, fileBytes, fileSeconds } = target;
  return folderSink({ folder, format, columns, offsets, fileBytes, fileMs: fileSeconds * 1000, versionLabel });
}

/** What stands around Arrow batches; nothing around lines. apache-arrow is loaded only when asked for. */
async function arrowFrame(
  format: OutputFormat,
  columns: readonly OutputColumn[],
): Promise<{ readonly start: Uint8Array; readonly end: Uint8Array }> {
  const nothing = new Uint8Array(0);
  if (format !== 'arrows') return { start: nothing, end: nothing };
  const { END_OF_STREAM, streamStart } = await import('../sink/arrow.ts');
  return { start: streamStart(columns), end: END_OF_STREAM };
}
