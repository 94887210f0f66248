import { randomUUID } from 'node:crypto';
import kafkajs, {
  type Admin,
  type Consumer,
  type KafkaMessage as FetchedMessage,
  type Kafka,
  type Producer as KafkajsProducer,
  type LogEntry,
  type Transaction,
} from 'kafkajs';
import { FlowtrieError } from '../model/errors.ts';
import { COMPRESSIONS, checkCodec, type KafkaCompression, registerCodecs } from './codecs.ts';
import { type KafkaConnection, kafkaConfig } from './connection.ts';
import type {
  CommittedOffset,
  ConsumeOptions,
  Consumption,
  Following,
  KafkaDriver,
  KeyedMessage,
  OutgoingMessage,
  PartitionEnds,
  Producer,
  TopicPartition,
  TransactionalProducer,
} from './driver.ts';
import { MessageList } from './message-list.ts';
import { type BeforeJoin, patchKafkajs, WHOLE_BATCHES } from './patches.ts';
import { addMessages, type RecordBatch } from './record-batch.ts';
import { openSockets } from './sockets.ts';

/** A line of the client's log: `detail` has no secrets. */
export type KafkaLog = (level: 'debug', message: string, detail: Readonly<Record<string, unknown>>) => void;

/** Milliseconds a broker may hold back an empty answer: bounds how late a heartbeat comes. */
const FETCH_WAIT_MS = 200;

/** Bytes of one answer, and of one partition in it: bounds what waits before credits are asked for. */
const FETCH_BYTES_MAX = 8 * 1024 * 1024;
const PARTITION_BYTES_MAX = 4 * 1024 * 1024;

/** Partitions handed out side by side: more than any process is given. */
const PARTITIONS_MAX = 1024;

/**
 * A transaction is open for so long at most: it has to be enough for the rows of one large object. One left behind by a
 * process that died blocks read_committed readers until its partition has a new owner, or for this long.
 */
const TRANSACTION_MS = 300_000;

const HEARTBEATS_PER_SESSION = 10;

/** The driver on kafkajs 2.2.4. */
export async function openKafkajs(connection: KafkaConnection, log: KafkaLog): Promise<KafkaDriver> {
  const patched = patchKafkajs();
  registerCodecs();
  checkCodec(connection.compression);
  const sockets = openSockets();
  const kafka = new kafkajs.Kafka({
    ...(await kafkaConfig(connection)),
    socketFactory: sockets.factory,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: () => (entry) => passOn(entry, log),
    retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 2_000 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
  } catch (error) {
    // a connection that was refused keeps a timer, and with it the process
    await admin.disconnect().catch(() => {});
    sockets.close();
    throw connectError(connection.brokers, error);
  }
  return {
    async missingTopics(topics) {
      const known = new Set(await admin.listTopics());
      return topics.filter((topic) => !known.has(topic));
    },
    partitionEnds: (topic) => partitionEnds(admin, topic),
    async offsetAt({ topic, partition }, seconds) {
      const found = await admin.fetchTopicOffsetsByTimestamp(topic, seconds * 1000);
      return Number(found.find((entry) => entry.partition === partition)?.offset ?? 0);
    },
    committed: (group, at) => committed(admin, group, at),
    consume: (options) => consume(kafka, options, patched ? WHOLE_BATCHES : ''),
    follow: (topic, onMessages) => follow(kafka, topic, onMessages),
    openTransactional: (id) => openTransactional(kafka, id, connection.compression),
    openProducer: () => openProducer(kafka, connection.compression),
    async close() {
      await admin.disconnect().catch(() => {});
      sockets.close();
    },
  };
}

/** What no further try can mend, in the words of who can; every other error as it is. */
function connectError(brokers: readonly string[], error: unknown): unknown {
  const where = `Kafka at ${brokers.join(',')}`;
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name === 'KafkaJSSASLAuthenticationError')
      return new FlowtrieError('input', `${where} refused the credentials (${at.message})`, { cause: error });
    if (/certificate|altnames/i.test(at.message)) {
      const hint = /unable to|self-signed/i.test(at.message) ? ': set kafka.tls.ca' : '';
      return new FlowtrieError('input', `${where}: ${at.message}${hint}`, { cause: error });
    }
  }
  return error;
}

/**
 * Everything kafkajs says is detail: it logs an error for each refused heartbeat of a rebalance, and for each answer
 * that it will ask again for. What it cannot mend by itself is thrown, and said by who meets it.
 */
function passOn({ namespace, log: { message, ...detail } }: LogEntry, log: KafkaLog): void {
  const { timestamp: _, logger: __, stack: ___, ...rest } = detail;
  log('debug', `kafka ${namespace}: ${message}`, rest);
}

async function partitionEnds(admin: Admin, topic: string): Promise<readonly PartitionEnds[]> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.map(({ partition, low, high }) => ({ topic, partition, low: Number(low), high: Number(high) }));
}

async function committed(
  admin: Admin,
  group: string,
  { topic, partition }: TopicPartition,
): Promise<CommittedOffset | null> {
  const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
  const entry = found?.partitions.find((one) => one.partition === partition);
  const offset = Number(entry?.offset ?? -1);
  return offset < 0 ? null : { offset, note: entry?.metadata ?? '' };
}

async function consume(kafka: Kafka, options: ConsumeOptions, rackId: string): Promise<Consumption> {
  const { group, topics, sessionTimeoutMs } = options;
  const drain: BeforeJoin = { beforeJoin: () => options.onRevoked() };
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: 2 * sessionTimeoutMs,
    heartbeatInterval: sessionTimeoutMs / HEARTBEATS_PER_SESSION,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytes: FETCH_BYTES_MAX,
    maxBytesPerPartition: PARTITION_BYTES_MAX,
    rackId,
    partitionAssigners: [(config) => Object.assign(kafkajs.PartitionAssigners.roundRobin(config), drain)],
    retry: { restartOnFailure: async () => false },
  });
  consumer.on('consumer.group_join', ({ payload: { memberAssignment } }) => {
    const assigned = Object.entries(memberAssignment);
    options.onAssigned(assigned.flatMap(([topic, list]) => list.map((partition) => ({ topic, partition }))));
  });
  consumer.on('consumer.crash', ({ payload }) => options.onCrash(payload.error));
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  return {
    run: () => runBatches(consumer, options),
    seek: ({ topic, partition }, offset) => consumer.seek({ topic, partition, offset: String(offset) }),
    pause: ({ topic, partition }) => consumer.pause([{ topic, partitions: [partition] }]),
    resume: ({ topic, partition }) => consumer.resume([{ topic, partitions: [partition] }]),
    commit: ({ topic, partition }, next, note) =>
      consumer.commitOffsets([{ topic, partition, offset: String(next), metadata: note }]),
    stop: () => consumer.disconnect(),
  };
}

/** kafkajs reads as a member of a group only: one of its own, which the broker forgets by itself. */
async function follow(
  kafka: Kafka,
  topic: string,
  onMessages: (partition: number, messages: readonly KeyedMessage[]) => Promise<void>,
): Promise<Following> {
  const groupId = `flowtrie-follow-${randomUUID()}`;
  const consumer = kafka.consumer({
    groupId,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    retry: { restartOnFailure: async () => false },
  });
  let failure: Error | null = null;
  consumer.on('consumer.crash', ({ payload }) => {
    failure = payload.error;
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      const messages = batch.messages.map(({ offset, key, value }) => {
        return { offset: Number(offset), key: key?.toString() ?? '', value };
      });
      await onMessages(batch.partition, messages);
    },
  });
  return {
    get failure() {
      return failure;
    },
    stop: () => consumer.disconnect(),
  };
}

async function runBatches(consumer: Consumer, options: ConsumeOptions): Promise<void> {
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: PARTITIONS_MAX,
    async eachBatch({ batch, heartbeat, isStale, isRunning, resolveOffset }) {
      const last = batch.messages.at(-1);
      if (last === undefined) return;
      const taken = await options.onBatch({
        topic: batch.topic,
        partition: batch.partition,
        messages: messageList(batch.messages),
        next: Number(batch.lastOffset()) + 1,
        highWatermark: Number(batch.highWatermark),
        heartbeat,
        stale: () => isStale() || !isRunning(),
      });
      if (taken && !isStale()) resolveOffset(last.offset);
    },
  });
}

/** What kafkajs takes for messages are record batches, or messages indeed where it could not be patched. */
function messageList(fetched: readonly (FetchedMessage | RecordBatch)[]): MessageList {
  const count = fetched.reduce((sum, one) => sum + ('records' in one ? one.count : 1), 0);
  const list = new MessageList(count);
  for (const one of fetched) {
    if ('records' in one) addMessages(list, one);
    else addMessage(list, one);
  }
  return list;
}

function addMessage(list: MessageList, { offset, value }: FetchedMessage): void {
  if (value === null) {
    list.add(Number(offset), -1, -1);
    return;
  }
  list.addSource(value);
  list.add(Number(offset), 0, value.length);
}

async function openTransactional(
  kafka: Kafka,
  id: string,
  compression: KafkaCompression,
): Promise<TransactionalProducer> {
  const producer = kafka.producer({
    transactionalId: id,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: TRANSACTION_MS,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  try {
    // kafkajs asks for the producer id, which fences, with the first transaction: an empty one costs nothing
    await (await producer.transaction()).abort();
  } catch (error) {
    await producer.disconnect().catch(() => {});
    throw error;
  }
  let open: Transaction | undefined;
  const send = async (messages: readonly OutgoingMessage[]): Promise<Transaction> => {
    open ??= await producer.transaction();
    for (const part of requestsOf(messages)) await open.sendBatch(batchOf(part, compression));
    return open;
  };
  return {
    async send(messages) {
      await send(messages);
    },
    async commit(messages, group, { topic, partition }, next, note) {
      const transaction = await send(messages);
      open = undefined;
      const offsets = [{ topic, partitions: [{ partition, offset: String(next), metadata: note }] }];
      await transaction.sendOffsets({ consumerGroupId: group, topics: offsets });
      await transaction.commit();
    },
    async close() {
      // readers need not wait for its time to run out; who was fenced cannot, and need not
      await open?.abort().catch(() => {});
      await producer.disconnect();
    },
  };
}

async function openProducer(kafka: Kafka, compression: KafkaCompression): Promise<Producer> {
  const producer: KafkajsProducer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  return {
    async send(messages) {
      for (const part of requestsOf(messages)) await producer.sendBatch(batchOf(part, compression));
    },
    close: () => producer.disconnect(),
  };
}

/** kafkajs makes one record batch of all messages of a partition, and brokers take no larger one than 1 MiB. */
const REQUEST_BYTES = 960 * 1024;

function* requestsOf(messages: readonly OutgoingMessage[]): Generator<readonly OutgoingMessage[]> {
  let part: OutgoingMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const length = MESSAGE_OVERHEAD_BYTES + (message.key?.length ?? 0) + (message.value?.length ?? 0);
    if (part.length > 0 && bytes + length > REQUEST_BYTES) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(message);
    bytes += length;
  }
  if (part.length > 0) yield part;
}

/** Room for headers and frame of a message. */
const MESSAGE_OVERHEAD_BYTES = 512;

function batchOf(
  messages: readonly OutgoingMessage[],
  compression: KafkaCompression,
): Parameters<KafkajsProducer['sendBatch']>[0] {
  const byTopic = new Map<string, OutgoingMessage[]>();
  for (const message of messages) {
    const list = byTopic.get(message.topic);
    if (list === undefined) byTopic.set(message.topic, [message]);
    else list.push(message);
  }
  const topicMessages = [...byTopic].map(([topic, list]) => ({
    topic,
    messages: list.map(({ partition, key, value, headers }) => ({
      ...(partition === null ? {} : { partition }),
      key,
      // a view of the same bytes, shared memory included: kafkajs copies when it encodes
      value: value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
      headers: { ...headers },
    })),
  }));
  return { acks: -1, compression: COMPRESSIONS[compression], topicMessages };
}
