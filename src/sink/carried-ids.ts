import type { CarriedColumn, FlowBatch } from '../model/flow.ts';
import { ByteIds } from './byte-ids.ts';
import type { IdSource } from './chunk-codes.ts';
import { IdValues } from './chunk-dictionary.ts';
import { type ColumnMemory, MemoryCopy } from './column-memory.ts';
import type { CarriedFields } from './rows.ts';

/** Interfaces for which the value last met is remembered. */
const GUESSES = 4096;

/** Copies into shared memory go by whole words between equal alignments, else by single bytes. */
const WORD_BYTES = 8;

/** Where the kernel reads the bytes of a batch's carried fields: those of the slice that they stand in, copied. */
export class CarriedText {
  /** Byte address of what offset 0 stands for; nothing may be there. */
  origin = 0;
  private readonly memory: ColumnMemory;
  private readonly offsets: MemoryCopy<Uint32Array>;
  private readonly lengths: MemoryCopy<Uint32Array>;
  /** Where the values begin and end. */
  private readonly span: Uint32Array;
  private bytes: Uint8Array;

  constructor(memory: ColumnMemory) {
    this.memory = memory;
    this.offsets = new MemoryCopy(memory.u32(0));
    this.lengths = new MemoryCopy(memory.u32(0));
    this.span = memory.u32(2);
    this.bytes = memory.u8(0);
  }

  bind({ text, rows }: FlowBatch, { placed }: CarriedFields): void {
    const { memory, span } = this;
    span.set([text.length, 0]);
    for (const column of placed) {
      if (column === undefined) continue;
      const [offsets, lengths] = this.columnOf(column, rows);
      memory.kernel.valuesSpan(offsets, lengths, rows, span.byteOffset);
    }
    const from = span[0]!;
    // rows without a value may have any offset
    const to = Math.min(span[1]!, text.length);
    if (from >= to) return;
    const shift = (text.byteOffset + from) % WORD_BYTES;
    this.bytes = memory.longer(this.bytes, shift + to - from);
    this.bytes.set(text.subarray(from, to), shift);
    this.origin = this.bytes.byteOffset + shift - from;
  }

  /** Byte addresses of offsets and lengths; valid until the next call. */
  columnOf(
    { offset, length }: { readonly offset: Uint32Array; readonly length: Uint32Array },
    rows: number,
  ): readonly [offsets: number, lengths: number] {
    const { memory, offsets, lengths } = this;
    return [offsets.of(memory, offset, rows).byteOffset, lengths.of(memory, length, rows).byteOffset];
  }
}

/** Numbers of the values of a carried field; most are the same for all records of an interface. */
export class CarriedIds {
  /** As they came. */
  readonly values: ByteIds;
  private readonly memory: ColumnMemory;
  private readonly guesses: Int32Array;
  private ids: Int32Array;

  constructor(memory: ColumnMemory) {
    this.memory = memory;
    this.values = new ByteIds(memory);
    this.guesses = memory.i32(GUESSES).fill(0);
    this.ids = memory.i32(GUESSES);
  }

  /** Ids of all rows up to those of the batch, which stand behind `at` others; 0 = no value. */
  number(
    { rows, interfaceId }: FlowBatch,
    source: CarriedColumn | undefined,
    text: CarriedText,
    at: number,
  ): Int32Array {
    const { memory, values, guesses } = this;
    const { kernel } = memory;
    this.ids = memory.longer(this.ids, at + rows);
    const { ids } = this;
    const out = ids.byteOffset + 4 * at;
    if (source === undefined) {
      kernel.fill(out, 0, 4 * rows);
      return ids;
    }
    const [offsets, lengths] = text.columnOf(source, rows);
    const { origin } = text;
    const [interfaces, met, mask] = [interfaceId.byteOffset, guesses.byteOffset, GUESSES - 1];
    values.number(
      rows,
      (table, from) => kernel.carriedIds(table, origin, offsets, lengths, interfaces, met, mask, out, from, rows),
      (row) => source.length[row]!,
    );
    return ids;
  }

  reset(): void {
    this.values.reset();
    this.guesses.fill(0);
  }
}

/** Values of a carried field as texts. */
export function carriedSource(
  carried: CarriedFields,
  carriedText: CarriedText,
  index: number,
  memory: ColumnMemory,
): IdSource {
  const numbers = new CarriedIds(memory);
  const { values } = numbers;
  const texts = new IdValues(memory, (id) => values.text(id));
  return {
    ids: (flow, _verdicts, _ids, at) => numbers.number(flow, carried.placed[index], carriedText, at),
    // the values of the chunk in order of appearance; what is no UTF-8 may stand for the same text
    texts: () =>
      values.areAscii
        ? { kind: 'numbered', texts: values.all() }
        : { kind: 'shared', values: texts, size: values.size },
    reset: () => {
      numbers.reset();
      texts.clear();
    },
    bytes: () => values.byteLength,
  };
}
