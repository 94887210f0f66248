import { workerData } from 'node:worker_threads';
import { createAnalyzer } from '../src/engine/analyze.ts';
import type { AnalyzeSetup, AnalyzeTask, TaskResult } from '../src/engine/task.ts';

// attached once, when the worker starts; shared memory comes by reference
const analyzer = createAnalyzer(workerData as AnalyzeSetup);

/** Analyzes one task. */
export function analyze(task: AnalyzeTask): Promise<TaskResult> {
  return analyzer(task);
}
