import { type ColumnData, type Texts, textCount } from './chunk-data.ts';
import { type ColumnMemory, MemoryCopy } from './column-memory.ts';
import { TextBuffer } from './text-buffer.ts';

/** Distinct 64-bit values beyond which a dictionary saves nothing. */
const WIDE_MAX = 16_384;
const WIDE_SLOTS = 4 * WIDE_MAX;

/** Values of 16 bits. */
const SHORTS = 65_536;

const NO_CODE = -1;

/** Values of a dictionary page. */
export type Values =
  | { readonly kind: 'texts'; readonly texts: Texts }
  /** 32-bit values. */
  | { readonly kind: 'short'; readonly numbers: Int32Array }
  /** 64-bit values as two words, low first. */
  | { readonly kind: 'wide'; readonly words: Uint32Array };

/** Rows as codes of a dictionary all of whose values occur, or −1; in kernel memory, valid until the next column. */
export interface Coded {
  readonly codes: Int32Array;
  readonly values: Values;
}

export function countOf(values: Values): number {
  if (values.kind === 'texts') return textCount(values.texts);
  return values.kind === 'short' ? values.numbers.length : values.words.length >> 1;
}

/** Makes codes of columns, which may lie elsewhere; its tables are used again. */
export class Coder {
  private readonly memory: ColumnMemory;
  private codes: Int32Array;
  /** By value: its code while a column is made, else NO_CODE. */
  private readonly codeOf: Int32Array;
  /** By code: its value. */
  private readonly met: Int32Array;
  private readonly slots: Uint32Array;
  private readonly wideMet: Uint32Array;
  private readonly texts = new TextBuffer();
  private readonly reachable: {
    readonly codes: MemoryCopy<Int32Array>;
    readonly words: MemoryCopy<Uint8Array>;
    readonly wide: MemoryCopy<Uint32Array>;
    readonly shorts: MemoryCopy<Uint16Array>;
    readonly nulls: MemoryCopy<Uint8Array>;
  };

  constructor(memory: ColumnMemory) {
    this.memory = memory;
    this.codes = memory.i32(0);
    this.codeOf = memory.i32(SHORTS).fill(NO_CODE);
    this.met = memory.i32(SHORTS);
    this.slots = memory.u32(WIDE_SLOTS);
    this.wideMet = memory.u32(2 * WIDE_MAX);
    this.reachable = {
      codes: new MemoryCopy(memory.i32(0)),
      words: new MemoryCopy(memory.u8(0)),
      wide: new MemoryCopy(memory.u32(0)),
      shorts: new MemoryCopy(memory.u16(0)),
      nulls: new MemoryCopy(memory.u8(0)),
    };
  }

  texts32({ codes, dictionary }: Extract<ColumnData, { readonly kind: 'codes' | 'lists' }>): Coded {
    return { codes: this.reachable.codes.of(this.memory, codes), values: { kind: 'texts', texts: dictionary } };
  }

  words8({ codes, words }: Extract<ColumnData, { readonly kind: 'words' }>): Coded {
    const { memory, codeOf, met, texts } = this;
    const rows = codes.length;
    const from = this.reachable.words.of(memory, codes).byteOffset;
    const out = this.room(rows);
    const count = memory.kernel.wordCodes(from, rows, codeOf.byteOffset, met.byteOffset, out.byteOffset);
    texts.clear();
    for (let code = 0; code < count; code++) texts.addText(words[met[code]!]!);
    return { codes: out, values: { kind: 'texts', texts: texts.view() } };
  }

  /** Numbers of one or two bytes. */
  short(values: Uint8Array | Uint16Array, nulls: Uint8Array | null): Coded {
    const { memory, codeOf, met } = this;
    const { shorts, words } = this.reachable;
    const rows = values.length;
    const from = values instanceof Uint8Array ? words.of(memory, values) : shorts.of(memory, values);
    const out = this.room(rows);
    const count = memory.kernel.shortCodes(
      from.byteOffset,
      values.BYTES_PER_ELEMENT,
      this.nullsAt(nulls),
      rows,
      codeOf.byteOffset,
      met.byteOffset,
      out.byteOffset,
    );
    return { codes: out, values: { kind: 'short', numbers: met.slice(0, count) } };
  }

  /** Null when too many differ. */
  wide(values: Uint32Array, nulls: Uint8Array | null): Coded | null {
    const { memory, slots, wideMet } = this;
    const rows = values.length >> 1;
    const from = this.reachable.wide.of(memory, values).byteOffset;
    const out = this.room(rows);
    slots.fill(0);
    const count = memory.kernel.wideCodes(
      from,
      this.nullsAt(nulls),
      rows,
      slots.byteOffset,
      WIDE_SLOTS - 1,
      WIDE_MAX,
      wideMet.byteOffset,
      out.byteOffset,
    );
    if (count > WIDE_MAX) return null;
    return { codes: out, values: { kind: 'wide', words: wideMet.subarray(0, 2 * count) } };
  }

  /** The `count` 64-bit values of the rows that have one; valid until the next column. */
  presentWide(values: Uint32Array, nulls: Uint8Array | null, count: number): Uint32Array {
    const { memory } = this;
    if (nulls === null) return values;
    const rows = values.length >> 1;
    const from = this.reachable.wide.of(memory, values).byteOffset;
    // the codes are not needed, and there is a row behind the last
    const out = this.room(2 * rows + 2);
    memory.kernel.presentWide(from, this.nullsAt(nulls), rows, out.byteOffset);
    return new Uint32Array(out.buffer, out.byteOffset, 2 * count);
  }

  private nullsAt(nulls: Uint8Array | null): number {
    return nulls === null ? 0 : this.reachable.nulls.of(this.memory, nulls).byteOffset;
  }

  private room(count: number): Int32Array {
    this.codes = this.memory.longer(this.codes, count);
    return this.codes.subarray(0, count);
  }
}
