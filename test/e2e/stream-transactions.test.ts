import { type Kafka, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openKafkajs } from '../../src/kafka/kafkajs.ts';
import type { Summary } from '../../src/model/summary.ts';
import type { Broker } from '../support/kafka/broker.ts';
import { difference } from '../support/kafka/chaos.ts';
import { type Lab, openLab, sortedLines } from '../support/kafka/lab.ts';
import { startMember } from '../support/kafka/member.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopics, produce, readCommitted, testKafka } from '../support/kafka/topics.ts';

const PATIENCE_MS = 120_000;
const SETTLE_MS = 10_000;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(1_000);
}, PATIENCE_MS);
afterAll(() => lab.close());

await describeKafka(
  'input that was written in transactions',
  (broker) => {
    it('is done at the mark behind its last message, and again', () => ended(broker()), PATIENCE_MS);
    it('is done where all of it was aborted', () => aborted(broker()), PATIENCE_MS);
    it('is done where aborted messages lie between others', () => between(broker()), PATIENCE_MS);
  },
  { everyVersion: true },
);

await describeKafka(
  'transactions that follow each other at once',
  (broker) => {
    it('wait for the marks of the one before, with rows and without', () => inHaste(broker()), PATIENCE_MS);
  },
  { everyVersion: true },
);

/** The broker refuses a transaction while it writes the marks of the last one: nobody fails because of it. */
async function inHaste({ address }: Broker): Promise<void> {
  const kafka = testKafka(address);
  await createTopics(kafka, { hasty: 1, 'hasty-rows': 1 });
  const driver = await openKafkajs(
    { brokers: [address], clientId: 'test', tls: { enabled: false }, sasl: null, compression: 'none' },
    () => {},
  );
  const producer = await driver.openTransactional('hasty-0');
  const at = { topic: 'hasty', partition: 0 };
  // a fresh broker has no coordinator of the group yet; a member waits for it when it joins
  await vi.waitFor(() => driver.committed('hasty-group', at), PATIENCE_MS);
  const commits = 40;
  for (let i = 1; i <= commits; i++) {
    const row = { topic: 'hasty-rows', partition: 0, key: null, value: Buffer.from(String(i)), headers: {} };
    await producer.commit(i % 2 === 0 ? [row] : [], 'hasty-group', at, i, '');
  }
  await producer.close();
  // the group moves when the marks of the last one are written, and shortly after the answer to it
  const moved = async () => expect(await driver.committed('hasty-group', at)).toMatchObject({ offset: commits });
  await vi.waitFor(moved, SETTLE_MS);
  await driver.close();
  expect(await readCommitted(kafka, 'hasty-rows')).toHaveLength(commits / 2);
}

/** One transaction with a message in each of two partitions. */
async function transact(kafka: Kafka, topic: string, lines: readonly string[], end: 'commit' | 'abort'): Promise<void> {
  const producer = kafka.producer({
    ...{ transactionalId: `writer-${topic}`, idempotent: true, maxInFlightRequests: 1 },
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const transaction = await producer.transaction();
  const half = lines.length >> 1;
  const messages = [lines.slice(0, half), lines.slice(half)].map((part, partition) => ({
    partition,
    value: part.join('\n'),
  }));
  await transaction.send({ topic, messages });
  await transaction[end]();
  await producer.disconnect();
}

/** Lines that a member counts of a topic before it ends by itself. */
async function counted({ address }: Broker, topic: string, more: readonly string[] = []): Promise<number> {
  const member = startMember([
    ...['--brokers', address, '--topic', topic, '--group', topic, '--inventory', lab.inventory],
    ...['--threads', '1', '--stop-at-end', '--json', ...more],
  ]);
  expect(await member.ended(), member.log()).toBe(0);
  return (JSON.parse(member.stdout()) as Summary).ledger.lines;
}

async function ended(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { marked: 2 });
  await transact(kafka, 'marked', lab.lines.slice(0, 100), 'commit');
  expect(await counted(broker, 'marked')).toBe(100);
  // the group stands behind the last message, in front of the mark
  expect(await counted(broker, 'marked')).toBe(0);
  await transact(kafka, 'marked', lab.lines.slice(100, 300), 'commit');
  expect(await counted(broker, 'marked')).toBe(200);
}

async function aborted(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { dropped: 2 });
  await transact(kafka, 'dropped', lab.lines.slice(0, 100), 'abort');
  expect(await counted(broker, 'dropped')).toBe(0);
}

async function between(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { mixed: 2, rows: 2 });
  const { lines } = lab;
  await transact(kafka, 'mixed', lines.slice(0, 100), 'commit');
  await transact(kafka, 'mixed', lines.slice(100, 300), 'abort');
  await produce(kafka, 'mixed', [{ partition: 0, value: lines.slice(300, 400).join('\n') }]);
  await transact(kafka, 'mixed', lines.slice(400, 500), 'commit');
  await transact(kafka, 'mixed', lines.slice(500, 600), 'abort');
  expect(await counted(broker, 'mixed', ['--out', 'kafka:rows'])).toBe(300);
  const rows = sortedLines((await readCommitted(kafka, 'rows')).map(({ value }) => value.toString()).join(''));
  const wanted = [...lines.slice(0, 100), ...lines.slice(300, 500)];
  expect(difference(await lab.replayRows(wanted), rows)).toEqual({ lost: 0, repeated: 0 });
}
