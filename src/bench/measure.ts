import { FlowtrieError } from '../model/errors.ts';

/** One who does the same look-ups as the others. `run` does `count` of them. */
export interface Runner {
  readonly name: string;
  readonly count: number;
  run(): void;
}

export interface Rate {
  readonly name: string;
  /** Look-ups a second of processor time, one for each round. */
  readonly perSecond: readonly number[];
}

export interface Ratio {
  readonly subject: string;
  readonly rival: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A turn lasts at least this long: shorter ones measure the clock and the compiler. */
const TURN_SECONDS = 0.15;

/** Passes before the first counted turn: the just-in-time compiler has done its work by then. */
const WARM_UP_PASSES = 3;

/** Time of the processor, not of the clock on the wall: what others do on the machine then counts less. */
function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

/** All runners in turn, round after round (A B C A B C …): noise hits all of them alike. */
export function takeTurns(runners: readonly Runner[], rounds: number): Rate[] {
  const rates = runners.map(({ name }) => ({ name, perSecond: [] as number[] }));
  for (const runner of runners) for (let pass = 0; pass < WARM_UP_PASSES; pass++) runner.run();
  for (let round = 0; round < rounds; round++) {
    runners.forEach((runner, i) => {
      const start = process.cpuUsage();
      let passes = 0;
      let seconds = 0;
      while (seconds < TURN_SECONDS) {
        runner.run();
        passes++;
        seconds = cpuSeconds(start);
      }
      rates[i]?.perSecond.push((passes * runner.count) / seconds);
    });
  }
  return rates;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Rate of `subject` divided by that of `rival` in the same round. */
export function ratioOf(rates: readonly Rate[], subject: string, rival: string): Ratio {
  const of = (name: string): readonly number[] => rates.find((rate) => rate.name === name)?.perSecond ?? [];
  const rivals = of(rival);
  const ratios = of(subject).map((rate, round) => rate / (rivals[round] ?? Number.NaN));
  return { subject, rival, median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

/** Milliseconds of processor time of one call, and what it returned. */
export function timed<T>(job: () => T): { readonly value: T; readonly ms: number } {
  const start = process.cpuUsage();
  const value = job();
  return { value, ms: cpuSeconds(start) * 1000 };
}

/** One who reads the same lines as the others, to the end; tells how many. */
export interface Reader {
  readonly name: string;
  run(): Promise<number>;
}

/**
 * Readers in turn, after one pass each that is not counted: lines a second of the clock on the wall. A reader that
 * finds another number of lines than the first one is an error.
 */
export async function readInTurns(readers: readonly Reader[], rounds: number): Promise<Rate[]> {
  const rates = readers.map(({ name }) => ({ name, perSecond: [] as number[] }));
  let expected: number | null = null;
  for (let round = -1; round < rounds; round++) {
    for (const [i, { name, run }] of readers.entries()) {
      const startedAt = performance.now();
      const lines = await run();
      const seconds = (performance.now() - startedAt) / 1000;
      expected ??= lines;
      if (lines !== expected) {
        const counts = `${readers[0]?.name} finds ${expected} lines, ${name} ${lines}`;
        throw new FlowtrieError('input', `nothing to compare: ${counts}; a flow log's lines end with a newline alone`);
      }
      if (round >= 0) rates[i]?.perSecond.push(lines / seconds);
    }
  }
  return rates;
}
