import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FlowtrieError } from '../model/errors.ts';
import { analyzeTask, openBench } from './analyze.ts';
import { answerTask, pairTask } from './pair.ts';
import type { AnalyzeSetup, AnalyzeTask, AnswerTask, PairResult, PairTask, TaskResult } from './task.ts';

/** Runs tasks; `inFlightMax` is the number of tasks worth handing out at once. */
export interface AnalyzerPool {
  readonly inFlightMax: number;
  run(task: AnalyzeTask): Promise<TaskResult>;
  pair(task: PairTask): Promise<PairResult>;
  answer(task: AnswerTask): Promise<void>;
  /** The same promise however often it is asked. */
  close(): Promise<void>;
}

/** Tasks queued per worker beside the running one, so that a worker never waits for the main thread. */
const TASKS_AHEAD = 2;

/** Tasks worth handing out at once. */
export function inFlightOf(threads: number): number {
  return threads === 0 ? 1 : threads * TASKS_AHEAD;
}

/** Worker file: `.js` when built, `.ts` (through the loader) from sources. */
function workerFile(): { filename: string; execArgv: string[] } {
  const built = new URL('../../workers/analyze.js', import.meta.url);
  if (existsSync(built)) return { filename: fileURLToPath(built), execArgv: [] };
  // in a worker tsx hears of require alone until it is told of import() too
  const loader = new URL('index.mjs', pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')));
  return {
    filename: fileURLToPath(new URL('../../workers/analyze.ts', import.meta.url)),
    execArgv: ['--import', 'tsx', '--import', `data:text/javascript,import{register}from'${loader}';register()`],
  };
}

/** A result all of whose parts are there. Throws FlowtrieError `output`, which does not come through from a worker. */
function whole(result: TaskResult): TaskResult {
  if (result.partFailure !== null) throw new FlowtrieError('output', `cannot write ${result.partFailure}`);
  return result;
}

/** As `whole`, for what pairing leaves in files. */
function spilled(failure: string | null): void {
  if (failure !== null) throw new FlowtrieError('output', failure);
}

function wholePair(result: PairResult): PairResult {
  spilled(result.spillFailure);
  return result;
}

/** A bench serves one task: the next one starts when it is done, and signals and timers have had their turn. */
function callingThread(setup: AnalyzeSetup): AnalyzerPool {
  const bench = openBench(setup);
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => T | Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => {}).then(() => setImmediate());
    return result;
  };
  return {
    inFlightMax: inFlightOf(0),
    run: async (task) => whole(await inTurn(() => analyzeTask(bench, task))),
    pair: async (task) => wholePair(await inTurn(() => pairTask(bench, task))),
    answer: async (task) => spilled(await inTurn(() => answerTask(bench, task))),
    close: async () => {},
  };
}

/**
 * Young objects of a worker, MiB. A summary, Arrow and Parquet make none per record; V8 would let them fill 48 MiB
 * before it looks: memory rose with the input until it had.
 */
const YOUNG_MB = 8;

/** A pool of `threads` workers; 0 = everything in the calling thread. */
export async function openPool(threads: number, setup: AnalyzeSetup): Promise<AnalyzerPool> {
  if (threads === 0) return callingThread(setup);
  const { Piscina } = await import('piscina');
  const { filename, execArgv } = workerFile();
  const pool = new Piscina({
    filename,
    execArgv,
    name: 'analyze',
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
    recordTiming: false,
    workerData: setup,
  });
  // a task's own failure rejects its run(); without a listener a pool-level error would end the process
  let broken: Error | undefined;
  pool.on('error', (error: Error) => {
    broken ??= error;
  });
  const job = <T, R>(name: string) => {
    return async (task: T): Promise<R> => {
      if (broken !== undefined) throw broken;
      return pool.run(task, { name });
    };
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= pool.destroy();
    return closing;
  };
  const analyze = job<AnalyzeTask, TaskResult>('analyze');
  const pair = job<PairTask, PairResult>('pair');
  const answer = job<AnswerTask, string | null>('answer');
  return {
    inFlightMax: inFlightOf(threads),
    run: async (task) => whole(await analyze(task)),
    pair: async (task) => wholePair(await pair(task)),
    answer: async (task) => spilled(await answer(task)),
    close,
  };
}
