import type { FileMetaData, RowGroup } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import type { OutputColumn } from './columns.ts';
import { ColumnWriter, schemaElements } from './parquet-column.ts';
import { type Segment, segmentRows } from './parquet-values.ts';
import type { Assembly, WriteBytes } from './part.ts';
import { partBatches } from './part-batches.ts';
import { zstdCompressor } from './zstd.ts';

/** Rows of a row group at most: what DuckDB, Trino and Athena read as one piece of work. */
export const ROW_GROUP_ROWS = 131_072;

/** `PAR1`, first and last in a file. */
const MAGIC = Buffer.from('PAR1');
const GROUP_BYTES_AT_FIRST = 1 << 22;

/** One Parquet file: row groups as they are given, then the footer. Columns in order, ZSTD pages. */
export class ParquetFile {
  private readonly columns: readonly OutputColumn[];
  private readonly groups: RowGroup[] = [];
  private readonly compress: (page: Uint8Array) => Uint8Array;
  private readonly write: WriteBytes;
  private position = 0;
  /** Rows written. */
  rows = 0;

  constructor(columns: readonly OutputColumn[], compress: (page: Uint8Array) => Uint8Array, write: WriteBytes) {
    this.columns = columns;
    this.compress = compress;
    this.write = write;
  }

  async start(): Promise<void> {
    await this.put(MAGIC);
  }

  async rowGroup(segments: readonly Segment[]): Promise<void> {
    const rows = segments.reduce((sum, segment) => sum + segmentRows(segment), 0);
    if (rows === 0) return;
    const out = new ByteWriter(GROUP_BYTES_AT_FIRST);
    const writer = new ColumnWriter(out, this.compress);
    const columns = this.columns.map((column, i) => writer.write(column, i, segments, this.position));
    const plain = columns.reduce((sum, { meta_data }) => sum + (meta_data?.total_uncompressed_size ?? 0n), 0n);
    this.groups.push({
      columns,
      total_byte_size: plain,
      num_rows: BigInt(rows),
      total_compressed_size: BigInt(out.offset),
    });
    this.rows += rows;
    await this.put(out.getBytes());
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

/**
 * A Parquet file from parts in the Arrow stream format. Row groups do not follow the parts: many small inputs give few
 * large groups.
 */
export async function parquetAssembly(columns: readonly OutputColumn[]): Promise<Assembly> {
  const compress = await zstdCompressor();
  let file: ParquetFile | undefined;
  let waiting: Segment[] = [];
  let rows = 0;
  const open = async (write: WriteBytes): Promise<ParquetFile> => {
    if (file === undefined) {
      file = new ParquetFile(columns, compress, write);
      await file.start();
    }
    return file;
  };
  const flush = async (write: WriteBytes): Promise<void> => {
    await (await open(write)).rowGroup(waiting);
    waiting = [];
    rows = 0;
  };
  return {
    async start(write) {
      await open(write);
    },
    async part(path, write) {
      for await (const batch of partBatches(path, columns)) {
        if (rows > 0 && rows + batch.rows > ROW_GROUP_ROWS) await flush(write);
        waiting.push({ batch, rows: null });
        rows += batch.rows;
      }
    },
    async end(write) {
      await flush(write);
      await (await open(write)).end();
    },
  };
}
