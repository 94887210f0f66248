export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** One event of a running stream: what, and its facts. Never a secret. */
export type StreamLog = (level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>) => void;

/** What keeps a stream from doing its work now, by the part that has the trouble. */
export class Status {
  private readonly log: StreamLog;
  private readonly problems = new Map<string, string>([['group', 'not joined yet']]);

  constructor(log: StreamLog) {
    this.log = log;
  }

  get ready(): boolean {
    return this.problems.size === 0;
  }

  /** Part → trouble. */
  get list(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.problems);
  }

  /** Said once as long as it stays the same. */
  trouble(part: string, problem: string): void {
    if (this.problems.get(part) === problem) return;
    this.problems.set(part, problem);
    this.log('warn', problem, { part, ready: false });
  }

  clear(part: string): void {
    if (!this.problems.delete(part)) return;
    this.log('info', 'well again', { part, ready: this.ready });
  }
}

const FIRST_MS = 500;
const LAST_MS = 30_000;

/** Milliseconds to wait before the n-th try again (from 0): doubling, bounded, spread so that members do not march. */
export function backoffMs(tries: number): number {
  return Math.min(LAST_MS, FIRST_MS * 2 ** tries) * (0.75 + Math.random() / 4);
}

/** Resolves after `ms`, or when the signal is raised. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  });
}
