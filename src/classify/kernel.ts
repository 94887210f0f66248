import { type KernelFunction, kernelFunctions } from '../model/kernel.ts';
import type { KernelBlock, KernelHeap } from '../model/kernel-heap.ts';

/** An array as the kernel reads it, anywhere. */
export type KernelArray = Uint8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

/**
 * The passes of src/kernel/classify over the memory that the decoder's columns lie in. Arguments are byte addresses of
 * what kernel-batch.ts and kernel-tables.ts lay out, then the first row and the row behind the last one.
 */
export class ClassifyKernel {
  readonly heap: KernelHeap;
  /** Effective address, address class and owner entry of both sides: (batch, tables, from, to), as all that follow. */
  readonly placeAddresses: KernelFunction;
  readonly decideDirection: KernelFunction;
  readonly attribute: KernelFunction;
  /** → rows in `listed` */
  readonly listStrays: KernelFunction;
  readonly unmaskNodes: KernelFunction;
  readonly rolesByEvidence: KernelFunction;
  /** (batch, from, to) */
  readonly rolesByGuess: KernelFunction;
  readonly judgeLayers: KernelFunction;
  readonly decideRoute: KernelFunction;
  /** (batch, from, to) → rows whose unexpected action has no cause yet */
  readonly decideDrift: KernelFunction;
  /** (batch, tables, 1 = Services are named too, from, to) */
  readonly nameServed: KernelFunction;
  /** (batch, tables, stretch, asked, from, to) → row it stopped before */
  readonly describeRows: KernelFunction;
  /** (batch, tables, stretch, ENI index of a NAT gateway, stretch) → flows */
  readonly throughNat: KernelFunction;
  /** (batch, tables, stretch, matches, 1 = their addresses are kept) */
  readonly takeMatches: KernelFunction;
  /** (batch, counters, rows) */
  readonly countVerdicts: KernelFunction;
  readonly countRules: KernelFunction;
  readonly countGroups: KernelFunction;

  constructor(heap: KernelHeap) {
    const functionOf = kernelFunctions('classify', heap.memory);
    this.heap = heap;
    this.placeAddresses = functionOf('placeAddresses');
    this.decideDirection = functionOf('decideDirection');
    this.attribute = functionOf('attribute');
    this.listStrays = functionOf('listStrays');
    this.unmaskNodes = functionOf('unmaskNodes');
    this.rolesByEvidence = functionOf('rolesByEvidence');
    this.rolesByGuess = functionOf('rolesByGuess');
    this.judgeLayers = functionOf('judgeLayers');
    this.decideRoute = functionOf('decideRoute');
    this.decideDrift = functionOf('decideDrift');
    this.nameServed = functionOf('nameServed');
    this.describeRows = functionOf('describeRows');
    this.throughNat = functionOf('throughNat');
    this.takeMatches = functionOf('takeMatches');
    this.countVerdicts = functionOf('countVerdicts');
    this.countRules = functionOf('countRules');
    this.countGroups = functionOf('countGroups');
  }
}

/** Copies the array into a block of its own. */
export function placeArray(heap: KernelHeap, array: KernelArray): KernelBlock {
  const block = heap.take(array.byteLength);
  new Uint8Array(block.buffer, block.at, array.byteLength).set(
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  );
  return block;
}

/** A block of words in the order of their names: what src/kernel/classify declares as a class. */
export function placeWords<Name extends string>(
  heap: KernelHeap,
  names: readonly Name[],
  values: Readonly<Record<Name, number>>,
): KernelBlock {
  const block = heap.take(names.length * 4);
  new Uint32Array(block.buffer, block.at, names.length).set(names.map((name) => values[name]));
  return block;
}
