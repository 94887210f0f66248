import { availableParallelism } from 'node:os';
import { Option } from 'commander';
import { FlowtrieError } from '../model/errors.ts';

/** Threads beyond this only cost memory: a worker holds its own buffers. */
export const THREADS_MAX = 256;

/** A whole number flag; anything else is a usage error that names flag and value. */
export function wholeNumber(flag: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw new FlowtrieError('usage', `${flag}: expected a whole number from ${min} to ${max}, got '${text}'`);
    }
    return value;
  };
}

export function threadsOption(): Option {
  return new Option('--threads <n>', 'worker threads; 0 = in the main thread')
    .argParser(wholeNumber('--threads', 0, THREADS_MAX))
    .default(Math.min(availableParallelism(), THREADS_MAX), 'number of cores');
}

export const PROGRESS_CHOICES = ['auto', 'always', 'never'] as const;
export type ProgressChoice = (typeof PROGRESS_CHOICES)[number];

export function progressOption(): Option {
  return new Option('--progress <when>', 'bar with rate and ETA on stderr: auto (when it is a terminal), always, never')
    .argParser((text): ProgressChoice => {
      const choice = PROGRESS_CHOICES.find((word) => word === text);
      if (choice === undefined) {
        throw new FlowtrieError('usage', `--progress: expected ${PROGRESS_CHOICES.join(', ')}, got '${text}'`);
      }
      return choice;
    })
    .default('auto' satisfies ProgressChoice);
}

/** The value of a flag the command cannot work without. */
export function required(value: string | undefined, flag: string, command: string): string {
  if (value === undefined) {
    throw new FlowtrieError('usage', `${command}: missing ${flag} (see flowtrie ${command} --help)`);
  }
  if (value === '') throw new FlowtrieError('usage', `${flag}: expected a value, got ''`);
  return value;
}

const RFC3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Unix seconds of an RFC 3339 instant with a zone; undefined when it is none, or there is no such day or hour. */
export function instantSeconds(text: string): number | undefined {
  const upper = text.toUpperCase();
  const [, wall] = RFC3339.exec(upper) ?? [];
  if (wall === undefined) return undefined;
  const [ms, wallMs] = [Date.parse(upper), Date.parse(`${wall}Z`)];
  if (Number.isNaN(ms) || Number.isNaN(wallMs)) return undefined;
  // JavaScript reads 30 February as 2 March, and 24:00 as the next day
  return new Date(wallMs).toISOString().startsWith(wall) ? Math.floor(ms / 1000) : undefined;
}

/** An instant: RFC 3339 with a zone. Returns Unix seconds. */
export function instant(text: string, flag: string): number {
  const seconds = instantSeconds(text);
  if (seconds === undefined) {
    throw new FlowtrieError(
      'usage',
      `${flag}: expected an RFC 3339 instant with a zone (2024-12-20T18:23:02Z), got '${text}'`,
    );
  }
  return seconds;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** An instant, or how long ago it was: `2h`, `1h30m`, `7d`. Returns Unix seconds. */
export function instantOrAgo(text: string, flag: string): number {
  if (!/^(\d+[smhd])+$/.test(text)) {
    if (/^\d{4}-/.test(text)) return instant(text, flag);
    throw new FlowtrieError(
      'usage',
      `${flag}: expected an RFC 3339 instant with a zone (2024-12-20T18:23:02Z) or a time ago (2h, 1h30m, 7d), ` +
        `got '${text}'`,
    );
  }
  const terms = [...text.matchAll(/(\d+)([smhd])/g)];
  const ago = terms.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_SECONDS[unit ?? ''] ?? 0), 0);
  return Math.max(0, Math.floor(Date.now() / 1000) - ago);
}
