import type { FlowBatch } from '../model/flow.ts';
import type { KernelHeap } from '../model/kernel-heap.ts';
import { createVerdictBatch, verdictBatchBytes } from '../model/verdict.ts';
import { TWIN_ADDRESSES_MAX } from '../pods/twins.ts';
import type { ClassifyKernel } from './kernel.ts';
import { placeBatch } from './kernel-batch.ts';
import { createStretch } from './stretch.ts';
import type { JudgedColumns, ScratchColumns } from './tables.ts';

/** Lays out the columns that judging `flow` fills, in the memory that the flow's own lie in. */
export function createJudged(kernel: ClassifyKernel, flow: FlowBatch): JudgedColumns {
  const { heap } = kernel;
  const { capacity } = flow;
  const { buffer, at } = heap.take(verdictBatchBytes(capacity));
  const verdicts = createVerdictBatch(capacity, buffer, at);
  const columns = createColumns(heap, capacity);
  const batch = placeBatch(heap, flow, verdicts, columns).at;
  return {
    verdicts,
    scratch: { ...columns, kernel, batch, stretch: createStretch(heap), through: createStretch(heap), second: null },
  };
}

function createColumns(heap: KernelHeap, capacity: number): ScratchColumns {
  const words = (perRow = 1): readonly [SharedArrayBuffer, number, number] => {
    const { buffer, at } = heap.take(capacity * perRow * 4);
    return [buffer, at, capacity * perRow];
  };
  const i32 = (): Int32Array => new Int32Array(...words());
  const u8 = (): Uint8Array => {
    const { buffer, at } = heap.take(capacity);
    return new Uint8Array(buffer, at, capacity);
  };
  return {
    eni: i32(),
    src4: new Uint32Array(...words()),
    dst4: new Uint32Array(...words()),
    src6: i32(),
    dst6: i32(),
    srcClass: i32(),
    dstClass: i32(),
    srcEntry: i32(),
    dstEntry: i32(),
    sgCell: i32(),
    naclCell: i32(),
    hidden: u8(),
    twinCount: u8(),
    twinAddress: new Uint32Array(...words(TWIN_ADDRESSES_MAX)),
    pairRoles: u8(),
    behind: u8(),
    roleSplit: u8(),
    listed: new Uint32Array(...words()),
  };
}
