import type { CommittedOffset, Consumption, KafkaBatch, KafkaDriver, TopicPartition } from '../kafka/driver.ts';
import { messageOf } from '../model/errors.ts';
import type { Credits } from './credits.ts';
import { Lane } from './lane.ts';
import { type LaneNote, parseNote } from './lane-note.ts';
import type { LaneOptions, LaneStart } from './lane-options.ts';
import { messageChunks } from './message-chunks.ts';
import { backoffMs, pause, type Status, type StreamLog } from './status.ts';
import type { LaneSink, LaneTask, StreamSink } from './stream-sink.ts';
import type { Windows } from './windows.ts';

/** Where a group without an offset begins: Unix seconds, or one of the ends. */
export type StartAt = 'earliest' | 'latest' | number;

export interface SessionOptions {
  readonly driver: KafkaDriver;
  readonly group: string;
  readonly topics: readonly string[];
  readonly from: StartAt;
  readonly sessionTimeoutMs: number;
  readonly judging: Judging;
  readonly credits: Credits;
  readonly status: Status;
  readonly log: StreamLog;
  committed(tasks: readonly LaneTask[]): void;
}

/** How chunks become rows and counts. */
export type Judging = Pick<
  LaneOptions,
  'task' | 'judge' | 'read' | 'tell' | 'judgedBy' | 'pairing' | 'watermark' | 'finishing'
> & {
  /** The windows of a partition; null = none are kept. */
  windows(at: TopicPartition, before: LaneNote | null): Windows | null;
};

/** What is known of an assigned partition. */
export interface Assigned {
  readonly at: TopicPartition;
  lane: Lane | null;
  /** Offset behind the newest message known. */
  highWatermark: number;
  /** A batch is being taken; when the last one was. */
  taking: boolean;
  takenAt: number;
  /** The group's offset. */
  committed: number;
  /** Lanes that have failed since the last commit. */
  failures: number;
}

/** Time for what is under way when partitions are given up: within the session, or the group would go on without us. */
const DRAIN_SHARE = 0.5;

/** The same when the stream ends: a full transaction or file. */
const STOP_DRAIN_MS = 30_000;

const HEARTBEAT_MS = 1_000;

/** A partition that hands out nothing for so long has nothing: fetches wait for a fraction of it. */
const QUIET_MS = 5_000;

/** One life of a group member, from joining to leaving or crashing: hands batches to the lanes of their partitions. */
export class Session {
  readonly assigned: Map<string, Assigned> = new Map();
  private readonly options: SessionOptions;
  private readonly sink: StreamSink;
  private readonly consumption: Consumption;
  /** Raised when the member's partitions are given up. */
  private generation = new AbortController();
  /** The member leaves, or has left: what kafkajs still hands out is nobody's. */
  private ending = false;
  private crashed: Error | undefined;
  private onCrash: () => void = () => {};

  private constructor(options: SessionOptions, sink: StreamSink, consumption: Consumption) {
    this.options = options;
    this.sink = sink;
    this.consumption = consumption;
  }

  /** A member that has not joined yet. `sinkOf` gets the way to commit offsets under the member's generation. */
  static async open(
    options: SessionOptions,
    sinkOf: (commit: Consumption['commit']) => Promise<StreamSink>,
  ): Promise<Session> {
    const { driver, group, topics, sessionTimeoutMs } = options;
    let session: Session | undefined;
    const consumption = await driver.consume({
      group,
      topics,
      sessionTimeoutMs,
      onAssigned: (partitions) => session?.begin(partitions),
      onRevoked: async () => session?.giveUp(sessionTimeoutMs * DRAIN_SHARE),
      onBatch: async (batch) => (await session?.take(batch)) ?? false,
      onCrash: (error) => session?.crash(error),
    });
    session = new Session(options, await sinkOf(consumption.commit), consumption);
    return session;
  }

  /** Runs until the signal is raised (drains, commits, leaves) or the consumer crashes (throws). */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.sink.ready();
      await this.consumption.run();
      await new Promise<void>((resolve) => {
        this.onCrash = resolve;
        if (signal.aborted || this.crashed !== undefined) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      if (this.crashed !== undefined) throw this.crashed;
      this.ending = true;
      for (const { at } of this.assigned.values()) this.consumption.pause(at);
      await this.giveUp(STOP_DRAIN_MS);
    } finally {
      this.ending = true;
      this.generation.abort();
      await Promise.all([...this.assigned.values()].map(({ lane }) => lane?.abandon()));
      await this.consumption.stop().catch(() => {});
      await this.sink.close().catch(() => {});
    }
  }

  private crash(error: Error): void {
    this.crashed ??= error;
    this.onCrash();
  }

  private begin(partitions: readonly TopicPartition[]): void {
    // a lane opened now would fence whoever gets the partition next, for ever
    if (this.ending) return;
    const { log, status } = this.options;
    this.generation.abort();
    this.generation = new AbortController();
    for (const { lane } of this.assigned.values()) void lane?.abandon();
    this.assigned.clear();
    status.clear('group');
    log('info', 'partitions assigned', { partitions: partitions.map(keyOf) });
    for (const at of partitions) {
      const assigned: Assigned = {
        at,
        lane: null,
        highWatermark: 0,
        taking: false,
        takenAt: Date.now(),
        committed: 0,
        failures: 0,
      };
      this.assigned.set(keyOf(at), assigned);
      this.consumption.pause(at);
      void this.openLane(assigned, this.generation.signal);
    }
  }

  /** Commits what is under way; what is not done in time is left to whoever gets the partition. */
  private async giveUp(ms: number): Promise<void> {
    this.generation.abort();
    const drained = await Promise.all(
      [...this.assigned.values()].map(async ({ at, lane }) => ({ at, clean: (await lane?.drain(ms)) ?? true })),
    );
    const dropped = drained.filter(({ clean }) => !clean).map(({ at }) => keyOf(at));
    if (dropped.length > 0) this.options.log('warn', 'not all work was committed in time', { partitions: dropped });
  }

  /** Opens the sink of a partition, again and again until it can, and lets its messages come. */
  private async openLane(assigned: Assigned, signal: AbortSignal): Promise<void> {
    const { at } = assigned;
    const { status } = this.options;
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        const sink = await this.sink.open(at);
        if (signal.aborted) return await sink.close();
        const start = await this.startOf(at, sink.committed);
        if (signal.aborted) return await sink.close();
        assigned.committed = start.committed;
        assigned.highWatermark = start.high;
        assigned.lane = new Lane(this.laneOptions(assigned, sink, start.note, signal), start);
        this.consumption.seek(at, start.position);
        this.consumption.resume(at);
        // after a failure only a commit shows that the trouble has passed
        if (assigned.failures === 0) status.clear(keyOf(at));
        return;
      } catch (error) {
        if (signal.aborted) return;
        status.trouble(keyOf(at), `${this.sink.name} cannot be used: ${messageOf(error)}`);
        await pause(backoffMs(tries), signal);
      }
    }
  }

  private laneOptions(assigned: Assigned, sink: LaneSink, note: LaneNote | null, signal: AbortSignal): LaneOptions {
    const { at } = assigned;
    const { judging, credits, status, committed } = this.options;
    return {
      ...judging,
      at,
      sink,
      windows: judging.windows(at, note),
      caughtUp: (position) => position >= assigned.highWatermark || isQuiet(assigned),
      taken: (chunk) => credits.tryTake(chunk.values.length),
      released: (chunk) => credits.give(chunk.values.length),
      committed: (tasks, next) => {
        assigned.committed = next;
        assigned.failures = 0;
        status.clear(keyOf(at));
        committed(tasks);
      },
      failed: (error) => {
        if (signal.aborted) return;
        status.trouble(keyOf(at), `${this.sink.name} failed, trying again: ${error.message}`);
        assigned.lane = null;
        this.consumption.pause(at);
        void pause(backoffMs(assigned.failures++), signal).then(() => this.openLane(assigned, signal));
      },
    };
  }

  /** Where to go on, and from where messages are read again for what the last owner had in memory. */
  private async startOf(
    at: TopicPartition,
    found: CommittedOffset | null,
  ): Promise<LaneStart & { readonly high: number; readonly note: LaneNote | null }> {
    const { driver, from, log } = this.options;
    const ends = (await driver.partitionEnds(at.topic)).find((entry) => entry.partition === at.partition);
    const { low = 0, high = 0 } = ends ?? {};
    if (found === null) {
      const first = from === 'latest' ? high : low;
      const position = typeof from === 'number' ? await driver.offsetAt(at, from) : first;
      return { position, committed: position, high, note: null };
    }
    const committed = found.offset;
    const note = parseNote(found.note);
    const rewind = Math.min(note?.rewind ?? committed, committed);
    if (rewind < low) {
      const facts = { partition: keyOf(at), from: rewind, kept: low };
      log('warn', 'messages of open windows are gone, their first rows are incomplete', facts);
    }
    return { position: Math.max(rewind, Math.min(low, committed)), committed, high, note };
  }

  private async take(batch: KafkaBatch): Promise<boolean> {
    const assigned = this.assigned.get(keyOf(batch));
    const lane = assigned?.lane;
    if (assigned === undefined || lane === null || lane === undefined) return false;
    assigned.highWatermark = batch.highWatermark;
    assigned.taking = true;
    try {
      return await this.submit(lane, batch);
    } finally {
      assigned.taking = false;
      assigned.takenAt = Date.now();
    }
  }

  private async submit(lane: Lane, batch: KafkaBatch): Promise<boolean> {
    const { credits, judging } = this.options;
    for (const chunk of messageChunks(batch.messages, lane.position, lane.borders)) {
      const bytes = chunk.values.length;
      while (lane.open && !batch.stale() && (judging.pairing?.full === true || !credits.tryTake(bytes))) {
        await credits.changed(HEARTBEAT_MS);
        await batch.heartbeat();
      }
      if (!lane.open || batch.stale()) return false;
      lane.submit(chunk);
    }
    if (!lane.open || batch.stale()) return false;
    lane.pass(batch.next);
    return true;
  }
}

/** What is between the last message and the end can be marks of transactions, which nobody is handed. */
function isQuiet({ taking, takenAt, lane }: Assigned): boolean {
  return !taking && lane !== null && Date.now() - takenAt > QUIET_MS;
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
