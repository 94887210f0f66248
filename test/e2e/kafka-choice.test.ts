import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openBroker, startBroker } from '../support/kafka/broker.ts';
import { choiceText, chooseBroker, type Probes } from '../support/kafka/choice.ts';
import { brokerMissing, KAFKA_NEWEST, kafkaJars } from '../support/kafka/jars.ts';
import { createTopics, produce, readCommitted, testKafka } from '../support/kafka/topics.ts';
import { describeNeeding } from '../support/needs.ts';

const PATIENCE_MS = 300_000;
const GIVEN = { KAFKA_BROKERS: 'there:9092' };

afterEach(() => void vi.unstubAllEnvs());

const probes = (docker: boolean, missing?: string): Probes => ({
  docker: async () => docker,
  jarsMissing: async () => missing,
});

describe('the broker of a suite', () => {
  it.each([
    ['is the one that was given', GIVEN, false, probes(true), { kind: 'given', address: 'there:9092' }],
    ['is not the one that was given when it is to be killed', GIVEN, true, probes(true), { kind: 'docker' }],
    ['is in Docker where that answers', {}, false, probes(true, 'no java'), { kind: 'docker' }],
    ['comes from the jars where Docker does not answer', {}, false, probes(false), { kind: 'jars' }],
    ['comes from the jars when nothing is given', { KAFKA_BROKERS: '' }, false, probes(false), { kind: 'jars' }],
    ['is missing', {}, false, probes(false, 'no java'), { kind: 'none', missing: 'no Docker engine, and no java' }],
  ])('%s', async (_, environment, own, found, choice) => {
    expect(await chooseBroker('4.4.0', own, environment, found)).toEqual(choice);
  });

  it('is named', () => {
    const names = (['docker', 'jars'] as const).map((kind) => choiceText({ kind }, '4.4.0'));
    expect(names).toEqual(['Apache Kafka 4.4.0 in Docker (apache/kafka:4.4.0)', 'Apache Kafka 4.4.0']);
    expect(choiceText({ kind: 'given', address: 'a:1' }, '4.4.0')).toBe('Apache Kafka at a:1 (KAFKA_BROKERS)');
  });
});

describeNeeding('kafka', 'ways to a broker', (await brokerMissing(KAFKA_NEWEST)) ?? null, () => {
  it('KAFKA_BROKERS: it is used, and left as it is', given, PATIENCE_MS);
  it('Docker: its commands run a broker, kill it, and end it', inDocker, PATIENCE_MS);
});

async function given(): Promise<void> {
  const own = await startBroker(KAFKA_NEWEST);
  try {
    vi.stubEnv('KAFKA_BROKERS', own.address);
    const broker = await openBroker(KAFKA_NEWEST);
    expect(broker).toMatchObject({ given: true, address: own.address });
    await expect(broker.kill()).rejects.toThrow('belongs to whoever set KAFKA_BROKERS');
    const kafka = testKafka(broker.address);
    // what an earlier run has left is not met again
    for (const value of ['before', 'now']) {
      await createTopics(kafka, { kept: 1 });
      await produce(kafka, 'kept', [{ value }]);
    }
    expect((await readCommitted(kafka, 'kept')).map(({ value }) => value.toString())).toEqual(['now']);
    await broker.stop();
    const script = new URL('../support/kafka/run.ts', import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script]);
    expect(stdout).toBe(
      `Apache Kafka at ${own.address} (KAFKA_BROKERS) is ready; it was not started here and is not ended\n`,
    );
  } finally {
    await own.stop();
  }
}

/**
 * Stands for Docker: it answers `info`, runs the two programs of the image that are asked for from the jars, and knows
 * what it runs by name. That the image is what its page says cannot be tested with it.
 */
const FAKE_DOCKER = `#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
case $1 in
  info) exit 0 ;;
  kill) kill -9 "$(cat "$(dirname "$0")/$2")"; exit ;;
esac
while [ $# -gt 0 ]; do
  case $1 in
    --entrypoint) program=$2; shift 2 ;;
    --name) name=$2; shift 2 ;;
    --network|--user|--volume|--env) shift 2 ;;
    apache/kafka:*) shift; break ;;
    *) shift ;;
  esac
done
[ -z "$name" ] || echo $$ > "$(dirname "$0")/$name"
case $program in
  /opt/kafka/bin/kafka-storage.sh) exec java -cp "$JARS/*" kafka.tools.StorageTool "$@" ;;
  /opt/kafka/bin/kafka-server-start.sh) exec java -Xmx512m -cp "$JARS/*" kafka.Kafka "$@" ;;
esac
exit 1
`;

async function inDocker(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-docker-'));
  const docker = join(folder, 'docker');
  writeFileSync(docker, FAKE_DOCKER);
  chmodSync(docker, 0o755);
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`);
  vi.stubEnv('JARS', await kafkaJars(KAFKA_NEWEST));
  const broker = await startBroker(KAFKA_NEWEST);
  try {
    const kafka = testKafka(broker.address);
    await createTopics(kafka, { kept: 1 });
    await produce(kafka, 'kept', [{ value: 'before' }]);
    await broker.kill();
    await broker.start();
    const admin = kafka.admin();
    await admin.connect();
    expect(await admin.fetchTopicOffsets('kept')).toMatchObject([{ low: '0', high: '1' }]);
    await admin.disconnect();
  } finally {
    await broker.stop();
  }
  const calls = readFileSync(join(folder, 'calls'), 'utf8').split('\n');
  expect(calls.map((call) => call.split(' ')[0])).toEqual(['info', 'run', 'run', 'kill', 'run', 'kill', '']);
  expect(calls[1]).toMatch(/^run --rm --network host --user \d+:\d+ --volume (\S+):\1 .* apache\/kafka:\S+ format -t /);
  rmSync(folder, { recursive: true, force: true });
}
