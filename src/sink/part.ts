import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';

/** `arrow` = Arrow IPC file, `arrows` = Arrow IPC stream, `ocsf` = OCSF events, one a line. */
export const OUTPUT_FORMATS = ['ndjson', 'csv', 'arrow', 'arrows', 'parquet', 'ocsf'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Turns batches into the bytes of a part file. */
export interface BatchEncoder {
  /**
   * The bytes to append; all bytes of a task depend on nothing but its rows and the context, so parts may be made by
   * any worker. Rows may be kept back for a later call. Await it before the batches are filled again; write the bytes
   * before the next call.
   */
  encode(flow: FlowBatch, verdicts: VerdictBatch): Uint8Array | Promise<Uint8Array>;
  /** The bytes of rows that were kept back, at the end of a task; nothing of a task is carried into the next. */
  finish?(): Uint8Array | Promise<Uint8Array>;
}

/** Resolves when the bytes may be reused. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/** How the parts of one format become one output. */
export interface Assembly {
  start(write: WriteBytes): Promise<void>;
  part(path: string, write: WriteBytes): Promise<void>;
  end(write: WriteBytes): Promise<void>;
}

/** Rows of classified records in task order. */
export interface OrderedOutput {
  /** True when nobody reads on (the reader of a pipe has gone): the caller stops early, without an error. */
  readonly closed: boolean;
  /** Adds the rows of a part file and deletes it. */
  append(partPath: string): Promise<void>;
  /** Completes the output; a file appears under its name only now. */
  close(): Promise<void>;
  /** Leaves no trace of an unfinished file. */
  abort(): Promise<void>;
}
