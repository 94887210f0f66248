import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type LogFile, referenceSum } from './data.ts';
import { type Claims, type Measurement, median, type Turn } from './measurement.ts';

/** One who takes part in a case, each time in a process of its own. */
export interface Contestant {
  readonly name: string;
  readonly job: string;
  /** The files it reads: all of the case, or fewer where it is too slow; rates are per record. */
  readonly files: readonly LogFile[];
  readonly inventory: string;
  readonly threads: number;
  readonly passes: number;
  /** Kept on one core, threads of the runtime too. */
  readonly pinned: boolean;
}

/**
 * What is divided: `rate-core` records per core-second, `rate` records per second of wall time, `time-core`
 * core-seconds per record, `time` seconds of wall time per record, `peak` resident memory at its highest. Always
 * subject / rival.
 */
export type Measure = 'rate-core' | 'rate' | 'time-core' | 'time' | 'peak';

export interface Comparison {
  readonly subject: string;
  readonly rival: string;
  readonly measure: Measure;
  /** What is wanted of the median; null = shown only. */
  readonly wanted: { readonly bound: 'least' | 'most'; readonly value: number } | null;
}

export interface Case {
  readonly name: string;
  readonly title: string;
  readonly contestants: readonly Contestant[];
  readonly comparisons: readonly Comparison[];
}

export interface ComparisonResult extends Comparison {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface ContestantResult {
  readonly name: string;
  readonly records: number;
  readonly pinned: boolean;
  /** Medians over the runs. */
  readonly recordsPerSecond: number;
  readonly recordsPerCoreSecond: number;
  readonly peakMib: number;
  readonly peakAboveBaselineMib: number;
}

export interface Outcome {
  readonly comparisons: readonly ComparisonResult[];
  readonly contestants: readonly ContestantResult[];
}

/** A pause lets the processor's clock and the page cache settle between two processes. */
const PAUSE_MS = 100;

const CONTESTANT = fileURLToPath(new URL('./contestant.js', import.meta.url));
const MIB = 2 ** 20;

/**
 * Runs all contestants of a case in turn, round after round. The first round (a warm-up that is not counted) verifies
 * every claim before any time counts; every later round verifies again.
 */
export function compare(test: Case, runs: number, warmUp: boolean, tell: (text: string) => void): Outcome {
  const measured = new Map<string, Measurement[]>(test.contestants.map(({ name }) => [name, []]));
  for (let round = warmUp ? -1 : 0; round < runs; round++) {
    for (const contestant of test.contestants) {
      tell(`${test.name} ${round < 0 ? 'warm-up' : `run ${round + 1} of ${runs}`}: ${contestant.name}`);
      const measurement = takeTurn(contestant);
      verify(contestant, measurement.claims);
      if (round >= 0) measured.get(contestant.name)?.push(measurement);
    }
  }
  const of = (name: string): readonly Measurement[] => measured.get(name) ?? [];
  const named = new Map(test.contestants.map((contestant) => [contestant.name, contestant]));
  return {
    comparisons: test.comparisons.map((comparison) => {
      const [subject, rival] = [named.get(comparison.subject), named.get(comparison.rival)];
      if (subject === undefined || rival === undefined) throw new Error(`${test.name}: unknown contestant`);
      const others = of(rival.name);
      const ratios = of(subject.name).flatMap((m, i) => {
        const other = others[i];
        return other === undefined
          ? []
          : [quantity(comparison.measure, subject, m) / quantity(comparison.measure, rival, other)];
      });
      const round = (value: number): number => Number(value.toPrecision(4));
      const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
      return { ...comparison, median: round(median(ratios)), min: round(low), max: round(high) };
    }),
    contestants: test.contestants.map((contestant) => contestantResult(contestant, of(contestant.name))),
  };
}

function takeTurn(contestant: Contestant): Measurement {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  const { job, inventory, threads, passes } = contestant;
  const turn: Turn = { job, files: contestant.files.map((file) => file.path), inventory, threads, passes };
  const call = [process.execPath, CONTESTANT, JSON.stringify(turn)];
  const [program = '', ...args] = contestant.pinned ? ['taskset', '-c', '0', ...call] : call;
  const env = contestant.pinned ? { ...process.env, UV_THREADPOOL_SIZE: '1' } : process.env;
  const child = spawnSync(program, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.status !== 0) throw new Error(`${contestant.name}: exit ${child.status}\n${child.stderr}`);
  return JSON.parse(child.stdout.trimEnd().split('\n').at(-1) ?? '') as Measurement;
}

/** Throws when a claim differs from what a plain reading of the same files found, or nothing was claimed. */
export function verify(contestant: Pick<Contestant, 'name' | 'files'>, claims: Claims): void {
  const reference = referenceSum(contestant.files);
  const made = Object.entries(claims) as [keyof Claims, number][];
  if (made.length === 0) throw new Error(`${contestant.name}: claims nothing`);
  for (const [key, value] of made) {
    if (value !== reference[key])
      throw new Error(`${contestant.name}: expected ${key} ${reference[key]}, got ${value}`);
  }
}

function recordsOf(contestant: Contestant): number {
  return referenceSum(contestant.files).records * contestant.passes;
}

function quantity(measure: Measure, contestant: Contestant, m: Measurement): number {
  switch (measure) {
    case 'rate-core':
      return recordsOf(contestant) / m.cpuSeconds;
    case 'rate':
      return recordsOf(contestant) / m.wallSeconds;
    case 'time-core':
      return m.cpuSeconds / recordsOf(contestant);
    case 'time':
      return m.wallSeconds / recordsOf(contestant);
    case 'peak':
      return m.rssPeak;
  }
}

function contestantResult(contestant: Contestant, measured: readonly Measurement[]): ContestantResult {
  const of = (value: (m: Measurement) => number): number => median(measured.map(value));
  return {
    name: contestant.name,
    records: recordsOf(contestant),
    pinned: contestant.pinned,
    recordsPerSecond: Math.round(of((m) => quantity('rate', contestant, m))),
    recordsPerCoreSecond: Math.round(of((m) => quantity('rate-core', contestant, m))),
    peakMib: Math.round(of((m) => m.rssPeak) / MIB),
    peakAboveBaselineMib: Math.round(of((m) => m.rssPeak - m.rssBaseline) / MIB),
  };
}
