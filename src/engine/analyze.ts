import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { classifyBatch } from '../classify/classify.ts';
import { createScratch, InterfaceIndex, type Judge, type Scratch } from '../classify/tables.ts';
import { formatOf } from '../decode/format.ts';
import { BATCH_ROWS, DecodeKernel } from '../decode/kernel.ts';
import { FlowDecoder } from '../decode/text.ts';
import { FlowtrieError } from '../model/errors.ts';
import { type Malformed, QUARANTINE_BYTES_MAX } from '../model/ledger.ts';
import { createVerdictBatch, type VerdictBatch } from '../model/verdict.ts';
import { createBatchEncoder } from '../sink/encoder.ts';
import type { BatchEncoder } from '../sink/part.ts';
import { openFile } from '../source/byte-source.ts';
import type { Slice } from '../source/frame.ts';
import { parquetSlices } from '../source/parquet/slices.ts';
import { objectBytes, openObject } from '../source/s3/object.ts';
import { documentSlices, inflatedSlices, plainSlices } from '../source/slices.ts';
import { streamSlices } from '../source/stream-slices.ts';
import { candidateNames } from './candidates.ts';
import { compactFlow, compactVerdicts } from './compaction.ts';
import { RowFilter } from './filter.ts';
import { Tally } from './tally.ts';
import type { AnalyzeSetup, AnalyzeTask, TaskResult } from './task.ts';
import { attachVersions } from './versions.ts';

/** Analyzes one task after another with the same tables and buffers. */
export type Analyzer = (task: AnalyzeTask) => Promise<TaskResult>;

/** What an analyzer keeps from task to task. */
interface Bench {
  readonly setup: AnalyzeSetup;
  readonly kernel: DecodeKernel;
  readonly judge: Judge;
  readonly tally: Tally;
  readonly verdicts: VerdictBatch;
  readonly scratch: Scratch;
  readonly filter: RowFilter | null;
  readonly progress: BigInt64Array;
  readonly stop: Int32Array;
}

/** Attaches the shared tables and allocates the batch buffers, once a worker. */
export function createAnalyzer(setup: AnalyzeSetup): Analyzer {
  const judge = attachVersions(setup.versions);
  const bench: Bench = {
    setup,
    kernel: new DecodeKernel(),
    judge,
    tally: new Tally(
      judge,
      setup.versions.map((version) => version.groups),
    ),
    verdicts: createVerdictBatch(BATCH_ROWS),
    scratch: createScratch(BATCH_ROWS),
    filter:
      setup.filter === null
        ? null
        : new RowFilter(
            setup.filter,
            setup.versions.map((version) => version.names),
            BATCH_ROWS,
          ),
    progress: new BigInt64Array(setup.progress),
    stop: new Int32Array(setup.stop),
  };
  return (task) => analyzeTask(bench, task);
}

/** The heart: slices of the task → batches → verdicts → counters and, when wanted, the bytes of a part file. */
async function analyzeTask(bench: Bench, task: AnalyzeTask): Promise<TaskResult> {
  const { setup, tally, verdicts, scratch } = bench;
  const rows = setup.rows === null ? null : new PartFile(join(setup.partFolder, `rows-${task.seq}`));
  const quarantine = setup.quarantine ? new PartFile(join(setup.partFolder, `quarantine-${task.seq}`)) : null;
  const decoder = new FlowDecoder({
    format: formatOf(task.fields),
    carry: rows !== null,
    kernel: bench.kernel,
    ...(quarantine === null
      ? {}
      : { onMalformed: (line, reason, text) => quarantine.write(quarantineLine(line, reason, text)) }),
  });
  const judge: Judge = {
    versions: bench.judge.versions,
    interfaces: bench.judge.versions.map((v) => new InterfaceIndex(v)),
  };
  const encoder = rows === null ? null : encoderOf(bench, decoder);
  const { batch, ledger } = decoder;
  const flush = async (): Promise<void> => {
    const decoded = batch.rows;
    if (decoded === 0) return;
    classifyWanted(bench, judge, decoder);
    ledger.filtered += decoded - batch.rows;
    tally.add(batch, verdicts, scratch);
    if (batch.judged) ledger.classified += batch.rows;
    else ledger.notJudged += batch.rows;
    if (encoder !== null) rows?.write(await encoder.encode(batch, verdicts));
    Atomics.add(bench.progress, 1, BigInt(decoded));
    decoder.clear();
  };
  let failure: string | null = null;
  try {
    for await (const slice of slicesOf(bench, task)) {
      if (Atomics.load(bench.stop, 0) !== 0) break;
      if (slice.kind === 'broken') {
        decoder.countBroken(slice.reason, slice.text);
        continue;
      }
      const end = lengthOf(slice);
      for (let at = 0; at < end; ) {
        at = decodeSlice(decoder, slice, at, end);
        if (batch.rows === batch.capacity || at < end) await flush();
      }
      // carried fields point into the slice, which is overwritten next
      if (rows !== null) await flush();
    }
  } catch (error) {
    if (!(error instanceof FlowtrieError)) throw error;
    failure = error.message;
  }
  await flush();
  if (encoder?.finish !== undefined) rows?.write(await encoder.finish());
  rows?.close();
  quarantine?.close();
  const endFields = decoder.format.names.join(' ') === task.fields.join(' ') ? null : decoder.format.names;
  return {
    seq: task.seq,
    ledger,
    counts: tally.drain(),
    endFields,
    rowsPart: rows?.path ?? null,
    quarantinePart: quarantine?.path ?? null,
    failure,
  };
}

type Decodable = Exclude<Slice, { kind: 'broken' }>;

/** Bytes or rows of a slice. */
function lengthOf(slice: Decodable): number {
  if (slice.kind === 'lines') return slice.bytes.length;
  return slice.kind === 'records' ? slice.block.rows : slice.columns.rows;
}

function decodeSlice(decoder: FlowDecoder, slice: Decodable, at: number, end: number): number {
  if (slice.kind === 'lines') return decoder.decode(slice.bytes, at, end);
  if (slice.kind === 'records') return decoder.decodeRecords(slice.block, at);
  return decoder.decodeColumns(slice.columns, at);
}

/** Classifies the batch and leaves only the rows that the filters want. */
function classifyWanted({ filter, verdicts, scratch }: Bench, judge: Judge, { batch, interfaces }: FlowDecoder): void {
  if (filter === null) {
    classifyBatch(batch, verdicts, scratch, judge, interfaces);
    return;
  }
  const recorded = filter.passRecords(batch, interfaces);
  if (recorded < batch.rows) compactFlow(batch, filter.selection, recorded);
  classifyBatch(batch, verdicts, scratch, judge, interfaces);
  const wanted = filter.passVerdicts(batch, verdicts);
  if (wanted === batch.rows) return;
  compactFlow(batch, filter.selection, wanted);
  compactVerdicts(verdicts, scratch, filter.selection, wanted);
}

function encoderOf(bench: Bench, decoder: FlowDecoder): BatchEncoder {
  const { setup, judge, verdicts, scratch } = bench;
  const names = setup.versions.map((version) => version.names);
  return createBatchEncoder(setup.rows?.format ?? 'ndjson', {
    columns: setup.rows?.columns ?? [],
    taken: new Set(setup.rows?.taken),
    names,
    versionLabels: setup.versions.map((version) => version.label),
    interfaceName: (code) => decoder.interfaces.name(code),
    candidates: (version, row, side) => {
      const tables = judge.versions[version];
      const known = names[version];
      if (tables === undefined || known === undefined) return null;
      return candidateNames(decoder.batch, verdicts, scratch, tables, known, row, side);
    },
  });
}

async function* slicesOf(bench: Bench, task: AnalyzeTask): AsyncGenerator<Slice> {
  const { source } = task;
  const onRead = (bytes: number): void => {
    Atomics.add(bench.progress, 0, BigInt(bytes));
  };
  if (source.kind === 'broken') {
    yield { kind: 'broken', reason: source.reason, text: source.text };
  } else if (source.kind === 'chunk') {
    onRead(source.length);
    yield { kind: 'lines', bytes: new Uint8Array(source.bytes, 0, source.length) };
  } else if (source.kind === 'records') {
    onRead(source.block.bytes.length);
    yield source;
  } else if (source.kind === 'object') {
    yield* streamSlices(objectBytes(source.object, onRead), task.name);
  } else if (source.kind === 'parquet') {
    const file = source.object === null ? openFile(source.path) : openObject(source.object);
    try {
      yield* parquetSlices(file, source.first, source.last, bench.setup.rows !== null, onRead);
    } finally {
      file.close();
    }
  } else if (source.compression !== null) {
    yield* inflatedSlices(source.path, source.compression, source.content, onRead);
  } else if (source.content !== 'lines') {
    yield* documentSlices(source.path, source.content, onRead);
  } else {
    yield* plainSlices(source.path, source.start, source.end, onRead);
  }
}

/** A file of one task, appended to as batches are done; the main thread takes it up in task order. */
class PartFile {
  readonly path: string;
  private readonly fd: number;

  constructor(path: string) {
    this.path = path;
    this.fd = openSync(path, 'w');
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at, bytes.length - at);
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** A malformed line as it stands in a part file: its number within the task; the ordered stage adds file and offset. */
function quarantineLine(line: number, reason: Malformed, text: Uint8Array): Uint8Array {
  const kept = Buffer.from(text.subarray(0, QUARANTINE_BYTES_MAX)).toString('utf8');
  return Buffer.from(`${JSON.stringify({ line, reason, text: kept })}\n`);
}
