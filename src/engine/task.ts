import { strict as assert } from 'node:assert';
import type { Heading } from '../decode/format.ts';
import type { ColumnBatch } from '../model/column-batch.ts';
import type { RecordFilter } from '../model/filter.ts';
import type { Ledger, Malformed } from '../model/ledger.ts';
import type { RecordBlock } from '../model/record-block.ts';
import type { TwinMemory } from '../pods/twins.ts';
import type { ArrowCompression } from '../sink/arrow-compression.ts';
import type { OutputColumn } from '../sink/columns.ts';
import type { OutputFormat, Part, Written } from '../sink/part.ts';
import type { Content } from '../source/content.ts';
import type { Compression } from '../source/inflater.ts';
import type { S3Object } from '../source/s3/object.ts';
import type { ValueChunk } from '../source/values.ts';
import type { SharedGeneration } from './generation.ts';
import type { KeptMemory, KeptTask } from './kept.ts';
import type { RecordTimes } from './record-times.ts';
import type { SlotMemory } from './slot-memory.ts';
import type { TaskCounts } from './tally.ts';
import type { Turn } from './turn.ts';
import type { SharedVersion } from './versions.ts';
import type { WindowCounts } from './window-tally.ts';

/** What every worker is given once, when it starts. Shared memory travels by reference. */
export interface AnalyzeSetup {
  readonly versions: readonly SharedVersion[];
  /** Rows wanted: how to encode them; null = summary only. */
  readonly rows: {
    readonly format: OutputFormat;
    readonly columns: readonly OutputColumn[];
    /** The input's fields that would be columns if none were chosen. */
    readonly taken: readonly string[];
    /** Of Arrow messages. */
    readonly compression: ArrowCompression;
    /** Parquet: a row group holds rows of one hour. */
    readonly byHour: boolean;
  } | null;
  /** Which records are wanted; null = all. */
  readonly filter: RecordFilter | null;
  /** Records met so far (see engine/dedupe); null = duplicates stay. */
  readonly met: SharedArrayBuffer | null;
  /** Write malformed lines of each task to a part. */
  readonly quarantine: boolean;
  /** Folder of part files, which the main thread makes and removes; null = parts are kept in shared memory. */
  readonly partFolder: string | null;
  /** Memory for parts of rows that would be files; null = there is none. */
  readonly partMemory: SlotMemory | null;
  /** Whose turn it is to write rows into the output itself; null = nobody ever does. */
  readonly turn: Turn | null;
  /** Memory for the groups that tasks count (see GROUPS_BYTES); null = every result brings its own. */
  readonly groupMemory: SlotMemory | null;
  /** Two i64: input bytes read and records decoded so far by all workers, for the progress bar. */
  readonly progress: SharedArrayBuffer;
  /** Int32 flag, 1 = stop: tasks end early. Running tasks are never aborted, that would kill their worker. */
  readonly stop: SharedArrayBuffer;
  /** Memories of the twin table; null = records are not paired. */
  readonly twins: readonly TwinMemory[] | null;
  /** Memory for what the first pass of pairing decoded; null = the second decodes again. */
  readonly kept: KeptMemory | null;
  /** Seconds of the windows that counts are kept by besides; 0 = none are. */
  readonly windowSeconds: number;
}

/** The folder of part files where there must be one. */
export function partFolderOf({ partFolder }: AnalyzeSetup): string {
  assert(partFolder !== null);
  return partFolder;
}

/**
 * Where the bytes of a task are: a whole file, a byte range of a plain file of lines, an object of S3, row groups of a
 * Parquet file, a framed chunk of a stream, messages of a topic, records or a line that was never whole of a stream,
 * columns in memory, or what was kept of the task since it was decoded.
 */
export type TaskSource =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly compression: Compression | null;
      readonly content: Content;
      readonly start: number;
      readonly end: number;
    }
  | { readonly kind: 'object'; readonly object: S3Object }
  | {
      readonly kind: 'parquet';
      readonly path: string;
      readonly object: S3Object | null;
      readonly first: number;
      readonly last: number;
    }
  | {
      readonly kind: 'chunk';
      readonly bytes: SharedArrayBuffer;
      readonly length: number;
      /** Bytes of the input that were read for it, for the progress bar. */
      readonly read: number;
    }
  | { readonly kind: 'records'; readonly block: RecordBlock }
  | { readonly kind: 'columns'; readonly columns: ColumnBatch }
  | ({ readonly kind: 'values' } & ValueChunk)
  | { readonly kind: 'kept'; readonly kept: KeptTask }
  | { readonly kind: 'broken'; readonly reason: Malformed; readonly text: Uint8Array };

export interface AnalyzeTask {
  readonly seq: number;
  /** Name of the input, for messages. */
  readonly name: string;
  readonly source: TaskSource;
  /** Number of the flow log it belongs to, from 1 on. */
  readonly flowLog: number;
  /** In force at the first line. */
  readonly fields: Heading;
  /** Paired by the answers of a spill file instead of the table. */
  readonly spilled: boolean;
  /** Versions to judge by; null = those of the setup. */
  readonly generation: SharedGeneration | null;
}

/** A task of the first pass of pairing. */
export interface PairTask extends AnalyzeTask {
  /** Number of this filling of the twin table: chooses the memory; a worker forgets what it remembers of another. */
  readonly epoch: number;
  /** To a spill file, because the table was too small. */
  readonly spill: boolean;
}

export interface PairResult {
  readonly ledger: Ledger;
  readonly times: RecordTimes;
  /** What was decoded, where there was memory for all of it and nothing went wrong. */
  readonly kept: KeptTask | null;
  /** False when the table was full before the task was done. */
  readonly fits: boolean;
  /** As in TaskResult. */
  readonly endFields: Heading | null;
  /** Why the spill file is not whole: the pool makes an error of it; null = it is, or there is none. */
  readonly spillFailure: string | null;
}

/** Answers one partition's questions in the spill files of tasks 0 … tasks − 1. */
export interface AnswerTask {
  readonly partition: number;
  readonly tasks: number;
}

export interface TaskResult {
  readonly seq: number;
  /** Bytes of the input. */
  readonly read: number;
  readonly ledger: Ledger;
  readonly counts: TaskCounts;
  /** In force after the last line, when a header changed it; null = unchanged. */
  readonly endFields: Heading | null;
  readonly rows: Part | null;
  /** Rows in the output itself; there is no part of them then. */
  readonly written: Written | null;
  readonly quarantine: Part | null;
  /** A part file that could not be written, and why: the pool makes an error of it. */
  readonly partFailure: string | null;
  /** Counts by window, where they are kept. */
  readonly windows: WindowCounts | null;
  /** The input ended early or is corrupt: the message; what was decoded before counts. */
  readonly failure: string | null;
  /** The failure says nothing of the input: the same task may succeed later. */
  readonly failurePasses: boolean;
}
