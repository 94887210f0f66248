import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TopicPartition } from '../kafka/driver.ts';
import { createAssembly } from '../sink/assembly.ts';
import type { OutputColumn } from '../sink/columns.ts';
import { type Destination, openDestination } from '../sink/destination.ts';
import type { Assembly, OutputFormat } from '../sink/part.ts';
import type { CommitOffset } from './offsets.ts';
import type { LaneSink, StreamSink } from './stream-sink.ts';

export interface FolderSinkOptions {
  readonly folder: string;
  readonly format: OutputFormat;
  readonly columns: readonly OutputColumn[];
  readonly offsets: CommitOffset;
  /** A file is complete when it has this many bytes or is this old, or the partition is given up. */
  readonly fileBytes: number;
  readonly fileMs: number;
  /** Label of the inventory version that is in force. */
  versionLabel(): string;
}

/** Digits of an offset in a name, so that names sort as offsets do. */
const OFFSET_DIGITS = 20;

/**
 * Files `topic=T/partition=P/FIRST-LAST-VERSION.EXT`, Hive's layout: FIRST and LAST are the offsets of the messages
 * whose rows they hold. A file appears whole, and before the group's offset moves to LAST + 1. After a crash
 * between the two, the partition goes on from FIRST again and its new file takes the place of the old one: at least
 * once, and no row twice.
 */
export function folderSink(options: FolderSinkOptions): StreamSink {
  return {
    name: options.folder,
    ready: async () => {
      await mkdir(options.folder, { recursive: true });
    },
    open: (at) => openLane(options, at),
    close: async () => {},
  };
}

interface OpenFile {
  readonly first: number;
  readonly openedAt: number;
  readonly path: string;
  readonly destination: Destination;
  readonly assembly: Assembly;
  bytes: number;
  rows: boolean;
}

async function openLane(options: FolderSinkOptions, at: TopicPartition): Promise<LaneSink> {
  const { offsets, fileBytes, fileMs } = options;
  const folder = join(options.folder, `topic=${at.topic}`, `partition=${at.partition}`);
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) if (name.startsWith('.')) await rm(join(folder, name), { force: true });
  let file: OpenFile | undefined;
  const age = (): number => (file === undefined ? 0 : Date.now() - file.openedAt);
  return {
    committed: await offsets.committed(at),
    holds: false,
    get dueInMs() {
      return file === undefined ? Number.POSITIVE_INFINITY : Math.max(0, fileMs - age());
    },
    async append(task) {
      const part = task.result.rows;
      try {
        file ??= await openFile(options, folder, task.chunk.offsets[0] ?? 0);
        if (part !== null && task.result.counts.classified + task.result.counts.notJudged > 0) {
          const { destination } = file;
          const target = file;
          await file.assembly.part(part, (bytes) => {
            target.bytes += bytes.length;
            return destination.write(bytes);
          });
          file.rows = true;
        }
        await offsets.letters(at, task);
      } finally {
        if (part !== null && 'path' in part) await rm(part.path, { force: true });
      }
    },
    due: () => file !== undefined && (file.bytes >= fileBytes || age() >= fileMs),
    async commit(next, { note }) {
      if (file !== undefined) await publish(options, folder, file, next);
      file = undefined;
      await offsets.commit(at, next, note);
    },
    async close() {
      await file?.destination.abort();
      file = undefined;
    },
  };
}

async function openFile(options: FolderSinkOptions, folder: string, first: number): Promise<OpenFile> {
  const path = join(folder, `.${first}.${options.format}`);
  const assembly = await createAssembly(options.format, options.columns);
  const destination = await openDestination(path);
  try {
    await assembly.start(destination.write);
  } catch (error) {
    await destination.abort();
    throw error;
  }
  return { first, openedAt: Date.now(), path, destination, assembly, bytes: 0, rows: false };
}

async function publish(options: FolderSinkOptions, folder: string, file: OpenFile, next: number): Promise<void> {
  const padded = (offset: number): string => String(offset).padStart(OFFSET_DIGITS, '0');
  const version = options.versionLabel().replace(/[-:]/g, '');
  const name = `${padded(file.first)}-${padded(next - 1)}-${version}.${options.format}`;
  await file.assembly.end(file.destination.write);
  await file.destination.commit();
  await synced(file.path);
  if (file.rows) await rename(file.path, join(folder, name));
  else await rm(file.path);
  // what an attempt before a crash left behind: it began at the same offset
  for (const other of await readdir(folder)) {
    if (other.startsWith(`${padded(file.first)}-`) && other !== name) await rm(join(folder, other), { force: true });
  }
  await synced(folder);
}

/** Resolves when the system has written the file, or the names in a folder, to the disk. */
async function synced(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
