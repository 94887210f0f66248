import type { FlowBatch } from '../model/flow.ts';
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

/** Values of a carried field; most are the same for all records of an interface. */
export function carriedSource(
  carried: CarriedFields,
  carriedText: CarriedText,
  index: number,
  memory: ColumnMemory,
): IdSource {
  const { kernel } = memory;
  const values = new ByteIds(memory);
  const texts = new IdValues(memory, (id) => values.text(id));
  const guesses = memory.i32(GUESSES).fill(0);
  let ids = memory.i32(GUESSES);
  const fill = ({ rows, interfaceId }: FlowBatch, at: number): void => {
    const source = carried.placed[index];
    if (source === undefined) return void kernel.fill(ids.byteOffset + 4 * at, 0, 4 * rows);
    const [offsets, lengths] = carriedText.columnOf(source, rows);
    const text = carriedText.origin;
    const [interfaces, out] = [interfaceId.byteOffset, ids.byteOffset + 4 * at];
    const [met, mask] = [guesses.byteOffset, GUESSES - 1];
    values.number(
      rows,
      (table, from) => kernel.carriedIds(table, text, offsets, lengths, interfaces, met, mask, out, from, rows),
      (row) => source.length[row]!,
    );
  };
  return {
    ids: (flow, _verdicts, _ids, at) => {
      ids = memory.longer(ids, at + flow.rows);
      fill(flow, at);
      return ids;
    },
    // the values of the chunk in order of appearance; what is no UTF-8 may stand for the same text
    texts: () =>
      values.areAscii
        ? { kind: 'numbered', texts: values.all() }
        : { kind: 'shared', values: texts, size: values.size },
    reset: () => {
      values.reset();
      texts.clear();
      guesses.fill(0);
    },
    bytes: () => values.byteLength,
  };
}
