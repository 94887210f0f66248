import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { type Analyzer, createAnalyzer } from './analyze.ts';
import type { AnalyzeSetup, AnalyzeTask, TaskResult } from './task.ts';

/** Runs analyze tasks; `inFlightMax` is the number of tasks worth handing out at once. */
export interface AnalyzerPool {
  readonly inFlightMax: number;
  run(task: AnalyzeTask): Promise<TaskResult>;
  close(): Promise<void>;
}

/** Tasks queued per worker beside the running one, so that a worker never waits for the main thread. */
const TASKS_AHEAD = 2;

/** Worker file: `.js` when built, `.ts` (through the loader) from sources. */
function workerFile(): { filename: string; execArgv: string[] } {
  const built = new URL('../../workers/analyze.js', import.meta.url);
  if (existsSync(built)) return { filename: fileURLToPath(built), execArgv: [] };
  return {
    filename: fileURLToPath(new URL('../../workers/analyze.ts', import.meta.url)),
    execArgv: ['--import', 'tsx'],
  };
}

/** An analyzer's buffers serve one task: the next one starts when it is done, as in a worker. */
function oneAtATime(analyzer: Analyzer): Analyzer {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(() => analyzer(task));
    last = result.catch(() => {});
    return result;
  };
}

/** A pool of `threads` workers; 0 = everything in the calling thread. */
export function openPool(threads: number, setup: AnalyzeSetup): AnalyzerPool {
  if (threads === 0) {
    return { inFlightMax: 1, run: oneAtATime(createAnalyzer(setup)), close: async () => {} };
  }
  const { filename, execArgv } = workerFile();
  const pool = new Piscina<AnalyzeTask, TaskResult>({
    filename,
    execArgv,
    name: 'analyze',
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
  return {
    inFlightMax: threads * TASKS_AHEAD,
    async run(task) {
      if (broken !== undefined) throw broken;
      return pool.run(task);
    },
    close: () => pool.destroy(),
  };
}
