import { strict as assert } from 'node:assert';
import { type Heading, sameHeading } from '../decode/format.ts';
import { addLedger, createLedger, type Ledger, ledgerSum } from '../model/ledger.ts';
import { clearTwins, type TwinMemory, twinsOverflowed } from '../pods/twins.ts';
import { type Planned, runInOrder } from './in-order.ts';
import { clearKept, type KeptMemory } from './kept.ts';
import type { AnalyzerPool } from './pool.ts';
import { PARTITIONS } from './spill.ts';
import type { PairResult } from './task.ts';

/** What the second pass must know of the first. */
export interface Paired {
  /** True when the twin table was too small: each task reads its answers from a file. */
  readonly spilled: boolean;
  /** Fields in force at the start of tasks whose input changed its format in an earlier task, by task number. */
  readonly fields: ReadonlyMap<number, Heading>;
  /** What the first pass read: the second has to read the same. */
  readonly ledger: Ledger;
  /** Tasks that were kept as they were decoded, by number and in order: the second pass need not decode them again. */
  readonly kept: ReadonlyMap<number, Planned>;
  /** Tasks of the run. */
  readonly tasks: number;
}

export interface PairPass {
  readonly plan: () => AsyncGenerator<Planned>;
  readonly pool: AnalyzerPool;
  readonly memory: TwinMemory;
  readonly keptMemory: KeptMemory | null;
  readonly signal: AbortSignal | undefined;
  /** Makes tasks at work end early, for good. */
  readonly stop: () => void;
}

/** How one filling of the table ended: `moved` = an input changed its format, later tasks had read it wrongly. */
type Outcome = 'filled' | 'overflow' | 'moved';

/**
 * The first pass: fills the twin table from all inputs. It is filled anew when it proves too small (then to files), and
 * when an input changes its format midway (then one task after the other, each with the right fields).
 */
export async function pairInputs(pass: PairPass): Promise<Paired> {
  let spilled = false;
  let oneByOne = false;
  for (let epoch = 1; ; epoch++) {
    clearTwins(pass.memory);
    if (pass.keptMemory !== null) clearKept(pass.keptMemory);
    const filling = new Filling(pass, epoch, spilled);
    const outcome = await (oneByOne ? filling.oneByOne() : filling.allAtOnce());
    if (outcome === 'overflow') spilled = true;
    else if (outcome === 'moved') oneByOne = true;
    else {
      const { fields, ledger, tasks, kept } = filling;
      for (let partition = 0; spilled && partition < PARTITIONS && pass.signal?.aborted !== true; partition++) {
        await pass.pool.answer({ partition, tasks });
      }
      return { spilled, fields, ledger, kept, tasks };
    }
  }
}

class Filling {
  readonly ledger: Ledger = createLedger();
  readonly fields = new Map<number, Heading>();
  readonly kept = new Map<number, Planned>();
  tasks = 0;
  private readonly pass: PairPass;
  private readonly epoch: number;
  private readonly spill: boolean;
  private file = -1;
  private current: Heading | null = null;
  private moved = false;

  constructor(pass: PairPass, epoch: number, spill: boolean) {
    this.pass = pass;
    this.epoch = epoch;
    this.spill = spill;
  }

  async allAtOnce(): Promise<Outcome> {
    const { pool, plan, signal } = this.pass;
    const run = ({ task }: Planned): Promise<PairResult> => this.run(task);
    const take = (planned: Planned, result: PairResult): void => {
      this.moved ||= this.fieldsOf(planned) !== null;
      this.take(planned, result);
    };
    const ended = (): boolean => signal?.aborted === true || this.moved || this.overflowed;
    // only an interrupt ends tasks for good; those of a filling that failed are waited for
    const stop = (): void => {
      if (signal?.aborted === true) this.pass.stop();
    };
    await runInOrder(plan(), pool.inFlightMax, run, take, ended, stop);
    return this.overflowed ? 'overflow' : this.moved ? 'moved' : 'filled';
  }

  async oneByOne(): Promise<Outcome> {
    for await (const planned of this.pass.plan()) {
      if (this.pass.signal?.aborted === true || this.overflowed) break;
      const fields = this.fieldsOf(planned);
      if (fields !== null) this.fields.set(planned.task.seq, fields);
      const task = { ...planned.task, fields: fields ?? planned.task.fields };
      this.take({ ...planned, task }, await this.run(task));
    }
    return this.overflowed ? 'overflow' : 'filled';
  }

  private get overflowed(): boolean {
    return twinsOverflowed(this.pass.memory);
  }

  private run(task: Planned['task']): Promise<PairResult> {
    this.tasks++;
    return this.pass.pool.pair({ ...task, epoch: this.epoch, spill: this.spill });
  }

  /** Fields that are really in force where the task begins, null = those it was planned with. */
  private fieldsOf({ task, file }: Planned): Heading | null {
    if (file !== this.file) {
      this.file = file;
      this.current = null;
    }
    const { current } = this;
    return current !== null && !sameHeading(current, task.fields) ? current : null;
  }

  private take({ task, file }: Planned, { ledger, endFields, kept }: PairResult): void {
    assert.equal(ledgerSum(ledger), ledger.lines, 'ledger law broken in the first pass');
    addLedger(this.ledger, ledger);
    if (endFields !== null) this.current = endFields;
    if (kept !== null) this.kept.set(task.seq, { file, task: { ...task, source: { kind: 'kept', kept } } });
  }
}
