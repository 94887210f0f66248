import type { Heading } from '../decode/format.ts';
import { type KeptBatch, keepColumns, keptBytes, keptColumns, keptIds, restoreColumns } from '../decode/kept-batch.ts';
import type { FlowDecoder } from '../decode/text.ts';
import type { Ledger } from '../model/ledger.ts';

/** Decoded records that go from the first pass of pairing to the second: some 8 million of the default format. */
const KEPT_BYTES: number = 384 * 1024 * 1024;

/** Memory for them, which is given out once, from its beginning on. */
export interface KeptMemory {
  readonly bytes: SharedArrayBuffer;
  /** One i32: units given out. */
  readonly given: SharedArrayBuffer;
}

/** Bytes of a unit: batches begin at cache lines. */
const UNIT_BYTES = 64;

/** What a task decoded, as the second pass takes it instead of the input. */
export interface KeptTask {
  readonly batches: readonly KeptBatch[];
  /** Ids of interfaces and VPCs by the number that the batches have for them. */
  readonly ids: readonly string[];
  /** Lines that are no rows of the batches. */
  readonly ledger: Ledger;
  /** Bytes of the input. */
  readonly read: number;
  /** As in TaskResult. */
  readonly endFields: Heading | null;
}

/** Memory that is never written to costs nothing. */
export function createKeptMemory(bytes: number = KEPT_BYTES): KeptMemory {
  return { bytes: new SharedArrayBuffer(bytes), given: new SharedArrayBuffer(4) };
}

/** Forgets all that is kept: the first pass begins anew. */
export function clearKept({ given }: KeptMemory): void {
  Atomics.store(new Int32Array(given), 0, 0);
}

/** Byte offset of memory that nobody else has; null when there is not that much left. */
function takeMemory({ bytes, given }: KeptMemory, wanted: number): number | null {
  const units = Math.ceil(wanted / UNIT_BYTES);
  const word = new Int32Array(given);
  for (let first = Atomics.load(word, 0); ; ) {
    if ((first + units) * UNIT_BYTES > bytes.byteLength) return null;
    const found = Atomics.compareExchange(word, 0, first, first + units);
    if (found === first) return first * UNIT_BYTES;
    first = found;
  }
}

/**
 * By code of an id, the last task of this thread that met it, and its number there: a worker knows up to a
 * million codes, which is too much to clear for a task of ten lines.
 */
let metBy = new Int32Array(1024);
let numbers = new Int32Array(1024);
let tasks = 0;

function larger(words: Int32Array, index: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(2 ** Math.ceil(Math.log2(index + 2)));
  grown.set(words);
  return grown;
}

/** Keeps the batches of one task, all of them or none. One at a time is at work in a thread. */
export class Keeper {
  private readonly memory: KeptMemory;
  private readonly decoder: FlowDecoder;
  private readonly batches: KeptBatch[] = [];
  private readonly ids: string[] = [];
  private readonly task = ++tasks;
  private rows = 0;
  private fits = true;

  constructor(memory: KeptMemory, decoder: FlowDecoder) {
    this.memory = memory;
    this.decoder = decoder;
  }

  /** Keeps what is in the decoder's batch. */
  keep(): void {
    const { batch } = this.decoder;
    if (!this.fits || batch.rows === 0) return;
    const columns = keptColumns(batch, this.decoder.rowFormat);
    const at = takeMemory(this.memory, keptBytes(batch, columns));
    // what its batches before took is lost: it was given out, and tasks behind it may have the rest
    this.fits = at !== null;
    if (at === null) return;
    const kept = { at, rows: batch.rows, judged: batch.judged, columns };
    keepColumns(batch, kept, this.memory.bytes);
    this.keepIds(kept);
    this.batches.push(kept);
    this.rows += kept.rows;
  }

  /** Null when memory did not suffice. */
  finish(read: number, endFields: KeptTask['endFields']): KeptTask | null {
    if (!this.fits) return null;
    const { ledger: all } = this.decoder;
    const ledger = { ...all, lines: all.lines - this.rows, classified: 0, notJudged: 0 };
    return { batches: this.batches, ids: this.ids, ledger, read, endFields };
  }

  /** Codes are a worker's own: the second pass may be another's. */
  private keepIds(kept: KeptBatch): void {
    const { batch } = this.decoder;
    for (const { name, bit, numbers } of keptIds(batch, kept, this.memory.bytes)) {
      const codes = batch[name];
      for (let i = 0; i < kept.rows; i++) numbers[i] = (batch.present[i]! & bit) === 0 ? -1 : this.numberOf(codes[i]!);
    }
  }

  private numberOf(code: number): number {
    if (code < metBy.length && metBy[code] === this.task) return numbers[code]!;
    if (code >= metBy.length) [metBy, numbers] = [larger(metBy, code), larger(numbers, code)];
    const number = this.ids.push(this.decoder.interfaces.name(code)) - 1;
    metBy[code] = this.task;
    numbers[code] = number;
    return number;
  }
}

/** Fills the decoder's batch with each of a task's, one after the other: it must be taken before the next. */
export function* restoreBatches(
  decoder: FlowDecoder,
  { batches, ids }: KeptTask,
  { bytes: memory }: KeptMemory,
): Generator<void> {
  const { batch } = decoder;
  const codes = Int32Array.from(ids, (name) => {
    const bytes = Buffer.from(name);
    return decoder.interfaces.codeOf(bytes, 0, bytes.length);
  });
  for (const kept of batches) {
    // a run that is stopped here has counted the lines that it classified
    decoder.ledger.lines += kept.rows;
    restoreColumns(batch, kept, memory);
    for (const { name, numbers } of keptIds(batch, kept, memory)) {
      const target = batch[name];
      for (let i = 0; i < kept.rows; i++) target[i] = numbers[i]! < 0 ? 0 : codes[numbers[i]!]!;
    }
    yield;
  }
}
