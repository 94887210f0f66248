import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Findings } from '../src/bench/findings.ts';
import { CORPUS } from './capture.ts';
import { hasProgram, type Machine, machineFacts } from './machine.ts';

const COMMAND = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
/** Rule sets and prefixes that nobody here wrote; measured when they lie beside the clone. */

/** One file of `results/` whose contestants are tables, not processes. */
export interface FindingsResult {
  readonly case: string;
  readonly title: string;
  readonly machine: Machine;
  readonly runs: number;
  readonly findings: readonly Findings[];
}

/** Sets × rules; more rules than AWS allows in one set show how far the design carries. */
const GENERATED = [
  [1, 10],
  [1, 100],
  [1, 1000],
  [100, 10],
  [10_000, 10],
  [1, 10_000],
  [1, 100_000],
] as const;

const CLASSBENCH = ['acl1_1k', 'fw1_1k', 'ipc1_1k', 'acl1_10k', 'fw1_10k', 'ipc1_10k'];

/** What is wanted of a ratio: by how its finding's title begins, and by subject. */
const WANTED: readonly (readonly [title: string, subject: string, least: number])[] = [
  ['generated EKS account', 'five layers, random', 0.35],
  ['generated EKS account', 'five layers, Zipf', 0.35],
  ['generated EKS account', 'one layer, random', 300],
  ['five layers', '1,000 rules', 0.8],
];

/** What is wanted of the ratio of `subject` in the finding of this title, at least; null = shown only. */
export function wantedOf(title: string, subject: string): number | null {
  return WANTED.find(([start, name]) => title.startsWith(start) && name === subject)?.[2] ?? null;
}

const MIB = 2 ** 20;

/** One process for each line of arguments: no measurement sees the types and the memory of another. */
export function measureRules(smoke: boolean, rounds: number, tell: (text: string) => void): FindingsResult {
  const calls = smoke ? [['--smoke'], ['--smoke', '--sets', '2', '--rules', '5']] : fullCalls(rounds);
  const findings = calls.flatMap((args) => {
    tell(`rules: ${args.join(' ')}`);
    return measureIn(args);
  });
  const title = 'look-ups in compiled rules, one core, outputs compared with a linear scan first';
  return { case: 'rules', title, machine: machineFacts(), runs: rounds, findings };
}

function fullCalls(rounds: number): string[][] {
  const generated = GENERATED.map(([sets, rules]) => ['--sets', `${sets}`, '--rules', `${rules}`]);
  const files = [
    ...CLASSBENCH.map((name) => ['--classbench', join(CORPUS, 'classbench', name)]),
    ['--prefixes', join(CORPUS, 'bgp-prefixes', 'prefixes.txt.gz')],
  ].filter(([, path = '']) => existsSync(path));
  return [[], ...generated, ...files].map((args) => [...args, '--rounds', `${rounds}`]);
}

function measureIn(args: readonly string[]): readonly Findings[] {
  const call = [process.execPath, COMMAND, 'bench', 'rules', '--json', ...args];
  const [program = '', ...rest] = hasProgram('taskset') ? ['taskset', '-c', '0', ...call] : call;
  const child = spawnSync(program, rest, { encoding: 'utf8', maxBuffer: 16 * MIB });
  if (child.status !== 0) throw new Error(`bench rules ${args.join(' ')}: exit ${child.status}\n${child.stderr}`);
  return (JSON.parse(child.stdout) as { findings: readonly Findings[] }).findings;
}
