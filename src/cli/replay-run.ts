import { parseLogFormat } from '../decode/format.ts';
import { unknownNames } from '../engine/name-sets.ts';
import { type ReplayOptions, type ReplayResult, replay } from '../engine/replay.ts';
import type { OutputRequest } from '../engine/run-outputs.ts';
import { type CompiledInventory, compileInventory } from '../engine/versions.ts';
import { loadInventory } from '../inventory/load.ts';
import { FlowtrieError } from '../model/errors.ts';
import type { RecordFilter } from '../model/filter.ts';
import { parseColumns } from '../sink/column-selection.ts';
import { compressionOf, outputFormatOf } from '../sink/output.ts';
import { renderSummary, summaryJson } from '../sink/summary.ts';
import { withInterrupt } from './interrupt.ts';
import type { ProgressChoice } from './options.ts';
import { type Progress, progressBar } from './progress.ts';
import { hasColor } from './terminal.ts';
import { printTexts, printWarnings } from './warnings.ts';

/** What `replay` was asked for, checked. */
export interface ReplayRequest {
  readonly out?: string;
  readonly outFormat?: string;
  readonly columns?: string;
  readonly compression?: string;
  readonly quarantine?: string;
  readonly logFormat?: string;
  readonly dedupe?: boolean;
  readonly filter: RecordFilter | null;
  readonly pair?: boolean;
  readonly threads: number;
  readonly progress: ProgressChoice;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

function outputOf({ out, outFormat, columns, compression }: ReplayRequest): OutputRequest | null {
  if (out === undefined) {
    // a value that means nothing is told as such first
    if (outFormat !== undefined) outputFormatOf('-', outFormat);
    compressionOf(compression, 'arrow');
    const idle = Object.entries({ '--out-format': outFormat, '--columns': columns, '--compression': compression });
    const [flag] = idle.find(([, value]) => value !== undefined) ?? [];
    if (flag !== undefined) throw new FlowtrieError('usage', `${flag}: expected --out beside it`);
    return null;
  }
  const format = outputFormatOf(out, outFormat);
  if (columns !== undefined && format === 'ocsf')
    throw new FlowtrieError('usage', '--columns: OCSF events have their own members, expected another --out-format');
  const names = columns === undefined ? null : parseColumns(columns);
  return { path: out, format, columns: names, compression: compressionOf(compression, format) };
}

/** A name that nothing bears selects nothing: most likely a slip. */
function warnOfUnknownNames(filter: RecordFilter | null, inventory: CompiledInventory): void {
  const names = inventory.versions.map((version) => version.shared.names);
  const unknown = unknownNames([...(filter?.wanted ?? []), ...(filter?.unwanted ?? [])], names);
  for (const condition of unknown) {
    const what = condition.filter === 'rule' ? 'rule' : 'pod';
    const name = 'name' in condition ? condition.name : '';
    process.stderr.write(
      `flowtrie: warning: --${condition.filter} ${name}: no ${what} of the inventory bears this name\n`,
    );
  }
}

/** Widths between which the summary's tables are laid out, in columns. */
const WIDTH_MIN = 80;
const WIDTH_MAX = 120;

/** Loads, classifies and prints; fails (exit 3) after the summary when an input could not be read to its end. */
export async function runReplay(inputs: readonly string[], folder: string, request: ReplayRequest): Promise<void> {
  const out = outputOf(request);
  const logFormat = request.logFormat === undefined ? null : parseLogFormat(request.logFormat);
  const inventory = compileInventory(await loadInventory(folder));
  if (request.quiet !== true) {
    printWarnings(inventory.warnings, request.verbose === true);
    warnOfUnknownNames(request.filter, inventory);
  }
  const begin = await progressBar(request.progress);
  let bar: Progress | undefined;
  await withInterrupt(async (signal) => {
    const options: ReplayOptions = {
      inputs,
      inventory,
      threads: request.threads,
      logFormat,
      filter: request.filter,
      dedupe: request.dedupe === true,
      out,
      quarantine: request.quarantine ?? null,
      ...(request.pair === undefined ? {} : { pair: request.pair }),
      signal,
      onStart: (totalBytes) => {
        bar = begin(totalBytes);
        return (bytesRead, records) => bar?.update(bytesRead, records);
      },
    };
    const result = await replay(options).finally(() => bar?.stop());
    report(result, request, out?.path === '-' ? process.stderr : process.stdout);
    if (result.failures.length > 0) throw new FlowtrieError('input', result.failures.join('; '));
  });
}

/** Prints what a run found, also what one that was interrupted had found so far. */
function report(
  { summary, warnings, complete, kept }: ReplayResult,
  request: ReplayRequest,
  stream: NodeJS.WriteStream,
): void {
  for (const path of kept) process.stderr.write(`flowtrie: not all was read: what was written so far is ${path}\n`);
  if (request.quiet !== true) printTexts(warnings, request.verbose === true);
  // nobody reads on, as in `| head`: nothing more to say
  if (!complete) return;
  if (request.json === true) process.stdout.write(summaryJson(summary));
  else if (request.quiet !== true) {
    const width = Math.min(Math.max(stream.columns ?? WIDTH_MIN, WIDTH_MIN), WIDTH_MAX);
    stream.write(`${renderSummary(summary, { width, color: hasColor(stream) })}\n`);
  }
}
