import { type ColumnData, NULL_WORD, type NumberArray, type Texts, textCount } from './chunk-data.ts';
import { TextBuffer } from './text-buffer.ts';

/** Distinct 64-bit values beyond which a dictionary saves nothing. */
const WIDE_MAX = 16_384;
const WIDE_SLOTS = 4 * WIDE_MAX;

const NO_CODE = -1;

/** Values of a dictionary page. */
export type Values =
  | { readonly kind: 'texts'; readonly texts: Texts }
  /** 32-bit values. */
  | { readonly kind: 'short'; readonly numbers: Int32Array }
  /** 64-bit values as two words, low first. */
  | { readonly kind: 'wide'; readonly words: Uint32Array };

/** Rows without nulls as codes of a dictionary; valid until the next column. */
export interface Coded {
  readonly codes: Int32Array;
  readonly values: Values;
}

export function countOf(values: Values): number {
  if (values.kind === 'texts') return textCount(values.texts);
  return values.kind === 'short' ? values.numbers.length : values.words.length >> 1;
}

/** Makes codes of columns; its tables are used again. */
export class Coder {
  private codes = new Int32Array(0);
  private readonly codeOf = new Int32Array(65_536).fill(NO_CODE);
  private readonly slots = new Int32Array(WIDE_SLOTS).fill(NO_CODE);
  private readonly words = new Uint32Array(2 * WIDE_MAX);
  private readonly texts = new TextBuffer();

  /** Codes of the rows that have one. */
  compact(codes: Int32Array, count: number): Int32Array {
    if (count === codes.length) return codes;
    const out = this.room(count);
    for (let i = 0, at = 0; at < count; i++) {
      out[at] = codes[i]!;
      at -= ~codes[i]! >> 31;
    }
    return out;
  }

  words8({ codes, words }: Extract<ColumnData, { readonly kind: 'words' }>, count: number): Coded {
    const index = new Int32Array(256).fill(NO_CODE);
    const out = this.room(codes.length);
    this.texts.clear();
    let at = 0;
    for (let i = 0; i < codes.length; i++) {
      const word = codes[i]!;
      let code = index[word]!;
      if (code === NO_CODE) {
        if (word === NULL_WORD) continue;
        code = this.texts.count;
        index[word] = code;
        this.texts.addText(words[word]!);
      }
      out[at++] = code;
    }
    return { codes: out.subarray(0, count), values: { kind: 'texts', texts: this.texts.view() } };
  }

  short(values: NumberArray, nulls: Uint8Array | null, count: number): Coded {
    const { codeOf } = this;
    const out = this.room(count);
    const met: number[] = [];
    for (let i = 0, at = 0; at < count; i++) {
      if (nulls !== null && nulls[i] === 1) continue;
      const value = values[i]!;
      let code = codeOf[value]!;
      if (code === NO_CODE) {
        code = met.push(value) - 1;
        codeOf[value] = code;
      }
      out[at++] = code;
    }
    for (const value of met) codeOf[value] = NO_CODE;
    return { codes: out, values: { kind: 'short', numbers: Int32Array.from(met) } };
  }

  /** Null when too many differ. */
  wide(values: NumberArray, count: number): Coded | null {
    const { slots, words } = this;
    const out = this.room(count);
    const used: number[] = [];
    const mask = WIDE_SLOTS - 1;
    for (let i = 0; i < count; i++) {
      const low = values[2 * i]!;
      const high = values[2 * i + 1]!;
      let slot = (Math.imul(low ^ Math.imul(high, 0x9e37_79b1), 0x85eb_ca6b) >>> 8) & mask;
      let code = slots[slot]!;
      while (code !== NO_CODE && (words[2 * code] !== low || words[2 * code + 1] !== high)) {
        slot = (slot + 1) & mask;
        code = slots[slot]!;
      }
      if (code === NO_CODE) {
        code = used.length;
        if (code >= WIDE_MAX) break;
        words[2 * code] = low;
        words[2 * code + 1] = high;
        slots[slot] = code;
        used.push(slot);
      }
      out[i] = code;
      if (i === count - 1) return this.wideDone(out, used);
    }
    this.wideDone(out, used);
    return null;
  }

  private wideDone(codes: Int32Array, used: readonly number[]): Coded {
    for (const slot of used) this.slots[slot] = NO_CODE;
    return { codes, values: { kind: 'wide', words: this.words.slice(0, 2 * used.length) } };
  }

  private room(count: number): Int32Array {
    if (count > this.codes.length) this.codes = new Int32Array(count);
    return this.codes.subarray(0, count);
  }
}

/** 64-bit values of the rows that have one. */
export function compactWide(values: NumberArray, nulls: Uint8Array | null, count: number): Uint32Array {
  if (nulls === null && values instanceof Uint32Array) return values;
  const out = new Uint32Array(2 * count);
  for (let i = 0, at = 0; at < 2 * count; i++) {
    if (nulls !== null && nulls[i] === 1) continue;
    out[at++] = values[2 * i]!;
    out[at++] = values[2 * i + 1]!;
  }
  return out;
}
