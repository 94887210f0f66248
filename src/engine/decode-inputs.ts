import { type Format, formatBehind } from '../decode/format.ts';
import { BATCH_ROWS, DecodeKernel } from '../decode/kernel.ts';
import { FlowDecoder } from '../decode/text.ts';
import { FlowtrieError } from '../model/errors.ts';
import { KernelHeap } from '../model/kernel-heap.ts';
import { addLedger, createLedger, type Ledger } from '../model/ledger.ts';
import type { WantedStarts } from '../source/parquet/slices.ts';
import { Failures } from './failures.ts';
import { openInputs, planTasks } from './opened-inputs.ts';
import { decodeSlice, isCounted, lengthOf, slicesOf } from './task-slices.ts';

/** Records of every time are wanted. */
const ALL: WantedStarts = { span: { since: null, until: null }, slackSeconds: 0 };

/** Reads inputs into columns and no further, in the calling thread: what became of their lines; for benches. */
export async function decodeInputs(inputs: readonly string[], logFormat: Format | null): Promise<Ledger> {
  const opened = await openInputs(inputs, logFormat, false, ALL.span);
  const heap = new KernelHeap();
  const kernel = new DecodeKernel(BATCH_ROWS, heap);
  const total = createLedger();
  const failures = new Failures();
  for await (const { task } of planTasks(opened, false, failures)) {
    const decoder = new FlowDecoder({ format: formatBehind(task.fields), carry: false, kernel });
    const { batch, ledger } = decoder;
    for await (const slice of slicesOf(task, heap, false, ALL, () => {})) {
      if (isCounted(decoder, slice)) continue;
      const end = lengthOf(slice);
      for (let at = 0; at < end; ) {
        at = decodeSlice(decoder, slice, at, end);
        ledger.classified += batch.rows;
        decoder.clear();
      }
    }
    addLedger(total, ledger);
  }
  const { messages } = failures;
  if (messages.length > 0) throw new FlowtrieError('input', messages.join('; '));
  return total;
}
