import type { Consumption, KafkaDriver } from '../kafka/driver.ts';
import type { OutputColumn } from '../sink/columns.ts';
import type { OutputFormat } from '../sink/part.ts';
import { folderSink } from './folder-sink.ts';
import { kafkaSink } from './kafka-sink.ts';
import { plainOffsets } from './offsets.ts';
import { stdoutSink } from './stdout-sink.ts';
import type { StreamSink } from './stream-sink.ts';

/** Where a stream writes; `none` = counters and metrics only. */
export type StreamTarget =
  | { readonly kind: 'none' }
  | { readonly kind: 'stdout' }
  | { readonly kind: 'kafka'; readonly topic: string }
  | { readonly kind: 'folder'; readonly folder: string; readonly fileBytes: number; readonly fileSeconds: number };

export interface TargetOptions {
  readonly driver: KafkaDriver;
  readonly commit: Consumption['commit'];
  readonly group: string;
  readonly target: StreamTarget;
  readonly format: OutputFormat;
  readonly columns: readonly OutputColumn[];
  readonly deadLetterTopic: string | null;
  /** Label of the newest inventory version in force. */
  versionLabel(): string;
}

/** The sink of a target for one life of the consumer. */
export async function openSink(options: TargetOptions): Promise<StreamSink> {
  const { driver, commit, group, target, format, columns, deadLetterTopic } = options;
  if (target.kind === 'none' || target.kind === 'kafka') {
    const arrow = await arrowFrame(format, columns);
    const topic = target.kind === 'kafka' ? target.topic : null;
    const rows = format === 'arrows' ? 'arrows' : 'ndjson';
    return kafkaSink({ driver, group, topic, deadLetterTopic, format: rows, arrow });
  }
  const offsets = plainOffsets(driver, group, deadLetterTopic, commit);
  const sink =
    target.kind === 'stdout'
      ? await stdoutSink(offsets, (await arrowFrame(format, columns)).start)
      : folderSink({
          folder: target.folder,
          format,
          columns,
          offsets,
          fileBytes: target.fileBytes,
          fileMs: target.fileSeconds * 1000,
          versionLabel: options.versionLabel,
        });
  return {
    ...sink,
    async close() {
      await offsets.close();
      await sink.close();
    },
  };
}

/** What stands around Arrow batches; nothing around lines. apache-arrow is loaded only when asked for. */
async function arrowFrame(
  format: OutputFormat,
  columns: readonly OutputColumn[],
): Promise<{ readonly start: Uint8Array; readonly end: Uint8Array }> {
  const nothing = new Uint8Array(0);
  if (format !== 'arrows') return { start: nothing, end: nothing };
  const { arrowSchema, END_OF_STREAM, schemaMessage } = await import('../sink/arrow.ts');
  return { start: schemaMessage(arrowSchema(columns)), end: END_OF_STREAM };
}
