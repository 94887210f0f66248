import type { Command } from 'commander';
import { FlowtrieError } from '../model/errors.ts';
import type { RecordFilter } from '../model/filter.ts';
import { addFilterOptions } from './filter-options.ts';
import { type ProgressChoice, progressOption, required, threadsOption } from './options.ts';

interface ReplayFlags {
  readonly inventory?: string;
  readonly out?: string;
  readonly outFormat?: string;
  readonly columns?: string;
  readonly quarantine?: string;
  readonly logFormat?: string;
  readonly pair?: boolean;
  readonly dedupe?: boolean;
  readonly threads: number;
  readonly progress: ProgressChoice;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export function addReplay(program: Command): void {
  const command = program.command('replay');
  command
    .description('classify recorded flow logs: summary to the terminal, classified records to a file')
    .argument('[input...]', 'files, folders, globs, s3://bucket/prefix, or - for stdin')
    .option('--inventory <dir>', 'folder of describe-* and kubectl documents')
    .option(
      '--out <file>',
      'classified records: .ndjson, .csv, .arrow, .arrows, .parquet or .ocsf by suffix; a folder/ = Parquet by hour; ' +
        '- = NDJSON on stdout',
    )
    .option('--out-format <format>', 'ndjson, csv, arrow, arrows, parquet or ocsf, whatever the suffix')
    .option('--compression <codec>', 'of Arrow output: none, lz4 or zstd (default: none)')
    .option('--columns <names>', "columns of --out in order: 'srcaddr,dst_pod,drift' or AWS's '${srcaddr} ${bytes}'")
    .option('--quarantine <file>', 'every malformed line as NDJSON: file, line, reason, text')
    .option('--log-format <fields>', "fields of lines without a header, AWS's syntax: '${version} ${account-id} …'")
    .option(
      '--pair',
      'pair the two records of a flow to find hidden pods (default: where the format lacks pkt-* fields)',
    )
    .option('--no-pair', 'one pass: what the default format hides stays a list of candidates')
    .option('--dedupe', 'leave out records that an earlier flow log of the same interface has too')
    .addOption(threadsOption())
    .addOption(progressOption())
    .option('--json', 'the summary as one JSON document on stdout')
    .option('-q, --quiet', 'no summary, no warnings')
    .option('-v, --verbose', 'every warning; stack traces of errors')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ flowtrie replay flow-logs/ --inventory inventory/\n' +
        '  $ flowtrie replay "logs/2024/12/**/*.log.gz" --inventory inventory/ --out rows.parquet\n' +
        '  $ zcat a.log.gz | flowtrie replay - --inventory inventory/ --out - | jq \'select(.drift != "agree")\'\n' +
        '  $ flowtrie replay logs/ --inventory inventory/ --namespace shop --not --drift agree --out drift.csv\n' +
        '  $ flowtrie replay a.log --inventory inventory/ --json | jq .drift',
    )
    .action(async (inputs: string[], flags: ReplayFlags) => replayCommand(inputs, flags, await filterOf()));
  const filterOf = addFilterOptions(command);
}

async function replayCommand(inputs: string[], flags: ReplayFlags, filter: RecordFilter | null): Promise<void> {
  if (inputs.length === 0) throw new FlowtrieError('usage', 'replay: missing input: a file, a folder, a glob or -');
  const folder = required(flags.inventory, '--inventory', 'replay');
  if (flags.out === '-' && flags.json === true) {
    throw new FlowtrieError('usage', '--out - and --json both write to stdout: give --out a file');
  }
  if (flags.quarantine === '-' || flags.quarantine === '')
    throw new FlowtrieError('usage', `--quarantine: expected a file, got '${flags.quarantine}'`);
  if (inputs.filter((input) => input === '-').length > 1)
    throw new FlowtrieError('usage', 'replay: - can be read once only');
  const { runReplay } = await import('./replay-run.ts');
  await runReplay(inputs, folder, { ...flags, filter });
}
