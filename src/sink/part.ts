import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';

/** `arrow` = Arrow IPC file, `arrows` = Arrow IPC stream. */
export const OUTPUT_FORMATS = ['ndjson', 'csv', 'arrow', 'arrows'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Turns batches into the bytes of a part file. */
export interface BatchEncoder {
  /**
   * The bytes to append for the rows of one batch; they depend on nothing but those rows and the context, so parts may
   * be made by any worker. Await it before the batches are filled again; write the bytes before the next call.
   */
  encode(flow: FlowBatch, verdicts: VerdictBatch): Uint8Array | Promise<Uint8Array>;
}

/** Resolves when the bytes may be reused. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/** How the parts of one format become one output. */
export interface Assembly {
  start(write: WriteBytes): Promise<void>;
  part(path: string, write: WriteBytes): Promise<void>;
  end(write: WriteBytes): Promise<void>;
}
