import { type ArrowCompression, arrowCodec } from './arrow-compression.ts';
import type { OutputColumn } from './columns.ts';
import { type Assembly, type OutputFormat, openPart, type Part, type WriteBytes } from './part.ts';

const COPY_BYTES = 1 << 20;

const nothing = async (): Promise<void> => {};

/** The assembly of a format; apache-arrow and fast-csv are loaded only when asked for. */
export async function createAssembly(
  format: OutputFormat,
  columns: readonly OutputColumn[],
  compression: ArrowCompression = 'none',
): Promise<Assembly> {
  switch (format) {
    case 'ndjson':
    case 'ocsf':
      return copying(nothing, nothing);
    case 'csv': {
      const header = await (await import('./csv.ts')).csvHeader(columns);
      return copying((write) => write(header), nothing);
    }
    case 'arrows': {
      // missing packages are told before the first row
      await arrowCodec(compression);
      const { END_OF_STREAM, streamStart } = await import('./arrow.ts');
      return copying(
        (write) => write(streamStart(columns)),
        (write) => write(END_OF_STREAM),
      );
    }
    case 'parquet':
      return (await import('./parquet.ts')).parquetAssembly(columns);
    case 'arrow':
      return (await import('./arrow-file.ts')).arrowFileAssembly(columns, await arrowCodec(compression));
  }
}

/** The output is its parts, one behind the other, between a start and an end. */
function copying(start: Assembly['start'], end: Assembly['end']): Assembly {
  return { start, part: copyPart, copies: true, end };
}

async function copyPart(part: Part, write: WriteBytes): Promise<void> {
  const reader = await openPart(part);
  const bytes = new Uint8Array(COPY_BYTES);
  try {
    for (let at = 0; ; at += COPY_BYTES) {
      const length = await reader.readInto(bytes, at);
      if (length > 0) await write(bytes.subarray(0, length));
      if (length < COPY_BYTES) return;
    }
  } finally {
    await reader.close();
  }
}
