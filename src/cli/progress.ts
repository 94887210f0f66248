import { Presets, SingleBar } from 'cli-progress';
import type { ProgressChoice } from './options.ts';

/** What a long command tells its bar: bytes read of bytes to read, and records so far. */
export interface Progress {
  update(bytesRead: number, records: number): void;
  stop(): void;
}

const MEBI = 1024 * 1024;

/**
 * A bar on stderr with rate and ETA; silent when not wanted, not a terminal (`auto`), or when the total is not known.
 */
export function openProgress(choice: ProgressChoice, totalBytes: number | null): Progress {
  const shown = choice === 'always' || (choice === 'auto' && process.stderr.isTTY === true);
  if (!shown || totalBytes === null || totalBytes === 0) return { update: () => {}, stop: () => {} };
  const bar = new SingleBar(
    {
      stream: process.stderr,
      noTTYOutput: choice === 'always',
      hideCursor: true,
      etaBuffer: 20,
      format:
        'replay {bar} {percentage}% | {mebi}/{totalMebi} MiB | {records} records | {rate}/s | ETA {eta_formatted}',
    },
    Presets.shades_classic,
  );
  const startedAt = performance.now();
  const totalMebi = Math.ceil(totalBytes / MEBI);
  bar.start(totalBytes, 0, { mebi: 0, totalMebi, records: 0, rate: '0' });
  return {
    update(bytesRead, records) {
      const seconds = (performance.now() - startedAt) / 1000;
      const rate = seconds > 0 ? Math.round(records / seconds) : 0;
      bar.update(Math.min(bytesRead, totalBytes), {
        mebi: Math.floor(bytesRead / MEBI),
        totalMebi,
        records: records.toLocaleString('en-US'),
        rate: rate.toLocaleString('en-US'),
      });
    },
    stop: () => bar.stop(),
  };
}
