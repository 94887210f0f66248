import type { SharedGeneration } from '../engine/generation.ts';
import type { TaskResult } from '../engine/task.ts';
import type { CommittedOffset, TopicPartition } from '../kafka/driver.ts';
import type { MessageChunk } from './message-chunks.ts';

/** How it went with what notifications name: `damaged` objects are read in part, `ignored` events name nothing. */
export const OBJECT_ENDS = ['read', 'missing', 'denied', 'refused', 'damaged', 'ignored'] as const;
export type ObjectEnd = (typeof OBJECT_ENDS)[number];

/** A task that is done, in the order of its partition. */
export interface LaneTask {
  readonly chunk: MessageChunk;
  readonly result: TaskResult;
  /** What its records were judged by. */
  readonly generation: SharedGeneration | null;
  /** Set where the lines are not those of the messages, but of an object that the message of the chunk names. */
  readonly object: ObjectPiece | null;
}

/** Why an object could not be read, or only in part. */
export interface ObjectTrouble {
  readonly end: Exclude<ObjectEnd, 'read' | 'ignored'>;
  readonly message: string;
}

/** Part of an object. */
export interface ObjectPiece {
  /** `s3://bucket/key` */
  readonly name: string;
  /** Lines of the object before those of the task. */
  readonly linesBefore: number;
  /** Set in the last task of an object, whose text is the name alone when the object could not be read. */
  readonly end: { readonly bytes: number; readonly trouble: ObjectTrouble | null } | null;
}

/** What is committed beside the rows. */
export interface CommitExtra {
  /** Kept with the offset. */
  readonly note: string;
  /** Windows that are complete, NDJSON; they go out before the offset moves, or together with it. */
  readonly windows: readonly WindowLines[];
}

/** The rows of one window of one input partition. */
export interface WindowLines {
  /** The same for the same rows, whenever they are written. */
  readonly key: string;
  readonly lines: string;
}

/** Where the classified records of one input partition go. The group's offset moves with them, never before them. */
export interface LaneSink {
  /** The group's offset, to go on from; null = none yet. */
  readonly committed: CommittedOffset | null;
  append(task: LaneTask): Promise<void>;
  /** A task must end before the message of this offset; absent or null = anywhere. */
  readonly cutAt?: number | null;
  /** True when appended tasks stay in memory until they are committed. */
  readonly holds: boolean;
  /** True when what was appended should be committed now; `idle`: nothing more is on its way. */
  due(idle: boolean): boolean;
  /** Milliseconds until `due(true)` may turn true by itself. */
  readonly dueInMs: number;
  /** Makes everything appended durable, and `next` the group's offset. */
  commit(next: number, extra: CommitExtra): Promise<void>;
  /** Drops what was appended and not committed. */
  close(): Promise<void>;
}

/** What a stream writes to. */
export interface StreamSink {
  /** For logs, without secrets. */
  readonly name: string;
  /** Throws when the sink cannot be used now; called again until it can. */
  ready(): Promise<void>;
  open(at: TopicPartition): Promise<LaneSink>;
  close(): Promise<void>;
}
