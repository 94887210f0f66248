import { publishBatch } from '../classify/classify.ts';
import { findTwins } from '../classify/pairing.ts';
import { InterfaceIndex } from '../classify/tables.ts';
import { formatOf, sameFields } from '../decode/format.ts';
import { FlowDecoder } from '../decode/text.ts';
import { clearTwins, FlowWord, type TwinTable } from '../pods/twins.ts';
import type { Bench } from './analyze.ts';
import { answerPartition, SpillWriter } from './spill.ts';
import { type AnswerTask, type PairResult, type PairTask, partFolderOf } from './task.ts';
import { decodeSlice, inputFailure, isCounted, lengthOf, slicesOf, wantedStarts } from './task-slices.ts';

/**
 * The first pass over one task: its records go to the twin table or, when that is too small for the run, with the
 * questions of the second pass to a spill file. Ends early when the table is full.
 */
export async function pairTask(bench: Bench, task: PairTask): Promise<PairResult> {
  const { verdicts, scratch, progress, stop } = bench;
  const table = tableOf(bench);
  if (bench.epoch !== task.epoch) {
    table.reset();
    bench.epoch = task.epoch;
  }
  const decoder = new FlowDecoder({ format: formatOf(task.fields), carry: false, kernel: bench.kernel });
  const { batch, ledger } = decoder;
  const interfaces = bench.judge.versions.map((v) => new InterfaceIndex(v));
  const judge = { versions: bench.judge.versions, interfaces };
  const spill = task.spill ? new SpillWriter(partFolderOf(bench.setup), task.seq) : null;
  let fits = true;
  const flush = (): void => {
    fits = publishBatch(batch, verdicts, scratch, judge, decoder.interfaces, table, spill);
    if (batch.judged) ledger.classified += batch.rows;
    else ledger.notJudged += batch.rows;
    Atomics.add(progress, 1, BigInt(batch.rows));
    decoder.clear();
  };
  try {
    const slices = slicesOf(
      task,
      false,
      wantedStarts(bench.setup),
      (bytes) => void Atomics.add(progress, 0, BigInt(bytes)),
    );
    for await (const slice of slices) {
      if (!fits || Atomics.load(stop, 0) !== 0) break;
      if (isCounted(decoder, slice)) continue;
      const end = lengthOf(slice);
      for (let at = 0; at < end && fits; ) {
        at = decodeSlice(decoder, slice, at, end);
        if (batch.rows === batch.capacity || at < end) flush();
      }
    }
  } catch (error) {
    // the second pass meets it again and tells
    inputFailure(error, task);
  }
  if (fits) flush();
  spill?.close();
  return { ledger, endFields: sameFields(decoder.format, formatOf(task.fields)) ? null : decoder.format.names };
}

/** Answers the spilled questions of one partition. */
export function answerTask(bench: Bench, { partition, tasks }: AnswerTask): void {
  const { setup, judge } = bench;
  const table = tableOf(bench);
  const memory = setup.twins;
  if (memory === null) return;
  const indexOf = judge.versions.map(({ eniNumber }) => new Map(Array.from(eniNumber, (number, eni) => [number, eni])));
  const clear = (): void => {
    clearTwins(memory);
    table.reset();
  };
  answerPartition(partFolderOf(setup), tasks, partition, table, clear, (version) => {
    const tables = judge.versions[version];
    const eni = indexOf[version]?.get(table.flow[FlowWord.eni] ?? -1);
    if (tables !== undefined && eni !== undefined) findTwins(table, tables, eni);
  });
}

function tableOf({ table }: Bench): TwinTable {
  if (table === null) throw new Error('pairing was not set up');
  return table;
}
