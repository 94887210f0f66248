/** Whose turn it is: one process, one job, one measurement. */
export interface Turn {
  /** Name of the job in `contestant.ts`. */
  readonly job: string;
  readonly files: readonly string[];
  /** Inventory folder. */
  readonly inventory: string;
  /** Worker threads of flowtrie; 0 = the main thread. DuckDB takes 1 for 0. */
  readonly threads: number;
  /** Times the job is done within the measured stretch. */
  readonly passes: number;
}

/**
 * What a job claims to have found in its files, in one pass. Each claim it makes must equal the reference before its
 * time counts; a job that does less claims less, so a rival that does less is visibly doing less.
 */
export interface Claims {
  /** Lines with log-status OK. */
  readonly records?: number;
  /** Sum of the field `bytes` over records. */
  readonly bytes?: number;
  readonly accept?: number;
  readonly reject?: number;
  /** Records that a security group rule of the logging interface matches as a request: DuckDB's one layer. */
  readonly permitted?: number;
  /** Lines of any kind, headers too. */
  readonly lines?: number;
  /** Bytes after decompression. */
  readonly textBytes?: number;
}

export interface Measurement {
  readonly claims: Claims;
  readonly wallSeconds: number;
  /** User and system time of all threads, and of child processes where the job is one; measured stretch only. */
  readonly cpuSeconds: number;
  /** Resident bytes before the measured stretch, and the most of the whole process. */
  readonly rssBaseline: number;
  readonly rssPeak: number;
}

/** A job made ready (tables loaded, files in memory): what runs inside the measured stretch. */
export interface ReadyJob {
  run(): Promise<Claims>;
  /** CPU seconds of child processes, which the own usage does not contain. */
  childCpuSeconds?(): number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
