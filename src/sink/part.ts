import { type FileHandle, open } from 'node:fs/promises';
import type { FlowBatch } from '../model/flow.ts';
import { copyShared } from '../model/shared-copy.ts';
import type { VerdictBatch } from '../model/verdict.ts';

/** `arrow` = Arrow IPC file, `arrows` = Arrow IPC stream, `ocsf` = OCSF events, one a line. */
export const OUTPUT_FORMATS = ['ndjson', 'csv', 'arrow', 'arrows', 'parquet', 'ocsf'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Turns batches into the bytes of a part. */
export interface BatchEncoder {
  /** Begins a task, whatever became of the last one. An encoder without it serves one task. */
  begin?(): void;
  /**
   * The bytes to append; all bytes of a task depend on nothing but its rows and the context, so parts may be made by
   * any worker. Rows may be kept back for a later call. Await it before the batches are filled again; write the bytes
   * before the next call.
   */
  encode(flow: FlowBatch, verdicts: VerdictBatch): Encoded | Promise<Encoded>;
  /** The bytes of rows that were kept back, at the end of a task; nothing of a task is carried into the next. */
  finish?(): Encoded | Promise<Encoded>;
  /** Gives back the memory of the context's heap; the encoder is not used any more. */
  release?(): void;
}

/** Pieces, one behind the other; each is valid until the next is asked for. */
export type Encoded = Iterable<Uint8Array>;

/** A part in shared memory: `length` bytes from `offset` on; `ends[i]` is where what was written i-th ends. */
export interface PartBytes {
  readonly bytes: SharedArrayBuffer;
  readonly offset: number;
  readonly length: number;
  readonly ends: readonly number[];
}

/** What one task wrote: a file, or shared memory. */
export type Part = { readonly path: string } | { readonly memory: PartBytes };

/** What one task wrote into the output itself, behind all that is there; `failure`: why it could not write more. */
export interface Written {
  readonly written: number;
  readonly failure: string | null;
}

/** An output that tasks may write into, behind the bytes that count so far. */
export interface DirectFile {
  readonly fd: number;
  /** Bytes that count. */
  readonly length: number;
  /** What is written behind them counts, too. Throws FlowtrieError `output` where not all could be written. */
  extend(written: Written): void;
}

/** Resolves when the bytes may be reused. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/** How the parts of one format become one output. */
export interface Assembly {
  start(write: WriteBytes): Promise<void>;
  part(part: Part, write: WriteBytes): Promise<void>;
  /** True when the bytes of parts are those of the output. */
  readonly copies: boolean;
  end(write: WriteBytes): Promise<void>;
}

/** Rows of classified records in task order. */
export interface OrderedOutput {
  /** True when nobody reads on (the reader of a pipe has gone): the caller stops early, without an error. */
  readonly closed: boolean;
  /** Where the task that is next may write its rows by itself; null = nowhere. */
  readonly direct: DirectFile | null;
  /** Adds the rows of a part and deletes its file. */
  append(part: Part): Promise<void>;
  /** Completes the output; a file appears under its name only now. */
  close(): Promise<void>;
  /**
   * Completes the output of a run that ended early, and leaves what stood under its name. Where it is: a name of its
   * own; null = it went where it goes, to a pipe or device.
   */
  keep(): Promise<string | null>;
  /** Leaves no trace of an unfinished file. */
  abort(): Promise<void>;
}

/** Reads a part at any place. */
export interface PartReader {
  /** Up to `count` bytes; fewer at the end only. Those of a part in memory are the part's own: valid while it is. */
  read(position: number, count: number): Promise<Uint8Array>;
  /** Fills `target`, or less of it at the end only; resolves to how many bytes. */
  readInto(target: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

export async function openPart(part: Part): Promise<PartReader> {
  if ('memory' in part) return memoryReader(part.memory);
  const file = await open(part.path);
  const readInto = (target: Uint8Array, position: number): Promise<number> => readFully(file, target, position);
  return {
    async read(position, count) {
      const bytes = new Uint8Array(count);
      return bytes.subarray(0, await readInto(bytes, position));
    },
    readInto,
    close: () => file.close(),
  };
}

function memoryReader({ bytes, offset, length }: PartBytes): PartReader {
  const part = new Uint8Array(bytes, offset, length);
  return {
    read: async (position, count) => part.subarray(position, position + count),
    async readInto(target, position) {
      const found = part.subarray(position, position + target.length);
      copyShared(found, Buffer.from(target.buffer, target.byteOffset, target.length), 0);
      return found.length;
    },
    close: async () => {},
  };
}

async function readFully(file: FileHandle, target: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < target.length) {
    const { bytesRead } = await file.read(target, filled, target.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
