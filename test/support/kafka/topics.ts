import { setTimeout as sleep } from 'node:timers/promises';
import { type Admin, Kafka, logLevel, Partitioners } from 'kafkajs';

/** A client for the tests' own use: it produces what the stream reads, and reads what the stream wrote. */
export function testKafka(address: string): Kafka {
  return new Kafka({ brokers: [address], clientId: 'test', logLevel: logLevel.NOTHING });
}

/** Half a minute. */
const TRIES_MAX = 300;
const TRY_MS = 100;

/**
 * `config`: of all of them. Topics of these names that are there, on a broker that was given, are made anew; with them
 * the broker forgets the offsets of their groups.
 */
export async function createTopics(
  kafka: Kafka,
  partitionsOf: Readonly<Record<string, number>>,
  config: Readonly<Record<string, string>> = {},
): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await deleteTopics(admin, Object.keys(partitionsOf));
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  const topics = Object.entries(partitionsOf).map(([topic, numPartitions]) => ({
    topic,
    numPartitions,
    configEntries,
  }));
  await admin.createTopics({ topics, waitForLeaders: false });
  await leadersOf(admin, Object.keys(partitionsOf));
  await admin.disconnect();
}

/** kafkajs's own wait gives up when a broker at work does not know the topics yet. */
async function leadersOf(admin: Admin, topics: string[]): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      const found = await admin.fetchTopicMetadata({ topics });
      if (found.topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return;
      if (tries >= TRIES_MAX) throw new Error(`no leaders of ${topics.join(', ')}`);
    } catch (error) {
      if (tries >= TRIES_MAX) throw error;
    }
    await sleep(TRY_MS);
  }
}

type Ends = Awaited<ReturnType<Admin['fetchTopicOffsets']>>;

/** kafkajs gives up at once when a broker that has just been started leads nothing yet. */
export async function endsOf(admin: Admin, topic: string): Promise<Ends> {
  for (let tries = 0; ; tries++) {
    try {
      return await admin.fetchTopicOffsets(topic);
    } catch (error) {
      if (tries >= TRIES_MAX) throw error;
      await sleep(TRY_MS);
    }
  }
}

async function deleteTopics(admin: Admin, names: readonly string[]): Promise<void> {
  const there = async (): Promise<string[]> => (await admin.listTopics()).filter((name) => names.includes(name));
  const topics = await there();
  if (topics.length === 0) return;
  await admin.deleteTopics({ topics });
  for (let tries = 0; tries < TRIES_MAX && (await there()).length > 0; tries++) await sleep(TRY_MS);
}

export interface TestMessage {
  readonly partition?: number;
  readonly key?: string;
  readonly value: Buffer | string | null;
}

/** Produces messages, each once though a request is tried again, about a megabyte a request. */
export async function produce(kafka: Kafka, topic: string, messages: readonly TestMessage[]): Promise<void> {
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  for (let from = 0; from < messages.length; ) {
    let to = from;
    for (let bytes = 0; to < messages.length && bytes < 700_000; to++)
      bytes += (messages[to]?.value?.length ?? 0) + 100;
    await producer.send({ topic, messages: messages.slice(from, to) });
    from = to;
  }
  await producer.disconnect();
}

export interface ReadMessage {
  readonly partition: number;
  readonly offset: number;
  readonly value: Buffer;
  /** Unix milliseconds, by its producer's clock. */
  readonly timestamp: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Every committed message of a topic, up to its end at the time of the call. */
export async function readCommitted(kafka: Kafka, topic: string): Promise<ReadMessage[]> {
  const admin = kafka.admin();
  await admin.connect();
  const ends = (await endsOf(admin, topic)).filter(({ low, high }) => low !== high);
  await admin.disconnect();
  const behind = new Set(ends.map(({ partition }) => partition));
  // by partition and offset: who is moved to another generation reads a batch again
  const found = new Map<string, ReadMessage>();
  const consumer = kafka.consumer({ groupId: `reader-${Math.random()}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  if (behind.size > 0) {
    await new Promise<void>((resolve, reject) => {
      // a coordinator that still loads its groups is no end: kafkajs begins again by itself
      consumer.on('consumer.crash', ({ payload: { error, restart } }) => {
        if (!restart) reject(error);
      });
      // control records close a transaction: the end is reached with the batch, not with a message
      consumer.on('consumer.end_batch_process', ({ payload }) => {
        const end = ends.find(({ partition }) => partition === payload.partition);
        if (Number(payload.lastOffset) + 1 >= Number(end?.high)) behind.delete(payload.partition);
        if (behind.size === 0) resolve();
      });
      consumer
        .run({
          eachBatch: async ({ batch }) => {
            for (const { offset, value, headers, timestamp } of batch.messages) {
              const words = Object.entries(headers ?? {}).map(([name, word]) => [name, String(word)]);
              const entry = {
                partition: batch.partition,
                offset: Number(offset),
                value: value ?? Buffer.alloc(0),
                timestamp: Number(timestamp),
              };
              found.set(`${batch.partition} ${offset}`, { ...entry, headers: Object.fromEntries(words) });
            }
          },
        })
        .catch(reject);
    });
  }
  await consumer.disconnect();
  return [...found.values()];
}
