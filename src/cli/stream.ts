import { type Command, Option } from 'commander';

export function addStream(program: Command): void {
  program
    .command('stream')
    .description('classify flow logs from Kafka, live, until it is stopped; exactly once into Kafka')
    .option('--config <file>', 'YAML or JSON with all settings; environment and flags win over it')
    .option('--brokers <list>', 'HOST:PORT, comma separated')
    .option('--topic <list>', 'input topics, comma separated; messages of one or many lines, plain or gzip')
    .option('--group <name>', 'consumer group (default: flowtrie)')
    .option('--from <where>', 'where a new group begins: earliest (default), latest, or an RFC 3339 instant')
    .option('--inventory <dir>', 'folder of describe-* and kubectl documents, or kafka:TOPIC with one document a key')
    .option('--watch-pods', 'list and watch the pods of a cluster, found as kubectl finds it or as a pod of it')
    .option('--kube-context <name>', 'context of the kubeconfig, for --watch-pods, which it implies')
    .option('--out <target>', 'kafka:TOPIC, clickhouse:TABLE, DIR/, - for stdout, or none (default): metrics, summary')
    .option('--out-format <format>', 'ndjson (default) or arrows; in a folder also csv and arrow')
    .option('--compression <codec>', 'of what is sent to Kafka: none (default), lz4, zstd, snappy or gzip')
    .option('--dead-letter <topic>', 'topic for malformed lines and unreadable messages, with reason and origin')
    .option('--pair', 'pair the two records of a flow (default: where the format lacks pkt-* fields)')
    .option('--no-pair', 'judge records when they come; what the default format hides stays a list of candidates')
    .option('--lateness-seconds <n>', 'records come at most so long after their end (default: 660)')
    .option('--windows <target>', 'sums by minute, workload pair, rule and path: kafka:TOPIC, - for stdout, or none')
    .option('--http <address>', '/metrics, /healthz and /readyz on [HOST]:PORT')
    .option('--threads <n>', 'worker threads; 0 = in the main thread (default: number of cores)')
    .option('--log-format <fields>', "fields of messages without a header, AWS's syntax: '${version} ${account-id} …'")
    .option('--log <style>', 'text or json lines on stderr (default: text on a terminal)')
    .option('--stop-at-end', 'end when all that is in the topics at the start is done')
    .option('--json', 'at the end, the summary as one JSON document on stdout')
    .addOption(new Option('-q, --quiet', 'warnings and errors only'))
    .option('-v, --verbose', "the Kafka client's own log, too; stack traces of errors")
    .addHelpText(
      'after',
      '\nSecrets are taken from the file or the environment only (FLOWTRIE_KAFKA_SASL_PASSWORD,\n' +
        'kafka.sasl.passwordFile, the same of clickhouse). docs/stream.md has all settings.\n' +
        '\nExamples:\n' +
        '  $ flowtrie stream --brokers kafka:9092 --topic flow.raw --inventory inventory/ --out kafka:flow.seen\n' +
        '  $ flowtrie stream --config flowtrie.yaml --http :9464\n' +
        '  $ flowtrie stream --brokers kafka:9092 --topic flow.raw --inventory inventory/ --out - | jq .drift\n',
    )
    .action(async (flags: Readonly<Record<string, unknown>>) => {
      const { runStream } = await import('./stream-run.ts');
      await runStream(flags);
    });
}
