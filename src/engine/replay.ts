import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT, type Format, formatOf, parseHeader } from '../decode/format.ts';
import { FlowtrieError } from '../model/errors.ts';
import type { RecordFilter } from '../model/filter.ts';
import type { Summary } from '../model/summary.ts';
import { selectColumns } from '../sink/column-selection.ts';
import { inputNames, outputColumns } from '../sink/columns.ts';
import { openOutput } from '../sink/output.ts';
import type { OrderedOutput, OutputFormat } from '../sink/part.ts';
import { type Opening, openingOf } from '../source/content.ts';
import { type InputFile, listInputs } from '../source/inputs.ts';
import { type StreamChunk, streamChunks } from '../source/stdin.ts';
import { type AnalyzerPool, openPool } from './pool.ts';
import { openQuarantine, type Quarantine } from './quarantine.ts';
import { summaryOf } from './summary.ts';
import type { AnalyzeSetup, AnalyzeTask, TaskResult } from './task.ts';
import { Totals } from './totals.ts';
import type { CompiledInventory } from './versions.ts';

/** Where classified records go; `columns`: names of the columns wanted, in order, null = all. */
export interface OutputRequest {
  readonly path: string;
  readonly format: OutputFormat;
  readonly columns?: readonly string[] | null;
}

export interface ReplayOptions {
  /** Files, folders, globs, `-`. */
  readonly inputs: readonly string[];
  readonly inventory: CompiledInventory;
  /** Workers; 0 = in the calling thread. */
  readonly threads: number;
  /** Format of lines that no header precedes; null = the default format. */
  readonly logFormat: Format | null;
  /** Which records are wanted: the others are only counted; absent or null = all. */
  readonly filter?: RecordFilter | null;
  readonly out: OutputRequest | null;
  /** File for malformed lines; null = only counted. */
  readonly quarantine: string | null;
  /** Stops early when raised. */
  readonly signal?: AbortSignal;
  /** Told the size of the input (null = a stream) and returns what is called a few times a second. */
  readonly onStart?: (totalBytes: number | null) => (bytesRead: number, records: number) => void;
}

export interface ReplayResult {
  readonly summary: Summary;
  /** One message per input that could not be read to its end. */
  readonly failures: readonly string[];
  /** False when the reader of the output went away (a closed pipe): the rest was not classified. */
  readonly complete: boolean;
}

/** Byte range of a plain file that is one task. A task this long keeps the pool's cost per task below 1 %. */
const RANGE_BYTES = 16 * 1024 * 1024;

/** Input below this is analyzed in the calling thread: starting workers costs about as much. */
const SMALL_INPUT_BYTES = 1024 * 1024;

/** Tasks handed out and not yet taken up in order, per task the pool wants in flight: bounds waiting results. */
const WINDOW_PER_TASK = 2;

const PROGRESS_MS = 200;

/** Classifies recorded flow logs. The result and every output byte are the same for any number of threads. */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const startedAt = performance.now();
  const run = await openRun(options);
  try {
    await run.taskLoop();
    await run.output?.close();
    await run.quarantine?.close();
    const elapsedSeconds = (performance.now() - startedAt) / 1000;
    const input = { files: run.files.length, bytes: run.bytesRead() };
    return {
      summary: summaryOf(run.totals, options.inventory, input, elapsedSeconds),
      failures: run.failures,
      complete: run.output?.closed !== true,
    };
  } catch (error) {
    await run.output?.abort();
    throw error;
  } finally {
    run.stopProgress();
    await run.pool.close();
    rmSync(run.partFolder, { recursive: true, force: true });
  }
}

/** A task with what the ordered stage must know of it. */
interface Planned {
  readonly task: AnalyzeTask;
  /** Input it belongs to; formats and line numbers run on within one. */
  readonly file: number;
}

interface Run {
  readonly files: readonly InputFile[];
  readonly pool: AnalyzerPool;
  readonly output: OrderedOutput | null;
  readonly quarantine: Quarantine | null;
  readonly totals: Totals;
  readonly partFolder: string;
  readonly failures: string[];
  taskLoop(): Promise<void>;
  bytesRead(): number;
  stopProgress(): void;
}

async function openRun(options: ReplayOptions): Promise<Run> {
  const { sinceSeconds = null, untilSeconds = null } = options.filter ?? {};
  const files = await listInputs(options.inputs, { since: sinceSeconds, until: untilSeconds });
  const stream = files.some((file) => file.kind === 'stdin') ? await peekStream() : null;
  const openings = files.map((file) => (file.kind === 'stdin' ? stream?.opening : undefined) ?? file.opening);
  const formats = openings.map((opening) => parseHeader(opening.firstLine) ?? options.logFormat ?? DEFAULT);
  const all = outputColumns(
    openings.flatMap(({ names }, i) => (names === null ? formats[i] : formatOf(names))?.names ?? []),
  );
  const columns = options.out?.columns ? selectColumns(all, options.out.columns) : all;
  const quarantine = options.quarantine === null ? null : await openQuarantine(options.quarantine);
  const output = options.out === null ? null : await openOutput(options.out.format, options.out.path, columns);
  const partBase =
    options.out === null || options.out.path === '-' ? join(tmpdir(), 'flowtrie') : withoutSlash(options.out.path);
  const partFolder = mkdtempSync(`${partBase}.part-`);
  const setup: AnalyzeSetup = {
    versions: options.inventory.versions.map((version) => version.shared),
    rows: options.out === null ? null : { format: options.out.format, columns, taken: inputNames(all) },
    filter: options.filter ?? null,
    quarantine: options.quarantine !== null,
    partFolder,
    progress: new SharedArrayBuffer(16),
    stop: new SharedArrayBuffer(4),
  };
  const stop = (): void => void Atomics.store(new Int32Array(setup.stop), 0, 1);
  options.signal?.addEventListener('abort', stop);
  const progress = new BigInt64Array(setup.progress);
  const failures: string[] = [];
  const totals = new Totals(options.inventory.versions);
  const pool = openPool(isSmall(files) ? 0 : options.threads, setup);
  const stage = new OrderedStage(files, totals, output, quarantine, failures, pool);
  const update = options.onStart?.(stream === null ? files.reduce((sum, file) => sum + file.size, 0) : null);
  const timer = setInterval(() => update?.(Number(progress[0]), Number(progress[1])), PROGRESS_MS);
  return {
    files,
    pool,
    output,
    quarantine,
    totals,
    partFolder,
    failures,
    taskLoop: () => runTasks(planTasks(files, formats, stream, failures), pool, stage, stop, options.signal),
    bytesRead: () => Number(progress[0]),
    stopProgress: () => clearInterval(timer),
  };
}

/** Part files lie beside the output, also where it is a folder. */
function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, '');
}

/** True when the input is done before workers would have started. */
function isSmall(files: readonly InputFile[]): boolean {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  return bytes <= SMALL_INPUT_BYTES && files.every((file) => file.kind !== 'stdin');
}

interface PeekedStream {
  readonly opening: Opening;
  readonly chunks: AsyncGenerator<StreamChunk>;
}

/** Reads the first chunk of stdin: its header, if it has one, decides the columns. */
async function peekStream(): Promise<PeekedStream> {
  const chunks = streamChunks(process.stdin, 'stdin');
  const first = await chunks.next();
  const rest = async function* (): AsyncGenerator<StreamChunk> {
    if (first.done !== true) yield first.value;
    yield* chunks;
  };
  return { opening: openingOfChunk(first.value), chunks: rest() };
}

function openingOfChunk(chunk: StreamChunk | undefined): Opening {
  if (chunk?.kind === 'records') return { content: 'json', firstLine: '', names: chunk.block.names };
  return openingOf(chunk?.kind === 'lines' ? new Uint8Array(chunk.bytes) : new Uint8Array(0));
}

async function* planTasks(
  files: readonly InputFile[],
  formats: readonly Format[],
  stream: PeekedStream | null,
  failures: string[],
): AsyncGenerator<Planned> {
  let seq = 0;
  for (const [file, input] of files.entries()) {
    const fields = formats[file]?.names ?? DEFAULT.names;
    const { content } = input.opening;
    const planned = (source: AnalyzeTask['source']): Planned => ({
      task: { seq: seq++, name: input.name, source, fields },
      file,
    });
    if (input.object !== null && input.kind !== 'parquet') {
      yield planned({ kind: 'object', object: input.object });
    } else if (input.kind === 'gzip' || input.kind === 'zstd') {
      yield planned({ kind: 'file', path: input.name, compression: input.kind, content, start: 0, end: input.size });
    } else if (input.kind === 'parquet') {
      for (const [first, last] of groupRuns(input.groups)) {
        yield planned({ kind: 'parquet', path: input.name, object: input.object, first, last });
      }
    } else if (input.kind === 'plain') {
      const step = content === 'lines' ? RANGE_BYTES : Math.max(input.size, 1);
      for (let start = 0; start < input.size; start += step) {
        const end = Math.min(start + step, input.size);
        yield planned({ kind: 'file', path: input.name, compression: null, content, start, end });
      }
    } else if (stream !== null) {
      try {
        for await (const chunk of stream.chunks) {
          if (chunk.kind === 'broken') yield planned(chunk.slice);
          else if (chunk.kind === 'records') yield planned(chunk);
          else yield planned({ kind: 'chunk', bytes: chunk.bytes, length: chunk.length });
        }
      } catch (error) {
        if (!(error instanceof FlowtrieError)) throw error;
        failures.push(error.message);
      }
    }
  }
}

/** Rows of row groups that are one task: a file of small groups is no flood of tasks. */
const GROUP_RUN_ROWS = 128 * 1024;

/** Runs [first, last) of neighbouring row groups. */
function* groupRuns(groups: InputFile['groups']): Generator<readonly [number, number]> {
  let first = 0;
  let rows = 0;
  for (const [i, group] of groups.entries()) {
    rows += group.rows;
    if (rows < GROUP_RUN_ROWS && i < groups.length - 1) continue;
    yield [first, i + 1];
    first = i + 1;
    rows = 0;
  }
}

/** Keeps the pool busy and takes results up in order; credits bound what is in flight. */
async function runTasks(
  tasks: AsyncGenerator<Planned>,
  pool: AnalyzerPool,
  stage: OrderedStage,
  stop: () => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const window = pool.inFlightMax * WINDOW_PER_TASK;
  const waiting: { readonly planned: Planned; readonly result: Promise<TaskResult> }[] = [];
  const takeFirst = async (): Promise<void> => {
    const first = waiting.shift();
    if (first !== undefined) await stage.take(first.planned, await first.result);
  };
  try {
    for await (const planned of tasks) {
      if (signal?.aborted === true || stage.closed) break;
      const result = pool.run(planned.task);
      // a rejection is met when its turn comes; until then it must not count as unhandled
      result.catch(() => {});
      waiting.push({ planned, result });
      if (waiting.length >= window) await takeFirst();
    }
    while (waiting.length > 0 && signal?.aborted !== true && !stage.closed) await takeFirst();
  } finally {
    // whoever is still at work is not waited for longer than its current slice
    if (waiting.length > 0) stop();
    await Promise.allSettled(waiting.map((w) => w.result));
  }
}

/** Everything that depends on order: totals, output, line numbers, and the format that runs on from task to task. */
class OrderedStage {
  private readonly files: readonly InputFile[];
  private readonly totals: Totals;
  private readonly output: OrderedOutput | null;
  private readonly quarantine: Quarantine | null;
  private readonly failures: string[];
  private readonly pool: AnalyzerPool;
  private file = -1;
  private lines = 0;
  private fields: readonly string[] | null = null;

  constructor(
    files: readonly InputFile[],
    totals: Totals,
    output: OrderedOutput | null,
    quarantine: Quarantine | null,
    failures: string[],
    pool: AnalyzerPool,
  ) {
    this.files = files;
    this.totals = totals;
    this.output = output;
    this.quarantine = quarantine;
    this.failures = failures;
    this.pool = pool;
  }

  /** True when nobody reads the output any more. */
  get closed(): boolean {
    return this.output?.closed === true;
  }

  async take(planned: Planned, first: TaskResult): Promise<void> {
    if (planned.file !== this.file) {
      this.file = planned.file;
      this.lines = 0;
      this.fields = null;
    }
    let result = first;
    if (this.fields !== null && this.fields.join(' ') !== planned.task.fields.join(' ')) {
      // an earlier part of this input met another header: this one was decoded with the wrong fields
      result = await this.pool.run({ ...planned.task, fields: this.fields });
    }
    if (result.endFields !== null) this.fields = result.endFields;
    this.totals.add(result);
    const name = this.files[planned.file]?.name ?? planned.task.name;
    if (result.quarantinePart !== null) await this.quarantine?.append(result.quarantinePart, name, this.lines);
    if (result.rowsPart !== null) await this.output?.append(result.rowsPart);
    if (result.failure !== null) this.failures.push(result.failure);
    this.lines += result.ledger.lines;
  }
}
