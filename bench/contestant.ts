import { readFileSync } from 'node:fs';
import type { Claims, Measurement, ReadyJob, Turn } from './measurement.ts';

/**
 * The child process: makes one job ready, measures it, prints a Measurement as its last line. Each job is loaded by a
 * dynamic import, so that no rival's memory holds another rival's code.
 */
const JOBS: Readonly<Record<string, (turn: Turn) => Promise<ReadyJob>>> = {
  replay: async (turn) => (await import('./rivals/replay.ts')).readyReplay(turn),
  'replay-paired': async (turn) => (await import('./rivals/replay.ts')).readyReplay(turn, null, true),
  'replay-ndjson': async (turn) => (await import('./rivals/replay.ts')).readyReplay(turn, 'ndjson'),
  'replay-arrow': async (turn) => (await import('./rivals/replay.ts')).readyReplay(turn, 'arrow'),
  'replay-parquet': async (turn) => (await import('./rivals/replay.ts')).readyReplay(turn, 'parquet'),
  'replay-parquet-few': async (turn) => {
    const { FEW_COLUMNS, readyReplay } = await import('./rivals/replay.ts');
    return readyReplay(turn, 'parquet', false, FEW_COLUMNS);
  },
  'duckdb-in': async (turn) => (await import('./rivals/duckdb-formats.ts')).readyDuckdbIn(turn),
  'duckdb-out': async (turn) => (await import('./rivals/duckdb-formats.ts')).readyDuckdbOut(turn, 'parquet'),
  'duckdb-ndjson': async (turn) => (await import('./rivals/duckdb-formats.ts')).readyDuckdbOut(turn, 'json'),
  decoder: async (turn) => (await import('./rivals/decoder.ts')).readyDecoder(turn),
  gunzip: async (turn) => (await import('./rivals/gunzip.ts')).readyGunzip(turn),
  'gzip-wc': async (turn) => (await import('./rivals/programs.ts')).readyGzipWc(turn),
  wc: async (turn) => (await import('./rivals/programs.ts')).readyWc(turn),
  mawk: async (turn) => (await import('./rivals/programs.ts')).readyMawk(turn),
  'duckdb-range': async (turn) => (await import('./rivals/duckdb.ts')).readyDuckdb(turn, 'address-time'),
  'duckdb-ranges': async (turn) => (await import('./rivals/duckdb.ts')).readyDuckdb(turn, 'range-time'),
  'duckdb-equality': async (turn) => (await import('./rivals/duckdb.ts')).readyDuckdb(turn, 'address'),
  'fast-csv': async (turn) => (await import('./rivals/fast-csv.ts')).readyFastCsv(turn),
  'pod-map': async (turn) => (await import('./rivals/pod-map.ts')).readyPodMap(turn),
  'memory-chain': async (turn) => (await import('./rivals/far-memory.ts')).readyFarMemory(turn, true),
  'memory-loads': async (turn) => (await import('./rivals/far-memory.ts')).readyFarMemory(turn, false),
  'string-map': async (turn) => (await import('./rivals/string-map.ts')).readyStringMap(turn),
  'audit-events': async (turn) => (await import('./rivals/audit-events.ts')).readyAuditEvents(turn),
  'audit-parse': async (turn) => (await import('./rivals/audit-parse.ts')).readyAuditParse(turn),
  'readline-split': async (turn) => (await import('./rivals/readline-split.ts')).readyReadlineSplit(turn),
};

/** Peak of this program alone; the kernel's ru_maxrss also counts the parent's pages at the time of the fork. */
function rssPeak(): number {
  try {
    const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (match?.[1] !== undefined) return Number(match[1]) * 1024;
  } catch {
    // not Linux
  }
  return process.resourceUsage().maxRSS * 1024;
}

async function measure(turn: Turn): Promise<Measurement> {
  const ready = JOBS[turn.job];
  if (ready === undefined) throw new Error(`no job '${turn.job}'`);
  const job = await ready(turn);
  const rssBaseline = process.memoryUsage.rss();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  let claims: Claims = {};
  for (let pass = 0; pass < turn.passes; pass++) claims = await job.run();
  const wallSeconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = (user + system) / 1e6 + (job.childCpuSeconds?.() ?? 0);
  return { claims, wallSeconds, cpuSeconds, rssBaseline, rssPeak: rssPeak() };
}

const turn = JSON.parse(process.argv[2] ?? '{}') as Turn;
process.stdout.write(`${JSON.stringify(await measure(turn))}\n`);
process.exit(0);
