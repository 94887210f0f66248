import { workerData } from 'node:worker_threads';
import { analyzeTask, openBench } from '../src/engine/analyze.ts';
import type { AnalyzeSetup, AnalyzeTask, AnswerTask, PairResult, PairTask, TaskResult } from '../src/engine/task.ts';

// attached once, when the worker starts; shared memory comes by reference
const bench = openBench(workerData as AnalyzeSetup);

/** Analyzes one task. */
export function analyze(task: AnalyzeTask): Promise<TaskResult> {
  return analyzeTask(bench, task);
}

/** The first pass of pairing over one task. */
export async function pair(task: PairTask): Promise<PairResult> {
  const { pairTask } = await import('../src/engine/pair.ts');
  return pairTask(bench, task);
}

/** Answers one partition of spilled questions. */
export async function answer(task: AnswerTask): Promise<string | null> {
  const { answerTask } = await import('../src/engine/pair.ts');
  return answerTask(bench, task);
}
