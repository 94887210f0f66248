/** What `source/parquet/dictionary-page.ts` lays out, word by word in this order. */
@unmanaged
export class Page {
  /** Runs of the definition levels, and of the indices. */
  levelRuns: usize;
  indexRuns: usize;
  /** The level of a value that is there; 0 = none is missing. */
  maxDefinition: u32;
  /** Values of the dictionary. */
  size: u32;
  /** Room for the levels of a piece of rows, and for the indices of those that are there. */
  levels: usize;
  indices: usize;
  /** Rows and values that were read so far. */
  rows: u32;
  values: u32;
}
