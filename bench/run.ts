import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { CASE_NAMES as LOG_CASES, type CaseName as LogCase, prepareCase } from './cases.ts';
import { compare } from './compare.ts';
import { findingsTerminal } from './findings-report.ts';
import { machineFacts } from './machine.ts';
import { type CaseResult, readmeBlock, readResults, smokeText, terminalText, withBlock } from './report.ts';
import { measureRules } from './rules.ts';
import { measureStages, stagesTerminal } from './stages.ts';

/** The repository: two above dist/bench. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RESULTS = join(ROOT, 'bench', 'results');

const RUNS = 5;

const CASE_NAMES = [...LOG_CASES, 'stages', 'rules'] as const;
type CaseName = (typeof CASE_NAMES)[number];

interface Flags {
  readonly smoke?: boolean;
  readonly records?: number;
  readonly runs: number;
  readonly write?: boolean;
  readonly readme?: boolean;
}

function count(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number from 1.');
  return Number(text);
}

/** Null = its files are not there. */
async function runCase(name: LogCase, folder: string, flags: Flags): Promise<CaseResult | null> {
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  const smoke = flags.smoke === true;
  const runs = smoke ? 1 : flags.runs;
  tell(`${name}: generating`);
  const test = await prepareCase(name, folder, smoke, flags.records ?? null);
  if (test === null) return null;
  const outcome = compare(test, runs, !smoke, tell);
  return { case: name, title: test.title, machine: machineFacts(), runs, ...outcome };
}

function runRules(flags: Flags): void {
  const smoke = flags.smoke === true;
  const result = measureRules(smoke, smoke ? 1 : flags.runs, (text) => void process.stderr.write(`${text}\n`));
  const verified = result.findings.map(({ title }) => title).join('; ');
  const text = smoke ? `rules: ${result.findings.length} verified (${verified})\n` : findingsTerminal(result);
  process.stdout.write(`${text}\n`);
  keep(result, flags);
}

async function runStages(folder: string, flags: Flags): Promise<void> {
  const smoke = flags.smoke === true;
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  const result = await measureStages(folder, smoke, smoke ? 1 : flags.runs, tell);
  const names = result.inputs.map(({ name }) => name).join(', ');
  const text = smoke ? `stages: ${result.inputs.length} verified (${names})` : stagesTerminal(result);
  process.stdout.write(`${text}\n`);
  keep(result, flags);
}

/** Writes the result of a case where it was asked for. */
function keep(result: { readonly case: string }, flags: Flags): void {
  if (flags.write !== true) return;
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${result.case}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

async function runCases(names: readonly CaseName[], flags: Flags): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-bench-'));
  try {
    for (const name of names) {
      if (name === 'rules') runRules(flags);
      else if (name === 'stages') await runStages(folder, flags);
      else {
        const result = await runCase(name, folder, flags);
        if (result === null) {
          process.stdout.write(`${name}: skipped, its files are no part of the repository and not beside the clone\n`);
          continue;
        }
        process.stdout.write(`${flags.smoke === true ? smokeText(result) : terminalText(result)}\n`);
        keep(result, flags);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeReadme(): void {
  const path = join(ROOT, 'README.md');
  writeFileSync(path, withBlock(readFileSync(path, 'utf8'), readmeBlock(readResults(RESULTS))));
}

await new Command('bench')
  .description('measures flowtrie and its rivals, each in its own process, in turn; verifies before it counts')
  .addArgument(new Argument('[case...]', 'all when none is named').choices(CASE_NAMES))
  .option('--smoke', 'tiny sizes, one run: proves that every case works; its figures mean nothing')
  .option('--records <n>', 'records of each case instead of its own size', count)
  .option('--runs <n>', 'counted runs, after one warm-up', count, RUNS)
  .option('--write', 'write bench/results/<case>.json')
  .option('--readme', 'only put the table of bench/results into README.md')
  .action(async (names: CaseName[], flags: Flags) => {
    if (flags.smoke === true && flags.write === true) throw new Error('--smoke measures nothing worth writing');
    if (flags.readme === true) writeReadme();
    else await runCases(names.length === 0 ? CASE_NAMES : names, flags);
  })
  .parseAsync();
