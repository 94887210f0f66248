import type { Command } from 'commander';
import { FlowtrieError } from '../model/errors.ts';
import { instant, required } from './options.ts';
import type { PodsFlags } from './pod-lister.ts';

export function addPods(program: Command): void {
  program
    .command('pods')
    .description('who held an address when, from which source, with the neighbours in time; or where a pod was')
    .option('--inventory <dir>', 'folder of describe-* and kubectl documents and pod histories')
    .option('--ip <address>', 'an address: everybody who held it')
    .option('--at <instant>', 'an instant (RFC 3339): who held the address then')
    .option('--pod <namespace/name>', 'a pod: every address it held')
    .option('--namespace <name>', 'pods of one namespace')
    .option('--node <name>', 'pods of one node')
    .option('--json', 'one JSON document')
    .option('-v, --verbose', 'every warning; stack traces of errors')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ flowtrie pods --inventory inv/ --ip 10.0.3.5                              its whole history\n' +
        '  $ flowtrie pods --inventory inv/ --ip 10.0.3.5 --at 2026-01-15T10:05:10Z    and who it was then\n' +
        '  $ flowtrie pods --inventory inv/ --pod shop/web-0 --json\n' +
        '  $ flowtrie pods --inventory inv/ --node ip-10-0-1-6.ec2.internal',
    )
    .action(podsCommand);
}

async function podsCommand(flags: PodsFlags): Promise<void> {
  const folder = required(flags.inventory, '--inventory', 'pods');
  if (flags.ip === undefined && flags.pod === undefined && flags.namespace === undefined && flags.node === undefined) {
    throw new FlowtrieError('usage', 'pods: missing --ip, --pod, --namespace or --node (see flowtrie pods --help)');
  }
  if (flags.ip !== undefined && (flags.pod ?? flags.namespace ?? flags.node) !== undefined) {
    throw new FlowtrieError('usage', 'pods: --ip and --pod, --namespace or --node exclude each other');
  }
  if (flags.pod !== undefined && !/^[^/]+\/[^/]+$/.test(flags.pod)) {
    throw new FlowtrieError('usage', `--pod: expected namespace/name, got '${flags.pod}'`);
  }
  const atSeconds = flags.at === undefined ? null : instant(flags.at, '--at');
  const { listPods } = await import('./pod-lister.ts');
  process.stdout.write(`${await listPods(folder, flags, atSeconds)}\n`);
}
