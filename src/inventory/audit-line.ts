import { strict as assert } from 'node:assert';
import { createMemory, type KernelFunction, kernelFunctions, PAGE_BYTES } from '../model/kernel.ts';
import * as layout from './audit-layout.ts';
import { writeNames } from './audit-names.ts';

/** What is to be done with a line: nothing, parse it, or parse it without its request, [requestFrom, requestTo). */
export type LineVerdict = 'skip' | 'whole' | 'cut';

const NEWLINE = 10;
const OPENING = 123;
/** A CloudWatch export puts the time of ingestion before each line. */
export const TIME_PREFIX: RegExp = /^\d{4}-\d\d-\d\dT[\d:.]+Z\s+/;
const PREFIX_BYTES_MAX = 64;
/** Those of src/kernel/audit/asconfig.json. */
const MEMORY_PAGES = 25;

/**
 * Tells from the bytes of a line of an audit log whether it may tell of a pod; `skip` only where it is certain. Strings
 * and brackets are followed to the event's end, so that text that is cut off is noticed; what else is wrong inside a
 * value is not.
 */
export class AuditLine {
  requestFrom = 0;
  requestTo = 0;
  /** The line that `next` found, and how many it passed over before. */
  start = 0;
  end = 0;
  passed = 0;
  /** Room for a piece of the log. */
  readonly chunk: Buffer;
  private readonly memory: Buffer;
  private readonly parameters: Uint32Array;
  private readonly nextLine: KernelFunction;
  private readonly judgeLine: KernelFunction;
  private readonly gather: KernelFunction;
  /** Of the line that was judged last: what is known, and where its event stands in the kernel's memory. */
  private known: number = layout.UNSURE;
  private eventFrom = 0;
  private eventTo = 0;

  constructor() {
    const memory = createMemory(MEMORY_PAGES, false);
    const functionOf = kernelFunctions('audit', memory);
    this.nextLine = functionOf('nextLine');
    this.judgeLine = functionOf('judge');
    this.gather = functionOf('gather');
    this.memory = Buffer.from(memory.buffer);
    this.parameters = new Uint32Array(memory.buffer, layout.PARAMETERS, 16);
    this.chunk = this.memory.subarray(layout.CHUNK, layout.CHUNK + layout.CHUNK_BYTES);
    assert(layout.MEMORY_END <= MEMORY_PAGES * PAGE_BYTES, 'audit kernel: does not fit');
    writeNames(this.memory);
  }

  /** The same bytes in the room for a piece of the log. */
  hold(chunk: Buffer): Buffer {
    if (chunk.buffer === this.memory.buffer) return chunk;
    return this.chunk.subarray(0, chunk.copy(this.chunk));
  }

  /** The next line of [from, to) that is not to be skipped, in a piece that is held; null = there is none. */
  next(held: Buffer, from: number, to: number): LineVerdict | null {
    const base = held.byteOffset;
    this.passed = 0;
    for (let at = from; ; at = this.end + 1) {
      const known = this.nextLine(base + at, base + to);
      this.passed += this.parameter(layout.PASSED);
      if (known === layout.NONE) return null;
      this.start = this.parameter(layout.START) - base;
      this.end = this.parameter(layout.END) - base;
      const verdict = this.settle(held, this.start, this.end, base, known);
      if (verdict !== 'skip') return verdict;
      this.passed++;
    }
  }

  /** A line in [from, end) of text; its newline stands at `end`. */
  judge(text: Buffer, from: number, end: number): LineVerdict {
    this.known = layout.UNSURE;
    if (end - from >= layout.CHUNK_BYTES) return 'whole';
    const { memory } = this;
    const to = layout.LINE + text.copy(memory, layout.LINE, from, end);
    memory[to] = NEWLINE;
    return this.settle(text, from, end, layout.LINE - from, this.judgeLine(layout.LINE, to));
  }

  /**
   * JSON text of the fields that are read of the event that was judged last, as a list; null where only a parser of the
   * whole line knows, and tells what is wrong. Without the request where the verdict was `cut`.
   */
  gathered(): string | null {
    if (this.known === layout.UNSURE) return null;
    const length = this.gather(this.eventFrom, this.eventTo, this.known === layout.CUT ? 1 : 0);
    if (length === 0) return null;
    const encoding = this.parameter(layout.WIDE) === 0 ? 'latin1' : 'utf8';
    return this.memory.toString(encoding, layout.PRUNED, layout.PRUNED + length);
  }

  private parameter(offset: number): number {
    return this.parameters[offset >>> 2] ?? 0;
  }

  /** The verdict, once what may stand before the event is passed over. `base`: where text[0] is in memory. */
  private settle(text: Buffer, from: number, end: number, base: number, told: number): LineVerdict {
    let [start, known] = [from, told];
    if (known === layout.UNSURE && text[from] !== OPENING) {
      start = afterTime(text, from, end);
      if (start >= 0) known = this.judgeLine(base + start, base + end);
    }
    this.known = known;
    this.eventFrom = base + start;
    this.eventTo = base + end;
    this.requestFrom = this.parameter(layout.REQUEST_FROM) - base;
    this.requestTo = this.parameter(layout.REQUEST_TO) - base;
    if (known === layout.SKIP) return 'skip';
    return known === layout.CUT ? 'cut' : 'whole';
  }
}

/** Where the event begins after the time of its ingestion; −1 = no time stands there. */
function afterTime(text: Buffer, from: number, end: number): number {
  const head = text.toString('latin1', from, Math.min(end, from + PREFIX_BYTES_MAX));
  const prefix = TIME_PREFIX.exec(head)?.[0].length ?? -1;
  return prefix < 0 ? -1 : from + prefix;
}
