import { type KernelFunction, kernelFunctions } from '../../model/kernel.ts';
import type { KernelBlock, KernelHeap } from '../../model/kernel-heap.ts';

/** Rows of one batch: what a decoder takes at once. */
export const ROWS_MAX = 4096;

/** The kernel of src/kernel/parquet over a heap, with the room that all columns share. */
export class PageKernel {
  readonly heap: KernelHeap;
  /** (page, codes, rows) → what became of it, see dictionary-page.ts. */
  readonly readCodes: KernelFunction;
  /** Levels and indices of a piece of rows, 4 bytes each. */
  readonly levels: KernelBlock;
  readonly indices: KernelBlock;

  private constructor(heap: KernelHeap) {
    this.heap = heap;
    this.readCodes = kernelFunctions('parquet', heap.memory)('readCodes');
    this.levels = heap.take(ROWS_MAX * 4);
    this.indices = heap.take(ROWS_MAX * 4);
  }

  /** One a heap: files come one after the other. */
  static over(heap: KernelHeap): PageKernel {
    let kernel = kernels.get(heap);
    if (kernel === undefined) {
      kernel = new PageKernel(heap);
      kernels.set(heap, kernel);
    }
    return kernel;
  }
}

const kernels = new WeakMap<KernelHeap, PageKernel>();
