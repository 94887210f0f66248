/** Distinct values of a column as text: value i is bytes[starts[i], ends[i]). */
export interface TextValues {
  readonly kind: 'text';
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/**
 * Distinct values of a column as whole numbers that are not negative: value i is the two u32 halves at 2 × i, low
 * first. A column that has others comes as text.
 */
export interface NumberValues {
  readonly kind: 'number';
  readonly halves: Uint32Array;
}

export type ColumnValues = TextValues | NumberValues;

/** One field of a run of rows. */
export interface ColumnRun {
  /** Index of each row's value, −1 = null. */
  readonly codes: Int32Array;
  /** None of them is null, for certain. */
  readonly complete: boolean;
  readonly values: ColumnValues;
  /** True for a dictionary: few values that many rows and later runs share. */
  readonly shared: boolean;
}

/** Rows as columns, for inputs that are stored so. */
export interface ColumnBatch {
  /** One a column, in any spelling; the same list for all batches of an input. */
  readonly names: readonly string[];
  readonly rows: number;
  readonly columns: readonly ColumnRun[];
}

/** Values whose texts stand one behind the other. */
export function textValues(values: readonly Uint8Array[]): TextValues {
  const bytes = Buffer.concat(values);
  const ends = new Uint32Array(values.length);
  const starts = new Uint32Array(values.length);
  let at = 0;
  for (const [i, value] of values.entries()) {
    starts[i] = at;
    at += value.length;
    ends[i] = at;
  }
  return { kind: 'text', bytes, starts, ends };
}
