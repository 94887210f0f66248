import { FlowtrieError } from '../model/errors.ts';
import { renderSummary, summaryJson } from '../sink/summary.ts';
import { openStream } from '../stream/open-stream.ts';
import type { LogLevel, StreamLog } from '../stream/status.ts';
import { withInterrupt } from './interrupt.ts';
import { readSettings } from './stream-settings.ts';
import { hasColor } from './terminal.ts';
import { printWarnings } from './warnings.ts';

const SUMMARY_COLUMNS = 100;

/** Runs until SIGINT or SIGTERM, which end it with everything committed (exit code 130 or 143). */
export async function runStream(flags: Readonly<Record<string, unknown>>): Promise<void> {
  const { config, json, quiet, verbose } = flags;
  const settings = readSettings(flags, process.env, typeof config === 'string' ? config : undefined);
  const style = settings.log ?? (process.stderr.isTTY ? 'text' : 'json');
  const log = openLog(style, levelOf(quiet === true, verbose === true));
  const toStdout = settings.out === '-' ? '--out' : settings.windows === '-' ? '--windows' : null;
  if (toStdout !== null && json === true)
    throw new FlowtrieError('usage', `${toStdout} - and --json both write to stdout: choose one`);
  const stream = await openStream(settings, log);
  try {
    if (quiet !== true) printWarnings(stream.warnings, verbose === true);
    await withInterrupt((signal) => stream.run(signal));
  } finally {
    const summary = stream.summary();
    if (json === true) process.stdout.write(summaryJson(summary));
    else if (quiet !== true && process.stderr.isTTY)
      process.stderr.write(`${renderSummary(summary, { width: SUMMARY_COLUMNS, color: hasColor(process.stderr) })}\n`);
    log('info', 'ended', { ledger: summary.ledger });
    await stream.close();
  }
}

function levelOf(quiet: boolean, verbose: boolean): LogLevel {
  if (quiet) return 'warn';
  return verbose ? 'debug' : 'info';
}

const ORDER: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];

/** Lines on stderr, one an event. */
function openLog(style: 'text' | 'json', least: LogLevel): StreamLog {
  return (level, message, facts = {}) => {
    if (ORDER.indexOf(level) > ORDER.indexOf(least)) return;
    const time = new Date().toISOString();
    const line =
      style === 'json'
        ? JSON.stringify({ time, level, message, ...facts })
        : `${time} ${level.padEnd(5)} ${message}${factsText(facts)}`;
    process.stderr.write(`${line}\n`);
  };
}

function factsText(facts: Readonly<Record<string, unknown>>): string {
  return Object.entries(facts)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
}
