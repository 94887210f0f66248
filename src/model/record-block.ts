/**
 * Records as values by field name, for inputs that are no lines of text: JSON objects, quoted CSV. Values stand behind
 * each other in `bytes`; value f of row r ends before byte `ends[r × names + f]` and begins where the one before it
 * ends. An empty value is null.
 */
export interface RecordBlock {
  /** One a field, in any spelling. */
  readonly names: readonly string[];
  readonly rows: number;
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}
