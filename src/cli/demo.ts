import { type Command, Option } from 'commander';
import { wholeNumber } from './options.ts';

interface DemoFlags {
  readonly out: string;
  readonly records: number;
  readonly pods: number;
  readonly seed: number;
}

const RECORDS_MAX = 10_000_000;

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('a generated cluster, replayed: summary, then one ingress and one egress flow drawn hop by hop')
    .option('--out <dir>', 'folder for inventory, logs and rows; an earlier demo in it is replaced', 'demo-out')
    .addOption(number('--records <n>', 'log lines', 1_000, RECORDS_MAX).default(300_000))
    .addOption(number('--pods <n>', 'pods', 10, 20_000).default(300))
    .addOption(number('--seed <n>', 'another number, another cluster', 0, 4_294_967_295).default(7))
    .addHelpText(
      'after',
      '\nExamples:\n  $ flowtrie demo\n  $ flowtrie demo --out /tmp/lab --pods 2000 --records 2000000',
    )
    .action(async (flags: DemoFlags) => {
      const { runDemo } = await import('./demo-run.ts');
      await runDemo(flags.out, flags);
    });
}

function number(flag: string, description: string, min: number, max: number): Option {
  return new Option(flag, description).argParser(wholeNumber(flag.split(' ')[0] ?? flag, min, max));
}
