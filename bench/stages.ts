import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { type Data, type DataRequest, generateData } from './data.ts';
import { hasProgram, type Machine, machineFacts } from './machine.ts';
import { median, type Turn } from './measurement.ts';
import type { ProfileRequest, StageProfile } from './stage-profile.ts';

/** One file of `results/`: where the time of `replay` goes, by kind of input. */
export interface StagesResult {
  readonly case: string;
  readonly title: string;
  readonly machine: Machine;
  readonly runs: number;
  readonly inputs: readonly StagesOfInput[];
}

interface StagesOfInput {
  readonly name: string;
  readonly records: number;
  /** Nanoseconds a record, median of the runs. */
  readonly total: number;
  readonly stages: Readonly<Record<string, number>>;
  readonly unwatched: number;
}

interface Input extends ProfileRequest {
  readonly name: string;
  readonly data: Data;
}

const CHILD = fileURLToPath(new URL('./stage-profile.js', import.meta.url));

const FULL = { records: 1_000_000, files: 4, pods: 2000, partners: 50 } as const;
const SMOKE = { records: 4000, files: 1, pods: 40, partners: 50 } as const;

/** Profiles `replay` on one core, on the main thread, over each kind of input. */
export async function measureStages(
  folder: string,
  smoke: boolean,
  runs: number,
  tell: (text: string) => void,
): Promise<StagesResult> {
  tell('stages: generating');
  const inputs = await prepareInputs(folder, smoke ? SMOKE : FULL);
  const profiles = inputs.map((): StageProfile[] => []);
  for (let run = 1; run <= runs; run++) {
    inputs.forEach((input, i) => {
      tell(`stages run ${run} of ${runs}: ${input.name}`);
      profiles[i]?.push(profileOf(input));
    });
  }
  return {
    case: 'stages',
    title: 'nanoseconds of a record by stage, one core, warm; summary only unless it says rows',
    machine: machineFacts(),
    runs,
    inputs: inputs.map(({ name }, i) => merged(name, profiles[i] ?? [])),
  };
}

async function prepareInputs(folder: string, size: Omit<DataRequest, 'gzip' | 'format'>): Promise<Input[]> {
  const generate = (gzip: boolean, format: 'v2' | 'v5'): Promise<Data> =>
    generateData(folder, { ...size, gzip, format });
  const v2 = await generate(true, 'v2');
  const plain = await generate(false, 'v2');
  const v5 = await generate(true, 'v5');
  const alone = [
    { name: 'v2 .gz', data: v2 },
    { name: 'v2 plain', data: plain },
    { name: 'v2 Parquet', data: await parquetOf(v2, join(folder, 'parquet')) },
    { name: 'v5 .gz', data: v5 },
  ];
  const paired = [
    { name: '.gz paired', data: v2 },
    { name: 'plain paired', data: plain },
  ];
  return [
    ...alone.map((input) => ({ ...input, pair: false, rows: null })),
    { name: 'v5, Arrow out', data: v5, pair: false, rows: 'arrow' },
    { name: 'v5, Parquet out', data: v5, pair: false, rows: 'parquet' },
    { name: 'v5, NDJSON out', data: v5, pair: false, rows: 'ndjson' },
    ...paired.map((input) => ({ ...input, pair: true, rows: null })),
  ];
}

/** The same records as AWS delivers them in Parquet: by another program than ours. */
async function parquetOf(data: Data, folder: string): Promise<Data> {
  mkdirSync(folder, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const files: Data['files'][number][] = [];
  for (const [i, file] of data.files.entries()) {
    const path = join(folder, `${i}.parquet`);
    await connection.run(`COPY (
      SELECT COLUMNS('(.*)-(.*)') AS '\\1_\\2', COLUMNS(c -> NOT contains(c, '-'))
      FROM read_csv('${file.path.replaceAll("'", "''")}', delim = ' ', header = true, nullstr = '-', quote = '')
    ) TO '${path.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION gzip)`);
    files.push({ ...file, path });
  }
  return { ...data, files };
}

function profileOf({ data, pair, rows }: Input): StageProfile {
  const turn: Turn = {
    job: 'replay',
    files: data.files.map(({ path }) => path),
    inventory: data.inventory,
    threads: 0,
    passes: 1,
  };
  const call = [process.execPath, CHILD, JSON.stringify(turn), JSON.stringify({ pair, rows } satisfies ProfileRequest)];
  const [program = '', ...args] = hasProgram('taskset') ? ['taskset', '-c', '0', ...call] : call;
  const profile = JSON.parse(execFileSync(program, args, { encoding: 'utf8' })) as StageProfile;
  const expected = data.files.reduce((sum, { reference }) => sum + reference.records, 0);
  if (profile.records !== expected) throw new Error(`stages: ${profile.records} records, expected ${expected}`);
  return profile;
}

function merged(name: string, profiles: readonly StageProfile[]): StagesOfInput {
  const [first] = profiles;
  const names = Object.keys(first?.stages ?? {});
  const stages = names.map((stage) => [stage, median(profiles.map((p) => p.stages[stage] ?? 0))] as const);
  return {
    name,
    records: first?.records ?? 0,
    total: median(profiles.map((p) => p.total)),
    stages: Object.fromEntries(stages),
    unwatched: median(profiles.map((p) => p.unwatched)),
  };
}

/** Rows of a table, the head first: a row a stage, a column an input. */
export function stageRows({ inputs }: StagesResult): string[][] {
  const names = Object.keys(inputs[0]?.stages ?? {});
  return [
    ['Stage, ns a record', ...inputs.map(({ name }) => name)],
    ...names.map((stage) => [stage, ...inputs.map(({ stages }) => (stages[stage] ?? 0).toFixed(0))]),
    ['sum', ...inputs.map(({ total }) => total.toFixed(0))],
    ['a run without the profiler', ...inputs.map(({ unwatched }) => unwatched.toFixed(0))],
  ];
}

/** Lines for a terminal. */
export function stagesTerminal(result: StagesResult): string {
  const lines = stageRows(result).map(([stage = '', ...figures]) =>
    [`  ${stage.padEnd(50)}`, ...figures.map((figure) => figure.padStart(11))].join(''),
  );
  return `${[`${result.case}: ${result.title} (${result.runs} runs)`, ...lines].join('\n')}\n`;
}
