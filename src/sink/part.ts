import { type FileHandle, open } from 'node:fs/promises';
import type { FlowBatch } from '../model/flow.ts';
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

/** Pieces, one behind the other. */
export type Encoded = readonly Uint8Array[];

/** A part in shared memory: `length` bytes from `offset` on; `ends[i]` is where what was written i-th ends. */
export interface PartBytes {
  readonly bytes: SharedArrayBuffer;
  readonly offset: number;
  readonly length: number;
  readonly ends: readonly number[];
}

/** What one task wrote: a file, or shared memory. */
export type Part = { readonly path: string } | { readonly memory: PartBytes };

/** Resolves when the bytes may be reused. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/** How the parts of one format become one output. */
export interface Assembly {
  start(write: WriteBytes): Promise<void>;
  part(part: Part, write: WriteBytes): Promise<void>;
  end(write: WriteBytes): Promise<void>;
}

/** Rows of classified records in task order. */
export interface OrderedOutput {
  /** True when nobody reads on (the reader of a pipe has gone): the caller stops early, without an error. */
  readonly closed: boolean;
  /** Adds the rows of a part and deletes its file. */
  append(part: Part): Promise<void>;
  /** Completes the output; a file appears under its name only now. */
  close(): Promise<void>;
  /** Leaves no trace of an unfinished file. */
  abort(): Promise<void>;
}

/** Reads a part at any place. */
export interface PartReader {
  /** Up to `count` bytes; fewer at the end only. Those of a part in memory are the part's own: valid while it is. */
  read(position: number, count: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

function partBytes({ bytes, offset, length }: PartBytes): Uint8Array {
  return new Uint8Array(bytes, offset, length);
}

export async function openPart(part: Part): Promise<PartReader> {
  if ('memory' in part) {
    const bytes = partBytes(part.memory);
    return { read: async (position, count) => bytes.subarray(position, position + count), close: async () => {} };
  }
  const file = await open(part.path);
  return { read: (position, count) => readFully(file, position, count), close: () => file.close() };
}

async function readFully(file: FileHandle, position: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  let filled = 0;
  while (filled < count) {
    const { bytesRead } = await file.read(bytes, filled, count - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
