/** Code of a row without a value. */
export const NULL_CODE = -1;
/** The same among the codes of closed words. */
export const NULL_WORD = 255;

/** Texts one behind the other: text t is bytes[offsets[t] … offsets[t + 1]], UTF-8. */
export interface Texts {
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

/** One column of some rows. `nulls` = 1 where the row has no value, of which there are `nullCount`; null = all have. */
export type ColumnData =
  /** Codes of a dictionary whose values all occur, or NULL_CODE. */
  | { readonly kind: 'codes'; readonly codes: Int32Array; readonly nullCount: number; readonly dictionary: Texts }
  /** Codes of a closed table of words (see words.ts), or NULL_WORD. */
  | {
      readonly kind: 'words';
      readonly codes: Uint8Array;
      readonly nullCount: number;
      readonly words: readonly string[];
    }
  /** List of row r: codes[offsets[r] … offsets[r + 1]]. */
  | {
      readonly kind: 'lists';
      readonly offsets: Int32Array;
      readonly nulls: Uint8Array | null;
      readonly nullCount: number;
      readonly codes: Int32Array;
      readonly dictionary: Texts;
    }
  | {
      readonly kind: 'texts';
      readonly texts: Texts;
      readonly nulls: Uint8Array | null;
      readonly nullCount: number;
    }
  /** 0 where there is no value; 64-bit values as two words, low first. */
  | {
      readonly kind: 'numbers';
      readonly values: NumberArray;
      readonly nulls: Uint8Array | null;
      readonly nullCount: number;
    };

export type NumberArray = Uint8Array | Uint16Array | Uint32Array;

/** Rows as columns. */
export interface Columns {
  readonly rows: number;
  /** Valid until the next column is asked for. */
  column(index: number): ColumnData;
}

/** A longer array with the same beginning. */
export function grown<T extends Int32Array | Uint8Array>(array: T, length: number, make: (n: number) => T): T {
  if (length <= array.length) return array;
  const longer = make(Math.max(length, 2 * array.length));
  longer.set(array);
  return longer;
}

/** How many of `nulls` are 1. */
export function countNulls(nulls: Uint8Array | null): number {
  let count = 0;
  if (nulls !== null) for (let i = 0; i < nulls.length; i++) count += nulls[i]!;
  return count;
}

export const textCount = (texts: Texts): number => texts.offsets.length - 1;
