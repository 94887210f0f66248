import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Kafka } from 'kafkajs';
import type { Summary } from '../../src/model/summary.ts';
import { startBroker } from '../support/kafka/broker.ts';
import { KAFKA_NEWEST } from '../support/kafka/jars.ts';
import { openLab, packed } from '../support/kafka/lab.ts';
import { startMember } from '../support/kafka/member.ts';
import { createTopics, produce, testKafka } from '../support/kafka/topics.ts';
import { writeResult } from './results.ts';

/**
 * `npm run soak:throughput [-- RECORDS [ROUNDS]] [--write]`: records a second through a real broker on this machine, in
 * turn: values packed, one line a value, and a bare kafkajs consumer that only counts those values.
 */
const plain = process.argv.slice(2).filter((word) => word !== '--write');
const [records, rounds] = [Number(plain[0] ?? 1_000_000), Number(plain[1] ?? 5)];
/** Packed values go through so much faster that more of them are needed to measure anything. */
const PACKED_FACTOR = 4;
const PARTITIONS = 4;
const LINES_PACKED = 4_000;
const LINES_GENERATED = 100_000;

interface Counted {
  readonly messages: number;
  readonly seconds: number;
}

async function fill(kafka: Kafka, topic: string, lines: readonly string[], count: number, each: number): Promise<void> {
  const messages = packed(lines, each, PARTITIONS);
  for (let sent = 0; sent < count; sent += lines.length) await produce(kafka, topic, messages);
}

/** From the assignment to the last commit; every record must have been counted. */
async function streamed(address: string, topic: string, group: string, inventory: string): Promise<Counted> {
  const member = startMember(
    [
      ...['--brokers', address, '--topic', topic, '--group', group, '--inventory', inventory],
      ...['--out', 'none', '--stop-at-end', '--threads', '2', '--json'],
    ],
    { FLOWTRIE_KAFKA_SESSION_SECONDS: '30' },
  );
  if ((await member.ended()) !== 0) throw new Error(member.log());
  const timeOf = (message: string): number => {
    const line = member
      .log()
      .split('\n')
      .find((entry) => entry.includes(`"message":"${message}"`));
    return Date.parse((JSON.parse(line ?? '{}') as { time: string }).time);
  };
  const { ledger } = JSON.parse(member.stdout()) as Summary;
  return { messages: ledger.lines, seconds: (timeOf('ended') - timeOf('partitions assigned')) / 1000 };
}

async function counted(address: string, topic: string, messages: number): Promise<Counted> {
  const script = fileURLToPath(new URL('bare-consumer.ts', import.meta.url));
  const args = ['--import', 'tsx', script, address, topic, String(messages)];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout) as Counted;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

const broker = await startBroker(KAFKA_NEWEST);
const lab = await openLab(LINES_GENERATED);
try {
  const kafka = testKafka(broker.address);
  const lines = lab.lines;
  const total = Math.ceil(records / lines.length) * lines.length;
  await createTopics(kafka, { packed: PARTITIONS, single: PARTITIONS });
  await fill(kafka, 'packed', lines, PACKED_FACTOR * total, LINES_PACKED);
  await fill(kafka, 'single', lines, total, 1);
  const rates = { packed: [] as number[], single: [] as number[], bare: [] as number[] };
  const note = (name: keyof typeof rates, { messages, seconds }: Counted): void => {
    const expected = name === 'packed' ? PACKED_FACTOR * total : total;
    if (messages !== expected) throw new Error(`${name}: ${messages} records of ${expected}`);
    rates[name].push(messages / seconds);
    console.error(`${name}: ${Math.round(messages / seconds).toLocaleString('en-US')} records/s`);
  };
  for (let round = 0; round < rounds; round++) {
    note('packed', await streamed(broker.address, 'packed', `packed-${round}`, lab.inventory));
    note('single', await streamed(broker.address, 'single', `single-${round}`, lab.inventory));
    note('bare', await counted(broker.address, 'single', total));
  }
  const ratios = rates.single.map((rate, i) => rate / (rates.bare[i] ?? rate));
  writeResult('throughput', {
    kafka: KAFKA_NEWEST,
    rounds,
    records: total,
    packedPerSecond: Math.round(median(rates.packed)),
    singlePerSecond: Math.round(median(rates.single)),
    bareKafkajsPerSecond: Math.round(median(rates.bare)),
    singleToBare: Number(median(ratios).toFixed(2)),
  });
} finally {
  lab.close();
  await broker.stop();
}
