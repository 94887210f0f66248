import type { Command } from 'commander';
import { addSpanOptions } from './filter-options.ts';

export function addEnqueue(program: Command): void {
  const command = program.command('enqueue');
  command
    .description('put references to S3 objects on a topic: the members of one stream group then replay them together')
    .argument('[prefix...]', 's3://bucket or s3://bucket/prefix')
    .option('--config <file>', 'YAML or JSON settings of stream; of them, how to reach the brokers')
    .option('--brokers <list>', 'HOST:PORT, comma separated')
    .option('--topic <name>', 'topic of the references, which stream then reads')
    .option('--dry-run', 'list the objects, send nothing')
    .option('--json', 'what was sent as one JSON document on stdout')
    .option('-q, --quiet', 'no progress')
    .option('-v, --verbose', 'stack traces of errors')
    .addHelpText(
      'after',
      '\nEach message is an S3 event notification with one object. What is enqueued twice is read twice.\n' +
        'docs/stream.md tells how to replay a bucket by several processes.\n' +
        '\nExamples:\n' +
        '  $ flowtrie enqueue s3://flow-logs/AWSLogs/ --brokers kafka:9092 --topic flow.objects --since 30d\n' +
        '  $ flowtrie enqueue s3://flow-logs --topic flow.objects --config flowtrie.yaml --dry-run | head\n',
    );
  const span = addSpanOptions(command);
  command.action(async (prefixes: readonly string[], flags: Readonly<Record<string, unknown>>) => {
    const { runEnqueue } = await import('./enqueue-run.ts');
    await runEnqueue(prefixes, span(), flags);
  });
}
