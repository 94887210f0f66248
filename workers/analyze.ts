import { workerData } from 'node:worker_threads';
import { analyzeTask, openBench } from '../src/engine/analyze.ts';
import { answerTask, pairTask } from '../src/engine/pair.ts';
import type { AnalyzeSetup, AnalyzeTask, AnswerTask, PairResult, PairTask, TaskResult } from '../src/engine/task.ts';

// attached once, when the worker starts; shared memory comes by reference
const bench = openBench(workerData as AnalyzeSetup);

/** Analyzes one task. */
export function analyze(task: AnalyzeTask): Promise<TaskResult> {
  return analyzeTask(bench, task);
}

/** The first pass of pairing over one task. */
export function pair(task: PairTask): Promise<PairResult> {
  return pairTask(bench, task);
}

/** Answers one partition of spilled questions. */
export function answer(task: AnswerTask): void {
  answerTask(bench, task);
}
