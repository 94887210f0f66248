import { strict as assert } from 'node:assert';
import { appendFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FlowtrieError } from '../model/errors.ts';
import { KernelHeap } from '../model/kernel-heap.ts';
import type { RawMessage } from './arrow-messages.ts';
import type { Columns } from './chunk-data.ts';
import { ColumnMemory } from './column-memory.ts';
import type { OutputColumn } from './columns.ts';
import { cannotWrite, partialName } from './destination.ts';
import { heldColumns, ParquetFile, ROW_GROUP_ROWS } from './parquet.ts';
import type { Compress } from './parquet-column.ts';
import { type Group, GroupWriter, partGroups } from './parquet-groups.ts';
import { partitionFolder, rowsByHour, startColumn } from './parquet-hours.ts';
import type { Segment } from './parquet-join.ts';
import type { OrderedOutput } from './part.ts';
import { BatchReader } from './part-batches.ts';
import { isPartFile } from './part-file.ts';
import { zstdCompressor } from './zstd.ts';

/** Rows after which a partition goes on in its next file. */
const FILE_ROWS = 32 * ROW_GROUP_ROWS;

/** Bytes of batches that wait for their row group; beyond it the largest partition is written early. */
const WAITING_BYTES_MAX = 192 * 1024 * 1024;

/** Files begun and not ended; beyond it the one that was longest without a row group is ended. */
const FILES_MAX = 256;

interface Partition {
  readonly hour: number;
  waiting: Segment[];
  rows: number;
  file: ParquetFile | null;
}

/**
 * A folder of Parquet files in Hive's layout, `dt=2024-12-20/hour=18/part-00000.parquet` by `start` (UTC). The files
 * are made in a hidden folder inside and put in place when all are whole; those of an earlier run are replaced.
 */
export async function openParquetFolder(folder: string, columns: readonly OutputColumn[]): Promise<OrderedOutput> {
  const start = startColumn(columns);
  const compress = await zstdCompressor();
  const staging = join(folder, basename(partialName('')));
  const guarded = async <T>(job: () => Promise<T>): Promise<T> => {
    try {
      return await job();
    } catch (error) {
      if (error instanceof FlowtrieError || !(error instanceof Error && 'code' in error)) throw error;
      throw cannotWrite(folder, error);
    }
  };
  await guarded(() => mkdir(staging, { recursive: true }));
  const partitions = new Partitions(staging, columns, start, compress);
  return {
    closed: false,
    direct: null,
    append: (part) =>
      guarded(async () => {
        for await (const found of partGroups(part)) {
          if ('note' in found) await partitions.addGroup(found);
          else await partitions.addMessage(found);
        }
        if ('path' in part) await rm(part.path, { force: true });
      }),
    close: () =>
      guarded(async () => {
        const files = await partitions.end();
        for (const file of files) {
          await mkdir(dirname(join(folder, file)), { recursive: true });
          await rename(join(staging, file), join(folder, file));
        }
        await removeOthers(folder, new Set(files));
        await rm(staging, { recursive: true, force: true });
      }),
    keep: () =>
      guarded(async () => {
        await partitions.end();
        // readers go through all of the folder: what is not whole may not lie inside
        const kept = partialName(folder.replace(/(?<=.)\/+$/, ''));
        const moved = await rename(staging, kept).then(
          () => true,
          () => false,
        );
        return moved ? kept : staging;
      }),
    abort: () => rm(staging, { recursive: true, force: true }),
  };
}

/** Rows on their way to the files of their hour. */
class Partitions {
  private readonly folder: string;
  private readonly columns: readonly OutputColumn[];
  private readonly startColumn: number;
  private readonly groups: GroupWriter;
  private readonly reader: BatchReader;
  /** In the order in which they last wrote a row group. */
  private readonly open = new Map<number, Partition>();
  private readonly parts = new Map<number, number>();
  private readonly users = new Map<Columns, number>();
  private readonly files: string[] = [];
  private readonly bytesOf = new WeakMap<Columns, number>();
  private waitingBytes = 0;

  constructor(folder: string, columns: readonly OutputColumn[], startColumn: number, compress: Compress) {
    this.folder = folder;
    this.columns = columns;
    this.startColumn = startColumn;
    this.groups = new GroupWriter(columns, compress, new ColumnMemory(new KernelHeap()));
    this.reader = new BatchReader(columns);
  }

  /** A finished row group of one hour. */
  async addGroup(group: Group): Promise<void> {
    const { hour } = group.note;
    assert(hour !== null, 'a row group of a folder has an hour');
    const partition = this.partitionOf(hour);
    await this.flush(partition);
    await this.write(partition, group);
    await this.boundFiles();
  }

  /** Rows that wait for others of their hours. */
  async addMessage(message: RawMessage): Promise<void> {
    const batch = this.reader.read(message);
    if (batch === null) return;
    const data = heldColumns(batch);
    const found = rowsByHour(data.column(this.startColumn), batch.rows);
    this.users.set(data, found.size);
    this.bytesOf.set(data, batch.byteLength);
    this.waitingBytes += batch.byteLength;
    for (const [hour, rows] of found) {
      const partition = this.partitionOf(hour);
      const segment: Segment = { data, rows: found.size === 1 ? null : rows };
      if (partition.rows + rows.length > ROW_GROUP_ROWS) await this.flush(partition);
      partition.waiting.push(segment);
      partition.rows += rows.length;
    }
    while (this.waitingBytes > WAITING_BYTES_MAX) await this.flush(this.largest());
    await this.boundFiles();
  }

  private async boundFiles(): Promise<void> {
    while (this.open.size > FILES_MAX) {
      const [oldest] = this.open.values();
      assert(oldest !== undefined);
      await this.finish(oldest);
    }
  }

  /** Ends every file; the paths of all, ascending. */
  async end(): Promise<readonly string[]> {
    for (const partition of [...this.open.values()].sort((a, b) => a.hour - b.hour)) await this.finish(partition);
    return [...this.files].sort();
  }

  private partitionOf(hour: number): Partition {
    let partition = this.open.get(hour);
    if (partition === undefined) {
      partition = { hour, waiting: [], rows: 0, file: null };
      this.open.set(hour, partition);
    }
    return partition;
  }

  private largest(): Partition {
    let largest: Partition | undefined;
    for (const partition of this.open.values()) if (partition.rows > (largest?.rows ?? 0)) largest = partition;
    assert(largest !== undefined, 'bytes wait and no partition has rows');
    return largest;
  }

  private async flush(partition: Partition): Promise<void> {
    if (partition.rows === 0) return;
    await this.write(partition, this.groups.write(partition.waiting, partition.hour));
    for (const { data } of partition.waiting) {
      const users = (this.users.get(data) ?? 1) - 1;
      if (users > 0) this.users.set(data, users);
      else {
        this.users.delete(data);
        this.waitingBytes -= this.bytesOf.get(data) ?? 0;
      }
    }
    partition.waiting = [];
    partition.rows = 0;
  }

  private async write(partition: Partition, group: Group): Promise<void> {
    partition.file ??= await this.begin(partition.hour);
    await partition.file.rowGroup(group);
    this.open.delete(partition.hour);
    this.open.set(partition.hour, partition);
    if (partition.file.rows >= FILE_ROWS) {
      await partition.file.end();
      partition.file = null;
    }
  }

  private async finish(partition: Partition): Promise<void> {
    await this.flush(partition);
    await partition.file?.end();
    this.open.delete(partition.hour);
  }

  private async begin(hour: number): Promise<ParquetFile> {
    const number = this.parts.get(hour) ?? 0;
    this.parts.set(hour, number + 1);
    const name = `${partitionFolder(hour)}/part-${String(number).padStart(5, '0')}.parquet`;
    this.files.push(name);
    const path = join(this.folder, name);
    await mkdir(dirname(path), { recursive: true });
    const file = new ParquetFile(this.columns, (bytes) => appendFile(path, bytes));
    await file.start();
    return file;
  }
}

/** Files that an earlier run left under names of ours. */
async function removeOthers(folder: string, kept: ReadonlySet<string>): Promise<void> {
  const found = await readdir(folder, { recursive: true });
  for (const file of found.map((name) => name.replaceAll('\\', '/')))
    if (isPartFile(file) && !kept.has(file)) await rm(join(folder, file), { force: true });
}
