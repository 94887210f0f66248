import { batchMessages } from './arrow.ts';
import { Chunk } from './chunk.ts';
import { ColumnMemory } from './column-memory.ts';
import { GroupWriter, groupFrame } from './parquet-groups.ts';
import { rowsByHour, startColumn } from './parquet-hours.ts';
import type { BatchEncoder } from './part.ts';
import { RecordBody } from './record-body.ts';
import type { RowContext } from './rows.ts';
import { zstdCompressor } from './zstd.ts';

/** Rows from which on a task makes row groups of its own; fewer wait for those of the next tasks. */
const GROUP_ROWS_MIN = 16_384;

/** Hours of a chunk beyond which its rows wait for others, where there is a file for each hour. */
const HOURS_MAX = 4;

/**
 * Row groups of up to CHUNK_ROWS rows, finished: whoever writes them only adds a footer. Few rows are handed on as
 * columns (Arrow messages), to be joined with those of other tasks.
 */
export async function parquetEncoder(context: RowContext): Promise<BatchEncoder> {
  const memory = new ColumnMemory(context.heap);
  const chunk = new Chunk(context, memory);
  const groups = new GroupWriter(context.columns, await zstdCompressor(), memory);
  const write = context.byHour === true ? hourGroups(context, chunk, groups) : wholeGroups(chunk, groups);
  const body = new RecordBody(memory);
  const take = (): Uint8Array[] => {
    if (chunk.rows === 0) return [];
    const pieces = write() ?? batchMessages(context.columns, chunk, body, null);
    chunk.reset();
    return pieces;
  };
  return {
    encode(flow, verdicts) {
      const pieces = chunk.isFull(flow.rows) ? take() : [];
      chunk.append(flow, verdicts);
      return pieces;
    },
    finish: take,
    begin: () => chunk.reset(),
    release: () => memory.release(),
  };
}

/** Writes the chunk as row groups; null = its rows are too few. */
type WriteGroups = () => Uint8Array[] | null;

function wholeGroups(chunk: Chunk, groups: GroupWriter): WriteGroups {
  return () => (chunk.rows < GROUP_ROWS_MIN ? null : groupFrame(groups.write([{ data: chunk, rows: null }], null)));
}

function hourGroups(context: RowContext, chunk: Chunk, groups: GroupWriter): WriteGroups {
  const start = startColumn(context.columns);
  return () => {
    if (chunk.rows < GROUP_ROWS_MIN) return null;
    const hours = rowsByHour(chunk.column(start), chunk.rows);
    if (hours.size > HOURS_MAX) return null;
    return [...hours].flatMap(([hour, rows]) => {
      const group = groups.write([{ data: chunk, rows: hours.size === 1 ? null : rows }], hour);
      // the next one takes over its bytes
      return groupFrame({ note: group.note, bytes: group.bytes.slice() });
    });
  };
}
