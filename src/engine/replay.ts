import { strict as assert } from 'node:assert';
import { rmSync } from 'node:fs';
import { type Format, type Heading, sameHeading } from '../decode/format.ts';
import type { RecordFilter } from '../model/filter.ts';
import type { Ledger } from '../model/ledger.ts';
import type { Summary } from '../model/summary.ts';
import { createTwinMemory, TWINS_BYTES, type TwinMemory } from '../pods/twins.ts';
import { selectColumns } from '../sink/column-selection.ts';
import { inputNames, outputColumns } from '../sink/columns.ts';
import { isFolder } from '../sink/output.ts';
import type { Part } from '../sink/part.ts';
import type { InputFile } from '../source/inputs.ts';
import { dedupeFailure, dedupeTable } from './dedupe.ts';
import { Failures } from './failures.ts';
import { releaseGroups } from './group-room.ts';
import { haltBy } from './halt.ts';
import { type Planned, runInOrder, waitingOf } from './in-order.ts';
import { createKeptMemory, type KeptMemory } from './kept.ts';
import { leftOutWarnings } from './left-out.ts';
import { type OpenedInputs, openInputs, planTasks } from './opened-inputs.ts';
import { type Paired, pairInputs } from './pair-pass.ts';
import { type AnalyzerPool, inFlightOf, openPool } from './pool.ts';
import { type OutputRequest, openRunOutputs, type RunOutputs } from './run-outputs.ts';
import { type AskedOutput, refuseOverwriting } from './same-file.ts';
import { allFree, createSlotMemory, releaseSlot, type SlotMemory } from './slot-memory.ts';
import { summaryOf } from './summary.ts';
import { GROUPS_BYTES } from './tally.ts';
import type { AnalyzeSetup, TaskResult } from './task.ts';
import { Totals } from './totals.ts';
import { createTurn, giveTurn, type Turn } from './turn.ts';
import type { CompiledInventory } from './versions.ts';

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
  /** Leave out records that another flow log has too; default false. */
  readonly dedupe?: boolean;
  readonly out: OutputRequest | null;
  /** File for malformed lines; null = only counted. */
  readonly quarantine: string | null;
  /** Whether twin records are paired; absent = where the format of some input lacks the pkt-* fields. */
  readonly pair?: boolean;
  /** Bytes of memory for pairing; absent = TWINS_BYTES. */
  readonly twinsBytes?: number;
  /** Bytes of memory for what the first pass of pairing decoded; absent = KEPT_BYTES, 0 = the second decodes again. */
  readonly keptBytes?: number;
  /** Stops early when raised. */
  readonly signal?: AbortSignal;
  /** Told the size of the input (null = a stream) and returns what is called a few times a second. */
  readonly onStart?: (totalBytes: number | null) => (bytesRead: number, records: number) => void;
}

export interface ReplayResult {
  readonly summary: Summary;
  /** One message per input that could not be read to its end, in their order; those of the run as a whole come last. */
  readonly failures: readonly string[];
  /** One message for each column of the inputs that is left out. */
  readonly warnings: readonly string[];
  /** False when the reader of the output went away (a closed pipe): the rest was not classified. */
  readonly complete: boolean;
  /**
   * Where a run that ended early – interrupted, or its reader went away – left what it had written: an output of an
   * earlier run stays under the name asked for.
   */
  readonly kept: readonly string[];
}

/** Input below this is analyzed in the calling thread: starting workers costs about as much. */
const SMALL_INPUT_BYTES = 1024 * 1024;

const PROGRESS_MS = 200;

/**
 * Bytes of rows of one task that are kept in memory, and of all tasks together; what is more goes through a file, or
 * into the output once it is the task's turn.
 */
const PART_BYTES = 32 * 1024 * 1024;
const PARTS_BYTES = 512 * 1024 * 1024;
/** Slots of GROUPS_BYTES for the groups that tasks count; tasks that find none free bring arrays of their own. */
const GROUPS_SLOTS = 128;

/** Bytes a record takes in a file, about: sizes the chains of the twin table. */
const RECORD_BYTES = { plain: 100, gzip: 16, zstd: 16, parquet: 16, stdin: 100 } as const;

/** Classifies recorded flow logs. The result and every output byte are the same for any number of threads. */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const startedAt = performance.now();
  const { sinceSeconds: since = null, untilSeconds: until = null } = options.filter ?? {};
  const { signal } = options;
  const inputs = await openInputs(options.inputs, options.logFormat, options.pair, { since, until }, signal);
  const halt = haltBy(signal, inputs);
  try {
    return await replayInputs({ ...options, signal: halt.signal }, inputs, startedAt);
  } finally {
    halt.clear();
    inputs.close();
  }
}

async function replayInputs(options: ReplayOptions, inputs: OpenedInputs, startedAt: number): Promise<ReplayResult> {
  refuseOverwriting(outputsOf(options), inputs.files, options.inputs);
  const run = await openRun(options, inputs);
  try {
    const whole = (await runPasses(run, inputs, options.signal)) && !inputs.interrupted;
    // workers end while the rest is done here; whether they could is told last
    run.pool.close().catch(() => {});
    const uncompared = run.met === null ? null : dedupeFailure(run.met);
    if (uncompared !== null) run.failures.add(uncompared);
    const kept = whole ? [] : await run.outputs.keep(linesWritten(run.totals.ledger));
    if (whole) await run.outputs.close();
    const elapsedSeconds = (performance.now() - startedAt) / 1000;
    const input = { files: inputs.files.length, bytes: run.totals.read };
    return {
      summary: summaryOf(run.totals, options.inventory, input, elapsedSeconds),
      failures: run.failures.messages,
      warnings: leftOutWarnings(inputs.files),
      complete: run.outputs.rows?.closed !== true,
      kept,
    };
  } catch (error) {
    await run.outputs.abort();
    throw error;
  } finally {
    run.stopProgress();
    await run.pool.close();
    rmSync(run.outputs.partFolder, { recursive: true, force: true });
  }
}

function outputsOf({ out, quarantine }: ReplayOptions): AskedOutput[] {
  const rows: AskedOutput[] = out === null ? [] : [{ flag: '--out', path: out.path }];
  return quarantine === null ? rows : [...rows, { flag: '--quarantine', path: quarantine }];
}

/** Lines that became rows, and those that a quarantine takes. */
function linesWritten({ classified, notJudged, malformed }: Ledger): { rows: number; malformed: number } {
  return { rows: classified + notJudged, malformed: Object.values(malformed).reduce((sum, count) => sum + count, 0) };
}

interface Run {
  readonly pool: AnalyzerPool;
  readonly outputs: RunOutputs;
  readonly totals: Totals;
  readonly failures: Failures;
  readonly twins: TwinMemory | null;
  readonly kept: KeptMemory | null;
  readonly partMemory: SlotMemory | null;
  readonly turn: Turn | null;
  readonly groupMemory: SlotMemory;
  /** Records met so far, when duplicates are left out. */
  readonly met: SharedArrayBuffer | null;
  /** Makes tasks at work end early. */
  stop(): void;
  stopProgress(): void;
}

async function openRun(options: ReplayOptions, { files, first, stream, paired }: OpenedInputs): Promise<Run> {
  const all = outputColumns(first.flatMap((format) => format.names));
  const columns = options.out?.columns ? selectColumns(all, options.out.columns) : all;
  const outputs = await openRunOutputs(options.out, options.quarantine, columns);
  const threads = isSmall(files) ? 0 : options.threads;
  const slots = Math.min(inFlightOf(threads) + 1, PARTS_BYTES / PART_BYTES);
  const partMemory = outputs.rows === null ? null : createSlotMemory(slots, PART_BYTES);
  const turn = outputs.rows?.direct ? createTurn(outputs.rows.direct) : null;
  const groupMemory = createSlotMemory(Math.min(waitingOf(inFlightOf(threads)) + 1, GROUPS_SLOTS), GROUPS_BYTES);
  const twins = paired ? createTwinMemory(options.twinsBytes ?? TWINS_BYTES, expectedRecords(files)) : null;
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const setup: AnalyzeSetup = {
    versions: options.inventory.versions.map((version) => version.shared),
    rows: options.out === null ? null : { ...rowsWanted(options.out), columns, taken: inputNames(all) },
    filter: options.filter ?? null,
    met: options.dedupe === true ? dedupeTable(stream === null ? bytes : null) : null,
    quarantine: options.quarantine !== null,
    partFolder: outputs.partFolder,
    partMemory,
    turn,
    groupMemory,
    progress: new SharedArrayBuffer(16),
    stop: new SharedArrayBuffer(4),
    twins: twins === null ? null : [twins],
    // rows need the text of fields without a column, a quarantine the lines that are no records
    kept: paired && options.out === null && options.quarantine === null ? keptMemory(options) : null,
    windowSeconds: 0,
  };
  const stop = (): void => void Atomics.store(new Int32Array(setup.stop), 0, 1);
  options.signal?.addEventListener('abort', stop);
  const progress = new BigInt64Array(setup.progress);
  const pool = await openPool(threads, setup);
  const passes = paired ? 2 : 1;
  const update = options.onStart?.(stream === null ? bytes * passes : null);
  const tell = (): void => update?.(Number(progress[0]), Number(progress[1]));
  const timer = setInterval(tell, PROGRESS_MS);
  return {
    pool,
    outputs,
    totals: new Totals(options.inventory.versions),
    failures: new Failures(),
    twins,
    kept: setup.kept,
    partMemory,
    turn,
    groupMemory,
    met: setup.met,
    stop,
    stopProgress() {
      clearInterval(timer);
      // what was done since the last time, which may have been all
      tell();
    },
  };
}

function keptMemory({ keptBytes }: ReplayOptions): KeptMemory | null {
  return keptBytes === 0 ? null : createKeptMemory(keptBytes);
}

function rowsWanted({
  format,
  path,
  compression = 'none',
}: OutputRequest): Pick<NonNullable<AnalyzeSetup['rows']>, 'format' | 'compression' | 'byHour'> {
  return { format, compression, byHour: format === 'parquet' && isFolder(path) };
}

function expectedRecords(files: readonly InputFile[]): number {
  return files.reduce((sum, { size, kind }) => sum + Math.ceil(size / RECORD_BYTES[kind]), 0);
}

/** True when the input is done before workers would have started. */
function isSmall(files: readonly InputFile[]): boolean {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  return bytes <= SMALL_INPUT_BYTES && files.every((file) => file.kind !== 'stdin');
}

/**
 * Where records are paired, a first pass over all inputs fills the twin table; the second classifies. False when it was
 * ended early.
 */
async function runPasses(run: Run, inputs: OpenedInputs, signal: AbortSignal | undefined): Promise<boolean> {
  const { pool, twins, stop, failures, totals } = run;
  const stage = new OrderedStage(inputs.files, run);
  const ended = (): boolean => signal?.aborted === true || stage.closed;
  const unread = new Failures();
  let paired: Paired | null = null;
  if (twins !== null) {
    // what cannot be read is told by the second pass
    const plan = (): AsyncGenerator<Planned> => planTasks(inputs, false, unread);
    paired = await pairInputs({ plan, pool, memory: twins, keptMemory: run.kept, signal, stop });
  }
  const again = planTasks(inputs, paired?.spilled === true, failures, paired?.fields);
  // an input that could not be read may be cut into other tasks now: numbers tell nothing then
  const tasks = paired === null || unread.messages.length > 0 ? again : secondPass(paired, again);
  const analyze = ({ task }: Planned): Promise<TaskResult> => pool.run(task);
  const take = (planned: Planned, result: TaskResult): Promise<void> => stage.take(planned, result);
  const onNext = (planned: Planned): void => stage.giveTurn(planned);
  const whole = await runInOrder(tasks, pool.inFlightMax, analyze, take, ended, stop, run.met !== null, onNext);
  if (!whole) return false;
  for (const memory of [run.groupMemory, run.partMemory]) assert(memory === null || allFree(memory), 'a slot is lost');
  if (paired !== null && paired.ledger.lines !== totals.ledger.lines) {
    const [first, second] = [paired.ledger.lines, totals.ledger.lines];
    failures.add(`the input changed while it was read: ${first} lines in the first pass, ${second} in the second`);
  }
  return true;
}

/** The tasks of the second pass; inputs are not even planned again where all of them were kept. */
async function* secondPass({ kept, tasks }: Paired, again: AsyncGenerator<Planned>): AsyncGenerator<Planned> {
  if (kept.size === tasks) yield* kept.values();
  else for await (const planned of again) yield kept.get(planned.task.seq) ?? planned;
}

/** Everything that depends on order: totals, output, line numbers, and the format that runs on from task to task. */
class OrderedStage {
  private readonly files: readonly InputFile[];
  private readonly run: Run;
  private file = -1;
  private lines = 0;
  private fields: Heading | null = null;

  constructor(files: readonly InputFile[], run: Run) {
    this.files = files;
    this.run = run;
  }

  /** True when nobody reads the output any more. */
  get closed(): boolean {
    return this.run.outputs.rows?.closed === true;
  }

  /** All tasks before this one are taken up: its rows may go into the output, if they will not be decoded again. */
  giveTurn(planned: Planned): void {
    const { turn, outputs } = this.run;
    if (turn === null || !outputs.rows?.direct) return;
    if (planned.file === this.file && this.hasOtherFields(planned)) return;
    giveTurn(turn, planned.task.seq, outputs.rows.direct);
  }

  /** True when an earlier part of this input met a header that its task does not know of. */
  private hasOtherFields({ task }: Planned): boolean {
    return this.fields !== null && !sameHeading(this.fields, task.fields);
  }

  async take(planned: Planned, first: TaskResult): Promise<void> {
    if (planned.file !== this.file) {
      this.file = planned.file;
      this.lines = 0;
      this.fields = null;
    }
    let result = first;
    if (this.hasOtherFields(planned)) {
      // it was decoded with the wrong fields, and never had its turn
      assert(first.written === null);
      if (first.rows !== null) this.release(first.rows);
      releaseGroups(this.run.groupMemory, first.counts.slot);
      result = await this.run.pool.run({ ...planned.task, fields: this.fields ?? planned.task.fields });
    }
    if (result.endFields !== null) this.fields = result.endFields;
    this.run.totals.add(result);
    releaseGroups(this.run.groupMemory, result.counts.slot);
    const name = this.files[planned.file]?.name ?? planned.task.name;
    const { quarantine, rows, written } = result;
    const { outputs } = this.run;
    if (quarantine !== null && 'path' in quarantine)
      await outputs.quarantine?.append(quarantine.path, name, this.lines);
    if (written !== null) outputs.rows?.direct?.extend(written);
    if (rows !== null) {
      await outputs.rows?.append(rows);
      this.release(rows);
    }
    if (result.failure !== null) this.run.failures.add(result.failure, planned.file);
    this.lines += result.ledger.lines;
  }

  /** The next task may have the memory of these rows. */
  private release(rows: Part): void {
    const { partMemory } = this.run;
    if (partMemory !== null && 'memory' in rows) releaseSlot(partMemory, rows.memory.offset);
  }
}
