import { arrowCodec } from './arrow-compression.ts';
import { ndjsonEncoder } from './ndjson.ts';
import type { BatchEncoder, OutputFormat } from './part.ts';
import type { RowContext } from './rows.ts';

/** The encoder of a format. fast-csv and apache-arrow are loaded when their first batch comes. */
export function createBatchEncoder(format: OutputFormat, context: RowContext): BatchEncoder {
  switch (format) {
    case 'ndjson':
      return ndjsonEncoder(context);
    case 'ocsf':
      return loaded(async () => (await import('./ocsf.ts')).ocsfEncoder(context));
    case 'csv':
      return loaded(async () => (await import('./csv.ts')).csvEncoder(context));
    case 'parquet':
      return ofColumns(loaded(async () => (await import('./parquet-encoder.ts')).parquetEncoder(context)));
    case 'arrow':
      // whoever joins the dictionaries of a file compresses it
      return ofColumns(loaded(async () => (await import('./arrow.ts')).arrowEncoder(context, null)));
    case 'arrows':
      return ofColumns(loaded(() => streamEncoder(context)));
  }
}

async function streamEncoder(context: RowContext): Promise<BatchEncoder> {
  const codec = await arrowCodec(context.compression ?? 'none');
  return (await import('./arrow.ts')).arrowEncoder(context, codec);
}

type Loaded = BatchEncoder & { readonly inner: () => BatchEncoder | undefined };

function loaded(load: () => Promise<BatchEncoder>): Loaded {
  let loading: Promise<BatchEncoder> | undefined;
  let encoder: BatchEncoder | undefined;
  return {
    inner: () => encoder,
    async encode(flow, verdicts) {
      loading ??= load();
      encoder ??= await loading;
      return encoder.encode(flow, verdicts);
    },
    finish: () => encoder?.finish?.() ?? [],
  };
}

function ofColumns(encoder: Loaded): BatchEncoder {
  return { ...encoder, begin: () => encoder.inner()?.begin?.(), release: () => encoder.inner()?.release?.() };
}
