import { open } from 'node:fs/promises';
import type { OutputColumn } from './columns.ts';
import type { Assembly, OutputFormat, WriteBytes } from './part.ts';

const COPY_BYTES = 1 << 20;

const nothing = async (): Promise<void> => {};

/** The assembly of a format; apache-arrow and fast-csv are loaded only when asked for. */
export async function createAssembly(format: OutputFormat, columns: readonly OutputColumn[]): Promise<Assembly> {
  switch (format) {
    case 'ndjson':
    case 'ocsf':
      return { start: nothing, part: copyPart, end: nothing };
    case 'csv': {
      const header = await (await import('./csv.ts')).csvHeader(columns);
      return { start: (write) => write(header), part: copyPart, end: nothing };
    }
    case 'arrows': {
      const { arrowSchema, END_OF_STREAM, schemaMessage } = await import('./arrow.ts');
      const schema = schemaMessage(arrowSchema(columns));
      return { start: (write) => write(schema), part: copyPart, end: (write) => write(END_OF_STREAM) };
    }
    case 'parquet':
      return (await import('./parquet.ts')).parquetAssembly(columns);
    case 'arrow':
      return (await import('./arrow-file.ts')).arrowFileAssembly(columns);
  }
}

async function copyPart(path: string, write: WriteBytes): Promise<void> {
  const file = await open(path);
  try {
    const buffer = new Uint8Array(COPY_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, COPY_BYTES, null);
      if (bytesRead === 0) return;
      await write(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
