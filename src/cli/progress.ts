import type { ProgressChoice } from './options.ts';
import { hasCursor } from './terminal.ts';

/** What a long command tells its bar: bytes read of bytes to read, and records so far. */
export interface Progress {
  update(bytesRead: number, records: number): void;
  stop(): void;
}

const MEBI = 1024 * 1024;

type Library = typeof import('cli-progress');

const SILENT: Progress = { update: () => {}, stop: () => {} };

/** Begins a bar for so many bytes; null = not known. */
type BeginProgress = (totalBytes: number | null) => Progress;

/**
 * A bar on stderr with rate and ETA; silent when not wanted, when lines cannot be written anew (`auto`), or when the
 * total is not known. The library is loaded when there is a bar.
 */
export async function progressBar(choice: ProgressChoice): Promise<BeginProgress> {
  const shown = choice === 'always' || (choice === 'auto' && hasCursor(process.stderr));
  if (!shown) return () => SILENT;
  const library = await import('cli-progress');
  return (totalBytes) =>
    totalBytes === null || totalBytes === 0 ? SILENT : begin(library, totalBytes, choice === 'always');
}

function begin({ Presets, SingleBar }: Library, totalBytes: number, noTTYOutput: boolean): Progress {
  const bar = new SingleBar(
    {
      stream: process.stderr,
      noTTYOutput,
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
        mebi: Math.ceil(bytesRead / MEBI),
        totalMebi,
        records: records.toLocaleString('en-US'),
        rate: rate.toLocaleString('en-US'),
      });
    },
    stop: () => bar.stop(),
  };
}
