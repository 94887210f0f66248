import { strict as assert } from 'node:assert';
import { publishBatch } from '../classify/classify.ts';
import { askStretch } from '../classify/pairing.ts';
import { formatBehind, headingOf, sameHeading } from '../decode/format.ts';
import { FlowDecoder } from '../decode/text.ts';
import { FlowWord, TWIN_STRETCH } from '../pods/twin-flow.ts';
import { clearTwins, type TwinTable } from '../pods/twins.ts';
import { type Bench, benchOf } from './analyze.ts';
import { Keeper } from './kept.ts';
import { type RecordTimes, timesOf } from './record-times.ts';
import { answerPartition, SpillWriter, writeFailure } from './spill.ts';
import { type AnswerTask, type PairResult, type PairTask, partFolderOf } from './task.ts';
import { cursorOf, decodeSlice, inputFailure, isCounted, lengthOf, slicesOf, wantedStarts } from './task-slices.ts';

/**
 * The first pass over one task: its records go to the twin table or, when that is too small for the run, with the
 * questions of the second pass to a spill file. Ends early when the table is full, and at a header among messages that
 * are not told apart: which of them it is for is not known.
 */
export async function pairTask(worker: Bench, task: PairTask): Promise<PairResult> {
  const { progress, stop } = worker;
  const bench = benchOf(worker, task.generation);
  const table = tableOf(worker);
  if (worker.epoch !== task.epoch) {
    table.fill(task.epoch);
    worker.epoch = task.epoch;
  }
  const decoder = new FlowDecoder({ format: formatBehind(task.fields), carry: false, kernel: bench.kernel });
  const spill = task.spill ? new SpillWriter(partFolderOf(bench.setup), task.seq) : null;
  const memory = task.spill ? null : bench.setup.kept;
  const keeper = memory === null ? null : new Keeper(memory, decoder);
  const pass = new FirstPass(bench, decoder, table, spill);
  const cursor = await cursorOf(task);
  const mixed = task.source.kind === 'values' && !task.source.apart;
  const blurred = (): boolean => mixed && decoder.ledger.headers > 0;
  const flush = (): void => {
    if (blurred()) return;
    keeper?.keep();
    pass.flush();
  };
  let read = 0;
  let ended = false;
  try {
    const onRead = (bytes: number): void => {
      read += bytes;
      Atomics.add(progress, 0, BigInt(bytes));
    };
    const slices =
      cursor === null ? slicesOf(task, bench.heap, false, wantedStarts(bench.setup), onRead) : cursor.slices();
    for await (const slice of slices) {
      if (!pass.fits || blurred() || Atomics.load(stop, 0) !== 0) break;
      if (slice.kind === 'begin') {
        flush();
        decoder.restart();
        continue;
      }
      if (isCounted(decoder, slice)) continue;
      const end = lengthOf(slice);
      for (let at = 0; at < end && pass.fits && !blurred(); ) {
        at = decodeSlice(decoder, slice, at, end);
        if (decoder.batch.rows === decoder.batch.capacity || at < end) flush();
      }
    }
    ended = Atomics.load(stop, 0) === 0;
  } catch (error) {
    // the second pass meets it again and tells
    inputFailure(error, task);
  }
  if (pass.fits) flush();
  spill?.close();
  const endFields = sameHeading(decoder.format, task.fields) ? null : headingOf(decoder.format);
  const kept = ended && pass.fits ? (keeper?.finish(read, endFields) ?? null) : null;
  return {
    ledger: decoder.ledger,
    times: pass.times,
    kept,
    fits: pass.fits,
    endFields,
    spillFailure: spill?.failure ?? null,
  };
}

/** What one task adds to the twin table. */
class FirstPass {
  fits = true;
  private readonly bench: Bench;
  private readonly decoder: FlowDecoder;
  private readonly table: TwinTable;
  private readonly spill: SpillWriter | null;
  private first = Number.POSITIVE_INFINITY;
  private last = Number.NEGATIVE_INFINITY;

  constructor(bench: Bench, decoder: FlowDecoder, table: TwinTable, spill: SpillWriter | null) {
    this.bench = bench;
    this.decoder = decoder;
    this.table = table;
    this.spill = spill;
  }

  get times(): RecordTimes {
    return { first: this.first, last: this.last };
  }

  flush(): void {
    const { bench, decoder, table, spill } = this;
    const { batch, ledger, interfaces } = decoder;
    this.fits = publishBatch(batch, bench.verdicts, bench.scratch, bench.judge, interfaces, table, spill);
    const { first, last } = timesOf(batch);
    this.first = Math.min(this.first, first);
    this.last = Math.max(this.last, last);
    if (batch.judged) ledger.classified += batch.rows;
    else ledger.notJudged += batch.rows;
    Atomics.add(bench.progress, 1, BigInt(batch.rows));
    decoder.clear();
  }
}

/** Answers the spilled questions of one partition. Returns why the answers could not be written; null = they are. */
export function answerTask(bench: Bench, { partition, tasks }: AnswerTask): string | null {
  const { setup, judge, scratch } = bench;
  const table = tableOf(bench);
  const [memory] = setup.twins ?? [];
  if (memory === undefined) return null;
  const indexOf = judge.versions.map(({ eniNumber }) => new Map(Array.from(eniNumber, (number, eni) => [number, eni])));
  const { flows, rows, count } = scratch.stretch;
  // no batch is at work: its first rows stand for the questions
  for (let k = 0; k < TWIN_STRETCH; k++) rows[k] = k;
  const ask = (version: number, asked: number): void => {
    const tables = judge.versions[version];
    assert(tables !== undefined, 'a question of a version that nobody knows');
    for (let k = 0; k < asked; k++) {
      scratch.eni[k] = indexOf[version]?.get(flows[k * FlowWord.count + FlowWord.eni] ?? -1) ?? -1;
    }
    count[0] = asked;
    askStretch(scratch, tables, table, true);
  };
  const clear = (): void => {
    clearTwins(memory);
    table.fill(0);
  };
  const { pairRoles: roles, twinCount: counts, twinAddress: addresses } = scratch;
  const folder = partFolderOf(setup);
  try {
    answerPartition(folder, tasks, partition, { table, flows, roles, counts, addresses, clear, ask });
    return null;
  } catch (error) {
    return writeFailure(folder, error);
  }
}

function tableOf({ table }: Bench): TwinTable {
  if (table === null) throw new Error('pairing was not set up');
  return table;
}
