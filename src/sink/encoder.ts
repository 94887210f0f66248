import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { ndjsonEncoder } from './ndjson.ts';
import type { OutputFormat } from './output.ts';
import type { RowContext } from './rows.ts';

/** Turns batches into the bytes of a part file. */
export interface BatchEncoder {
  /**
   * The bytes to append for the rows of one batch; they depend on nothing but those rows and the context, so parts may
   * be made by any worker. Await it before the batches are filled again; write the bytes before the next call.
   */
  encode(flow: FlowBatch, verdicts: VerdictBatch): Uint8Array | Promise<Uint8Array>;
}

/** The encoder of a format. fast-csv and apache-arrow are loaded when their first batch comes. */
export function createBatchEncoder(format: OutputFormat, context: RowContext): BatchEncoder {
  if (format === 'ndjson') return ndjsonEncoder(context);
  let loading: Promise<BatchEncoder> | undefined;
  const load = async (): Promise<BatchEncoder> => {
    if (format === 'csv') return (await import('./csv.ts')).csvEncoder(context);
    return (await import('./arrow.ts')).arrowEncoder(context);
  };
  return {
    async encode(flow, verdicts) {
      loading ??= load();
      return (await loading).encode(flow, verdicts);
    },
  };
}
