import { strict as assert } from 'node:assert';
import { rm } from 'node:fs/promises';
import type { SharedGeneration } from '../engine/generation.ts';
import type { RecordTimes } from '../engine/record-times.ts';
import type { TaskResult } from '../engine/task.ts';
import type { TopicPartition } from '../kafka/driver.ts';
import { LaneHistory } from './lane-history.ts';
import { noteText } from './lane-note.ts';
import type { LaneOptions, LaneStart, Notification } from './lane-options.ts';
import type { MessageChunk } from './message-chunks.ts';
import type { ObjectReading } from './object-reading.ts';
import { type Pairing, TWIN_SPREAD_SECONDS } from './pairing.ts';
import type { LaneTask } from './stream-sink.ts';
import type { Progress } from './watermark.ts';
import type { Windows } from './windows.ts';

const NO_BYTES = new SharedArrayBuffer(0);

/** A chunk on its way: its records are told to others (when they are paired), then it waits, then it is judged. */
interface Pending {
  readonly chunk: MessageChunk;
  readonly replayed: boolean;
  readonly arrivedAt: number;
  state: 'told' | 'waits' | 'judged';
  times: RecordTimes | null;
  /** What judged it. */
  generation: SharedGeneration | null;
  result: TaskResult | null;
  error: Error | null;
  /** The objects that its message names, while they are read. */
  reading: Pick<ObjectReading, 'close'> | null;
  /** Their rows. */
  pieces: ReturnType<ObjectReading['pieces']> | null;
  /** Resolves when judging it has ended, one way or the other. */
  settled: Promise<void>;
}

/** Milliseconds between two looks at the clock while something waits for it. */
const CLOCK_MS = 500;

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
  private readonly history = new LaneHistory();
  private readonly progress: Progress;
  /** Resolve when the last reading that began, to judge or to tell, has its credits. */
  private readTurn: Promise<void> = Promise.resolve();
  private tellTurn: Promise<void> = Promise.resolve();
  /** Below it messages are read again: they give no rows. */
  private readonly rowsFrom: number;
  private appended: LaneTask[] = [];
  private appendedNext: number;
  private ended = false;
  private draining = false;
  private hurried = false;
  private wake: () => void = () => {};
  private readonly finished: Promise<void>;

  constructor(options: LaneOptions, { position, committed }: LaneStart) {
    this.options = options;
    this.at = options.at;
    this.position = position;
    this.rowsFrom = committed;
    this.appendedNext = committed;
    this.progress = {
      caughtUp: () => options.caughtUp(this.position) && !this.pending.some((pending) => this.isUnread(pending)),
      latestEnd: Number.NEGATIVE_INFINITY,
      moved: () => this.wake(),
    };
    options.watermark.join(this.progress);
    this.finished = this.run();
  }

  /** Nothing is under way, no window is open. */
  get settled(): boolean {
    const { windows } = this.options;
    return this.idle && (windows === null || windows.end === windows.closed);
  }

  /** Nothing is under way and nothing waits to be committed. */
  get idle(): boolean {
    return this.pending.length === 0 && this.appended.length === 0;
  }

  /** Offsets that no chunk may have messages from both sides of. */
  get borders(): readonly number[] {
    const { cutAt = null } = this.options.sink;
    return cutAt === null ? [this.rowsFrom] : [this.rowsFrom, cutAt];
  }

  /** Offset up to which records have been told to others. */
  get readUntil(): number {
    return this.pending.find(({ state }) => state === 'told')?.chunk.offsets[0] ?? this.position;
  }

  get open(): boolean {
    return !this.ended && !this.draining;
  }

  /** Takes a chunk over; its credit is given back through `released`. */
  submit(chunk: MessageChunk): void {
    assert(this.open);
    const replayed = chunk.next <= this.rowsFrom;
    const state = this.options.pairing === null ? 'judged' : 'told';
    const pending: Pending = {
      ...{ chunk, replayed, state, arrivedAt: Date.now() },
      ...{ times: null, generation: null, result: null, error: null, reading: null, pieces: null },
      settled: Promise.resolve(),
    };
    this.pending.push(pending);
    this.position = chunk.next;
    if (this.options.pairing === null) this.judge(pending);
    else void this.tell(pending, this.options.pairing);
    this.wake();
  }

  /** Up to this offset there is nothing more that anybody is handed: marks of transactions, and what was aborted. */
  pass(next: number): void {
    this.position = Math.max(this.position, next);
    this.wake();
  }

  /** From now on what is taken is committed as soon as nothing more is on its way. */
  hurry(): void {
    this.hurried = true;
    this.wake();
  }

  /**
   * Commits what was judged, then ends; what waits for its twins is left to whoever gets the partition, after `ms` all
   * else as well. Resolves to true when nothing but that was left.
   */
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
    this.options.watermark.leave(this.progress);
    this.wake();
    await this.options.sink.close().catch(() => {});
    this.release(this.appended.splice(0));
    this.drop(0);
  }

  private async run(): Promise<void> {
    try {
      while (!this.ended) {
        if (this.draining) this.drop(this.pending.findIndex(({ state }) => state !== 'judged'));
        this.goOn();
        const [first] = this.pending;
        if (first !== undefined && first.error !== null) throw first.error;
        const result = first?.result ?? null;
        if (first !== undefined && result !== null) await this.appendFirst(first, result);
        if (this.ended) return;
        const [next] = this.pending;
        const idle = next === undefined || next.state === 'waits';
        // after each one: a sink says where its block or transaction ends
        if (this.shouldCommit(idle)) await this.commit();
        else if (this.draining && next === undefined) return;
        else if (result === null) await this.next();
      }
    } catch (error) {
      if (this.ended) return;
      await this.abandon();
      this.options.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** True while the times of its records are not known. */
  private isUnread({ state }: Pending): boolean {
    return this.options.pairing === null || state === 'told';
  }

  private shouldCommit(idle: boolean): boolean {
    const { sink, windows } = this.options;
    const last = idle && (this.draining || this.hurried);
    if (this.appended.length > 0 && (last || sink.due(idle))) return true;
    // open windows are not written when a partition is given up: who gets it goes on with them
    if (windows === null || this.draining || (sink.cutAt ?? null) !== null) return false;
    return windows.due(this.completeUntil(windows));
  }

  /** Records of a chunk go to the twin table; after that it needs little until its twins have come. */
  private async tell(pending: Pending, pairing: Pairing): Promise<void> {
    const { chunk } = pending;
    try {
      const { times } = await pairing.publish(this.options.task(this.at, chunk, false));
      pending.times = chunk.notification === null ? times : await this.tellObjects(pending, chunk.notification);
      this.options.released(chunk);
      const place = this.pending.indexOf(pending);
      if (place < 0) return;
      if (pending.replayed && this.options.windows === null) {
        this.history.add(chunk.offsets[0] ?? 0, pending.times);
        this.pending.splice(place, 1);
      } else {
        pending.state = 'waits';
        pairing.hold(chunk.values.length);
      }
      this.options.watermark.reached(this.progress, pending.times.last);
    } catch (error) {
      this.options.released(chunk);
      pending.error = error instanceof Error ? error : new Error(String(error));
    }
    this.wake();
  }

  private async tellObjects(pending: Pending, notification: Notification): Promise<RecordTimes> {
    let times: RecordTimes = { first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY };
    if (notification.objects.length === 0 || !this.pending.includes(pending)) return times;
    const reading = this.options.tell(notification, this.tellTurn);
    this.tellTurn = reading.granted;
    pending.reading = reading;
    for await (const { result } of reading.pieces()) {
      const { first, last } = result.times ?? times;
      times = { first: Math.min(times.first, first), last: Math.max(times.last, last) };
    }
    pending.reading = null;
    return times;
  }

  /** Judges the chunks whose time has come, in order. */
  private goOn(): void {
    const { pairing, taken } = this.options;
    if (pairing === null) return;
    for (const pending of this.pending) {
      if (pending.state === 'judged') continue;
      const inTime = pending.state === 'waits' && this.isTime(pending, pairing);
      if (pending.state === 'told' || (!inTime && !pairing.full) || !taken(pending.chunk)) return;
      pairing.letGo(pending.chunk.values.length, inTime ? 0 : pending.chunk.offsets.length);
      pending.state = 'judged';
      this.judge(pending);
    }
  }

  private isTime({ times, arrivedAt }: Pending, { latenessSeconds }: Pairing): boolean {
    const { watermark, finishing } = this.options;
    const last = times?.last ?? Number.NEGATIVE_INFINITY;
    return (
      last + latenessSeconds <= watermark.seconds() || arrivedAt + latenessSeconds * 1000 <= Date.now() || finishing()
    );
  }

  private judge(pending: Pending): void {
    const { judge, task } = this.options;
    const settle = (outcome: Partial<Pending>): void => {
      Object.assign(pending, outcome);
      this.wake();
    };
    const planned = task(this.at, pending.chunk, false);
    const { notification } = pending.chunk;
    if (notification !== null && notification.objects.length > 0) {
      const reading = this.options.read(notification, this.readTurn);
      this.readTurn = reading.granted;
      pending.reading = reading;
      pending.pieces = reading.pieces();
    }
    pending.generation = planned.generation;
    pending.settled = judge(planned).then(
      (result) => settle({ result }),
      (error: unknown) => settle({ error: error instanceof Error ? error : new Error(String(error)) }),
    );
  }

  private async appendFirst(pending: Pending, first: TaskResult): Promise<void> {
    const { chunk, replayed, pieces } = pending;
    const { sink } = this.options;
    let [result, generation] = [first, pending.generation];
    if (first.ledger.headers > 0 || first.endFields !== null) {
      // a header is in force to the end of its message only: once more, every message apart
      const apart = this.options.task(this.at, chunk, true);
      await discard(first);
      [result, generation] = [await this.options.judge(apart), apart.generation];
    }
    await this.append({ chunk, result, generation, object: null }, pending);
    if (pieces !== null) for await (const piece of pieces) await this.append({ chunk, ...piece }, pending);
    if (this.ended) return;
    this.pending.shift();
    if (pending.times !== null) this.history.add(chunk.offsets[0] ?? 0, pending.times);
    if (replayed || !sink.holds) this.options.released(chunk);
    if (!replayed) this.appendedNext = chunk.next;
  }

  private async append(task: LaneTask, pending: Pending): Promise<void> {
    if (this.ended) return;
    const { sink, windows, watermark, pairing } = this.options;
    const { result, generation, chunk } = task;
    if (!pending.replayed) await sink.append(task);
    else await discard(result);
    if (this.ended) return;
    if (windows !== null && result.windows !== null) {
      windows.add(result.windows, this.options.judgedBy(generation), pending.replayed);
      if (pairing === null) {
        const { first, last } = result.windows.times;
        const { times } = pending;
        pending.times = { first: Math.min(times?.first ?? first, first), last: Math.max(times?.last ?? last, last) };
        watermark.reached(this.progress, last);
      }
    }
    if (pending.replayed) return;
    // rows, and messages whose credit is given back, are kept no longer: what remains is what is counted
    const counted = { ...result, rows: null, quarantine: null, windows: null };
    const values = sink.holds ? chunk.values : { ...chunk.values, bytes: NO_BYTES };
    this.appended.push({ ...task, result: counted, chunk: { ...chunk, values } });
  }

  private async commit(): Promise<void> {
    const { appended, appendedNext } = this;
    const { sink, windows } = this.options;
    const until = windows === null ? 0 : this.completeUntil(windows);
    const lines = windows?.close(until, appendedNext) ?? [];
    await sink.commit(appendedNext, { note: this.note(appendedNext), windows: lines });
    this.appended = [];
    this.release(appended);
    this.options.committed(appended, appendedNext);
  }

  /** Up to when windows are complete: the watermark, unless a chunk that waits has something earlier. */
  private completeUntil(windows: Windows): number {
    if (this.options.finishing() && this.pending.length === 0) return windows.end;
    const waiting = Math.min(...this.pending.map(({ times }) => times?.first ?? Number.POSITIVE_INFINITY));
    return windows.completeUntil(this.options.watermark.seconds(), waiting);
  }

  private note(next: number): string {
    const { pairing, windows, watermark } = this.options;
    if (pairing === null && windows === null) return '';
    const at = Math.floor(Date.now() / 1000);
    const closed = windows?.closed ?? 0;
    const twins = pairing === null ? at : watermark.seconds() - pairing.latenessSeconds - TWIN_SPREAD_SECONDS;
    const needed = Math.min(windows === null ? at : closed, twins);
    return noteText({ rewind: this.history.since(needed, next), closed, at });
  }

  private release(appended: readonly LaneTask[]): void {
    if (!this.options.sink.holds) return;
    for (const { chunk, object } of appended) if (object === null) this.options.released(chunk);
  }

  /** Drops everything under way from the n-th chunk on (−1: nothing). */
  private drop(from: number): void {
    if (from < 0) return;
    const { pairing, released } = this.options;
    for (const pending of this.pending.splice(from)) {
      pending.reading?.close();
      // a chunk whose records are being told gives its credit back by itself
      if (pending.state === 'waits') pairing?.letGo(pending.chunk.values.length, 0);
      else if (pending.state === 'judged') void pending.settled.then(() => released(pending.chunk));
    }
  }

  /** Resolves when there is something to do. */
  private next(): Promise<void> {
    const { sink, windows } = this.options;
    const waits = this.pending[0]?.state === 'waits' || (windows !== null && windows.end > windows.closed);
    const clock = waits ? CLOCK_MS : Number.POSITIVE_INFINITY;
    const ms = Math.min(clock, this.appended.length > 0 ? sink.dueInMs : Number.POSITIVE_INFINITY);
    return new Promise((resolve) => {
      const timer = ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Removes rows that go nowhere. */
async function discard({ rows }: TaskResult): Promise<void> {
  if (rows !== null && 'path' in rows) await rm(rows.path, { force: true });
}
