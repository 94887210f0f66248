import type { Command } from 'commander';
import { FlowtrieError } from '../model/errors.ts';
import { required, wholeNumber } from './options.ts';

const SEED_MAX = 0xffff_ffff;
const NODES_MAX = 5000;
const PODS_MAX = 200_000;
const RECORDS_MAX = 10_000_000_000;
const FILES_MAX = 65_536;
/** AWS's quota of inbound rules an interface. */
const PARTNERS_MAX = 900;
/** A week: longer spans only repeat the same day. */
const HOURS_MAX = 168;

interface GenerateFlags {
  readonly out?: string;
  readonly seed: number;
  readonly nodes?: number;
  readonly pods: number;
  readonly records: number;
  readonly files?: number;
  readonly format: string;
  readonly gzip: boolean;
  readonly drift: number;
  readonly reject: number;
  readonly hours: number;
  readonly partners: number;
  readonly truth?: boolean;
  readonly podLife?: number;
  readonly history?: string;
}

export function addGenerate(program: Command): void {
  program
    .command('generate')
    .description('seeded synthetic cluster: inventory, flow logs and, on request, the truth about every record')
    .option('--out <dir>', 'folder to write: inventory/, logs/ and truth.csv; an earlier result in it is replaced')
    .option('--seed <n>', 'equal seed and options give equal bytes', wholeNumber('--seed', 0, SEED_MAX), 1)
    .option('--nodes <n>', 'nodes (default: one for 20 pods)', wholeNumber('--nodes', 1, NODES_MAX))
    .option('--pods <n>', 'pods alive at a time, besides hostNetwork daemons', wholeNumber('--pods', 1, PODS_MAX), 200)
    .option('--records <n>', 'data lines over all files', wholeNumber('--records', 1, RECORDS_MAX), 100_000)
    .option('--files <n>', 'log files (default: one for five minutes)', wholeNumber('--files', 1, FILES_MAX))
    .option('--format <f>', "v2 (default format), v5 (29 fields), or '${field} ${field} …'", 'v2')
    .option('--gzip', 'gzip the log files', true)
    .option('--no-gzip', 'plain log files')
    .option('--drift <share>', 'share of records whose action contradicts the rules', share('--drift'), 0.0005)
    .option('--reject <share>', 'share of records that the rules deny', share('--reject'), 0.02)
    .option('--hours <h>', 'time span', spanHours, 1)
    .option(
      '--partners <n>',
      'more inbound rules in each security group, which no traffic uses',
      wholeNumber('--partners', 0, PARTNERS_MAX),
      0,
    )
    .option('--truth', 'write truth.csv: what is true of every data line')
    .option('--pod-life <s>', 'replace every pod after about so many seconds', wholeNumber('--pod-life', 10, 86_400))
    .option('--history <kinds>', 'tell pods by csv, audit, watch, metrics, lists, ipamd (comma-separated) only')
    .option('-v, --verbose', 'stack traces of errors')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ flowtrie generate --out lab/                                        200 pods, 100,000 records\n' +
        '  $ flowtrie generate --out lab/ --pods 2000 --records 5000000 --format v5 --seed 7\n' +
        '  $ flowtrie generate --out lab/ --truth && flowtrie replay lab/logs --inventory lab/inventory',
    )
    .action(generateCommand);
}

/** A number in [0, 0.5]. */
function share(flag: string): (text: string) => number {
  return (text) => {
    const value = /^(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= 0 && value <= 0.5))
      throw new FlowtrieError('usage', `${flag}: expected a share from 0 to 0.5, got '${text}'`);
    return value;
  };
}

function spanHours(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  // below five minutes no pod could come and go
  if (!(value >= 1 / 12 && value <= HOURS_MAX)) {
    throw new FlowtrieError('usage', `--hours: expected a number from 0.0834 to ${HOURS_MAX}, got '${text}'`);
  }
  return value;
}

async function generateCommand(flags: GenerateFlags): Promise<void> {
  const out = required(flags.out, '--out', 'generate');
  const { generate } = await import('../synthetic/generate.ts');
  const { defaultFiles, defaultNodes, formatFields } = await import('../synthetic/options.ts');
  const { historyKinds } = await import('../synthetic/pod-histories.ts');
  const { seed, pods, records, gzip, drift, reject, hours, partners } = flags;
  const cluster = { seed, pods, nodes: flags.nodes ?? defaultNodes(pods), hours, partners };
  const files = Math.min(records, flags.files ?? defaultFiles(hours));
  const fields = formatFields(flags.format);
  const histories = flags.history === undefined ? [] : historyKinds(flags.history);
  try {
    const logs = { records, files, fields, gzip, drift, reject, truth: flags.truth === true };
    const written = await generate(out, { ...cluster, lifeSeconds: flags.podLife ?? null }, logs, histories);
    const { lines, denied, drifts, silent } = written;
    const what = `${written.nodes} nodes, ${pods} pods (${written.pods} in the span, with daemons)`;
    const kinds = `${denied} denied by the rules, ${drifts} drift, ${silent} NODATA or SKIPDATA`;
    process.stderr.write(`${out}: ${what}, ${lines} lines in ${written.files} files: ${kinds}\n`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    if (code === null || !/^E[A-Z]+$/.test(code)) throw error;
    throw new FlowtrieError('output', `${out}: cannot write: ${code}`, { cause: error });
  }
}
