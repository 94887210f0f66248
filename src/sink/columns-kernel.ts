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
  /** (table, text, offsets, lengths, interfaces, guesses, guess mask, ids, from, rows) → row it stopped before */
  readonly carriedIds: KernelFunction;
  /** (table, offsets, bytes, ids, from, count) → text it stopped before */
  readonly textIds: KernelFunction;
  /** (table) */
  readonly placeValues: KernelFunction;
  /** (ids, rows, codes) → rows without a code */
  readonly codesOfIds: KernelFunction;
  /** (bytes, count) → 1 when all are */
  readonly isAscii: KernelFunction;
  /** (offsets, lengths, rows, span) */
  readonly valuesSpan: KernelFunction;
  /** (table, from, rows) → row it stopped before */
  readonly jsonRows: KernelFunction;
  /** (words, rows, codeOf, met, codes) → number of codes */
  readonly wordCodes: KernelFunction;
  /** (values, bytes of a value, nulls, rows, codeOf, met, codes) → number of codes */
  readonly shortCodes: KernelFunction;
  /** (values, nulls, rows, slots, mask, most, met, codes) → number of codes */
  readonly wideCodes: KernelFunction;
  /** (values, nulls, rows, out) */
  readonly presentWide: KernelFunction;
  /** (codes, rows, out) */
  readonly presentCodes: KernelFunction;
  /** (codes, count, width, out, end) */
  readonly packCodes: KernelFunction;
  /** (offsets, nulls, rows, definition levels, repetition levels) → number of levels */
  readonly listLevels: KernelFunction;
  /** (codes, count) → 1 when all are equal */
  readonly allEqual: KernelFunction;
  /** (offsets, bytes, count, out) → bytes written */
  readonly plainTexts: KernelFunction;
  /** (values, index, size, out, rows) → greatest code */
  readonly words: KernelFunction;
  /** (present, bit, values, index, out, rows) → greatest code */
  readonly presentWords: KernelFunction;
  /** (present, rows) */
  readonly allBits: KernelFunction;
  /** (to, from, bytes) */
  readonly copy: KernelFunction;
  /** (to, byte, bytes) */
  readonly fill: KernelFunction;
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
  /** (codes, rows, ids + 1 by code) */
  readonly mapCodes: KernelFunction;

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
    this.carriedIds = functionOf('carriedIds');
    this.textIds = functionOf('textIds');
    this.placeValues = functionOf('placeValues');
    this.codesOfIds = functionOf('codesOfIds');
    this.isAscii = functionOf('isAscii');
    this.valuesSpan = functionOf('valuesSpan');
    this.jsonRows = functionOf('jsonRows');
    this.wordCodes = functionOf('wordCodes');
    this.shortCodes = functionOf('shortCodes');
    this.wideCodes = functionOf('wideCodes');
    this.presentWide = functionOf('presentWide');
    this.presentCodes = functionOf('presentCodes');
    this.packCodes = functionOf('packCodes');
    this.listLevels = functionOf('listLevels');
    this.allEqual = functionOf('allEqual');
    this.plainTexts = functionOf('plainTexts');
    this.words = functionOf('words');
    this.presentWords = functionOf('presentWords');
    this.allBits = functionOf('allBits');
    this.copy = functionOf('copy');
    this.fill = functionOf('fill');
    this.countByte = functionOf('countByte');
    this.markAbsent = functionOf('markAbsent');
    this.zeroAbsent = functionOf('zeroAbsent');
    this.codeBits = functionOf('codeBits');
    this.wordBits = functionOf('wordBits');
    this.setBits = functionOf('setBits');
    this.plainCodes = functionOf('plainCodes');
    this.plainWords = functionOf('plainWords');
    this.mapCodes = functionOf('mapCodes');
  }
}
