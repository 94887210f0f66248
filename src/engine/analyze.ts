import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { classifyBatch } from '../classify/classify.ts';
import type { Twins } from '../classify/pairing.ts';
import { createScratch, InterfaceIndex, type Judge, type Scratch } from '../classify/tables.ts';
import { formatOf } from '../decode/format.ts';
import { BATCH_ROWS, DecodeKernel } from '../decode/kernel.ts';
import { FlowDecoder } from '../decode/text.ts';
import { type Malformed, QUARANTINE_BYTES_MAX } from '../model/ledger.ts';
import { createVerdictBatch, type VerdictBatch } from '../model/verdict.ts';
import { TwinTable } from '../pods/twins.ts';
import { createBatchEncoder } from '../sink/encoder.ts';
import type { BatchEncoder } from '../sink/part.ts';
import { candidateNames } from './candidates.ts';
import { compactFlow, compactVerdicts } from './compaction.ts';
import { Duplicates } from './dedupe.ts';
import { RowFilter } from './filter.ts';
import { SpilledAnswers } from './spill.ts';
import { Tally } from './tally.ts';
import type { AnalyzeSetup, AnalyzeTask, TaskResult } from './task.ts';
import { decodeSlice, inputFailure, lengthOf, slicesOf } from './task-slices.ts';
import { attachVersions } from './versions.ts';

/** What a worker keeps from task to task: the same tables and buffers serve all of them, one at a time. */
export interface Bench {
  readonly setup: AnalyzeSetup;
  readonly kernel: DecodeKernel;
  readonly judge: Judge;
  readonly tally: Tally;
  readonly verdicts: VerdictBatch;
  readonly scratch: Scratch;
  readonly filter: RowFilter | null;
  readonly duplicates: Duplicates | null;
  readonly progress: BigInt64Array;
  readonly stop: Int32Array;
  readonly table: TwinTable | null;
  /** The filling of the twin table that `table` belongs to. */
  epoch: number;
}

/** Attaches the shared tables and allocates the batch buffers, once a worker. */
export function openBench(setup: AnalyzeSetup): Bench {
  const judge = attachVersions(setup.versions);
  return {
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
    duplicates: setup.met === null ? null : new Duplicates(setup.met, BATCH_ROWS),
    progress: new BigInt64Array(setup.progress),
    stop: new Int32Array(setup.stop),
    table: setup.twins === null ? null : new TwinTable(setup.twins),
    epoch: 0,
  };
}

/** The heart: slices of the task → batches → verdicts → counters and, when wanted, the bytes of a part file. */
export async function analyzeTask(bench: Bench, task: AnalyzeTask): Promise<TaskResult> {
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
  const answers = task.spilled ? new SpilledAnswers(setup.partFolder, task.seq) : null;
  const twins = twinsOf(bench, answers);
  const flush = async (): Promise<void> => {
    const decoded = batch.rows;
    if (decoded === 0) return;
    classifyWanted(bench, judge, decoder, twins, task.flowLog);
    tally.add(batch, verdicts, scratch);
    if (batch.judged) ledger.classified += batch.rows;
    else ledger.notJudged += batch.rows;
    if (encoder !== null) rows?.write(await encoder.encode(batch, verdicts));
    Atomics.add(bench.progress, 1, BigInt(decoded));
    decoder.clear();
  };
  let failure: string | null = null;
  try {
    const onRead = (bytes: number): void => void Atomics.add(bench.progress, 0, BigInt(bytes));
    for await (const slice of slicesOf(task, rows !== null, onRead)) {
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
    failure = inputFailure(error, task);
  }
  await flush();
  if (encoder?.finish !== undefined) rows?.write(await encoder.finish());
  answers?.close();
  if (answers?.outOfStep === true) failure ??= `${task.name}: changed while it was read`;
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

function twinsOf({ table }: Bench, answers: SpilledAnswers | null): Twins | null {
  if (table === null) return null;
  return { table, next: answers === null ? null : () => answers.next(table.flow, table.answer) };
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
