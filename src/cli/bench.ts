import type { Command } from 'commander';
import { THREADS_MAX, wholeNumber } from './options.ts';

const BUDGET_MIB_MAX = 4096;
const ROUNDS_MAX = 1000;
const SETS_MAX = 100_000;
const RULES_MAX = 1_000_000;
const DEFAULT_BUDGET_MIB = 8;

export function addBench(program: Command): void {
  const bench = program
    .command('bench')
    .description('measure rules, decoding or the whole pipeline; outputs are verified before anything is timed');
  bench
    .command('rules')
    .description('rule look-ups a second, table size and compile time, with rivals in the same run')
    .option('--inventory <dir>', 'measure the rules of an account: folder of describe-* documents')
    .option('--sets <n>', 'measure generated rule sets: how many', wholeNumber('--sets', 1, SETS_MAX))
    .option('--rules <n>', 'rules of each generated set, a direction', wholeNumber('--rules', 1, RULES_MAX))
    .option('--prefixes <file>', 'measure longest-prefix match: CIDRs, one a line, plain or gzip')
    .option(
      '--classbench <file>',
      'five-tuple rules: @src/len dst/len from : to from : to protocol/mask, a rule a line',
    )
    .option('--trace <file>', 'packets to match instead of measuring: src dst sport dport proto, a packet a line')
    .option('--matches <file>', 'where to write the 0-based index of the first matching rule of each packet, −1 = none')
    .option(
      '--budget <mib>',
      'what the tables of --classbench may take before the next tier is tried',
      wholeNumber('--budget', 0, BUDGET_MIB_MAX),
      DEFAULT_BUDGET_MIB,
    )
    .option('--rounds <n>', 'counted rounds; rivals take turns', wholeNumber('--rounds', 1, ROUNDS_MAX))
    .option('--smoke', 'tiny: proves that it works, its figures mean nothing')
    .option('--json', 'one JSON document on stdout')
    .option('-v, --verbose', 'stack traces of errors')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ flowtrie bench rules                                      an account of 10,000 interfaces, and more\n' +
        '  $ flowtrie bench rules --inventory inv/                     your own rules\n' +
        '  $ flowtrie bench rules --sets 100 --rules 100               generated rule sets\n' +
        '  $ flowtrie bench rules --classbench acl1_1k                 a ClassBench filter set\n' +
        '  $ flowtrie bench rules --classbench acl1_1k --trace t.txt --matches m.txt\n' +
        '  $ flowtrie bench rules --prefixes prefixes.txt.gz           the internet, say',
    )
    .action(async (flags) => (await import('./bench-rules.ts')).benchRules(flags));
  addLogBenches(bench);
}

const ROUNDS = 3;

function addLogBenches(bench: Command): void {
  const rounds = wholeNumber('--rounds', 1, ROUNDS_MAX);
  bench
    .command('replay')
    .description('lines a second through the whole pipeline, beside inflating alone')
    .argument('[input...]', 'flow logs: files, folders, globs; none = generated ones')
    .option('--inventory <dir>', 'folder of describe-* and kubectl documents')
    .option('--threads <n>', 'worker threads; 0 = in the main thread', wholeNumber('--threads', 0, THREADS_MAX), 0)
    .option('--pair', 'pair the two records of a flow, in two passes')
    .option('--rounds <n>', 'counted rounds, after one that is not; rivals take turns', rounds, ROUNDS)
    .option('--json', 'one JSON document on stdout')
    .option('-v, --verbose', 'stack traces of errors')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ flowtrie bench replay                                     generated logs of 1,000 pods\n' +
        '  $ flowtrie bench replay flow-logs/ --inventory inventory/   your own, on one core\n' +
        '  $ flowtrie bench replay flow-logs/ --inventory inventory/ --threads 2 --pair',
    )
    .action(async (inputs, flags) => (await import('./bench-logs.ts')).benchReplay(inputs, flags));
  bench
    .command('decode')
    .description('lines a second from bytes to columns, beside inflating alone and readline + split')
    .argument('[input...]', 'flow logs: files, folders, globs; none = generated ones')
    .option('--rounds <n>', 'counted rounds, after one that is not; rivals take turns', rounds, ROUNDS)
    .option('--json', 'one JSON document on stdout')
    .option('-v, --verbose', 'stack traces of errors')
    .addHelpText('after', '\nExamples:\n  $ flowtrie bench decode flow-logs/')
    .action(async (inputs, flags) => (await import('./bench-logs.ts')).benchDecode(inputs, flags));
}
