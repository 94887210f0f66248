import { strict as assert } from 'node:assert';
import type { FlowDecoder } from '../decode/text.ts';
import { FlowtrieError } from '../model/errors.ts';
import type { KernelHeap } from '../model/kernel-heap.ts';
import { openFile } from '../source/byte-source.ts';
import type { Slice } from '../source/frame.ts';
import type { WantedStarts } from '../source/parquet/slices.ts';
import { documentSlices, gzipLines, inflatedSlices, plainSlices } from '../source/slices.ts';
import type { ValueCursor } from '../source/values.ts';
import type { AnalyzeSetup, AnalyzeTask } from './task.ts';

/** Tells the messages of a stream's task apart; null = it has no messages. */
export async function cursorOf({ source }: AnalyzeTask): Promise<ValueCursor | null> {
  if (source.kind !== 'values') return null;
  const { ValueCursor } = await import('../source/values.ts');
  return new ValueCursor(source);
}

/**
 * The slices of a task's input; with `carry` also the fields of Parquet that have no column. `onRead` hears of the
 * bytes read.
 */
export function slicesOf(
  task: AnalyzeTask,
  heap: KernelHeap,
  carry: boolean,
  wanted: WantedStarts,
  onRead: (bytes: number) => void,
): Iterable<Slice> | AsyncIterable<Slice> {
  const { source } = task;
  if (source.kind === 'file' && source.content === 'lines') {
    if (source.compression === null) return plainSlices(source.path, source.start, source.end, onRead);
    if (source.compression === 'gzip') return gzipLines(source.path, onRead);
  }
  return rarerSlices(task, heap, carry, wanted, onRead);
}

/** Code that few inputs need is loaded by those: workers start sooner. */
async function* rarerSlices(
  task: AnalyzeTask,
  heap: KernelHeap,
  carry: boolean,
  wanted: WantedStarts,
  onRead: (bytes: number) => void,
): AsyncGenerator<Slice> {
  const { source } = task;
  if (source.kind === 'broken') {
    yield { kind: 'broken', reason: source.reason, text: source.text };
  } else if (source.kind === 'chunk') {
    onRead(source.read);
    yield { kind: 'lines', bytes: new Uint8Array(source.bytes, 0, source.length) };
  } else if (source.kind === 'records') {
    onRead(source.block.bytes.length);
    yield source;
  } else if (source.kind === 'columns') {
    yield source;
  } else if (source.kind === 'values' || source.kind === 'kept') {
    assert.fail('messages are told apart by a ValueCursor, what was kept is no text');
  } else if (source.kind === 'object') {
    const { objectBytes } = await import('../source/s3/object.ts');
    const { streamSlices } = await import('../source/stream-slices.ts');
    yield* streamSlices(objectBytes(source.object, onRead), task.name);
  } else if (source.kind === 'parquet') {
    const { parquetSlices } = await import('../source/parquet/slices.ts');
    const file =
      source.object === null
        ? openFile(source.path)
        : (await import('../source/s3/object.ts')).openObject(source.object);
    try {
      yield* parquetSlices(file, heap, source.first, source.last, carry, wanted, onRead);
    } finally {
      file.close();
    }
  } else if (source.compression !== null) {
    yield* inflatedSlices(source.path, source.compression, source.content, onRead);
  } else {
    yield* documentSlices(source.path, source.content, onRead);
  }
}

/**
 * Seconds from the span within which a record may still be the twin of one inside: both may last ten minutes, and their
 * times differ by a minute.
 */
const TWIN_SLACK_SECONDS = 15 * 60;

/** The starts that a run looks at. */
export function wantedStarts({ filter, twins }: AnalyzeSetup): WantedStarts {
  const span = { since: filter?.sinceSeconds ?? null, until: filter?.untilSeconds ?? null };
  return { span, slackSeconds: twins === null ? 0 : TWIN_SLACK_SECONDS };
}

type Decodable = Exclude<Slice, { kind: 'broken' | 'skipped' }>;

/** True for a slice that holds nothing to decode: it is counted. */
export function isCounted(decoder: FlowDecoder, slice: Slice): slice is Exclude<Slice, Decodable> {
  if (slice.kind === 'skipped') decoder.countSkipped(slice.rows);
  else if (slice.kind === 'broken') decoder.countBroken(slice.reason, slice.text);
  else return false;
  return true;
}

/** Bytes or rows of a slice. */
export function lengthOf(slice: Decodable): number {
  if (slice.kind === 'lines') return slice.bytes.length;
  return slice.kind === 'records' ? slice.block.rows : slice.columns.rows;
}

/** Decodes from `at` on until the batch is full; returns where it stopped. */
export function decodeSlice(decoder: FlowDecoder, slice: Decodable, at: number, end: number): number {
  if (slice.kind === 'lines') return decoder.decode(slice.bytes, at, end);
  if (slice.kind === 'records') return decoder.decodeRecords(slice.block, at);
  return decoder.decodeColumns(slice.columns, at);
}

/** Message of an input that cannot be read to its end, by the input's own name; other errors are thrown on. */
export function inputFailure(error: unknown, { name, source }: AnalyzeTask): string {
  if (!(error instanceof FlowtrieError)) throw error;
  if (source.kind !== 'file' || source.path === name) return error.message;
  // stdin, spooled to a file
  return error.message.replace(source.path, () => 'stdin');
}
