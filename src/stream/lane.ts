import { strict as assert } from 'node:assert';
import type { AnalyzerPool } from '../engine/pool.ts';
import type { AnalyzeTask, TaskResult } from '../engine/task.ts';
import type { TopicPartition } from '../kafka/driver.ts';
import type { MessageChunk } from './message-chunks.ts';
import type { ObjectReading } from './object-reading.ts';
import type { LaneSink, LaneTask } from './stream-sink.ts';

export interface LaneOptions {
  readonly at: TopicPartition;
  readonly sink: LaneSink;
  readonly pool: AnalyzerPool;
  /** The task of a chunk; `apart`: every message is an input of its own. */
  task(at: TopicPartition, chunk: MessageChunk, apart: boolean): AnalyzeTask;
  /** Begins to read the objects that the message of a chunk names; see ObjectReadingOptions for `turn`. */
  read(notification: NonNullable<MessageChunk['notification']>, turn: Promise<void>): ObjectReading;
  /** Told of a task that needs its memory no more. */
  released(chunk: MessageChunk): void;
  /** Told of tasks whose results are durable. */
  committed(tasks: readonly LaneTask[], next: number): void;
  /** The lane has ended for this reason; nothing of it that is not committed remains. */
  failed(error: Error): void;
}

const NO_BYTES = new SharedArrayBuffer(0);

/** A task that is not appended yet, and the objects that its message names. */
interface Pending {
  readonly chunk: MessageChunk;
  readonly task: AnalyzeTask;
  readonly result: Promise<TaskResult>;
  readonly reading: ObjectReading | null;
}

/**
 * The way of one input partition: its tasks run on any worker, their results are appended to the sink in order and
 * committed together with the group's offset.
 */
export class Lane {
  readonly at: TopicPartition;
  /** Offset of the next message to take. */
  position: number;
  private readonly options: LaneOptions;
  private readonly pending: Pending[] = [];
  private appended: LaneTask[] = [];
  private appendedNext: number;
  /** Resolves when the last reading that began has its credits. */
  private turn: Promise<void> = Promise.resolve();
  private ended = false;
  private draining = false;
  private hurried = false;
  private wake: () => void = () => {};
  private readonly finished: Promise<void>;

  constructor(options: LaneOptions, position: number) {
    this.options = options;
    this.at = options.at;
    this.position = position;
    this.appendedNext = position;
    this.finished = this.run();
  }

  /** Nothing is under way and nothing waits to be committed. */
  get idle(): boolean {
    return this.pending.length === 0 && this.appended.length === 0;
  }

  /** See LaneSink. */
  get cutAt(): number | null {
    return this.options.sink.cutAt ?? null;
  }

  get open(): boolean {
    return !this.ended && !this.draining;
  }

  /** Takes a chunk over; its credit is given back through `released`. */
  submit(chunk: MessageChunk): void {
    assert(this.open);
    const { pool, task, read } = this.options;
    const planned = task(this.at, chunk, false);
    const result = pool.run(planned);
    // a rejection is met when its turn comes; until then it must not count as unhandled
    result.catch(() => {});
    const { notification } = chunk;
    const reading = notification === null || notification.objects.length === 0 ? null : read(notification, this.turn);
    if (reading !== null) this.turn = reading.granted;
    this.pending.push({ chunk, task: planned, result, reading });
    this.position = chunk.next;
    this.wake();
  }

  /** From now on what is taken is committed as soon as nothing more is on its way. */
  hurry(): void {
    this.hurried = true;
    this.wake();
  }

  /** Commits everything taken, then ends; after `ms` what is left is dropped. Resolves to true when nothing was. */
  async drain(ms: number): Promise<boolean> {
    this.draining = true;
    this.wake();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([this.finished, late]);
    clearTimeout(timer);
    const clean = this.idle;
    await this.abandon();
    return clean;
  }

  /** Ends without committing what is under way. */
  async abandon(): Promise<void> {
    this.ended = true;
    this.wake();
    await this.options.sink.close().catch(() => {});
    this.release(this.appended.splice(0));
    for (const { chunk, result, reading } of this.pending.splice(0)) {
      reading?.close();
      const release = (): void => this.options.released(chunk);
      result.then(release, release);
    }
  }

  private async run(): Promise<void> {
    try {
      while (!this.ended) {
        const first = this.pending[0];
        if (first !== undefined) await this.appendFirst(first);
        if (this.ended) return;
        const idle = this.pending.length === 0;
        const last = idle && (this.draining || this.hurried);
        if (this.appended.length > 0 && (last || this.options.sink.due(idle))) await this.commit();
        else if (idle && this.draining) return;
        else if (idle) await this.next();
      }
    } catch (error) {
      if (this.ended) return;
      await this.abandon();
      this.options.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private async appendFirst({ chunk, task, result: first, reading }: Pending): Promise<void> {
    let [result, judgedBy] = [await first, task.generation];
    if (result.ledger.headers > 0 || result.endFields !== null) {
      // a header is in force to the end of its message only: once more, every message apart
      const apart = this.options.task(this.at, chunk, true);
      [result, judgedBy] = [await this.options.pool.run(apart), apart.generation];
    }
    await this.append({ chunk, result, generation: judgedBy, object: null });
    if (reading !== null) for await (const piece of reading.pieces()) await this.append({ chunk, ...piece });
    if (this.ended) return;
    this.pending.shift();
    this.appendedNext = chunk.next;
    if (!this.options.sink.holds) this.options.released(chunk);
  }

  private async append(task: LaneTask): Promise<void> {
    if (this.ended) return;
    await this.options.sink.append(task);
    if (this.ended) return;
    // rows, and messages whose credit is given back, are kept no longer: what remains is what is counted
    const result = { ...task.result, rows: null, quarantine: null };
    const { chunk } = task;
    const values = this.options.sink.holds ? chunk.values : { ...chunk.values, bytes: NO_BYTES };
    this.appended.push({ ...task, result, chunk: { ...chunk, values } });
  }

  private async commit(): Promise<void> {
    const { appended, appendedNext } = this;
    await this.options.sink.commit(appendedNext);
    this.appended = [];
    this.release(appended);
    this.options.committed(appended, appendedNext);
  }

  private release(appended: readonly LaneTask[]): void {
    if (!this.options.sink.holds) return;
    for (const { chunk, object } of appended) if (object === null) this.options.released(chunk);
  }

  /** Resolves when there is something to do. */
  private next(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.appended.length > 0 ? setTimeout(resolve, this.options.sink.dueInMs) : undefined;
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
