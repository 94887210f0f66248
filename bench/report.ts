import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ComparisonResult, ContestantResult, Measure } from './compare.ts';
import { findingRates, findingRatios } from './findings-report.ts';
import type { Machine } from './machine.ts';
import type { FindingsResult } from './rules.ts';
import { type StagesResult, stageRows } from './stages.ts';

/** One file of `results/`. */
export interface CaseResult {
  readonly case: string;
  readonly title: string;
  readonly machine: Machine;
  readonly runs: number;
  readonly comparisons: readonly ComparisonResult[];
  readonly contestants: readonly ContestantResult[];
}

/** What `results/` holds. */
export type AnyResult = CaseResult | FindingsResult | StagesResult;

const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';

const MEASURE_WORDS: Readonly<Record<Measure, string>> = {
  'rate-core': 'records per core-second',
  rate: 'records per second',
  'time-core': 'core-seconds',
  time: 'time',
  peak: 'peak memory',
};

/** All results of a folder, by name of the case; none when there is no folder. */
export function readResults(folder: string): AnyResult[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  const files = names.filter((name) => name.endsWith('.json')).sort();
  return files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as AnyResult);
}

/** The Markdown between the two markers of a README. */
export function readmeBlock(results: readonly AnyResult[]): string {
  const sections = results.flatMap((result) => {
    const { cores, cpu, node } = result.machine;
    return [
      `**${result.case}** – ${result.title}. ${result.runs} runs, ${cores} cores of ${cpu}, Node ${node}.`,
      '',
      ...tablesOf(result).flatMap((rows) => [...table(rows.map(escaped)), '']),
    ];
  });
  return sections.join('\n').trimEnd();
}

function tablesOf(result: AnyResult): string[][][] {
  if ('inputs' in result) return [stageRows(result)];
  if ('findings' in result) return [findingRatios(result), findingRates(result)];
  return [ratioRows(result), rateRows(result)];
}

function ratioRows(result: CaseResult): string[][] {
  const head = ['Ratio in the same run', 'median', 'min–max', 'wanted'];
  const rows = result.comparisons.map((c) => {
    const wanted = c.wanted === null ? '' : `${c.wanted.bound === 'least' ? '≥' : '≤'} ${c.wanted.value}`;
    const what = `${c.subject} / ${c.rival}, ${MEASURE_WORDS[c.measure]}`;
    return [what, figure(c.median), `${figure(c.min)}–${figure(c.max)}`, wanted];
  });
  return [head, ...rows];
}

function rateRows(result: CaseResult): string[][] {
  const head = ['Contestant', 'records', 'records/s', 'per core-second', 'peak, MiB', 'above start'];
  const rows = result.contestants.map((c) => {
    const counts = [c.records, c.recordsPerSecond, c.recordsPerCoreSecond].map((n) => n.toLocaleString('en-US'));
    return [c.name, ...counts, `${c.peakMib}`, `${c.peakAboveBaselineMib}`];
  });
  return [head, ...rows];
}

/** A Markdown table, columns padded as the formatter wants them: the first to the left, figures to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => {
    const cells = row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0)));
    return `| ${cells.join(' | ')} |`;
  };
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const [head = [], ...body] = rows;
  return [line(head), line(rule), ...body.map(line)];
}

function escaped(row: readonly string[]): string[] {
  return row.map(cell);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** True when the median is what was wanted, or nothing was. */
export function isMet({ wanted, median }: ComparisonResult): boolean {
  if (wanted === null) return true;
  return wanted.bound === 'least' ? median >= wanted.value : median <= wanted.value;
}

/** What a smoke run proves; its times mean nothing and are not shown. */
export function smokeText(result: CaseResult): string {
  const names = result.contestants.map((c) => c.name).join(', ');
  return `${result.case}: ${result.contestants.length} verified (${names})`;
}

/** The lines for a terminal: ratios first. */
export function terminalText(result: CaseResult): string {
  const lines = [`${result.case}: ${result.title} (${result.runs} runs)`];
  for (const c of result.comparisons) {
    const wanted = c.wanted === null ? '' : `  wanted ${c.wanted.bound === 'least' ? '≥' : '≤'} ${c.wanted.value}`;
    const verdict = isMet(c) ? wanted : `${wanted}  MISSED`;
    const ratio = `${figure(c.median).padStart(7)}×  (${figure(c.min)}–${figure(c.max)})`;
    lines.push(`  ${ratio.padEnd(26)} ${c.subject} / ${c.rival}, ${MEASURE_WORDS[c.measure]}${verdict}`);
  }
  for (const c of result.contestants) {
    const rate = `${c.recordsPerSecond.toLocaleString('en-US').padStart(12)} records/s`;
    const core = `${c.recordsPerCoreSecond.toLocaleString('en-US').padStart(12)} per core-second`;
    const where = c.pinned ? ', one core' : '';
    lines.push(`  ${c.name.padEnd(32)} ${rate} ${core}  peak ${c.peakMib} MiB (+${c.peakAboveBaselineMib})${where}`);
  }
  return `${lines.join('\n')}\n`;
}

/** What stands between the markers; undefined when a marker is missing. */
export function markedBlock(readme: string): string | undefined {
  const [start, end] = [readme.indexOf(START), readme.indexOf(END)];
  return start < 0 || end < start ? undefined : readme.slice(start + START.length, end).trim();
}

/** The README with a new block between its markers. */
export function withBlock(readme: string, block: string): string {
  const [start, end] = [readme.indexOf(START), readme.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`README.md: expected ${START} … ${END}`);
  const body = block === '' ? '\n' : `\n\n${block}\n\n`;
  return readme.slice(0, start + START.length) + body + readme.slice(end);
}
