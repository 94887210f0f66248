import { strict as assert } from 'node:assert';
import type { ColumnData, Texts } from './chunk-data.ts';
import type { ColumnMemory } from './column-memory.ts';
import { TextBuffer } from './text-buffer.ts';

/** Marks of the kernel's tables: the value of an id, the code of a value. */
const UNKNOWN = -1;
const UNMET = -2;
const NULL_VALUE = 0;
const AT_FIRST = 1024;

/** Words of `Dictionary` in src/kernel/columns/dictionary.ts, in its order: a test compares them. */
export const DICTIONARY_WORDS = ['valueOf', 'codeOf', 'met', 'count', 'nulls'] as const;
const COUNT = DICTIONARY_WORDS.indexOf('count');
const NULLS = DICTIONARY_WORDS.indexOf('nulls');

/**
 * The texts behind ids (of pods, rules, Services …), made once for each id that is met, however many chunks it is met
 * in. Ids of the same text have the same value; value 0 is null.
 */
export class IdValues {
  valueOf: Int32Array;
  /** Text of each value; that of 0 is empty. */
  readonly texts: TextBuffer;
  private readonly byText = new Map<string, number>();
  private readonly memory: ColumnMemory;
  private readonly textOf: (id: number) => string | null;
  /** Ids that valueOf says something of. */
  private size = 0;

  constructor(memory: ColumnMemory, textOf: (id: number) => string | null) {
    this.memory = memory;
    this.textOf = textOf;
    this.valueOf = memory.i32(AT_FIRST);
    this.texts = new TextBuffer(memory);
    this.texts.addText('');
  }

  /** Room for ids below `size`. */
  reserve(size: number): void {
    if (size <= this.size) return;
    this.valueOf = this.memory.longer(this.valueOf, size);
    this.valueOf.fill(UNKNOWN, this.size, size);
    this.size = size;
  }

  learn(id: number): void {
    const text = this.textOf(id);
    let value = text === null ? NULL_VALUE : this.byText.get(text);
    if (value === undefined) {
      assert(text !== null);
      value = this.texts.count;
      this.texts.addText(text);
      this.byText.set(text, value);
    }
    this.valueOf[id] = value;
  }

  /** Ids stand for something else from now on. */
  clear(): void {
    this.size = 0;
    this.byText.clear();
    this.texts.clear();
    this.texts.addText('');
  }
}

/** Where the texts of ids are: of each id its own, or by value. Id 0 is null. */
export type DictionarySource =
  /** Those of the chunk's ids 1, 2, …, which are in order of appearance. */
  | { readonly kind: 'numbered'; readonly texts: Texts }
  | { readonly kind: 'distinct'; readonly texts: TextBuffer }
  | { readonly kind: 'shared'; readonly values: IdValues; readonly size: number };

/**
 * Makes a column of a chunk: ids → codes of a dictionary, in order of appearance. One serves all columns: what it gives
 * is valid until the next.
 */
export class ChunkDictionary {
  private readonly memory: ColumnMemory;
  private readonly words: Uint32Array;
  private codeOf: Int32Array;
  private met: Uint32Array;
  private codes: Int32Array;
  private offsets: Int32Array;
  private bytes: Uint8Array;

  constructor(memory: ColumnMemory) {
    this.memory = memory;
    this.words = memory.u32(DICTIONARY_WORDS.length);
    this.words[COUNT] = 0;
    this.codeOf = memory.i32(AT_FIRST).fill(UNMET);
    this.codeOf[NULL_VALUE] = -1;
    this.met = memory.u32(AT_FIRST);
    this.codes = memory.i32(AT_FIRST);
    this.offsets = memory.i32(AT_FIRST);
    this.bytes = memory.u8(AT_FIRST);
  }

  encode(ids: Int32Array, rows: number, source: DictionarySource): Extract<ColumnData, { kind: 'codes' }> {
    const { memory, words } = this;
    const { kernel } = memory;
    this.forget();
    this.codes = memory.longer(this.codes, rows);
    const codes = this.codes.byteOffset;
    if (source.kind === 'numbered') {
      const nullCount = kernel.codesOfIds(ids.byteOffset, rows, codes);
      return { kind: 'codes', codes: this.codes.subarray(0, rows), nullCount, dictionary: source.texts };
    }
    if (source.kind === 'distinct') {
      this.place(source.texts.count, 0);
      kernel.encodeDistinct(words.byteOffset, ids.byteOffset, codes, rows);
      return this.column(rows, source.texts);
    }
    const { values, size } = source;
    values.reserve(size);
    for (let row = 0; ; values.learn(ids[row]!)) {
      this.place(values.texts.count + 1, values.valueOf.byteOffset);
      row = kernel.encode(words.byteOffset, ids.byteOffset, codes, row, rows);
      if (row === rows) return this.column(rows, values.texts);
    }
  }

  private column(rows: number, texts: TextBuffer): Extract<ColumnData, { kind: 'codes' }> {
    const nullCount = this.words[NULLS]!;
    return { kind: 'codes', codes: this.codes.subarray(0, rows), nullCount, dictionary: this.gathered(texts) };
  }

  private gathered(texts: TextBuffer): Texts {
    const { memory, met } = this;
    const { kernel } = memory;
    const count = this.words[COUNT]!;
    const { offsets, bytes } = texts.view();
    const length = kernel.textBytes(met.byteOffset, count, offsets.byteOffset);
    this.offsets = memory.longer(this.offsets, count + 1);
    this.bytes = memory.longer(this.bytes, length);
    const [to, out] = [this.offsets.byteOffset, this.bytes.byteOffset];
    kernel.gatherTexts(met.byteOffset, count, offsets.byteOffset, bytes.byteOffset, to, out);
    return { offsets: this.offsets.subarray(0, count + 1), bytes: this.bytes.subarray(0, length) };
  }

  /** Tells the kernel where its tables are, with room for so many values. */
  private place(values: number, valuesAt: number): void {
    const { memory, words } = this;
    const before = this.codeOf.length;
    if (values > before) {
      this.codeOf = memory.longer(this.codeOf, values);
      this.codeOf.fill(UNMET, before);
      this.met = memory.longer(this.met, this.codeOf.length);
    }
    // in front of the counters, which go on
    words.set([valuesAt, this.codeOf.byteOffset, this.met.byteOffset]);
  }

  /** The next column begins. */
  private forget(): void {
    const { words, codeOf, met } = this;
    const count = words[COUNT]!;
    for (let code = 0; code < count; code++) codeOf[met[code]!] = UNMET;
    words[COUNT] = 0;
    words[NULLS] = 0;
  }
}
