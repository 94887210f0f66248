import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import type { OutputFormat } from '../src/sink/part.ts';
import type { ReadyJob, Turn } from './measurement.ts';
import { readyReplay } from './rivals/replay.ts';

/** What one run of `replay` spent, by stage. */
export interface StageProfile {
  readonly records: number;
  /** Nanoseconds a record: all samples of the stretch, those of a stage. */
  readonly total: number;
  readonly stages: Readonly<Record<string, number>>;
  /** The same of a run that nobody watches, in processor time. */
  readonly unwatched: number;
}

const SAMPLING_MICROSECONDS = 200;

/** Stage by part of a file's path, the first that fits: what a function calls belongs to its stage. */
const STAGES: readonly (readonly [path: string, stage: string])[] = [
  ['/source/gunzip', 'inflate'],
  ['/source/inflater', 'inflate'],
  ['/kernel/inflate/', 'inflate'],
  ['/source/', 'read and cut'],
  ['/decode/', 'decode'],
  ['/classify/count', 'count: rules, verdicts, workloads, talkers'],
  ['/classify/place', 'place: class and owner entry of both addresses'],
  ['/classify/direction', 'direction'],
  ['/classify/attribution', 'attribute: pods at that second'],
  ['/classify/role', 'role'],
  ['/classify/served', 'names of Services'],
  ['/classify/strays', 'attribute: pods at that second'],
  ['/classify/order', 'direction'],
  ['/kernel/twins/', 'pairing: describe, add, ask'],
  ['/classify/pairing', 'pairing: describe, add, ask'],
  ['/pods/twins', 'pairing: describe, add, ask'],
  ['/classify/layers', 'security groups and network ACLs'],
  ['/classify/route', 'route and path'],
  ['/classify/snat', 'pods behind node addresses'],
  ['/kernel/classify/drift', 'prediction, drift, cause'],
  ['/src/classify/', 'prediction, drift, cause'],
  ['/engine/tally', 'count: rules, verdicts, workloads, talkers'],
  ['/engine/group-table', 'count: rules, verdicts, workloads, talkers'],
];
/** As much where rows are written; sink/ is asked last, its other parts are in front of it. */
const ROW_STAGES: typeof STAGES = [
  ['/sink/zstd', 'rows: compress pages'],
  ['/sink/parquet', 'rows: pages of Parquet'],
  ['/kernel/columns/pages', 'rows: pages of Parquet'],
  ['/sink/arrow', 'rows: Arrow messages'],
  ['/sink/record-body', 'rows: Arrow messages'],
  ['/kernel/columns/json', 'rows: NDJSON'],
  ['/sink/ndjson', 'rows: NDJSON'],
  ['/sink/json-', 'rows: NDJSON'],
  ['/engine/part', 'rows: hand over, write the file'],
  ['/sink/destination', 'rows: hand over, write the file'],
  ['/sink/', 'rows: numbers and dictionaries of columns'],
  ['/kernel/columns/', 'rows: numbers and dictionaries of columns'],
];
/** Nothing to do in this thread: the one that writes the file has the core. */
const IDLE = '(idle)';
/** The profiler's own start, native code that lists all code of the process. */
const START = 'dispatch';
const COLLECTOR = 'garbage collector';
const REST = 'everything else';

/** A function of a kernel is named by its source, `src/kernel/classify/place/placeSide`. */
function stageOf(name: string, url: string): string | undefined {
  if (name === '(garbage collector)') return COLLECTOR;
  if (name === IDLE) return 'rows: hand over, write the file';
  const where = url.startsWith('wasm:') ? name : url;
  return [...ROW_STAGES, ...STAGES].find(([path]) => where.includes(path))?.[1];
}

/** Microseconds by stage; a sample belongs to the nearest caller that a stage is known of. */
function byStage(profile: Profiler.Profile): Map<string, number> {
  const stages = new Map<number, string>();
  const children = new Map(profile.nodes.map((node) => [node.id, node]));
  const visit = (id: number, inherited: string): void => {
    const node = children.get(id);
    if (node === undefined) return;
    const stage = stageOf(node.callFrame.functionName, node.callFrame.url) ?? inherited;
    stages.set(id, stage);
    for (const child of node.children ?? []) visit(child, stage);
  };
  const [root] = profile.nodes;
  if (root !== undefined) visit(root.id, REST);
  const spent = new Map<string, number>();
  profile.samples?.forEach((id, i) => {
    const { functionName, url } = children.get(id)?.callFrame ?? {};
    if (functionName === START && url === '') return;
    const stage = stages.get(id) ?? REST;
    spent.set(stage, (spent.get(stage) ?? 0) + (profile.timeDeltas?.[i] ?? 0));
  });
  return spent;
}

async function profile(turn: Turn, pair: boolean, rows: OutputFormat | null): Promise<StageProfile> {
  const job = await readyReplay(turn, rows, pair);
  // the first pass compiles the code
  await job.run();
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS });
  await session.post('Profiler.start');
  const { records = 0 } = await job.run();
  const { profile: taken } = await session.post('Profiler.stop');
  session.disconnect();
  const spent = byStage(taken);
  const nanoseconds = (microseconds: number): number => Math.round((microseconds * 1000) / records);
  const total = [...spent.values()].reduce((sum, part) => sum + part, 0);
  const unwatched = await processorTime(job);
  const order = [...new Set([...STAGES, ...ROW_STAGES].map(([, stage]) => stage)), COLLECTOR, REST];
  return {
    records,
    total: nanoseconds(total),
    stages: Object.fromEntries(order.map((stage) => [stage, nanoseconds(spent.get(stage) ?? 0)])),
    unwatched: nanoseconds(unwatched),
  };
}

/** Microseconds of one run, all threads of the process. */
async function processorTime(job: ReadyJob): Promise<number> {
  const before = process.cpuUsage();
  await job.run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** What is asked for, beside the turn. */
export interface ProfileRequest {
  readonly pair: boolean;
  /** Format of the rows; null = summary only. */
  readonly rows: OutputFormat | null;
}

const [turn = '{}', request = '{}'] = process.argv.slice(2);
const { pair, rows } = JSON.parse(request) as ProfileRequest;
process.stdout.write(`${JSON.stringify(await profile(JSON.parse(turn) as Turn, pair, rows))}\n`);
process.exit(0);
