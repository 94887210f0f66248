import type { ColumnRun, ColumnValues } from '../../model/column-batch.ts';

/** The index of each row's value, −1 = null. */
export type Taken = Pick<ColumnRun, 'codes' | 'complete'>;

/** Rows of one page, taken piece by piece. */
export interface Page {
  readonly rows: number;
  readonly values: ColumnValues;
  /** The values are the column's dictionary. */
  readonly shared: boolean;
  /** The next rows. */
  take(rows: number): Taken;
  /** The page is not used any more. */
  release(): void;
}

/** A page that was read as a whole. */
export class WholePage implements Page {
  readonly values: ColumnValues;
  readonly shared: boolean;
  private readonly codes: Int32Array;
  private at = 0;

  constructor(codes: Int32Array, values: ColumnValues, shared: boolean) {
    this.codes = codes;
    this.values = values;
    this.shared = shared;
  }

  get rows(): number {
    return this.codes.length;
  }

  take(rows: number): Taken {
    const codes = this.codes.subarray(this.at, this.at + rows);
    this.at += rows;
    return { codes, complete: false };
  }

  release(): void {
    // it is the garbage collector's
  }
}
