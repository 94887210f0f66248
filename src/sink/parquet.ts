import type { FileMetaData, RowGroup } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { KernelHeap } from '../model/kernel-heap.ts';
import { CHUNK_ROWS } from './chunk.ts';
import { ColumnMemory } from './column-memory.ts';
import type { OutputColumn } from './columns.ts';
import { schemaElements } from './parquet-column.ts';
import { type Group, GroupWriter, partGroups, rowGroup } from './parquet-groups.ts';
import type { Assembly, WriteBytes } from './part.ts';
import { type Batch, BatchReader } from './part-batches.ts';
import { zstdCompressor } from './zstd.ts';

/** Rows of a row group at most: what DuckDB, Trino and Athena read as one piece of work. */
export const ROW_GROUP_ROWS: number = CHUNK_ROWS;

/** `PAR1`, first and last in a file. */
const MAGIC = Buffer.from('PAR1');

/** One Parquet file: row groups as they are given, then the footer. Columns in order, ZSTD pages. */
export class ParquetFile {
  private readonly columns: readonly OutputColumn[];
  private readonly groups: RowGroup[] = [];
  private readonly write: WriteBytes;
  private position = 0;
  /** Rows written. */
  rows = 0;

  constructor(columns: readonly OutputColumn[], write: WriteBytes) {
    this.columns = columns;
    this.write = write;
  }

  async start(): Promise<void> {
    await this.put(MAGIC);
  }

  async rowGroup({ note, bytes }: Group): Promise<void> {
    this.groups.push(rowGroup(this.columns, note, this.position));
    this.rows += note.rows;
    await this.put(bytes);
  }

  async end(): Promise<void> {
    const root = { name: 'flow', num_children: this.columns.length };
    const metadata: Omit<FileMetaData, 'metadata_length'> = {
      version: 2,
      schema: [root, ...this.columns.flatMap(schemaElements)],
      num_rows: BigInt(this.rows),
      row_groups: this.groups,
      created_by: 'flowtrie',
    };
    const out = new ByteWriter();
    writeMetadata(out, metadata as FileMetaData);
    await this.put(out.getBytes());
    await this.put(MAGIC);
  }

  private async put(bytes: Uint8Array): Promise<void> {
    await this.write(bytes);
    this.position += bytes.length;
  }
}

/** Rows of a part as columns that stay. */
export function heldColumns(batch: Batch): { rows: number; column(index: number): Batch['columns'][number] } {
  return {
    rows: batch.rows,
    column: (index) => {
      const column = batch.columns[index];
      if (column === undefined) throw new Error(`no column ${index}`);
      return column;
    },
  };
}

/**
 * A Parquet file from parts: row groups that are finished are only copied; few rows wait for those of the next parts,
 * so that many small inputs give few large groups.
 */
export async function parquetAssembly(columns: readonly OutputColumn[]): Promise<Assembly> {
  const groups = new GroupWriter(columns, await zstdCompressor(), new ColumnMemory(new KernelHeap()));
  const reader = new BatchReader(columns);
  let file: ParquetFile | undefined;
  let waiting: Batch[] = [];
  let rows = 0;
  const open = (write: WriteBytes): ParquetFile => {
    file ??= new ParquetFile(columns, write);
    return file;
  };
  const flush = async (write: WriteBytes): Promise<void> => {
    if (rows === 0) return;
    const segments = waiting.map((batch) => ({ data: heldColumns(batch), rows: null }));
    await open(write).rowGroup(groups.write(segments, null));
    waiting = [];
    rows = 0;
  };
  return {
    start: (write) => open(write).start(),
    copies: false,
    async part(part, write) {
      for await (const found of partGroups(part)) {
        if ('note' in found) {
          await flush(write);
          await open(write).rowGroup(found);
          continue;
        }
        const batch = reader.read(found);
        if (batch === null) continue;
        if (rows + batch.rows > ROW_GROUP_ROWS) await flush(write);
        waiting.push(batch);
        rows += batch.rows;
      }
    },
    async end(write) {
      await flush(write);
      await open(write).end();
    },
  };
}
