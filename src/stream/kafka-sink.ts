import { setTimeout as sleep } from 'node:timers/promises';
import type { CommittedOffset, KafkaDriver, OutgoingMessage, TopicPartition } from '../kafka/driver.ts';
import { FlowtrieError } from '../model/errors.ts';
import type { Part } from '../sink/part.ts';
import { deadLetters } from './dead-letters.ts';
import type { LaneSink, StreamSink } from './stream-sink.ts';
import { windowMessages } from './window-outlet.ts';

export interface KafkaSinkOptions {
  readonly driver: KafkaDriver;
  readonly group: string;
  /** Topic of the classified records; null = none are wanted. */
  readonly topic: string | null;
  readonly deadLetterTopic: string | null;
  /** Topic of complete windows; null = they go elsewhere or nowhere. */
  readonly windowTopic: string | null;
  /** `arrows`: one Arrow IPC stream a message; `ndjson`: lines. */
  readonly format: 'ndjson' | 'arrows';
  /** The schema message in front of every Arrow IPC stream, and the mark behind it. */
  readonly arrow: { readonly start: Uint8Array; readonly end: Uint8Array };
}

/** Bytes of one produced NDJSON message, less than a broker's default limit of 1 MiB. */
const MESSAGE_BYTES = 512 * 1024;

/** A transaction is committed at this many bytes of rows or tasks, or earlier when nothing more is on its way. */
const TRANSACTION_BYTES = 8 * 1024 * 1024;
const TRANSACTION_TASKS = 8;

/**
 * Brokers before 4.0 make the offsets of a transaction visible a moment after they have said that it is complete: the
 * offset must read the same twice, so long apart.
 */
const OFFSETS_SETTLE_MS = 150;

const NEWLINE = 10;

/**
 * Exactly once: rows, dead letters and the group's offset are one transaction. The transactional id belongs to the
 * input partition, so whoever opens a partition fences its former owner, whatever that one still has under way, and
 * reads the offset after that.
 */
export function kafkaSink(options: KafkaSinkOptions): StreamSink {
  const { driver, topic, deadLetterTopic, windowTopic } = options;
  const topics = [topic, deadLetterTopic, windowTopic].filter((name) => name !== null);
  return {
    name: topic === null ? 'offsets only' : `kafka:${topic}`,
    async ready() {
      const [missing] = await driver.missingTopics(topics);
      if (missing !== undefined) throw new FlowtrieError('output', `topic ${missing} does not exist`);
    },
    open: (at) => openLane(options, at),
    close: async () => {},
  };
}

async function openLane(options: KafkaSinkOptions, at: TopicPartition): Promise<LaneSink> {
  const { driver, group, topic, deadLetterTopic } = options;
  const producer = await driver.openTransactional(`${group}-${at.topic}-${at.partition}`);
  try {
    const committed = await settledOffset(driver, group, at);
    const partitions = topic === null ? 1 : (await driver.partitionEnds(topic)).length;
    let messages: OutgoingMessage[] = [];
    let bytes = 0;
    let sent = 0;
    let tasks = 0;
    return {
      committed,
      holds: true,
      dueInMs: Number.POSITIVE_INFINITY,
      async append(task) {
        const { chunk, result } = task;
        const headers = {
          'flowtrie.source': `${at.topic}/${at.partition}`,
          'flowtrie.offsets': `${chunk.offsets[0]}-${chunk.next - 1}`,
        };
        for (const value of topic === null ? [] : rowValues(options, result.rows)) {
          // the order of an input partition is kept
          messages.push({ topic: topic ?? '', partition: at.partition % partitions, key: null, value, headers });
          bytes += value.length;
        }
        if (deadLetterTopic !== null) messages.push(...deadLetters(deadLetterTopic, at, task));
        tasks++;
        // the rows of one large object are no more in memory than those of many messages
        if (bytes - sent >= TRANSACTION_BYTES) {
          await producer.send(messages);
          messages = [];
          sent = bytes;
        }
      },
      due: (idle) => tasks > 0 && (idle || bytes >= TRANSACTION_BYTES || tasks >= TRANSACTION_TASKS),
      async commit(next, { note, windows }) {
        if (options.windowTopic !== null) messages.push(...windowMessages(options.windowTopic, windows));
        await producer.commit(messages, group, at, next, note);
        messages = [];
        bytes = 0;
        sent = 0;
        tasks = 0;
      },
      close: () => producer.close(),
    };
  } catch (error) {
    await producer.close().catch(() => {});
    throw error;
  }
}

async function settledOffset(driver: KafkaDriver, group: string, at: TopicPartition): Promise<CommittedOffset | null> {
  for (let before = await driver.committed(group, at); ; ) {
    await sleep(OFFSETS_SETTLE_MS);
    const now = await driver.committed(group, at);
    // a transaction of windows alone moves nothing but the note
    if (now?.offset === before?.offset && now?.note === before?.note) return now;
    before = now;
  }
}

/** The rows of a task as message values. */
function* rowValues({ format, arrow }: KafkaSinkOptions, part: Part | null): Generator<Uint8Array> {
  if (part === null || !('memory' in part)) return;
  const { memory } = part;
  const bytes = new Uint8Array(memory.bytes);
  if (format === 'ndjson') {
    yield* lineValues(bytes);
    return;
  }
  let from = 0;
  for (const end of memory.ends) {
    yield Buffer.concat([arrow.start, bytes.subarray(from, end), arrow.end]);
    from = end;
  }
}

function* lineValues(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; ) {
    let to = Math.min(from + MESSAGE_BYTES, bytes.length);
    if (to < bytes.length) {
      const cut = bytes.lastIndexOf(NEWLINE, to - 1) + 1;
      to = cut > from ? cut : bytes.indexOf(NEWLINE, to) + 1;
    }
    yield bytes.subarray(from, to);
    from = to;
  }
}
