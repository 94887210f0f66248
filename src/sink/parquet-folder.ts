import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FlowtrieError } from '../model/errors.ts';
import type { OutputColumn } from './columns.ts';
import { cannotWrite } from './destination.ts';
import { ParquetFile, ROW_GROUP_ROWS } from './parquet.ts';
import type { Compress } from './parquet-column.ts';
import type { Segment } from './parquet-values.ts';
import type { OrderedOutput } from './part.ts';
import { type PartBatch, partBatches } from './part-batches.ts';
import { zstdCompressor } from './zstd.ts';

/** Rows after which a partition goes on in its next file. */
const FILE_ROWS = 32 * ROW_GROUP_ROWS;

/** Bytes of batches that wait for their row group; beyond it the largest partition is written early. */
const WAITING_BYTES_MAX = 192 * 1024 * 1024;

/** Files begun and not ended; beyond it the one that was longest without a row group is ended. */
const FILES_MAX = 256;

const HOUR_SECONDS = 3600;

/** Partition of the rows without a `start`, as Hive calls it. */
const NO_HOUR = -1;
const NO_VALUE = '__HIVE_DEFAULT_PARTITION__';

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
  const startColumn = columns.findIndex((column) => column.name === 'start');
  if (startColumn < 0)
    throw new FlowtrieError('usage', '--columns: expected start among them, a folder is partitioned by it');
  const compress = await zstdCompressor();
  const staging = join(folder, `.${randomBytes(6).toString('hex')}.partial`);
  const guarded = async <T>(job: () => Promise<T>): Promise<T> => {
    try {
      return await job();
    } catch (error) {
      if (error instanceof FlowtrieError || !(error instanceof Error && 'code' in error)) throw error;
      throw cannotWrite(folder, error);
    }
  };
  await guarded(() => mkdir(staging, { recursive: true }));
  const partitions = new Partitions(staging, columns, startColumn, compress);
  return {
    closed: false,
    append: (part) =>
      guarded(async () => {
        for await (const batch of partBatches(part, columns)) await partitions.add(batch);
        await rm(part, { force: true });
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
    abort: () => rm(staging, { recursive: true, force: true }),
  };
}

/** Rows on their way to the files of their hour. */
class Partitions {
  private readonly folder: string;
  private readonly columns: readonly OutputColumn[];
  private readonly startColumn: number;
  private readonly compress: Compress;
  /** In the order in which they last wrote a row group. */
  private readonly open = new Map<number, Partition>();
  private readonly parts = new Map<number, number>();
  private readonly users = new Map<PartBatch, number>();
  private readonly files: string[] = [];
  private waitingBytes = 0;

  constructor(folder: string, columns: readonly OutputColumn[], startColumn: number, compress: Compress) {
    this.folder = folder;
    this.columns = columns;
    this.startColumn = startColumn;
    this.compress = compress;
  }

  async add(batch: PartBatch): Promise<void> {
    const found = rowsByHour(batch, this.startColumn);
    this.users.set(batch, found.size);
    this.waitingBytes += batch.byteLength;
    for (const [hour, rows] of found) {
      const partition = this.partitionOf(hour);
      const segment: Segment = { batch, rows: found.size === 1 ? null : rows };
      if (partition.rows + rows.length > ROW_GROUP_ROWS) await this.flush(partition);
      partition.waiting.push(segment);
      partition.rows += rows.length;
    }
    while (this.waitingBytes > WAITING_BYTES_MAX) await this.flush(this.largest());
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
    partition.file ??= await this.begin(partition.hour);
    await partition.file.rowGroup(partition.waiting);
    for (const { batch } of partition.waiting) {
      const users = (this.users.get(batch) ?? 1) - 1;
      if (users > 0) this.users.set(batch, users);
      else {
        this.users.delete(batch);
        this.waitingBytes -= batch.byteLength;
      }
    }
    partition.waiting = [];
    partition.rows = 0;
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
    const file = new ParquetFile(this.columns, this.compress, (bytes) => appendFile(path, bytes));
    await file.start();
    return file;
  }
}

function partitionFolder(hour: number): string {
  if (hour === NO_HOUR) return `dt=${NO_VALUE}/hour=${NO_VALUE}`;
  const [dt, time = ''] = new Date(hour * HOUR_SECONDS * 1000).toISOString().split('T');
  return `dt=${dt}/hour=${time.slice(0, 2)}`;
}

/** Numbers of the rows of each hour, hours in order of appearance. */
function rowsByHour({ rows, columns }: PartBatch, startColumn: number): ReadonlyMap<number, Int32Array> {
  const start = columns[startColumn];
  assert(start?.kind === 'numbers');
  const { valid, values } = start;
  const lists = new Map<number, number[]>();
  let [last, list]: [number | null, number[]] = [null, []];
  for (let row = 0; row < rows; row++) {
    const has = valid === null || ((valid[row >> 3]! >> (row & 7)) & 1) === 1;
    const hour = has ? Math.floor(values[2 * row]! / HOUR_SECONDS) : NO_HOUR;
    if (hour !== last) {
      last = hour;
      list = lists.get(hour) ?? [];
      lists.set(hour, list);
    }
    list.push(row);
  }
  return new Map([...lists].map(([hour, found]) => [hour, Int32Array.from(found)]));
}

const OUR_FILE = /^dt=[^/]+\/hour=[^/]+\/part-\d{5}\.parquet$/;

/** Files that an earlier run left under names of ours. */
async function removeOthers(folder: string, kept: ReadonlySet<string>): Promise<void> {
  const found = await readdir(folder, { recursive: true });
  for (const file of found.map((name) => name.replaceAll('\\', '/')))
    if (OUR_FILE.test(file) && !kept.has(file)) await rm(join(folder, file), { force: true });
}
