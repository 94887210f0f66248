import type { Command } from 'commander';
import { FlowtrieError } from '../model/errors.ts';
import type { FlowQuestion } from './flow-question.ts';
import { instant, required, wholeNumber } from './options.ts';

interface ExplainFlags {
  readonly inventory?: string;
  readonly from?: string;
  readonly to?: string;
  readonly protocol?: string;
  readonly port?: number;
  readonly srcPort?: number;
  readonly flows?: string;
  readonly at?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('one flow (or a CSV of flows) end to end: every layer, the rule that decided, the way back')
    .option('--inventory <dir>', 'folder of describe-* and kubectl documents')
    .option('--from <end>', 'source: address, interface id or namespace/pod')
    .option('--to <end>', 'destination: address, interface id or namespace/pod')
    .option('--protocol <p>', 'tcp, udp, icmp, icmpv6 or a number')
    .option('--port <n>', 'destination port', wholeNumber('--port', 0, 65_535))
    .option('--src-port <n>', 'source port', wholeNumber('--src-port', 0, 65_535))
    .option(
      '--flows <file>',
      'CSV with the header id,src,dst,protocol,src_port,dst_port,icmp_type,icmp_code,at; - = stdin',
    )
    .option('--at <instant>', 'judge by the inventory valid then (RFC 3339), also rows without at; default: the newest')
    .option('--json', 'one JSON object per line and flow')
    .option('-v, --verbose', 'every warning; stack traces of errors')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ flowtrie explain --inventory inv/ --from shop/web-0 --to 10.0.3.5 --protocol tcp --port 5432\n' +
        '  $ flowtrie explain --inventory inv/ --from 203.0.113.9 --to eni-0a1b2c --protocol tcp --port 443 --json\n' +
        '  $ flowtrie explain --inventory inv/ --flows questions.csv --json',
    )
    .action(explainCommand);
}

async function explainCommand(flags: ExplainFlags): Promise<void> {
  const folder = required(flags.inventory, '--inventory', 'explain');
  if (flags.flows !== undefined) refuseWithFlows(flags);
  const questions =
    flags.flows === undefined
      ? [await questionOfFlags(flags)]
      : (await import('./flow-question.ts')).readFlowQuestions(flags.flows);
  const { openExplainer } = await import('./explainer.ts');
  const { openDestination } = await import('../sink/destination.ts');
  const atSeconds = flags.at === undefined ? null : instant(flags.at, '--at');
  const explainer = await openExplainer(folder, flags.verbose === true);
  const out = await openDestination('-');
  try {
    let between = '';
    for await (const asked of questions) {
      // a row with an instant of its own keeps it
      const question = { ...asked, atSeconds: asked.atSeconds ?? atSeconds };
      const text = flags.json === true ? explainer.json(question) : `${between}${explainer.text(question)}`;
      between = '\n';
      await out.write(Buffer.from(`${text}\n`));
      // a reader such as `head` has seen enough
      if (out.closed) break;
    }
  } finally {
    await out.commit();
  }
}

/** Of a file each row says what it asks; flags beside it would be ignored. */
function refuseWithFlows({ from, to, protocol, port, srcPort }: ExplainFlags): void {
  const told = { '--from': from, '--to': to, '--protocol': protocol, '--port': port, '--src-port': srcPort };
  for (const [flag, value] of Object.entries(told)) {
    if (value !== undefined) throw new FlowtrieError('usage', `explain: --flows and ${flag} exclude each other`);
  }
}

async function questionOfFlags(flags: ExplainFlags): Promise<FlowQuestion> {
  const from = required(flags.from, '--from', 'explain');
  const to = required(flags.to, '--to', 'explain');
  const protocol = required(flags.protocol, '--protocol', 'explain');
  const { parseProtocol } = await import('./flow-question.ts');
  return {
    place: 'explain',
    id: null,
    from,
    to,
    protocol: parseProtocol(protocol, '--protocol', 'usage'),
    srcPort: flags.srcPort ?? null,
    dstPort: flags.port ?? null,
    icmpType: null,
    icmpCode: null,
    atSeconds: null,
  };
}
