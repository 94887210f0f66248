import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FlowtrieError } from '../model/errors.ts';
import type { DirectFile, WriteBytes } from './part.ts';

/** Where the bytes of an output go. Nobody else sees them before commit() (files), or at once (stdout, devices). */
export interface Destination {
  readonly write: WriteBytes;
  /** True when the reader of stdout has gone away: further bytes are dropped quietly. */
  readonly closed: boolean;
  /** The file itself; null = it is none, or a pipe or device. */
  readonly direct: DirectFile | null;
  commit(): Promise<void>;
  /** Of a run that ended early: a file gets a name of its own, which it resolves to; null = a pipe or device. */
  keep(): Promise<string | null>;
  abort(): Promise<void>;
}

/** `-` is stdout. A regular file appears under its name only when complete; pipes and devices are written directly. */
export async function openDestination(path: string): Promise<Destination> {
  if (path === '-') return stdoutDestination();
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw cannotWrite(path, error);
  });
  if (found?.isDirectory()) throw new FlowtrieError('output', `cannot write ${path}: it is a folder, expected a file`);
  if (found !== undefined && !found.isFile()) {
    return deviceDestination(path, await openForWriting(path, path));
  }
  // a link keeps pointing where it did: the file behind it is replaced
  const target = found === undefined ? path : await realpath(path);
  const kept = partialName(target);
  const partial = join(dirname(kept), `.${basename(kept)}`);
  return fileDestination({ path, target, partial, kept }, await openForWriting(partial, path));
}

/** A name beside an output that nothing else has, for what is not whole. */
export function partialName(target: string): string {
  return `${target}.${randomBytes(6).toString('hex')}.partial`;
}

async function openForWriting(file: string, path: string): Promise<FileHandle> {
  try {
    return await open(file, 'w');
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

export function cannotWrite(path: string, error: unknown): FlowtrieError {
  const reason = error instanceof Error ? error.message.replace(/, \w+( '.*')?$/, '') : String(error);
  return new FlowtrieError('output', `cannot write ${path}: ${reason}`, { cause: error });
}

/** True when a write failed because nobody reads any more. */
export function readerHasGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
}

/** `job` with errors that name the output. */
async function guarded(path: string, job: () => Promise<void>): Promise<void> {
  try {
    await job();
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** A file as it was asked for, where it will be, where it is made, and where it is left when it is not whole. */
interface FileNames {
  readonly path: string;
  readonly target: string;
  readonly partial: string;
  readonly kept: string;
}

function fileDestination({ path, target, partial, kept }: FileNames, handle: FileHandle): Destination {
  let length = 0;
  const publish = (name: string): Promise<void> =>
    guarded(path, async () => {
      // a run that ends early leaves what a task wrote and nobody took up
      await handle.truncate(length);
      await handle.close();
      await rename(partial, name);
    });
  return {
    closed: false,
    direct: {
      fd: handle.fd,
      get length() {
        return length;
      },
      extend({ written, failure }) {
        if (failure !== null) throw cannotWrite(path, new Error(failure));
        length += written;
      },
    },
    write: (bytes) =>
      guarded(path, async () => {
        for (let at = 0; at < bytes.length; ) {
          const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, length);
          at += bytesWritten;
          length += bytesWritten;
        }
      }),
    commit: () => publish(target),
    async keep() {
      await publish(kept);
      return kept;
    },
    abort: async () => {
      await handle.close().catch(() => {});
      await rm(partial, { force: true });
    },
  };
}

/** A pipe or a device: bytes go on from where the last ones ended. */
function deviceDestination(path: string, handle: FileHandle): Destination {
  const close = (): Promise<void> => guarded(path, () => handle.close());
  return {
    closed: false,
    direct: null,
    write: (bytes) =>
      guarded(path, async () => {
        for (let at = 0; at < bytes.length; ) {
          const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, null);
          at += bytesWritten;
        }
      }),
    commit: close,
    keep: () => close().then(() => null),
    abort: () => handle.close().catch(() => {}),
  };
}

function stdoutDestination(): Destination {
  let closed = false;
  let failure: Error | undefined;
  const fail = (error: NodeJS.ErrnoException): void => {
    if (readerHasGone(error)) closed = true;
    else failure ??= error;
  };
  process.stdout.on('error', fail);
  const release = async (): Promise<void> => {
    // the 'error' event of a write that has failed may still be on its way
    if (!closed) process.stdout.off('error', fail);
  };
  return {
    get closed() {
      return closed;
    },
    direct: null,
    async write(bytes) {
      if (closed) return;
      // the callback comes when the bytes have left: back-pressure, and leave to reuse them
      await new Promise<void>((resolve) => {
        process.stdout.write(bytes, (error) => {
          if (error) fail(error);
          resolve();
        });
      });
      if (failure !== undefined) throw cannotWrite('standard output', failure);
    },
    commit: release,
    keep: () => release().then(() => null),
    abort: release,
  };
}
