import type { AnalyzerPool } from '../engine/pool.ts';
import type { RecordTimes } from '../engine/record-times.ts';
import type { AnalyzeTask, PairResult, TaskResult } from '../engine/task.ts';
import { clearTwins, createTwinMemory, TWINS_BYTES, type TwinMemory, twinsReserved } from '../pods/twins.ts';
import type { Watermark } from './watermark.ts';

/** Bytes of messages that wait for their twins; more are judged before their time, the oldest first. */
const HELD_BYTES = 256 * 1024 * 1024;

/** Memories of the twin table: the oldest is cleared when the one that is being filled is full, or old. */
const SHELVES = 4;

/** A twin's window ends so much later at most: the longest aggregation interval, and the slack of pairing. */
export const TWIN_SPREAD_SECONDS: number = 600 + 60;

/** Memory of a stream's twin table, TWINS_BYTES in all. */
export function streamTwins(): TwinMemory[] {
  const bytes = TWINS_BYTES / SHELVES;
  return Array.from({ length: SHELVES }, () => createTwinMemory(bytes, bytes / 32));
}

/** What pairing has cost so far. */
export interface PairingState {
  readonly heldBytes: number;
  /** Messages judged before their time because too many waited. */
  readonly early: number;
  /** Records dropped from the twin table while they could still have been somebody's twin. */
  readonly evicted: number;
}

/**
 * Pairing without an end: records go to the twin table when they come, and are judged when whatever may pair with them
 * has come. Entries stay until the lateness bound has passed, or memory runs out.
 */
export class Pairing {
  readonly latenessSeconds: number;
  private readonly pool: AnalyzerPool;
  private readonly watermark: Watermark;
  private readonly shelves: readonly { readonly memory: TwinMemory; latest: number }[];
  private epoch = 0;
  private begunAt = Date.now();
  /** Tasks that read or write the table now. */
  private running = 0;
  private quiet: () => void = () => {};
  private clearing: Promise<void> | null = null;
  private held = 0;
  private early = 0;
  private evicted = 0;

  constructor(pool: AnalyzerPool, memories: readonly TwinMemory[], watermark: Watermark, latenessSeconds: number) {
    this.pool = pool;
    this.watermark = watermark;
    this.latenessSeconds = latenessSeconds;
    this.shelves = memories.map((memory) => ({ memory, latest: Number.NEGATIVE_INFINITY }));
  }

  get state(): PairingState {
    return { heldBytes: this.held, early: this.early, evicted: this.evicted };
  }

  /** No more can be held: the oldest must go on as they are. */
  get full(): boolean {
    return this.held >= HELD_BYTES;
  }

  hold(bytes: number): void {
    this.held += bytes;
  }

  /** `early`: messages whose time had not come. */
  letGo(bytes: number, early: number): void {
    this.held -= bytes;
    this.early += early;
  }

  /** Adds the records of a task to the twin table. */
  async publish(task: AnalyzeTask): Promise<PairResult> {
    const { source } = task;
    let apart = false;
    for (;;) {
      if (Date.now() - this.begunAt > this.shelfMs()) await this.turn(this.epoch);
      const asked = apart && source.kind === 'values' ? { ...task, source: { ...source, apart } } : task;
      const { result, epoch } = await this.use(async () => {
        const into = this.epoch;
        return { result: await this.pool.pair({ ...asked, epoch: into, spill: false }), epoch: into };
      });
      if (!apart && source.kind === 'values' && (result.ledger.headers > 0 || result.endFields !== null)) {
        // a header is in force to the end of its message only: once more, every message apart
        apart = true;
      } else if (result.fits) {
        this.note(epoch, result.times);
        return result;
      } else {
        this.note(epoch, result.times);
        await this.turn(epoch);
      }
    }
  }

  /** Judges the records of a task by the twins that have come. */
  judge(task: AnalyzeTask): Promise<TaskResult> {
    return this.use(() => this.pool.run(task));
  }

  private shelfMs(): number {
    return ((this.latenessSeconds + TWIN_SPREAD_SECONDS) * 1000) / (this.shelves.length - 1);
  }

  private note(epoch: number, { last }: RecordTimes): void {
    const shelf = this.shelves[epoch % this.shelves.length];
    if (shelf !== undefined) shelf.latest = Math.max(shelf.latest, last);
  }

  /** Work on the table; never while a memory is cleared. */
  private async use<T>(work: () => Promise<T>): Promise<T> {
    while (this.clearing !== null) await this.clearing;
    this.running++;
    try {
      return await work();
    } finally {
      this.running--;
      if (this.running === 0) this.quiet();
    }
  }

  /** Clears the oldest memory and fills that one from now on, unless somebody has done so since `from`. */
  private async turn(from: number): Promise<void> {
    while (this.clearing !== null) await this.clearing;
    if (this.epoch !== from) return;
    this.clearing = this.clearOldest();
    await this.clearing;
  }

  private async clearOldest(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.quiet = resolve;
      if (this.running === 0) resolve();
    });
    this.quiet = () => {};
    const next = this.epoch + 1;
    const shelf = this.shelves[next % this.shelves.length];
    if (shelf !== undefined) {
      const needed = this.watermark.seconds() - this.latenessSeconds - TWIN_SPREAD_SECONDS;
      if (shelf.latest > needed) this.evicted += twinsReserved(shelf.memory);
      clearTwins(shelf.memory);
      shelf.latest = Number.NEGATIVE_INFINITY;
    }
    this.epoch = next;
    this.begunAt = Date.now();
    this.clearing = null;
  }
}
