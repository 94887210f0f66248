import { execFileSync } from 'node:child_process';
import type { Claims, ReadyJob, Turn } from '../measurement.ts';

/** Fields of the default format as awk counts them. */
const TOTALS = `$14 == "OK" { n++; b += $10; if ($13 == "ACCEPT") a++; else if ($13 == "REJECT") r++ }
  END { printf "%.0f %.0f %.0f %.0f %.0f\\n", n, b, a, r, NR }`;

/** `gzip -dc | wc -l`. */
export async function readyGzipWc(turn: Turn): Promise<ReadyJob> {
  return shellJob(turn, 'gzip -dc -- "$@" | wc -l', lineClaims);
}

/** `wc -l` of plain files. */
export async function readyWc(turn: Turn): Promise<ReadyJob> {
  return shellJob(turn, 'cat -- "$@" | wc -l', lineClaims);
}

/** Totals of plain files by mawk. */
export async function readyMawk(turn: Turn): Promise<ReadyJob> {
  return shellJob(turn, `mawk '${TOTALS}' "$@"`, (output) => {
    const [records, bytes, accept, reject, lines] = output.split(' ').map(Number);
    return { records, bytes, accept, reject, lines } as Claims;
  });
}

function lineClaims(output: string): Claims {
  return { lines: Number(output) };
}

/** A script over the files, through the shell; `times` tells what its programs used. */
function shellJob(turn: Turn, script: string, claimsOf: (output: string) => Claims): ReadyJob {
  let cpuSeconds = 0;
  return {
    async run(): Promise<Claims> {
      const output = execFileSync('sh', ['-c', `${script}; times`, 'sh', ...turn.files], { encoding: 'utf8' });
      // what it prints, times of the shell, times of its children
      const [printed = '', , children = ''] = output.split('\n');
      cpuSeconds += shellSeconds(children);
      return claimsOf(printed);
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
