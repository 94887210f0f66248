import type { AnalyzeTask } from './task.ts';

/** A task with what the ordered stage must know of it. */
export interface Planned {
  readonly task: AnalyzeTask;
  /** Input it belongs to; formats and line numbers run on within one. */
  readonly file: number;
}

/** Tasks handed out and not yet taken up in order, per task the pool wants in flight: bounds waiting results. */
const WINDOW_PER_TASK = 2;

/** Most results at a time that are made or wait for their turn. One at a time: the next begins when it is taken up. */
export function waitingOf(inFlightMax: number): number {
  return inFlightMax === 1 ? 1 : inFlightMax * WINDOW_PER_TASK;
}

/**
 * Keeps the pool busy and takes results up in order; credits bound what is in flight. Ends early when `ended` says so;
 * `stop` is called then if tasks are still at work. With `apart` a flow log begins when the one before it is done.
 * `onNext` is told of each task when all before it are taken up, which may be at work already. True when all tasks were
 * done and taken up.
 */
export async function runInOrder<R>(
  tasks: AsyncGenerator<Planned>,
  inFlightMax: number,
  run: (planned: Planned) => Promise<R>,
  take: (planned: Planned, result: R) => Promise<void> | void,
  ended: () => boolean,
  stop: () => void,
  apart = false,
  onNext: (planned: Planned) => void = () => {},
): Promise<boolean> {
  const window = waitingOf(inFlightMax);
  const waiting: { readonly planned: Planned; readonly result: Promise<R> }[] = [];
  const takeFirst = async (): Promise<void> => {
    const first = waiting.shift();
    if (first !== undefined) await take(first.planned, await first.result);
    const [next] = waiting;
    if (next !== undefined) onNext(next.planned);
  };
  try {
    for await (const planned of tasks) {
      const begins = apart && waiting.at(-1)?.planned.task.flowLog !== planned.task.flowLog;
      while (begins && waiting.length > 0 && !ended()) await takeFirst();
      if (ended()) break;
      const result = run(planned);
      // a rejection is met when its turn comes; until then it must not count as unhandled
      result.catch(() => {});
      waiting.push({ planned, result });
      if (waiting.length === 1) onNext(planned);
      if (waiting.length >= window) await takeFirst();
    }
    while (waiting.length > 0 && !ended()) await takeFirst();
    return !ended();
  } finally {
    // whoever is still at work is not waited for longer than its current slice
    if (waiting.length > 0) stop();
    await Promise.allSettled(waiting.map((w) => w.result));
  }
}
