import { strict as assert } from 'node:assert';
import { classifyBatch } from '../classify/classify.ts';
import { createJudged } from '../classify/judged.ts';
import { ClassifyKernel } from '../classify/kernel.ts';
import type { Twins } from '../classify/pairing.ts';
import type { Judge, Scratch } from '../classify/tables.ts';
import { formatBehind, headingOf, sameHeading } from '../decode/format.ts';
import { BATCH_ROWS, DecodeKernel } from '../decode/kernel.ts';
import { FlowDecoder } from '../decode/text.ts';
import { type KernelBlock, KernelHeap } from '../model/kernel-heap.ts';
import { addLedger, type Malformed, QUARANTINE_BYTES_MAX } from '../model/ledger.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { TwinTable } from '../pods/twins.ts';
import type { BatchEncoder } from '../sink/part.ts';
import type { ValueCursor } from '../source/values.ts';
import { attachVersions } from './attached.ts';
import { compactFlow, compactVerdicts } from './compaction.ts';
import { Duplicates } from './dedupe.ts';
import { RowFilter } from './filter.ts';
import { type SharedGeneration, unpackGeneration } from './generation.ts';
import { restoreBatches } from './kept.ts';
import { type OpenPart, openPart } from './part.ts';
import type { SpilledAnswers } from './spill.ts';
import { Tally } from './tally.ts';
import { type AnalyzeSetup, type AnalyzeTask, partFolderOf, type TaskResult } from './task.ts';
import { cursorOf, decodeSlice, inputFailure, isCounted, lengthOf, slicesOf, wantedStarts } from './task-slices.ts';
import type { SharedVersion } from './versions.ts';
import { WindowTally } from './window-tally.ts';

/** What a worker keeps from task to task: the same tables and buffers serve all of them, one at a time. */
export interface Bench {
  readonly setup: AnalyzeSetup;
  readonly heap: KernelHeap;
  readonly kernel: DecodeKernel;
  readonly versions: readonly SharedVersion[];
  /** What the versions take of the kernel's memory: tables and counters. */
  readonly blocks: readonly KernelBlock[];
  readonly judge: Judge;
  readonly tally: Tally;
  readonly windows: WindowTally | null;
  readonly verdicts: VerdictBatch;
  readonly scratch: Scratch;
  readonly filter: RowFilter | null;
  readonly duplicates: Duplicates | null;
  readonly progress: BigInt64Array;
  readonly stop: Int32Array;
  readonly table: TwinTable | null;
  /** The filling of the twin table that `table` belongs to. */
  epoch: number;
  /** Generation → the bench of tasks that it judges, which shares all buffers. */
  readonly generations: Map<number, Bench>;
  /** The encoder that is kept, and the decoder of the task at work. */
  readonly rows: { encoder: BatchEncoder | null; decoder: FlowDecoder | null };
}

/** Generations of the inventory whose tables a worker keeps: tasks of the one before may come after a swap. */
const GENERATIONS_MAX = 2;

/** Attaches the shared tables and allocates the batch buffers, once a worker. */
export function openBench(setup: AnalyzeSetup): Bench {
  const heap = new KernelHeap();
  const kernel = new DecodeKernel(BATCH_ROWS, heap);
  return {
    ...tablesOf(setup, setup.versions, heap),
    ...createJudged(new ClassifyKernel(heap), kernel.batch),
    generations: new Map(),
    setup,
    heap,
    kernel,
    duplicates: setup.met === null ? null : new Duplicates(setup.met, BATCH_ROWS),
    progress: new BigInt64Array(setup.progress),
    stop: new Int32Array(setup.stop),
    table: setup.twins === null ? null : new TwinTable(setup.twins),
    epoch: 0,
  };
}

function tablesOf(
  { filter, windowSeconds, rows }: AnalyzeSetup,
  versions: readonly SharedVersion[],
  heap: KernelHeap,
): Pick<Bench, 'versions' | 'blocks' | 'judge' | 'tally' | 'windows' | 'filter' | 'rows'> {
  const { judge, blocks } = attachVersions(versions, heap, rows !== null);
  const groups = versions.map((version) => version.groups);
  const names = versions.map((version) => version.names);
  const tally = new Tally(judge, groups, heap, BATCH_ROWS);
  return {
    versions,
    blocks: [...blocks, ...tally.blocks],
    judge,
    tally,
    rows: { encoder: null, decoder: null },
    windows: windowSeconds === 0 ? null : new WindowTally(windowSeconds, groups),
    filter: filter === null ? null : new RowFilter(filter, names, BATCH_ROWS),
  };
}

/** The bench with the tables that a task is judged by. */
export function benchOf(bench: Bench, generation: SharedGeneration | null): Bench {
  if (generation === null) return bench;
  const { generations, setup, heap } = bench;
  const known = generations.get(generation.id);
  if (known !== undefined) return known;
  const [oldest] = generations;
  if (generations.size === GENERATIONS_MAX && oldest !== undefined) {
    const [id, { blocks, rows }] = oldest;
    rows.encoder?.release?.();
    heap.give(blocks);
    generations.delete(id);
  }
  const fresh = { ...bench, ...tablesOf(setup, unpackGeneration(generation), heap) };
  generations.set(generation.id, fresh);
  return fresh;
}

/** The heart: slices of the task → batches → verdicts → counters and, when wanted, the bytes of a part file. */
export async function analyzeTask(worker: Bench, task: AnalyzeTask): Promise<TaskResult> {
  const bench = benchOf(worker, task.generation);
  const { setup, judge, tally, windows, verdicts, scratch } = bench;
  const { rows, quarantine } = openParts(setup, task);
  const cursor = await cursorOf(task);
  const decoder = decoderOf(bench, task, rows !== null, quarantine, cursor);
  const encoder = rows === null ? null : await encoderOf(bench, decoder);
  const { batch, ledger } = decoder;
  const answers = await answersOf(setup, task);
  const twins = twinsOf(bench, answers);
  const flush = async (): Promise<void> => {
    const decoded = batch.rows;
    if (decoded === 0) return;
    classifyWanted(bench, judge, decoder, twins, task.flowLog);
    tally.add(batch, verdicts, scratch);
    windows?.add(batch, verdicts);
    if (batch.judged) ledger.classified += batch.rows;
    else ledger.notJudged += batch.rows;
    if (encoder !== null) rows?.write(await encoder.encode(batch, verdicts));
    Atomics.add(bench.progress, 1, BigInt(decoded));
    decoder.clear();
  };
  let read = 0;
  let failure: string | null = null;
  let failurePasses = false;
  try {
    const onRead = (bytes: number): void => {
      read += bytes;
      Atomics.add(bench.progress, 0, BigInt(bytes));
    };
    await fillBatches(bench, task, { decoder, cursor, carry: rows !== null }, flush, onRead);
  } catch (error) {
    failure = inputFailure(error, task);
    failurePasses = (await import('../source/s3/found.ts')).mayPass(error);
  }
  await flush();
  if (encoder?.finish !== undefined) rows?.write(await encoder.finish());
  answers?.close();
  if (answers?.outOfStep === true) failure ??= `${task.name}: changed while it was read`;
  return {
    seq: task.seq,
    read,
    ledger,
    counts: tally.drain(setup.groupMemory),
    windows: windows?.drain() ?? null,
    endFields: changedFields(decoder, task),
    ...closeParts(rows, quarantine),
    failure,
    failurePasses,
  };
}

/** Fills the decoder's batch with the records of the task, again and again; `flush` takes what is in it. */
async function fillBatches(
  { setup, heap, stop }: Bench,
  task: AnalyzeTask,
  { decoder, cursor, carry }: { decoder: FlowDecoder; cursor: ValueCursor | null; carry: boolean },
  flush: () => Promise<void>,
  onRead: (bytes: number) => void,
): Promise<void> {
  const { batch, ledger } = decoder;
  const isStopped = (): boolean => Atomics.load(stop, 0) !== 0;
  if (task.source.kind === 'kept') {
    const { kept } = task.source;
    assert(setup.kept !== null);
    onRead(kept.read);
    addLedger(ledger, kept.ledger);
    for (const _ of restoreBatches(decoder, kept, setup.kept)) {
      if (isStopped()) break;
      await flush();
    }
    return;
  }
  const slices = cursor === null ? slicesOf(task, heap, carry, wantedStarts(setup), onRead) : cursor.slices();
  for await (const slice of slices) {
    if (isStopped()) break;
    if (slice.kind === 'begin') {
      await flush();
      decoder.restart();
      cursor?.begin(slice, ledger.lines);
      continue;
    }
    if (isCounted(decoder, slice)) continue;
    const end = lengthOf(slice);
    for (let at = 0; at < end; ) {
      at = decodeSlice(decoder, slice, at, end);
      if (batch.rows === batch.capacity || at < end) await flush();
    }
    // carried fields point into the slice, which is overwritten next
    if (carry) await flush();
  }
}

function openParts(
  { rows, quarantine, partFolder: folder, partMemory: memory, turn }: AnalyzeSetup,
  { seq }: AnalyzeTask,
): { readonly rows: OpenPart | null; readonly quarantine: OpenPart | null } {
  return {
    rows: rows === null ? null : openPart({ folder, memory, turn }, `rows-${seq}`, seq),
    quarantine: quarantine ? openPart({ folder, memory: null, turn: null }, `quarantine-${seq}`, seq) : null,
  };
}

function closeParts(
  rows: OpenPart | null,
  quarantine: OpenPart | null,
): Pick<TaskResult, 'rows' | 'written' | 'quarantine' | 'partFailure'> {
  return {
    rows: rows?.close() ?? null,
    written: rows?.written ?? null,
    quarantine: quarantine?.close() ?? null,
    partFailure: rows?.failure ?? quarantine?.failure ?? null,
  };
}

/** Fields in force after the task's last line, when they are not those it began with. */
function changedFields({ format }: FlowDecoder, { fields, source }: AnalyzeTask): AnalyzeTask['fields'] | null {
  if (source.kind === 'kept') return source.kept.endFields;
  return sameHeading(format, fields) ? null : headingOf(format);
}

/** Classifies the batch and leaves only the rows that the filters want and no other flow log had. */
function classifyWanted(
  { filter, duplicates, verdicts, scratch }: Bench,
  judge: Judge,
  { batch, interfaces, ledger }: FlowDecoder,
  twins: Twins | null,
  flowLog: number,
): void {
  let classified = false;
  const keep = (selection: Int32Array, wanted: number): number => {
    const dropped = batch.rows - wanted;
    if (dropped === 0) return 0;
    compactFlow(batch, selection, wanted);
    if (classified) compactVerdicts(verdicts, scratch, selection, wanted);
    return dropped;
  };
  const classify = (): void => {
    classifyBatch(batch, verdicts, scratch, judge, interfaces, twins);
    classified = true;
  };
  // spilled answers come in the order of all records: none may be left out before each took its own
  if (twins !== null && twins.next !== null) classify();
  if (filter !== null) ledger.filtered += keep(filter.selection, filter.passRecords(batch, interfaces));
  if (duplicates !== null) {
    ledger.duplicate += keep(duplicates.selection, duplicates.pass(batch, interfaces, flowLog));
  }
  if (!classified) classify();
  if (filter !== null) ledger.filtered += keep(filter.selection, filter.passVerdicts(batch, verdicts));
}

function decoderOf(
  { kernel }: Bench,
  task: AnalyzeTask,
  carry: boolean,
  quarantine: OpenPart | null,
  cursor: ValueCursor | null,
): FlowDecoder {
  const format = formatBehind(task.fields);
  if (quarantine === null) return new FlowDecoder({ format, carry, kernel });
  return new FlowDecoder({
    format,
    carry,
    kernel,
    onMalformed: (line, reason, text) =>
      quarantine.write([quarantineLine(cursor?.locate(line, text) ?? { line }, reason, text)]),
  });
}

/** Encoders that can begin anew are kept from task to task; their code is loaded where rows are wanted. */
async function encoderOf(bench: Bench, decoder: FlowDecoder): Promise<BatchEncoder> {
  const { rows } = bench;
  rows.decoder = decoder;
  if (rows.encoder !== null) {
    rows.encoder.begin?.();
    return rows.encoder;
  }
  const { createRowEncoder } = await import('./row-encoder.ts');
  const encoder = createRowEncoder(bench);
  if (encoder.begin !== undefined) rows.encoder = encoder;
  return encoder;
}

async function answersOf(setup: AnalyzeSetup, { spilled, seq }: AnalyzeTask): Promise<SpilledAnswers | null> {
  if (!spilled) return null;
  const { SpilledAnswers } = await import('./spill.ts');
  return new SpilledAnswers(partFolderOf(setup), seq);
}

function twinsOf({ table }: Bench, answers: SpilledAnswers | null): Twins | null {
  if (table === null) return null;
  return { table, next: answers === null ? null : (flows, at) => answers.next(flows, at) };
}

/** A malformed line as it stands in a part: its place within the task; the ordered stage adds file and offset. */
function quarantineLine(place: object, reason: Malformed, text: Uint8Array): Uint8Array {
  const kept = Buffer.from(text.subarray(0, QUARANTINE_BYTES_MAX)).toString('utf8');
  return Buffer.from(`${JSON.stringify({ ...place, reason, text: kept })}\n`);
}
