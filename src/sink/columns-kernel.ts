import { type KernelFunction, kernelFunctions } from '../model/kernel.ts';
import type { KernelHeap } from '../model/kernel-heap.ts';

/** The functions of src/kernel/columns over the memory that the decoder's columns lie in. */
export class ColumnsKernel {
  /** (table, field, present, v6, ids, from, rows) → row it stopped before */
  readonly addressIds: KernelFunction;
  /** (table, where, record, packet, paired, ids, from, rows) → row it stopped before */
  readonly effectiveIds: KernelFunction;
  /** (table) */
  readonly placeAddresses: KernelFunction;
  /** (kind, owner, version, pods, enis, ids, rows) */
  readonly ownerIds: KernelFunction;
  /** (service, owners, version, base, first, ids, rows) */
  readonly serviceIds: KernelFunction;
  /** (rule, version, base, ids, rows) */
  readonly ruleIds: KernelFunction;
  /** (present, bit, codes, ids, rows) → greatest id */
  readonly interfaceIds: KernelFunction;
  /** (values, out, rows) */
  readonly widen16: KernelFunction;
  readonly widen32: KernelFunction;
  /** (dictionary, ids, codes, from, rows) → row it stopped before */
  readonly encode: KernelFunction;
  /** (dictionary, ids, codes, rows) */
  readonly encodeDistinct: KernelFunction;
  /** (numbers, count, offsets) */
  readonly textBytes: KernelFunction;
  /** (numbers, count, offsets, bytes, outOffsets, outBytes) */
  readonly gatherTexts: KernelFunction;
  /** (values, index, size, out, rows) → greatest code */
  readonly words: KernelFunction;
  /** (present, bit, values, index, out, rows) → greatest code */
  readonly presentWords: KernelFunction;
  /** (present, rows) */
  readonly allBits: KernelFunction;
  /** (to, from, bytes) */
  readonly copy: KernelFunction;
  /** (bytes, count, byte) */
  readonly countByte: KernelFunction;
  /** (present, bit, rows, absent) → how many are */
  readonly markAbsent: KernelFunction;
  /** (absent, rows, values, bytes of a value) */
  readonly zeroAbsent: KernelFunction;
  /** (codes, rows, bits), as both that follow */
  readonly codeBits: KernelFunction;
  readonly wordBits: KernelFunction;
  readonly setBits: KernelFunction;
  /** (codes, rows, out) */
  readonly plainCodes: KernelFunction;
  readonly plainWords: KernelFunction;

  constructor({ memory }: KernelHeap) {
    const functionOf = kernelFunctions('columns', memory);
    this.addressIds = functionOf('addressIds');
    this.effectiveIds = functionOf('effectiveIds');
    this.placeAddresses = functionOf('placeAddresses');
    this.ownerIds = functionOf('ownerIds');
    this.serviceIds = functionOf('serviceIds');
    this.ruleIds = functionOf('ruleIds');
    this.interfaceIds = functionOf('interfaceIds');
    this.widen16 = functionOf('widen16');
    this.widen32 = functionOf('widen32');
    this.encode = functionOf('encode');
    this.encodeDistinct = functionOf('encodeDistinct');
    this.textBytes = functionOf('textBytes');
    this.gatherTexts = functionOf('gatherTexts');
    this.words = functionOf('words');
    this.presentWords = functionOf('presentWords');
    this.allBits = functionOf('allBits');
    this.copy = functionOf('copy');
    this.countByte = functionOf('countByte');
    this.markAbsent = functionOf('markAbsent');
    this.zeroAbsent = functionOf('zeroAbsent');
    this.codeBits = functionOf('codeBits');
    this.wordBits = functionOf('wordBits');
    this.setBits = functionOf('setBits');
    this.plainCodes = functionOf('plainCodes');
    this.plainWords = functionOf('plainWords');
  }
}
