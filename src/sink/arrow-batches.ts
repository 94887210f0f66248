import { type RecordBatch, RecordBatchReader, type Schema } from 'apache-arrow';
import { arrowSchema, END_OF_STREAM, streamStart } from './arrow.ts';
import type { OutputColumn } from './columns.ts';
import { openPart, type Part } from './part.ts';

/** The schema of the rows of these columns, the same in all batches but for what their dictionaries hold. */
export function schemaOf(columns: readonly OutputColumn[]): Schema {
  return arrowSchema(columns);
}

/** The record batches of a part in the stream format, uncompressed; they share the memory of one copy of the part. */
export async function recordBatches(columns: readonly OutputColumn[], part: Part): Promise<RecordBatch[]> {
  const reader = await openPart(part);
  try {
    const rows = await reader.read(0, 'memory' in part ? part.memory.length : Number.MAX_SAFE_INTEGER);
    return [...RecordBatchReader.from(Buffer.concat([streamStart(columns), rows, END_OF_STREAM]))];
  } finally {
    await reader.close();
  }
}
