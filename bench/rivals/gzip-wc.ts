import { execFileSync } from 'node:child_process';
import type { Claims, ReadyJob, Turn } from '../measurement.ts';

/** `gzip -dc | wc -l` through the shell; `times` tells what the two programs used. */
export async function readyGzipWc(turn: Turn): Promise<ReadyJob> {
  let cpuSeconds = 0;
  return {
    async run(): Promise<Claims> {
      const script = 'gzip -dc -- "$@" | wc -l; times';
      const output = execFileSync('sh', ['-c', script, 'sh', ...turn.files], { encoding: 'utf8' });
      // count, times of the shell, times of its children
      const [count = '', , children = ''] = output.split('\n');
      cpuSeconds += shellSeconds(children);
      return { lines: Number(count) };
    },
    childCpuSeconds: () => cpuSeconds,
  };
}

/** `0m1.230s 0m0.040s`: user and system. */
function shellSeconds(text: string): number {
  let seconds = 0;
  for (const [, minutes, rest] of text.matchAll(/(\d+)m([\d.]+)s/g)) seconds += Number(minutes) * 60 + Number(rest);
  return seconds;
}
