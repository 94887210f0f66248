import type { Command } from 'commander';
import { wholeNumber } from './options.ts';

const BUDGET_MIB_MAX = 4096;
const ROUNDS_MAX = 1000;
const DEFAULT_BUDGET_MIB = 8;

export function addBench(program: Command): void {
  const bench = program
    .command('bench')
    .description('measure rule evaluation; outputs are verified before anything is timed');
  bench
    .command('rules')
    .description('rule look-ups a second, table size and compile time, with rivals in the same run')
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
        '  $ flowtrie bench rules --classbench acl1_1k                     measure a ClassBench filter set\n' +
        '  $ flowtrie bench rules --classbench acl1_1k --trace t.txt --matches m.txt\n',
    )
    .action(async (flags) => (await import('./bench-rules.ts')).benchRules(flags));
}
