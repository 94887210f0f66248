import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT, type Format, type Heading, headingOf } from '../decode/format.ts';
import type { SharedGeneration } from '../engine/generation.ts';
import { type AnalyzerPool, openPool } from '../engine/pool.ts';
import { summaryOf } from '../engine/summary.ts';
import type { AnalyzeSetup, AnalyzeTask, TaskSource } from '../engine/task.ts';
import { Totals } from '../engine/totals.ts';
import type { CompiledVersion } from '../engine/versions.ts';
import type { Consumption, KafkaDriver, TopicPartition } from '../kafka/driver.ts';
import { type ErrorCode, FlowtrieError, messageOf } from '../model/errors.ts';
import type { Summary } from '../model/summary.ts';
import type { TwinMemory } from '../pods/twins.ts';
import { inputNames, outputColumns } from '../sink/columns.ts';
import type { OutputFormat } from '../sink/part.ts';
import { Credits } from './credits.ts';
import type { Generation, InventoryState, LiveInventory } from './live-inventory.ts';
import { ObjectReading } from './object-reading.ts';
import { Pairing, type PairingState, streamTwins } from './pairing.ts';
import type { PodSource, PodSourceState } from './pod-source.ts';
import { type Judging, keyOf, Session, type StartAt } from './session.ts';
import { backoffMs, pause, Status, type StreamLog } from './status.ts';
import { type LaneTask, OBJECT_ENDS, type ObjectEnd } from './stream-sink.ts';
import { openSink, type StreamTarget } from './targets.ts';
import { Watermark } from './watermark.ts';
import type { WindowTarget } from './window-outlet.ts';
import { type WindowState, Windows } from './windows.ts';

export interface StreamOptions {
  /** Connects to the cluster; called again whenever the connection is lost for good. */
  connect(): Promise<KafkaDriver>;
  readonly group: string;
  readonly topics: readonly string[];
  readonly from: StartAt;
  readonly inventory: LiveInventory;
  /** Who tells of pods; null = the inventory's folder alone. */
  readonly pods: PodSource | null;
  /** Seconds between two looks at the inventory's folder; 0 = never. */
  readonly inventorySeconds: number;
  /** Workers; 0 = in the calling thread. */
  readonly threads: number;
  /** Format of messages that no header precedes; null = the default format. */
  readonly logFormat: Format | null;
  readonly target: StreamTarget;
  readonly format: OutputFormat;
  readonly deadLetterTopic: string | null;
  /** Whether twin records are paired. */
  readonly pair: boolean;
  /** A record comes at most so long after its end. */
  readonly latenessSeconds: number;
  /** Where windows go, and what they are like. */
  readonly windows: { readonly target: WindowTarget; readonly seconds: number; readonly top: number };
  readonly sessionTimeoutMs: number;
  /** End when every message that is there at the start is committed. */
  readonly stopAtEnd: boolean;
  readonly log: StreamLog;
}

/** Bytes of messages under way at once. */
const IN_FLIGHT_BYTES = 32 * 1024 * 1024;

/** Tasks under way or waiting for their commit, for each that the pool wants. */
const TASKS_PER_WANTED = 3;

/** Objects read at a time, and bytes of them in memory: three large ones, or many small ones. */
const OBJECTS_AT_ONCE = 16;
const OBJECT_BYTES = 96 * 1024 * 1024;

const AT_END_MS = 200;

/** Codes of errors that no waiting mends. */
const SETTINGS_CODES: readonly ErrorCode[] = ['usage', 'input'];

/** Where a partition stands. */
export interface PartitionState extends TopicPartition {
  readonly committed: number;
  /** Messages behind the newest one known. */
  readonly lag: number;
}

/** A stream while it runs, for those who watch it. */
export interface RunningStream {
  readonly status: Status;
  readonly totals: Totals;
  /** What notifications named, by how it went. */
  readonly objects: Readonly<Record<ObjectEnd, number>>;
  partitions(): readonly PartitionState[];
  /** Tasks and message bytes under way. */
  underWay(): { readonly tasks: number; readonly bytes: number };
  inventory(): InventoryState;
  /** null = pods are not watched. */
  pods(): PodSourceState | null;
  windows(): WindowState;
  /** null = records are not paired. */
  pairing(): PairingState | null;
  /** Unix seconds that all partitions have reached. */
  watermark(): number;
  /** Of everything committed by this process so far. */
  summary(): Summary;
}

/** Classifies what comes over Kafka until the signal is raised; everything under way is committed before it ends. */
export class Stream implements RunningStream {
  readonly status: Status;
  readonly totals: Totals;
  readonly objects: Record<ObjectEnd, number> = noObjects();
  private readonly options: StreamOptions;
  private readonly credits: Credits;
  private readonly startedAt = performance.now();
  private readonly stopping = new AbortController();
  private session: Session | undefined;
  private bytes = 0;
  /** A session was opened: broker and settings are good. */
  private joined = false;
  /** Of all objects that are read at a time. */
  private readonly objectCredits = new Credits(OBJECTS_AT_ONCE, OBJECT_BYTES);
  /** A task under way keeps its versions, whatever is swapped meanwhile. */
  private readonly judgedBy = new WeakMap<SharedGeneration, Generation>();
  private seq = 0;
  private ends: ReadonlyMap<string, number> | undefined;
  private readonly clock = new Watermark();
  private readonly windowState: WindowState = { closed: 0, late: 0, undated: 0, missed: 0 };
  private table: Pairing | null = null;

  constructor(options: StreamOptions) {
    this.options = options;
    this.status = new Status(options.log);
    this.totals = new Totals(options.inventory.current.inventory.versions);
    this.credits = new Credits(TASKS_PER_WANTED * Math.max(1, 2 * options.threads), IN_FLIGHT_BYTES);
  }

  partitions(): readonly PartitionState[] {
    return [...(this.session?.assigned.values() ?? [])].map(({ at, lane, committed, highWatermark }) => {
      // marks of transactions behind the last message are nobody's to commit
      const done = lane?.idle === true ? Math.max(committed, lane.position) : committed;
      return { ...at, committed, lag: Math.max(0, highWatermark - done) };
    });
  }

  underWay(): { readonly tasks: number; readonly bytes: number } {
    return this.credits.taken;
  }

  inventory(): InventoryState {
    return this.options.inventory.state;
  }

  pods(): PodSourceState | null {
    return this.options.pods?.state ?? null;
  }

  windows(): WindowState {
    return this.windowState;
  }

  pairing(): PairingState | null {
    return this.table?.state ?? null;
  }

  watermark(): number {
    return this.clock.seconds();
  }

  summary(): Summary {
    const { totals, options, bytes, objects, startedAt } = this;
    const { inventory } = options.inventory.current;
    return summaryOf(
      totals,
      inventory,
      { files: objects.read + objects.damaged, bytes },
      (performance.now() - startedAt) / 1000,
    );
  }

  async run(signal: AbortSignal): Promise<void> {
    const { options, stopping, status } = this;
    const stop = (): void => stopping.abort();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    const files = options.target.kind === 'folder' ? mkdtempSync(join(tmpdir(), 'flowtrie-stream-')) : null;
    const twins = options.pair ? streamTwins() : null;
    const pool = await openPool(options.threads, this.setup(files, twins));
    this.table = twins === null ? null : new Pairing(pool, twins, this.clock, options.latenessSeconds);
    const watching =
      options.inventorySeconds > 0 ? options.inventory.watch(options.inventorySeconds, stopping.signal) : undefined;
    const watchingPods = options.pods?.run(status, stopping.signal);
    try {
      await options.pods?.listed(stopping.signal);
      if (options.pods !== null) await options.inventory.look(Math.floor(Date.now() / 1000));
      for (let tries = 0; !stopping.signal.aborted; tries++) {
        const begun = performance.now();
        try {
          await this.runSession(pool);
        } catch (error) {
          // what is wrong in the settings is said at once; credentials that are refused later may be good again
          if (!this.joined && error instanceof FlowtrieError && SETTINGS_CODES.includes(error.code)) throw error;
          status.trouble('kafka', `the connection was lost, trying again: ${messageOf(error)}`);
          if (performance.now() - begun > LASTED_MS) tries = 0;
          await pause(backoffMs(tries), stopping.signal);
        }
      }
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
      await watching;
      await watchingPods;
      await pool.close();
      if (files !== null) rmSync(files, { recursive: true, force: true });
    }
  }

  private async runSession(pool: AnalyzerPool): Promise<void> {
    const { options, status, stopping } = this;
    const driver = await options.connect();
    let timer: NodeJS.Timeout | undefined;
    try {
      const missing = await driver.missingTopics(options.topics);
      if (missing.length > 0) throw new Error(`topic ${missing.join(', ')} does not exist`);
      if (options.stopAtEnd) this.ends ??= await endsOf(driver, options.topics);
      const sinkOf = (commit: Consumption['commit']): ReturnType<typeof openSink> =>
        openSink({
          ...options,
          driver,
          commit,
          columns: this.columns(),
          versionLabel: () => this.versionLabel(),
          windows: options.windows.target,
        });
      this.session = await Session.open(
        {
          ...options,
          driver,
          credits: this.credits,
          status,
          judging: this.judging(pool),
          committed: (tasks) => this.count(tasks),
        },
        sinkOf,
      );
      status.clear('kafka');
      this.joined = true;
      if (options.stopAtEnd) timer = setInterval(() => this.stopAtEnd(), AT_END_MS);
      await this.session.run(stopping.signal);
    } finally {
      clearInterval(timer);
      await driver.close().catch(() => {});
    }
  }

  private judging(pool: AnalyzerPool): Judging {
    const { clock, table, windowState } = this;
    const { windows, latenessSeconds } = this.options;
    const judge: Judging['judge'] = (task) => (table === null ? pool.run(task) : table.judge(task));
    const reading = {
      credits: this.objectCredits,
      status: this.status,
      task: (name: string, source: TaskSource, fields: Heading | null) => this.taskOf(name, source, fields),
    };
    return {
      watermark: clock,
      pairing: table,
      task: (at, { offsets, values }, apart) =>
        this.taskOf(`${keyOf(at)}@${offsets[0]}`, { kind: 'values', ...values, apart }, null),
      judge,
      read: ({ objects }, turn) => new ObjectReading({ ...reading, objects, turn, run: judge }),
      tell: ({ objects }, turn) =>
        new ObjectReading({
          ...reading,
          objects,
          turn,
          run: async (task) => {
            assert(table !== null);
            return { ...(await table.publish(task)), failure: null, failurePasses: false };
          },
        }),
      judgedBy: (generation) => this.versionsOf(generation),
      finishing: () => this.options.stopAtEnd && this.readToEnd(),
      windows: (at, before) =>
        windows.target === null ? null : new Windows({ ...windows, latenessSeconds }, keyOf(at), windowState, before),
    };
  }

  private setup(partFolder: string | null, twins: readonly TwinMemory[] | null): AnalyzeSetup {
    const { inventory, target, format, deadLetterTopic, windows } = this.options;
    const columns = this.columns();
    return {
      versions: inventory.current.inventory.versions.map((version) => version.shared),
      rows:
        target.kind === 'none'
          ? null
          : { format, columns, taken: inputNames(columns), byHour: false, compression: 'none' },
      filter: null,
      twins,
      windowSeconds: windows.target === null ? 0 : windows.seconds,
      met: null,
      quarantine: deadLetterTopic !== null,
      partFolder,
      partMemory: null,
      kept: null,
      turn: null,
      groupMemory: null,
      progress: new SharedArrayBuffer(16),
      stop: new SharedArrayBuffer(4),
    };
  }

  private versionLabel(): string {
    return this.options.inventory.current.inventory.versions.at(-1)?.shared.label ?? 'all';
  }

  private format(): Format {
    return this.options.logFormat ?? DEFAULT;
  }

  private columns(): ReturnType<typeof outputColumns> {
    return outputColumns(this.format().names);
  }

  private taskOf(name: string, source: TaskSource, fields: Heading | null): AnalyzeTask {
    const generation = this.options.inventory.current;
    this.judgedBy.set(generation.shared, generation);
    return {
      seq: this.seq++,
      name,
      source,
      fields: fields ?? headingOf(this.format()),
      flowLog: 0,
      spilled: false,
      generation: generation.shared,
    };
  }

  private count(tasks: readonly LaneTask[]): void {
    for (const { chunk, result, generation, object } of tasks) {
      this.totals.useVersions(this.versionsOf(generation));
      this.totals.add(result);
      if (object === null) {
        this.bytes += chunk.values.length;
        this.objects.ignored += chunk.notification?.ignored ?? 0;
      } else if (object.end !== null) {
        this.bytes += object.end.bytes;
        const { trouble } = object.end;
        this.objects[trouble?.end ?? 'read']++;
        if (trouble !== null) this.options.log('warn', `object ${trouble.end}`, { message: trouble.message });
      }
    }
  }

  private versionsOf(generation: SharedGeneration | null): readonly CompiledVersion[] {
    const judgedBy = generation === null ? undefined : this.judgedBy.get(generation);
    return (judgedBy ?? this.options.inventory.current).inventory.versions;
  }

  /** Everything that was there at the start has been read: all twins are known. */
  private readToEnd(): boolean {
    const assigned = [...(this.session?.assigned.values() ?? [])];
    return (
      assigned.length > 0 &&
      assigned.every(({ at, lane }) => lane !== null && lane.readUntil >= (this.ends?.get(keyOf(at)) ?? 0))
    );
  }

  private stopAtEnd(): void {
    const assigned = [...(this.session?.assigned.values() ?? [])];
    if (assigned.length === 0) return;
    const endOf = (at: TopicPartition): number => this.ends?.get(keyOf(at)) ?? 0;
    // nothing more is waited for: a file that is not full or old is complete now
    for (const { at, lane } of assigned) if (lane !== null && lane.position >= endOf(at)) lane.hurry();
    const done = assigned.every(({ at, lane }) => lane?.settled === true && lane.position >= endOf(at));
    if (done) this.stopping.abort();
  }
}

function noObjects(): Record<ObjectEnd, number> {
  const none: Partial<Record<ObjectEnd, number>> = {};
  for (const end of OBJECT_ENDS) none[end] = 0;
  return none as Record<ObjectEnd, number>;
}

/** A session this long was no failed attempt: the next one is tried soon. */
const LASTED_MS = 60_000;

async function endsOf(driver: KafkaDriver, topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const ends = await Promise.all(topics.map((topic) => driver.partitionEnds(topic)));
  return new Map(ends.flat().map((end) => [keyOf(end), end.high]));
}
