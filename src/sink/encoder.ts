import { ndjsonEncoder } from './ndjson.ts';
import type { BatchEncoder, OutputFormat } from './part.ts';
import type { RowContext } from './rows.ts';

/** The encoder of a format. fast-csv and apache-arrow are loaded when their first batch comes. */
export function createBatchEncoder(format: OutputFormat, context: RowContext): BatchEncoder {
  if (format === 'ndjson') return ndjsonEncoder(context);
  let loading: Promise<BatchEncoder> | undefined;
  const load = async (): Promise<BatchEncoder> => {
    if (format === 'ocsf') return (await import('./ocsf.ts')).ocsfEncoder(context);
    if (format === 'csv') return (await import('./csv.ts')).csvEncoder(context);
    return (await import('./arrow.ts')).arrowEncoder(context);
  };
  return {
    async encode(flow, verdicts) {
      loading ??= load();
      return (await loading).encode(flow, verdicts);
    },
    async finish() {
      return (await loading)?.finish?.() ?? new Uint8Array(0);
    },
  };
}
