import type { SharedGeneration } from '../engine/generation.ts';
import type { RecordTimes } from '../engine/record-times.ts';
import type { AnalyzeTask, TaskResult } from '../engine/task.ts';
import type { CompiledVersion } from '../engine/versions.ts';
import type { TopicPartition } from '../kafka/driver.ts';
import type { MessageChunk } from './message-chunks.ts';
import type { ObjectReading, PieceResult } from './object-reading.ts';
import type { Pairing } from './pairing.ts';
import type { LaneSink, LaneTask } from './stream-sink.ts';
import type { Watermark } from './watermark.ts';
import type { Windows } from './windows.ts';

/** What a message names. */
export type Notification = NonNullable<MessageChunk['notification']>;

/** What a lane is given. */
export interface LaneOptions {
  readonly at: TopicPartition;
  readonly sink: LaneSink;
  /** The task of a chunk; `apart`: every message is an input of its own. */
  task(at: TopicPartition, chunk: MessageChunk, apart: boolean): AnalyzeTask;
  judge(task: AnalyzeTask): Promise<TaskResult>;
  /** Begins to read the objects that the message of a chunk names; see ObjectReadingOptions for `turn`. */
  read(notification: Notification, turn: Promise<void>): ObjectReading;
  /** Reads them for the twin table alone. */
  tell(notification: Notification, turn: Promise<void>): ObjectReading<PieceResult & { readonly times?: RecordTimes }>;
  /** The versions of a task. */
  judgedBy(generation: SharedGeneration | null): readonly CompiledVersion[];
  /** null = records are not paired. */
  readonly pairing: Pairing | null;
  readonly windows: Windows | null;
  readonly watermark: Watermark;
  /** Nothing is known to wait behind this offset. */
  caughtUp(position: number): boolean;
  /** Nothing more is to come: what waits for something may go on. */
  finishing(): boolean;
  /** Memory for a chunk whose twins have come; false = none now. */
  taken(chunk: MessageChunk): boolean;
  /** Told of a task that needs its memory no more. */
  released(chunk: MessageChunk): void;
  /** Told of tasks whose results are durable. */
  committed(tasks: readonly LaneTask[], next: number): void;
  /** The lane has ended for this reason; nothing of it that is not committed remains. */
  failed(error: Error): void;
}

/** Messages behind this offset were committed before: they are read again for what was in memory only. */
export interface LaneStart {
  readonly position: number;
  readonly committed: number;
}
