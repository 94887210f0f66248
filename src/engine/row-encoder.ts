import { strict as assert } from 'node:assert';
import type { Judge, Scratch } from '../classify/tables.ts';
import type { FlowDecoder } from '../decode/text.ts';
import type { KernelHeap } from '../model/kernel-heap.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { createBatchEncoder } from '../sink/encoder.ts';
import type { BatchEncoder } from '../sink/part.ts';
import { Candidates } from './candidates.ts';
import type { AnalyzeSetup } from './task.ts';
import type { SharedVersion } from './versions.ts';

/** What rows are made from. */
export interface Judged {
  readonly setup: AnalyzeSetup;
  readonly heap: KernelHeap;
  readonly versions: readonly SharedVersion[];
  readonly judge: Judge;
  readonly verdicts: VerdictBatch;
  readonly scratch: Scratch;
  /** The decoder of the task at work. */
  readonly rows: { readonly decoder: FlowDecoder | null };
}

/** The encoder of the output that is wanted. */
export function createRowEncoder({ setup, heap, versions, judge, verdicts, scratch, rows }: Judged): BatchEncoder {
  const current = (): FlowDecoder => {
    assert(rows.decoder !== null, 'no task is at work');
    return rows.decoder;
  };
  const names = versions.map((version) => version.names);
  const candidates = judge.versions.map((tables, version) => {
    const known = names[version];
    return known === undefined ? undefined : new Candidates(tables, known);
  });
  return createBatchEncoder(setup.rows?.format ?? 'ndjson', {
    columns: setup.rows?.columns ?? [],
    heap,
    taken: new Set(setup.rows?.taken),
    byHour: setup.rows?.byHour ?? false,
    compression: setup.rows?.compression ?? 'none',
    names,
    versionLabels: versions.map((version) => version.label),
    interfaceName: (code) => current().interfaces.name(code),
    candidates: (version, row, side) => candidates[version]?.of(current().batch, verdicts, scratch, row, side) ?? null,
  });
}
